// @ts-check
// New settings on old recordings: chosen, played in the background, and what would have been different.
import { LitElement, css, html, nothing } from "lit";
import { trial } from "../api.js";
import { formControls } from "../forms.js";
import { Following, playedOf, playedPart } from "../job.js";
import { shared } from "../styles.js";
import { clock, known, number, t } from "../words.js";
import "./recordings-list.js";
import "./trial-plot.js";

const RANK = { normal: 0, pre_alarm: 1, alarm: 2 };

export class EmberTrial extends LitElement {
  static properties = {
    edited: { attribute: false },
    chosen: { state: true },
    said: { state: true },
    mine: { state: true },
  };

  static styles = [
    shared,
    formControls,
    css`
      .card {
        padding: 0.9rem 1.1rem 1.1rem;
      }
      h2 {
        font-size: 1.1rem;
      }
      h3 {
        font-size: 1rem;
        overflow-wrap: anywhere;
      }
      .run {
        margin-top: 0.9rem;
      }
      progress {
        flex: 1 1 10rem;
        height: 12px;
        accent-color: var(--ee-accent);
      }
      .one {
        border-top: 1px solid var(--ee-line);
        margin-top: 1rem;
        padding-top: 0.8rem;
      }
      .both {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr));
        gap: 0.6rem 1.4rem;
        margin: 0.5rem 0;
      }
      .both > div {
        padding: 0.5rem 0.7rem;
        border-radius: 8px;
        background: var(--ee-sunken);
        min-width: 0;
      }
      h4 {
        margin: 0 0 0.3rem;
        font-size: 0.85rem;
        color: var(--ee-muted);
      }
      ol {
        list-style: none;
        margin: 0.4rem 0 0;
        padding: 0;
        font-size: 0.85rem;
        max-height: 14rem;
        overflow-y: auto;
      }
      ol li {
        padding: 0.2rem 0;
      }
      .verdict {
        font-weight: 600;
      }
      .verdict.worse {
        color: var(--ee-alarm);
      }
      .verdict.less {
        color: var(--ee-normal);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../api.js").Edited} */
    this.edited = { values: {}, revision: "" };
    /** @type {{name: string, way: string, camera: string}[]} */
    this.chosen = [];
    this.said = "";
    /** The number of the trial that was begun here: an older result is not shown as if it were of these settings. */
    this.mine = 0;
    this.following = new Following(this);
  }

  render() {
    const job = this.following.of("trial");
    const runs = this.following.runs;
    const cameras = (this.edited.values.cameras ?? []).map((/** @type {any} */ row) => [row.id, row.name || row.id]);
    return html`<section class="card" aria-labelledby="trial">
      <h2 id="trial">${t("trial")}</h2>
      <p class="muted small">${t("trial_more")}</p>
      <ember-recordings .ways=${[["try", ""]]} .cameras=${cameras}
        @chosen=${(/** @type {CustomEvent} */ event) => (this.chosen = event.detail)}></ember-recordings>
      <div class="row run">
        <button class="go idle" ?disabled=${runs || !this.chosen.length} @click=${() => this.#begin()}>${t("trial_begin", { n: this.chosen.length })}</button>
        ${runs ? this.#progress() : nothing}
        <span class="small" role="status">${this.said}${job && !runs && job.state !== "done" ? t(`job_${job.state}`, { why: job.why }) : ""}</span>
      </div>
      ${job?.result?.length && !runs ? this.#results(job) : nothing}
    </section>`;
  }

  #progress() {
    const job = this.following.job;
    const far = job?.progress ?? {};
    const words = far.which ? t("trial_far", { name: far.recording, which: t(`trial_${far.which}`), far: playedOf(far) }) : t("job_runs", { by: job?.by ?? "" });
    return html`<progress max=${far.of ?? 1} .value=${(far.done ?? 0) + playedPart(far)} aria-label=${t("trial")}></progress>
      <span class="small number">${words} ${(job?.begun ?? 1) > 1 ? t("job_again") : ""}</span>
      <button @click=${() => this.following.cancel()}>${t("cancel")}</button>`;
  }

  /** What came out; of a trial that was not begun here it is said whose it is. @param {import("../job.js").Job} job */
  #results(job) {
    return html`${this.mine === job.number ? nothing : html`<p class="small muted">${t("trial_old", { when: clock(job.at), by: job.by })}</p>`}
      ${job.result.map((/** @type {any} */ row) => this.#result(row))}`;
  }

  /** @param {any} row */
  #result(row) {
    const zones = [...new Set([...row.before.curves, ...row.after.curves].map((/** @type {any} */ curve) => curve.zone))];
    const { words, sort } = this.#verdict(row.before.summary, row.after.summary);
    return html`<div class="one">
      <h3>${row.name}</h3>
      ${words ? html`<p class="verdict ${sort}">${words}</p>` : nothing}
      ${zones.map(
        (zone) => html`<ember-trial-plot .zone=${this.#zone(zone)} .was=${row.before.curves.find((/** @type {any} */ one) => one.zone === zone)}
          .wished=${row.after.curves.find((/** @type {any} */ one) => one.zone === zone)}></ember-trial-plot>`,
      )}
      <div class="both">${this.#side("before", row.before)} ${this.#side("after", row.after)}</div>
    </div>`;
  }

  /** @param {string} zone */
  #zone(zone) {
    return (this.edited.values.zones ?? []).find((/** @type {any} */ row) => row.id === zone)?.name ?? zone;
  }

  /**
   * @param {"before" | "after"} which
   * @param {any} side
   */
  #side(which, side) {
    const { summary, changes, error } = side;
    return html`<div>
      <h4>${t(`trial_${which}`)}</h4>
      ${error ? html`<p class="mistake">${error}</p>` : nothing}
      ${summary
        ? html`<span class="chip ${summary.worst}">${t(`state_${summary.worst}`)}</span>
            <span class="small number">${summary.alarm_t === null ? nothing : t("trial_alarm_at", { s: number(summary.alarm_t, 1) })}</span>`
        : nothing}
      <ol>
        ${changes.map((/** @type {any} */ one) => html`<li><span class="number">${number(one.t, 1)} s</span> <strong>${this.#zone(one.zone)}: ${t(`state_${one.now}`)}</strong> <span class="muted">${one.explanation?.text ?? ""}</span></li>`)}
        ${changes.length ? nothing : html`<li class="muted">${t("trial_quiet")}</li>`}
      </ol>
    </div>`;
  }

  /**
   * What the change comes to.
   * @param {any} was
   * @param {any} now
   */
  #verdict(was, now) {
    if (!was || !now) return { words: "", sort: "" };
    const rank = (/** @type {any} */ one) => /** @type {Record<string, number>} */ (RANK)[one.worst];
    const states = { was: t(`state_${was.worst}`), now: t(`state_${now.worst}`) };
    if (rank(now) < rank(was)) return { words: t("trial_less", states), sort: "less" };
    if (rank(now) > rank(was)) return { words: t("trial_worse", states), sort: "worse" };
    if (now.alarm_t !== null && Math.abs(now.alarm_t - was.alarm_t) > 0.05) {
      const s = number(Math.abs(now.alarm_t - was.alarm_t), 1);
      return { words: t(now.alarm_t < was.alarm_t ? "trial_earlier" : "trial_later", { s }), sort: "" };
    }
    return { words: t("trial_same", states), sort: "" };
  }

  async #begin() {
    this.said = "";
    const chosen = this.chosen.map(({ name, camera }) => ({ name, camera }));
    const done = await trial({ settings: this.edited, recordings: chosen });
    this.said = done.ok ? "" : known(done.why, done.why);
    await this.following.ask();
    if (done.ok) this.mine = this.following.job?.number ?? 0;
  }
}
customElements.define("ember-trial", EmberTrial);
