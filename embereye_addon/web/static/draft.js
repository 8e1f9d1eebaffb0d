// @ts-check
// The settings as they are being edited: values are replaced along their path, never changed.

/** @typedef {(string | number)[]} Path */
/** @typedef {{key: string, label: string, about: string, allowed: string, required: boolean, default: any, input: string,
 *   hidden?: boolean, options?: string[], section?: string, unit?: string, min?: number, max?: number, step?: number | "any",
 *   min_length?: number, max_length?: number, optional?: boolean, of?: {input: string}, keys?: Field[]}} Field */
/** @typedef {{section: string, label: string, most: number, keys: Field[]}} Section */

/** What stands for a password that is kept. */
export const STARS = "***";

/**
 * A copy of `tree` with `value` at `path`.
 * @param {any} tree
 * @param {Path} path
 * @param {any} value
 * @returns {any}
 */
export function put(tree, [step, ...rest], value) {
  const now = rest.length ? put(tree?.[step] ?? (typeof rest[0] === "number" ? [] : {}), rest, value) : value;
  if (Array.isArray(tree)) return tree.map((old, index) => (index === step ? now : old));
  return { ...tree, [step]: now };
}

/**
 * How the server calls a place: `cameras[0].url`.
 * @param {Path} path
 */
export function placed(path) {
  return path.reduce((text, step) => (typeof step === "number" ? `${text}[${step}]` : text ? `${text}.${step}` : step), "");
}

/**
 * A new entry of a section: what has a default has it.
 * @param {Field[]} keys
 */
export function fresh(keys) {
  return Object.fromEntries(keys.map((key) => [key.key, key.required ? "" : key.default]));
}

/**
 * How many entries or sections differ.
 * @param {Record<string, any>} was
 * @param {Record<string, any>} now
 */
export function changes(was, now) {
  const same = (/** @type {any} */ one, /** @type {any} */ other) => JSON.stringify(one) === JSON.stringify(other);
  let count = 0;
  for (const name of Object.keys(now)) {
    if (!Array.isArray(now[name])) count += same(was[name], now[name]) ? 0 : 1;
    else {
      const old = was[name] ?? [];
      const most = Math.max(old.length, now[name].length);
      const kept = now[name].filter((/** @type {any} */ row) => old.some((/** @type {any} */ other) => same(row, other)));
      count += most - kept.length;
    }
  }
  return count;
}

/**
 * The mistakes at a place and below it.
 * @param {import("./api.js").Finding[]} findings
 * @param {Path} path
 */
export function below(findings, path) {
  const place = placed(path);
  return findings.filter(({ at }) => at === place || at.startsWith(`${place}.`) || at.startsWith(`${place}[`));
}

/**
 * An id made of a name: small letters, digits and hyphens.
 * @param {string} name
 * @param {string[]} taken
 */
export function identOf(name, taken) {
  const plain = spelled(name.toLowerCase()).normalize("NFD").replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 36);
  if (!plain) return "";
  let ident = plain;
  for (let count = 2; taken.includes(ident); count++) ident = `${plain}-${count}`;
  return ident;
}

/** German letters as they are written without them. @param {string} name */
function spelled(name) {
  const letters = /** @type {Record<string, string>} */ ({ ä: "ae", ö: "oe", ü: "ue", ß: "ss" });
  return name.replace(/[äöüß]/g, (letter) => letters[letter]);
}
