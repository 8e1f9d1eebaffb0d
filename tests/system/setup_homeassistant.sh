#!/usr/bin/env bash
# Installs a real Home Assistant Core for the system tests, outside the checkout and apart from our own Python.
#
#   tests/system/setup_homeassistant.sh
#
#   EMBEREYE_HA_ROOT     where it goes      (default /opt/embereye-ha)
#   EMBEREYE_HA_VERSION  which release      (default 2026.11.0)
#   EMBEREYE_HA_SUITE    Debian suite used when this machine has no python3.14 (default forky)
#
# Home Assistant 2026.11 wants Python 3.14. Where that is on PATH a plain virtual environment is made; else, as
# root on Debian, a small Debian tree with python3.14 which the tests enter with chroot. Either way nothing
# outside EMBEREYE_HA_ROOT changes, but for the package debootstrap. About 3 minutes and 1.3 GB the first time;
# a second run finds everything done. Exit 3: cannot be installed here, and the last line says why.
set -euo pipefail

root=${EMBEREYE_HA_ROOT:-/opt/embereye-ha}
version=${EMBEREYE_HA_VERSION:-2026.11.0}
suite=${EMBEREYE_HA_SUITE:-forky}
tree=$root/tree

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
give_up() {
  printf 'Home Assistant cannot be installed here: %s\n' "$*" >&2
  exit 3
}

# --- which of the two ways -------------------------------------------------------------------------------------
if command -v python3.14 >/dev/null && python3.14 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 14, 2))' 2>/dev/null; then
  way=venv
else
  way=tree
fi
stamp="$way $version"
mkdir -p "$root" 2>/dev/null || give_up "no right to write $root (set EMBEREYE_HA_ROOT)"
exec 9>"$root/.lock" || give_up "no right to write $root (set EMBEREYE_HA_ROOT)"
flock 9
if [ "$(cat "$root/installed" 2>/dev/null)" = "$stamp" ]; then
  say "already there: Home Assistant $version in $root ($way)"
  exit 0
fi
rm -f "$root/installed"

# --- the Debian tree -------------------------------------------------------------------------------------------
fetch_debootstrap() {
  command -v apt-get >/dev/null || give_up "no python3.14 on PATH, and no apt-get to fetch debootstrap with"
  say "apt-get install debootstrap"
  apt-get -qq -o DPkg::Lock::Timeout=300 update >>"$root/setup.log" 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=300 --no-install-recommends \
    debootstrap >>"$root/setup.log" 2>&1 || give_up "apt-get could not install debootstrap (see $root/setup.log)"
}

