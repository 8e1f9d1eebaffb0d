// @ts-check
// The server's long work, one piece at a time: asked after once a second while somebody looks at it.
import { cancelJob, job } from "./api.js";

const PERIOD_MS = 1000;

/** @typedef {{number: number, kind: string, by: string, state: "running" | "done" | "failed" | "cancelled",
 *   progress: any, result: any, why: string}} Job */

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
