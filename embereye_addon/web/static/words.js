// @ts-check
// Texts, numbers and times in the reader's language.
import { formWords, strings } from "./api.js";
import { MOST_C } from "./heat.js";
import { language } from "./theme.js";

const LANGUAGES = ["en", "de", "fr", "es"];

/** @type {Record<string, string>} */
let texts = {};
/** The settings' own words where they are not English. @type {Record<string, [string, string]>} */
let forms = {};
let locale = "en";
/** The language as it is spoken where the reader is: how times and numbers are written. */
let region = "en";

/** Load the texts; call once before anything is drawn. */
export async function load() {
  const wanted = language();
  locale = LANGUAGES.includes(wanted) ? wanted : "en";
  region = navigator.language.slice(0, 2).toLowerCase() === locale ? navigator.language : locale;
  texts = await strings("en");
  if (locale !== "en") texts = { ...texts, ...(await strings(locale)) };
  if (locale !== "en") forms = await formWords(locale).catch(() => ({}));
  document.documentElement.lang = locale;
}

/**
 * The text of a key, with {names} filled in; an unknown key is shown as it is.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Whether the page speaks the server's own language. */
export function english() {
  return locale === "en";
}

/**
 * The text of a key, or `otherwise` where there is none.
 * @param {string} key
 * @param {string} otherwise
 */
export function known(key, otherwise) {
  return texts[key] ?? otherwise;
}

/**
 * A number with so many digits after the point; a dash for none.
 * @param {number | null | undefined} value
 * @param {number} [digits]
 */
export function number(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  return value.toLocaleString(region, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/**
 * A change with its sign; one that is rounded to nothing has none.
 * @param {number} value
 * @param {number} digits
 */
export function signed(value, digits) {
  return value.toLocaleString(region, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "exceptZero" });
}

/**
 * A temperature, with a sign where it may be higher.
 * @param {number} value °C
 */
export function celsius(value) {
  return `${Math.abs(value - MOST_C) < 0.01 ? "≥ " : ""}${number(value, 1)} °C`;
}

/**
 * A clock time of UTC seconds, with the day when it is not today's.
 * @param {number} utc
 */
export function clock(utc) {
  const when = new Date(utc * 1000);
  const time = when.toLocaleTimeString(region, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const today = when.toDateString() === new Date().toDateString();
  return today ? time : `${when.toLocaleDateString(region, { day: "numeric", month: "short" })} ${time}`;
}

/**
 * Hour and minute of UTC seconds, for the marks of an axis.
 * @param {number} utc
 */
export function minute(utc) {
  return new Date(utc * 1000).toLocaleTimeString(region, { hour: "2-digit", minute: "2-digit" });
}

/**
 * How long ago, in words.
 * @param {number} seconds
 */
export function ago(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 90) return t("for_s", { n: whole });
  if (whole < 5400) return t("for_min", { n: Math.round(whole / 60) });
  if (whole < 129600) return t("for_h", { n: Math.round(whole / 3600) });
  return t("for_d", { n: Math.round(whole / 86400) });
}

/**
 * What a setting is called.
 * @param {string} section
 * @param {{key: string, label: string}} field
 */
export function fieldLabel(section, field) {
  return forms[`${section}.${field.key}`]?.[0] ?? field.label;
}

/**
 * What a setting means.
 * @param {string} section
 * @param {{key: string, about: string}} field
 */
export function fieldAbout(section, field) {
  return forms[`${section}.${field.key}`]?.[1] ?? field.about;
}

/** What the form calls a place, such as `zones` or `zones.fixed_pre_c`. @param {string} place @param {string} otherwise */
export function formLabel(place, otherwise) {
  return forms[place]?.[0] ?? otherwise;
}

/** What a section is called. @param {{section: string, label: string}} section */
export function sectionLabel(section) {
  return forms[section.section || "site"]?.[0] ?? section.label;
}
