// @ts-check
// Everything that is asked of the server; what the server tells by itself is in live.js. Addresses are relative to the
// page, because Home Assistant's ingress puts a prefix before them.

/** @typedef {{ok: boolean, why: string}} Done */
/** @typedef {[string, number, number, number, number, number]} EvidenceBox label, confidence, left, top, right, bottom */
/** @typedef {{url: string, at: number, boxes: EvidenceBox[]}} Picture */
/** @typedef {{step_s: number, frames: {at: number, cells: string}[]}} Past */
/** @typedef {Record<string, [number[], number[]]>} Trends UTC seconds and values, by value */
/** @typedef {{name: string, what: "picture" | "film" | "heat" | "trend", source: string, at: number, end: number}} KeptFile */
/** @typedef {{now: "normal" | "pre_alarm" | "alarm", at: number, cause: string, by: string}} KeptChange */
/**
 * @typedef {{id: string, zone: string, name: string, at: number, state: "pre_alarm" | "alarm", changes: KeptChange[],
 *   explanation: import("./store.js").Explanation, files: KeptFile[]}} PastAlarm
 */
/** @typedef {{at: number[], max_c: number[], median_c: number[]}} AlarmTrend */

const LIMIT_MS = 8000;
/** The key of the text for a server that does not answer at all. */
const GONE = "server_gone";

/** The address of the live connection. */
export function liveAddress() {
  const address = new URL("api/live", document.baseURI);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

/**
 * Ask the panel for something.
 * @param {"acknowledge" | "silence" | "resound" | "reset" | "test" | "end_test" | "disable" | "enable" | "commission" | "end_commission" | "isolate" | "connect"} name
 * @param {string} zone '' means all
 * @param {number} [for_s] for how long, where the order has a time; 0 is without end
 * @returns {Promise<Done>} also when the server cannot be reached; `why` is words or the key of a text
 */
export function command(name, zone, for_s = 0) {
  return post(`api/panel/${name}`, { zone, for_s });
}

/**
 * Take a waiting PF device into the settings.
 * @param {{identity: string, id: string, name: string, zone: string}} device
 * @returns {Promise<Done>} as `command`
 */
export function approve(device) {
  return post("api/devices/approve", device);
}

/**
 * @param {string} address
 * @param {object} body
 * @returns {Promise<Done>}
 */
async function post(address, body) {
  const { ok, why } = await send("POST", address, body);
  return { ok, why };
}

/**
 * Ask for something to be done; what the server answers is in there, with `ok` and `why` whatever happens.
 * @param {"POST" | "DELETE"} method
 * @param {string} address
 * @param {object} [body]
 * @param {number} [limit_ms]
 * @returns {Promise<Done & Record<string, any>>}
 */
async function send(method, address, body, limit_ms = LIMIT_MS) {
  try {
    const answer = await fetch(address, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(limit_ms),
    });
    const said = await answer.json();
    return { ...said, ok: answer.ok && said.ok === true, why: String(said.why ?? "") };
  } catch {
    return { ok: false, why: GONE };
  }
}

/**
 * What stands at an address. Throws words, or the key of a text, when there is nothing.
 * @param {string} address
 * @returns {Promise<any>}
 */
async function get(address) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(LIMIT_MS) }).catch(() => {
    throw new Error(GONE);
  });
  if (!answer.ok) throw new Error(await words(answer));
  return answer.json();
}

/** @typedef {{values: Record<string, any>, revision: string}} Edited */
/** @typedef {{at: string, words: string, code: string, values: Record<string, any>}} Finding */

/** The settings with their form. @returns {Promise<any>} */
export const settings = () => get("api/settings");

/** @param {Edited} edited every mistake comes as `findings` */
export const checkSettings = (edited) => send("POST", "api/settings/check", edited);

/** @param {Edited} edited */
export const applySettings = (edited) => send("POST", "api/settings", edited);

/** @param {{number: number, revision: string}} back */
export const restoreSettings = (back) => send("POST", "api/settings/restore", back);

/** Open a camera's stream and see what it sends; takes up to 45 s. @param {{settings: Edited, index: number}} asked */
export const testCamera = (asked) => send("POST", "api/camera/test", asked, 50000);

/** Send a test to another system and see what it answers; takes up to two minutes. @param {{settings: Edited, index: number}} asked */
export const testAdapter = (asked) => send("POST", "api/adapter/test", asked, 125000);

/** The heights (m) that a camera sees at one metre, by label. @param {number} width px @param {number} lens degrees */
export const sizes = (width, lens) => get(`api/sizes?${new URLSearchParams({ width: String(width), lens: String(lens) })}`);

/** @returns {Promise<{name: string, kind: string, octets: number, at: number, kept: boolean, camera: string}[]>} */
export const recordings = () => get("api/recordings");

/** @param {string} name */
export const removeRecording = (name) => send("DELETE", `api/recordings/${encodeURIComponent(name)}`);

