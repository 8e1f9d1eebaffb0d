// @ts-check
// Everything that is asked of the server; what the server tells by itself is in live.js. Addresses are relative to the
// page, because Home Assistant's ingress puts a prefix before them.

/** @typedef {{ok: boolean, why: string}} Done */
/** @typedef {[string, number, number, number, number, number]} EvidenceBox label, confidence, left, top, right, bottom */
/** @typedef {{url: string, at: number, boxes: EvidenceBox[]}} Picture */
/** @typedef {{step_s: number, frames: {at: number, cells: string}[]}} Past */
/** @typedef {Record<string, [number[], number[]]>} Trends UTC seconds and values, by value */

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
 * @param {"acknowledge" | "silence" | "resound" | "reset" | "test" | "end_test" | "disable" | "enable" | "isolate" | "connect"} name
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
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const done = await answer.json();
    return { ok: answer.ok && done.ok === true, why: String(done.why ?? "") };
  } catch {
    return { ok: false, why: GONE };
  }
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
