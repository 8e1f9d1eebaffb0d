// @ts-check
// One PF device: its thermal picture and how it does.
import { LitElement, css, html, nothing } from "lit";
import { linkIcon } from "../icons.js";
import { shared } from "../styles.js";
import { known, number, t } from "../words.js";
import "./heat-map.js";
import "./place-tool.js";

export class EmberDeviceTile extends LitElement {
  static properties = { ident: {}, device: { attribute: false }, cameras: { attribute: false }, now: { type: Number } };

  static styles = [
    shared,
    css`
      .card {
        height: 100%;
        display: flex;
        flex-direction: column;
      }
      .note {
        margin: 0;
        padding: 0.4rem 0.85rem 0;
      }
    `,
  ];

  constructor() {
    super();
    this.ident = "";
    /** @type {Record<string, import("../store.js").Camera>} */
    this.cameras = {};
    /** @type {import("../store.js").Device | null} */
    this.device = null;
    this.now = 0;
  }

  render() {
    const device = this.device;
    if (!device) return nothing;
    const state = device.enabled ? (device.health?.state ?? "connecting") : "disabled";
    const words = device.health?.words ?? {};
    const outside = device.hot_spots?.outside_px ?? 0;
    return html`<section class="card" aria-label=${device.name}>
      <div class="tile-head">
        <h3>${device.name}</h3>
        <span class="chip ${state}">${linkIcon(state)} ${t(`link_${state}`)}</span>
      </div>
      <ember-heat-map .thermal=${device.thermal} .clusters=${device.hot_spots?.clusters ?? []} .now=${this.now}></ember-heat-map>
      ${(device.health?.faults ?? []).map(([code, text]) => html`<p class="trouble">${text || known(`fault_${code}`, code)}</p>`)}
      ${outside ? html`<p class="note muted small">${t("outside_px", { count: outside, saturated: device.hot_spots?.saturated_px ?? 0 })}</p>` : nothing}
      <dl class="facts">
        <div><dt>${t("packets")}</dt><dd>${number(device.health?.rate_hz, 1)}/s</dd></div>
        <div><dt>${t("decided")}</dt><dd>${number(device.hot_spots?.decide_ms, 1)} ms</dd></div>
        <div><dt>${t("period")}</dt><dd>${measured(words.interval_s, 1, "s")}</dd></div>
        <div><dt>${t("chip")}</dt><dd>${measured(words.ambient_c, 1, "°C")}</dd></div>
        <div><dt>${t("supply")}</dt><dd>${measured(words.supply_v, 2, "V")}</dd></div>
        <div><dt>${t("rejected")}</dt><dd>${measured(words.rejected_pct, 1, "%")}</dd></div>
        <div><dt>${t("bad_pixels")}</dt><dd>${measured(words.bad_px, 0, "")}</dd></div>
      </dl>
      <ember-place .ident=${this.ident} .device=${device} .cameras=${this.cameras}></ember-place>
    </section>`;
  }
}

/**
 * A number among the words of a device's health, with its unit; a dash where there is none.
 * @param {string | undefined} word
 * @param {number} digits
 * @param {string} unit
 */
function measured(word, digits, unit) {
  return word ? `${number(Number(word), digits)} ${unit}`.trim() : "–";
}
customElements.define("ember-device-tile", EmberDeviceTile);
