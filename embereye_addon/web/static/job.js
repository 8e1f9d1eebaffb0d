// @ts-check
// The server's long work, one piece at a time: asked after once a second while somebody looks at it.
import { cancelJob, job } from "./api.js";
import { number, t } from "./words.js";

const PERIOD_MS = 1000;

/** @typedef {{number: number, kind: string, by: string, at: number, state: "running" | "done" | "failed" | "cancelled" | "interrupted",
 *   progress: any, result: any, why: string, begun: number}} Job */

/** How far the recording is that is being played: seconds of seconds. @param {any} far @returns {string} */
export function playedOf(far) {
  const [done, of] = [far?.played_s ?? 0, far?.of_s ?? 0];
  return of ? t("played_of", { s: number(Math.min(done, of), 0), of: number(of, 0) }) : t("played", { s: number(done, 0) });
}

/** The same as a part of 1, for a bar; 0 where the length is not known. @param {any} far */
export function playedPart(far) {
  return far?.of_s ? Math.min(1, (far.played_s ?? 0) / far.of_s) : 0;
}

/** Follows the newest job for an element, which is drawn again when something changed. */
export class Following {
  /** @param {import("lit").ReactiveControllerHost} host */
  constructor(host) {
    this.host = host;
    /** @type {Job | null} */
    this.job = null;
    this.timer = 0;
    this.seen = false;
    host.addController(this);
  }

  hostConnected() {
    this.seen = true;
    void this.ask();
  }

  hostDisconnected() {
    this.seen = false;
    window.clearTimeout(this.timer);
  }

  get runs() {
    return this.job?.state === "running";
  }

  /** The newest job of a kind, whatever became of it. @param {string[]} kinds */
  of(...kinds) {
    return this.job && kinds.includes(this.job.kind) ? this.job : null;
  }

  /** Ask now, and again while something runs. */
  async ask() {
    window.clearTimeout(this.timer);
    const next = await job().catch(() => this.job);
    const was = this.job;
    this.job = next;
    if (JSON.stringify(was) !== JSON.stringify(next)) this.host.requestUpdate();
    if (this.seen && this.runs) this.timer = window.setTimeout(() => this.ask(), PERIOD_MS);
  }

  async cancel() {
    await cancelJob();
    await this.ask();
  }
}
