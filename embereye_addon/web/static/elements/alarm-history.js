// @ts-check
// Past alarms: each with its steps, the explanation, and what was kept of it: pictures, films, heat and temperatures.
import { LitElement, css, html, nothing, repeat } from "lit";
import { alarmFile, alarmTrend, pastAlarms } from "../api.js";
import { shared } from "../styles.js";
import { clock, known, t } from "../words.js";
import "./shares-table.js";
import "./trend-plot.js";

/** @typedef {import("../api.js").PastAlarm} PastAlarm */
/** @typedef {import("../api.js").KeptFile} KeptFile */

export class EmberAlarms extends LitElement {
  static properties = {
    names: { attribute: false },
    last: {},
    alarms: { state: true },
    why: { state: true },
    open: { state: true },
    trends: { state: true },
  };

  static styles = [
    shared,
    css`
      .card {
        padding: 0.8rem 1rem;
      }
      h2 {
        font-size: 1.05rem;
        margin: 0 0 0.3rem;
      }
      ol,
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      .alarms > li {
        border-top: 1px solid var(--ee-line);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        gap: 0.1rem 0.9rem;
        width: 100%;
        border: 0;
        border-radius: 0;
        padding: 0.55rem 0;
        background: none;
        text-align: left;
        font-weight: 400;
      }
      .head strong {
        min-width: 9rem;
      }
      .was-alarm {
        color: var(--ee-alarm);
        font-weight: 600;
      }
      .more {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr));
        gap: 0.8rem 1rem;
        padding-bottom: 0.9rem;
      }
      figure {
        margin: 0;
      }
      img,
      video {
        display: block;
        width: 100%;
        border-radius: 8px;
        background: var(--ee-sunken);
      }
      figcaption {
        font-size: 0.82rem;
        color: var(--ee-muted);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Record<string, string>} */
    this.names = {};
    /** The id of the newest alarm: a new one is a reason to ask again. */
    this.last = "";
    /** @type {PastAlarm[] | null} */
    this.alarms = null;
    this.why = "";
    this.open = "";
    /** @type {Record<string, import("../api.js").AlarmTrend>} */
    this.trends = {};
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("last") && this.alarms) this.#ask();
  }

  async #ask() {
    try {
      this.alarms = await pastAlarms();
      this.why = "";
    } catch (error) {
      this.why = known(/** @type {Error} */ (error).message, /** @type {Error} */ (error).message);
    }
  }

  /** @param {PastAlarm} alarm */
  #toggle(alarm) {
    this.open = this.open === alarm.id ? "" : alarm.id;
    if (!this.open) return;
    for (const file of alarm.files.filter((each) => each.what === "trend")) this.#askTrend(alarm.id, file.name);
  }

  /**
   * @param {string} ident
   * @param {string} name
   */
  async #askTrend(ident, name) {
    const found = await alarmTrend(ident, name).catch(() => null);
    if (found) this.trends = { ...this.trends, [`${ident}/${name}`]: found };
  }

  render() {
    return html`<section class="card" aria-labelledby="past">
      <h2 id="past">${t("past_alarms")}</h2>
      ${this.why ? html`<p class="note">${this.why}</p>` : nothing}
      ${this.alarms === null
        ? html`<button @click=${this.#ask}>${t("past_show")}</button>`
        : this.alarms.length
          ? html`<ol class="alarms">
              ${repeat(
                this.alarms,
                (alarm) => alarm.id,
                (alarm) => this.#alarm(alarm),
              )}
            </ol>`
          : html`<p class="muted small">${t("past_none")}</p>`}
    </section>`;
  }

  /** @param {PastAlarm} alarm */
  #alarm(alarm) {
    const open = this.open === alarm.id;
    return html`<li>
      <button class="head" aria-expanded=${open} @click=${() => this.#toggle(alarm)}>
        <strong>${alarm.name}</strong>
        <span class=${alarm.state === "alarm" ? "was-alarm" : ""}>${t(`state_${alarm.state}_short`)}</span>
        <span class="muted number">${clock(alarm.at)}</span>
        <span class="muted small">${t("past_files", { n: alarm.files.length })}</span>
      </button>
      ${open ? this.#more(alarm) : nothing}
    </li>`;
  }

  /** @param {PastAlarm} alarm */
  #more(alarm) {
    return html`<div class="more">
      <div>
        <p>${alarm.explanation.text}</p>
        <ul class="small">
          ${alarm.changes.map((step) => html`<li class="muted">${clock(step.at)}: ${t(`state_${step.now}_short`)} (${step.by})</li>`)}
        </ul>
        <ember-shares .shares=${alarm.explanation.shares} .names=${this.names}></ember-shares>
      </div>
      ${alarm.files.map((file) => this.#file(alarm.id, file))}
    </div>`;
  }

  /**
   * @param {string} ident
   * @param {KeptFile} file
   */
  #file(ident, file) {
    const words = t(`kept_${file.what}`, { name: this.names[file.source] ?? file.source, when: clock(file.at) });
    return html`<figure>
      ${this.#shown(ident, file, words)}
      <figcaption>${words}</figcaption>
    </figure>`;
  }

  /**
   * @param {string} ident
   * @param {KeptFile} file
   * @param {string} words
   */
  #shown(ident, file, words) {
    const address = alarmFile(ident, file.name);
    if (file.what === "film")
      return html`<video controls muted playsinline preload="metadata" src=${address} aria-label=${words}></video>`;
    if (file.what === "traffic") return html`<a class="file" href=${address} download=${file.name}>${file.name}</a>`;
    if (file.what !== "trend") return html`<img loading="lazy" src=${address} alt=${words} />`;
    const trend = this.trends[`${ident}/${file.name}`];
    return trend
      ? html`<ember-trend label=${words} unit="°C" .points=${[trend.at, trend.max_c]} .now=${file.end}></ember-trend>`
      : nothing;
  }
}
customElements.define("ember-alarms", EmberAlarms);