/** Try new settings on recordings; `job` tells how far it is. @param {{settings: Edited, recordings: {name: string, camera: string}[]}} asked */
export const trial = (asked) => send("POST", "api/trial", asked);

/** What runs or ran last. @returns {Promise<any>} */
export const job = () => get("api/job");

export const cancelJob = () => send("POST", "api/job/cancel", {});

/** @returns {Promise<any>} */
export const models = () => get("api/models");

/** @param {"shadow" | "promote" | "rollback" | "remove"} what @param {string | null} name */
export const changeModel = (what, name) => send("POST", `api/models/${what}`, { name });

/** Check the files that were sent, and keep them as a model; `job` says how it went. */
export const addModel = () => send("POST", "api/models/add", {});

/** @param {{name: string, fire: string[], quiet: string[]}} asked */
export const gateModel = (asked) => send("POST", "api/models/gate", asked);

/**
 * Send a file.
 * @param {"recordings" | "models/upload"} where
 * @param {File} file
 * @param {(share: number) => void} far
 * @returns {Promise<Done>}
 */
export function upload(where, file, far) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `api/${where}/${encodeURIComponent(file.name)}`);
    request.upload.onprogress = (event) => far(event.total ? event.loaded / event.total : 0);
    request.onload = () => {
      try {
        const said = JSON.parse(request.responseText);
        resolve({ ok: said.ok === true, why: String(said.why ?? "") });
      } catch {
        resolve({ ok: false, why: `${request.status} ${request.statusText}` });
      }
    };
    request.onerror = () => resolve({ ok: false, why: GONE });
    request.send(file);
  });
}

/**
 * A camera's picture; the caller revokes its `url`. Throws words, or the key of a text, when there is none.
 * @param {string} id
 * @param {"live" | "evidence"} which
 * @returns {Promise<Picture>}
 */
export async function picture(id, which) {
  const address = which === "live" ? `api/camera/${id}.jpg` : `api/camera/${id}/evidence.jpg`;
  const answer = await fetch(address, { signal: AbortSignal.timeout(LIMIT_MS) }).catch(() => {
    throw new Error(GONE);
  });
  if (!answer.ok) throw new Error(await words(answer));
  return {
    url: URL.createObjectURL(await answer.blob()),
    at: Number(answer.headers.get("X-Captured-At") ?? 0),
    boxes: JSON.parse(answer.headers.get("X-Boxes") ?? "[]"),
  };
}

/**
 * A PF device's last ten minutes.
 * @param {string} id
 * @returns {Promise<Trends>}
 */
export async function trends(id) {
  const answer = await fetch(`api/device/${id}/trends`, { signal: AbortSignal.timeout(LIMIT_MS) });
  if (!answer.ok) throw new Error(await words(answer));
  return answer.json();
}

/**
 * A PF device's heat of the past, thinned to the hottest frame of each step. Throws words, or the key of a text.
 * @param {string} id
 * @param {{from: number, to: number, most: number}} span UTC seconds, and the most frames wanted
 * @param {AbortSignal} gone when nobody wants it any more
 * @returns {Promise<Past>}
 */
export async function heat(id, span, gone) {
  const asked = new URLSearchParams({ from: String(span.from), to: String(span.to), most: String(span.most) });
  const ended = new AbortController();
  const end = () => ended.abort();
  const limit = setTimeout(end, LIMIT_MS);
  gone.addEventListener("abort", end, { once: true });
  const answer = await fetch(`api/device/${id}/history?${asked}`, { signal: ended.signal }).catch(() => {
    throw new Error(GONE);
  });
  clearTimeout(limit);
  if (!answer.ok) throw new Error(await words(answer));
  return answer.json();
}

/**
 * The alarms and pre-alarms that changed last, newest first. Throws words, or the key of a text.
 * @returns {Promise<PastAlarm[]>}
 */
export const pastAlarms = async () => (await get("api/alarms")).alarms;

/**
 * The address of a file that is kept of an alarm.
 * @param {string} ident
 * @param {string} name
 */
export const alarmFile = (ident, name) => `api/alarms/${encodeURIComponent(ident)}/${encodeURIComponent(name)}`;

/**
 * The temperatures before an alarm.
 * @param {string} ident
 * @param {string} name
 * @returns {Promise<AlarmTrend>}
 */
export const alarmTrend = (ident, name) => get(alarmFile(ident, name));

/**
 * The settings' own words in a language, by section and key: label and sentence; none for English, which the server sends.
 * @param {string} language
 * @returns {Promise<Record<string, [string, string]>>}
 */
export const formWords = (language) => get(`static/forms/${language}.json`);

/**
 * The texts of a language.
 * @param {string} language
 * @returns {Promise<Record<string, string>>}
 */
export async function strings(language) {
  const answer = await fetch(`static/i18n/${language}.json`);
  if (!answer.ok) throw new Error(await words(answer));
  return answer.json();
}

/** @param {Response} answer */
async function words(answer) {
  try {
    return String((await answer.json()).why);
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}
