// @ts-check
// Ten minutes of one PF device: its hottest place, and its smoke, gas and flame inputs.
import { LitElement, css, html, nothing } from "lit";
import { trends } from "../api.js";
import { shared } from "../styles.js";
import { Visible } from "../visible.js";
import { number, t } from "../words.js";
import "./device-replay.js";
import "./input-row.js";
import "./trend-plot.js";

const PERIOD_MS = 4000;

export class EmberDeviceHistory extends LitElement {
  static properties = {
    ident: {},
    device: { attribute: false },
    now: { type: Number },
    history: { state: true },
  };

  static styles = [
    shared,
    css`
      .card {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr));
        gap: 0.4rem 1.6rem;
        padding: 0.7rem 0.85rem;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 0.8rem;
        font-size: 0.85rem;
      }
      h3 {
        font-size: 0.85rem;
        font-weight: 600;
        color: var(--ee-muted);
      }
      ember-device-replay {
        grid-column: 1 / -1;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.ident = "";
    /** @type {import("../store.js").Device | null} */
    this.device = null;
    this.now = 0;
    /** @type {import("../api.js").Trends} */
    this.history = {};
    this.timer = 0;
    this.visible = new Visible(this, (seen) => this.#watch(seen));
  }

  connectedCallback() {
    super.connectedCallback();
    this.visible.start();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.visible.stop();
  }

  /** @param {boolean} seen */
  #watch(seen) {
    window.clearTimeout(this.timer);
    if (seen) this.#fetch();
  }

  async #fetch() {
    try {
      this.history = await trends(this.ident);
    } catch {
      // The page says by itself that the server is gone; the plot keeps what it has.
    }
    window.clearTimeout(this.timer);
    if (this.visible.seen) this.timer = window.setTimeout(() => this.#fetch(), PERIOD_MS);
  }

  render() {
    const device = this.device;
    if (!device) return nothing;
    const readings = this.#readings(device);
    return html`<section class="card" aria-label=${t("history_of", { name: device.name })}>
      ${this.#trend(device)}
      ${readings.length
        ? html`<div>
            <h3>${t("inputs_of", { name: device.name })}</h3>
            <ul>
              ${readings.map(
                (reading) => html`<li><ember-input .reading=${reading} .points=${this.history[reading.channel]}></ember-input></li>`,
              )}
            </ul>
          </div>`
        : nothing}
      <ember-device-replay .ident=${this.ident} .limits=${limits(device)} .now=${this.now}></ember-device-replay>
    </section>`;
  }

  /** @param {import("../store.js").Device} device */
  #trend(device) {
    const lines = limits(device);
    return html`<div>
      <div class="head">
        <h3>${t("hottest_of", { name: device.name })}</h3>
        <span class="number"><strong>${number(device.hot_spots?.max_c, 1)} °C</strong>
          ${lines.length ? html`<span class="muted">${t("limits", { pre: number(lines[0]), alarm: number(lines[1]) })}</span>` : nothing}
        </span>
      </div>
      <ember-trend
        label=${t("hottest_10")}
        unit="°C"
        .points=${this.history.max_c ?? [[], []]}
        .limits=${lines}
        .now=${this.now}
      ></ember-trend>
    </div>`;
  }

  /** The inputs that mean something. @param {import("../store.js").Device} device */
  #readings(device) {
    return Object.values(device.readings)
      .filter((reading) => reading.role !== "none")
      .sort((one, other) => one.role.localeCompare(other.role) || one.channel.localeCompare(other.channel));
  }
}

/** The temperatures of pre-alarm and alarm, if both are known. @param {import("../store.js").Device} device */
function limits(device) {
  return device.pre_c !== null && device.alarm_c !== null ? [device.pre_c, device.alarm_c] : [];
}
customElements.define("ember-device-history", EmberDeviceHistory);