grow_tree() {
  local mirror proxy=""
  say "debootstrap $suite with python3.14 into $tree (a minute or two)"
  rm -rf --one-file-system "$tree"
  # the archive and the proxy that this machine's apt is set to; nothing found: debootstrap's own default
  # shellcheck disable=SC2016  # apt's own placeholder
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -m1 '/debian/*$' || true)
  eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null || true)"
  ${proxy:+env "http_proxy=$proxy"} debootstrap --variant=minbase \
    --include=python3.14,python3.14-venv,ca-certificates,libturbojpeg0 \
    "$suite" "$tree" ${mirror:+"$mirror"} ${mirror:+/usr/share/debootstrap/scripts/sid} >>"$root/setup.log" 2>&1 ||
    give_up "debootstrap of Debian $suite failed, no network? (see $root/setup.log)"
  rm -rf "$tree"/var/cache/apt/archives/*.deb "$tree"/var/lib/apt/lists/*
  touch "$tree/.grown"
}

# pip in the tree asks the index, through the proxy and with the certificates, that pip on this machine is set to
# (directories of this machine are not in the tree, so local wheel folders are left out)
pip_settings() {
  local key value place
  unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE PIP_CONSTRAINT PIP_REQUIREMENT PIP_TARGET PIP_PREFIX PIP_USER PYTHONPATH PYTHONHOME
  for key in index-url extra-index-url trusted-host proxy; do
    for place in user site global; do
      value=$(python3 -m pip config --"$place" get "global.$key" 2>/dev/null || true)
      value=$(tr ' ' '\n' <<<"$value" | grep -v '^file:' | paste -sd ' ' || true)
      if [ -n "${value// /}" ]; then
        export "PIP_$(tr 'a-z-' 'A-Z_' <<<"$key")=$value"
        break
      fi
    done
  done
  value=${PIP_CERT:-$(python3 -m pip config get global.cert 2>/dev/null || echo "${SSL_CERT_FILE:-}")}
  for place in "$value" /etc/ssl/certs/ca-certificates.crt; do
    if [ -n "$place" ] && [ -e "$place" ]; then
      cp -L "$place" "$tree/etc/ssl/certs/ca-certificates.crt"
      break
    fi
  done
  export PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
  export REQUESTS_CA_BUNDLE=$SSL_CERT_FILE CURL_CA_BUNDLE=$SSL_CERT_FILE HOME=/root
  cp -L /etc/resolv.conf "$tree/etc/resolv.conf" 2>/dev/null || true
}

: >"$root/setup.log"
if [ "$way" = tree ]; then
  [ "$(id -u)" = 0 ] || give_up "no python3.14 on PATH, and making a Debian tree needs root"
  command -v unshare >/dev/null || give_up "no unshare (package util-linux)"
  command -v debootstrap >/dev/null || fetch_debootstrap
  [ -e "$tree/.grown" ] || grow_tree
  pip_settings
  inside() { chroot "$tree" "$@"; }
  base=/ha
else
  inside() { "$@"; }
  base=$root/venv
fi

# --- Home Assistant --------------------------------------------------------------------------------------------
python=$base/bin/python
quiet_pip() { inside "$python" -m pip install -q --prefer-binary --disable-pip-version-check "$@" >>"$root/setup.log" 2>&1; }

if ! inside "$python" -c 'import pip' 2>/dev/null; then
  say "virtual environment ($way)"
  inside python3.14 -m venv --clear "$base" >>"$root/setup.log" 2>&1 || give_up "python3.14 -m venv failed (see $root/setup.log)"
fi
say "pip install homeassistant==$version"
quiet_pip "homeassistant==$version" || give_up "pip could not install homeassistant $version, no network? (see $root/setup.log)"

# Home Assistant fetches what its integrations want when it first starts; the tests start it with --skip-pip, so
# that is done now. Two voice packages are left out: they come as source only and want a C++ compiler.
say "pip install what its integrations want"
wanted=$(
  inside "$python" - <<'PY'
import json
from pathlib import Path

import homeassistant
from homeassistant import bootstrap

home = Path(homeassistant.__file__).parent
SOURCE_ONLY = {"pymicro-vad", "pyspeex-noise"}
ASKED = {"mqtt", "config", "onboarding", "hassio", "repairs", "diagnostics", "input_number", "template"}
waiting, known, wants = set(ASKED | bootstrap.CORE_INTEGRATIONS | bootstrap.DEFAULT_INTEGRATIONS), set(), set()
while waiting:
    name = waiting.pop()
    known.add(name)
    about = home / "components" / name / "manifest.json"
    if about.exists():
        manifest = json.loads(about.read_text())
        wants |= set(manifest.get("requirements", ()))
        waiting |= set(manifest.get("dependencies", ())) - known
print("\n".join(sorted(want for want in wants if want.partition("==")[0].lower() not in SOURCE_ONLY)))
PY
) || give_up "the installed Home Assistant could not list its integrations"
site=$(inside "$python" -c 'import homeassistant, os; print(os.path.dirname(os.path.dirname(homeassistant.__file__)))')
# shellcheck disable=SC2086  # one requirement a word
quiet_pip -c "$site/homeassistant/package_constraints.txt" $wanted || give_up "pip could not install its integrations' packages (see $root/setup.log)"

# Empty stand-ins for the two voice packages, which nothing here uses, so that importing them is no error in the log
[ "$way" = tree ] && site=$tree$site
[ -e "$site/pymicro_vad" ] || printf 'class MicroVad:\n    pass\n' >"$site/pymicro_vad.py"
[ -e "$site/pyspeex_noise" ] || printf 'class AudioProcessor:\n    pass\n' >"$site/pyspeex_noise.py"

inside "$base/bin/hass" --version 2>>"$root/setup.log" | grep -qxF "$version" || give_up "the installed hass does not answer with $version (see $root/setup.log)"
printf '%s\n' "$stamp" >"$root/installed"
say "done: Home Assistant $version, $(inside "$python" -V) ($way), $(du -sh "$root" 2>/dev/null | cut -f1) in $root"
