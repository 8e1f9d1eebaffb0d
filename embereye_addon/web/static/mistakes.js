// @ts-check
// What is wrong with a field, in the reader's words: the server tells in English what is not accepted and what is allowed.
import { english, known, number, t } from "./words.js";

const REFUSED = / is not accepted; allowed: /;

/**
 * A mistake in words, as far as they can be made of the field's own form; else as the server says it.
 * @param {import("./draft.js").Field} field
 * @param {any} value
 * @param {string} words
 */
export function mistake(field, value, words) {
  if (value === "" || value === null || value === undefined || words.startsWith("missing;")) return t("mistake_empty");
  if (english() || !REFUSED.test(words)) return words;
  const allowed = allowedIn(field);
  if (!allowed) return words;
  const hint = words.split(`${field.allowed}; `)[1];
  return `${t("mistake_refused", { allowed })}${hint ? ` (${hint})` : ""}`;
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
