// @ts-check
// A zone out of service or on trial: who, until when, what has responded; and the orders for it.
import { LitElement, css, html, nothing } from "lit";
import { command } from "../api.js";
import { shared } from "../styles.js";
import { clock, known, t } from "../words.js";

/** How long a disablement may last, in seconds; 0 is until somebody ends it. */
const TIMES = [3600, 28800, 0];

export class EmberService extends LitElement {
  static properties = {
    zone: { attribute: false },
    out: { attribute: false },
    names: { attribute: false },
    busy: { type: Boolean, state: true },
    answer: { state: true },
  };

  static styles = [
    shared,
    css`
      .standing {
        padding: 0.5rem 0.75rem;
        border-radius: 8px;
        background: var(--ee-pre-soft);
        color: var(--ee-pre);
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
        margin-top: 0.5rem;
      }
      summary {
        cursor: pointer;
        font-weight: 600;
        padding: 0.25rem 0;
      }
      ul {
        margin: 0.3rem 0 0;
        padding: 0;
        list-style: none;
      }
      .waiting {
        opacity: 0.7;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").ZoneStatus | null} */
    this.zone = null;
    /** @type {import("../store.js").Disablement | undefined} */
    this.out = undefined;
    /** @type {Record<string, string>} */
    this.names = {};
    this.busy = false;
    this.answer = "";
  }

  render() {
    const zone = this.zone;
    if (!zone) return nothing;
    return html`${zone.commissioning ? this.#commissioning(zone) : nothing} ${zone.testing ? this.#trial(zone) : nothing} ${zone.disabled ? this.#disabled() : nothing}
    ${zone.testing || zone.disabled ? nothing : this.#menu(zone)}
    ${this.answer ? html`<p class="small" role="status">${this.answer}</p>` : nothing}`;
  }

  /** @param {import("../store.js").ZoneStatus} zone */
  #trial(zone) {
    return html`<div class="standing">
      <strong>${t("test_runs", { until: clock(zone.test_until) })}</strong>
      <ul>
        ${zone.points.map((point) => {
          const done = zone.responded.includes(point);
          return html`<li class=${done ? "" : "waiting"}>${done ? "☑" : "☐"} ${this.#named(point)}</li>`;
        })}
      </ul>
      <div class="row">${this.#button("end_test", "end_test")}</div>
    </div>`;
  }

  /** @param {import("../store.js").ZoneStatus} zone */
  #commissioning(zone) {
    const { pre_alarms_told: pre, alarms_told: alarms, commissioning_since: since } = zone;
    return html`<div class="standing">
      <strong>${t("commissioning", { since: clock(since), pre, alarms })}</strong>
      <div class="row">${this.#button("end_commission", "end_commission")}</div>
    </div>`;
  }

  #disabled() {
    const out = this.out;
    const until = out?.until ? t("disabled_until", { until: clock(out.until) }) : t("disabled_for_ever");
    return html`<div class="standing">
      <strong>${until}</strong>
      ${out ? html`<div class="small">${t("disabled_by", { by: out.by, when: clock(out.since) })}</div>` : nothing}
      <div class="row">${this.#button("enable", "enable")}</div>
    </div>`;
  }

  /** @param {import("../store.js").ZoneStatus} zone */
  #menu(zone) {
    return html`<details>
      <summary>${t("service")}</summary>
      <p class="small muted">${t("service_more")}</p>
      <div class="row">
        ${zone.state === "normal" ? this.#button("test", "walk_test") : nothing}
        ${zone.state === "normal" && !zone.commissioning ? this.#button("commission", "commission") : nothing}
        ${TIMES.map((for_s) => this.#button("disable", `disable_${for_s}`, for_s))}
      </div>
    </details>`;
  }

  /**
   * @param {"test" | "end_test" | "disable" | "enable" | "commission" | "end_commission"} name
   * @param {string} text
   * @param {number} [for_s]
   */
  #button(name, text, for_s = 0) {
    return html`<button ?disabled=${this.busy} @click=${() => this.#ask(name, for_s)}>${t(text)}</button>`;
  }

  /**
   * @param {"test" | "end_test" | "disable" | "enable" | "commission" | "end_commission"} name
   * @param {number} for_s
   */
  async #ask(name, for_s) {
    this.busy = true;
    const done = await command(name, this.zone?.zone ?? "", for_s);
    this.busy = false;
    this.answer = done.ok ? "" : t("refused", { why: known(done.why, done.why) });
    setTimeout(() => (this.answer = ""), 12000);
  }

  /** @param {string} point */
  #named(point) {
    const cut = point.lastIndexOf(".");
    const kind = point.slice(cut + 1);
    return `${this.names[point.slice(0, cut)] ?? point.slice(0, cut)} (${known(`point_${kind}`, kind)})`;
  }
}
customElements.define("ember-service", EmberService);
