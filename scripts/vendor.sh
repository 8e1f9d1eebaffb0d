#!/usr/bin/env bash
# Re-makes embereye_addon/web/static/vendor from the npm versions locked in scripts/vendor/package-lock.json.
# Only needed to change a version; nobody needs Node to install or run EmberEye.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
out="$here/../embereye_addon/web/static/vendor"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp "$here"/vendor/{package.json,package-lock.json,lit.js} "$work"
cd "$work"
npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
mkdir -p "$out"
bundle() { # INPUT OUTPUT NAME-AND-VERSION
    node_modules/@esbuild/*/bin/esbuild "$1" --bundle --minify --format=esm --target=es2022 --legal-comments=none \
        --banner:js="/* $3; licence: see LICENSES.txt beside this file; made by scripts/vendor.sh */" --outfile="$2"
}
version() { node -p "require('./node_modules/$1/package.json').version"; }
bundle lit.js "$out/lit.js" "lit $(version lit)"
cat > uplot.js <<'JS'
import css from "uplot/dist/uPlot.min.css";
export { default } from "uplot";
export { css };
JS
node_modules/@esbuild/*/bin/esbuild uplot.js --bundle --minify --format=esm --target=es2022 --legal-comments=none \
    --loader:.css=text --banner:js="/* uPlot $(version uplot); licence: see LICENSES.txt beside this file; made by scripts/vendor.sh */" \
    --outfile="$out/uplot.js"
{
    for name in lit lit-html lit-element @lit/reactive-element uplot; do
        printf '=== %s %s ===\n\n' "$name" "$(version "$name")"
        cat "node_modules/$name/LICENSE"
        printf '\n'
    done
} > "$out/LICENSES.txt"
ls -l "$out"
