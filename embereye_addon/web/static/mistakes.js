// @ts-check
// What is wrong with a field, in the reader's words: the server tells in English what is not accepted and what is allowed.
import { english, formLabel, known, number, t } from "./words.js";

const REFUSED = / is not accepted; allowed: /;

/**
 * A mistake that the server gave a code, in the reader's words; any other as the server says it.
 * @param {import("./api.js").Finding} finding
 */
export function finding({ at, words, code, values }) {
  if (!code || english() || !known(`mistake_${code}`, "")) return words;
  const beside = at.replace(/\[\d+\]/g, "").split(".").slice(0, -1).join(".");
  const said = Object.entries(values).map(([name, value]) => [name, valued(name, value, beside)]);
  return t(`mistake_${code}`, Object.fromEntries(said));
}

/**
 * A value of a mistake: keys and places are called as the form calls them.
 * @param {string} name
 * @param {string | number} value
 * @param {string} beside the list of keys that the wrong one is in
 */
function valued(name, value, beside) {
  if (typeof value === "number") return number(value, digits(value));
  if (name.endsWith("_key")) return formLabel(`${beside}.${value}`, value);
  if (name === "role") return known(`option_${value}`, value);
  const place = name === "place" && /^(.*)\[(\d+)\]$/.exec(value);
  return place ? `${formLabel(place[1].replace(/\[\d+\]/g, ""), place[1])} ${Number(place[2]) + 1}` : value;
}

/**
 * A mistake of a field in words, as far as they can be made of its form; else as the server says it.
 * @param {import("./draft.js").Field} field
 * @param {any} value
 * @param {import("./api.js").Finding} found
 */
export function mistake(field, value, found) {
  const { words } = found;
  if (found.code && words.search(REFUSED) < 0) return finding(found);
  if (value === "" || value === null || value === undefined || words.startsWith("missing;")) return t("mistake_empty");
  if (english() || !REFUSED.test(words)) return words;
  if (found.code) return finding(found);
  const allowed = allowedIn(field);
  return allowed ? t("mistake_refused", { allowed }) : words;
}

/** What a field takes, in words; '' where its form does not say it. @param {import("./draft.js").Field} field */
function allowedIn(field) {
  const unit = field.unit ? ` ${known(`unit_${field.unit}`, field.unit)}` : "";
  switch (field.input) {
    case "number":
      return t(field.step === 1 ? "allowed_whole" : "allowed_number", { low: number(field.min, digits(field.min)), high: number(field.max, digits(field.max)), unit });
    case "select":
      return t("allowed_one", { options: (field.options ?? []).map((option) => known(`option_${option}`, option)).join(", ") });
    case "url":
      return t("allowed_url");
    case "text":
      if (field.key === "id") return t("allowed_id");
      return /^text of/.test(field.allowed) ? t("allowed_text", { low: field.min_length ?? 0, high: field.max_length ?? 0 }) : "";
    default:
      return "";
  }
}

/** Digits after the point that a bound needs. @param {number | undefined} bound */
function digits(bound) {
  return bound === undefined || Number.isInteger(bound) ? 0 : String(bound).length - String(bound).indexOf(".") - 1;
}
