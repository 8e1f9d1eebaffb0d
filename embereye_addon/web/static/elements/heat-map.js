// @ts-check
// The thermal picture of a PF device, with its scale and its hottest place.
import { LitElement, css, html } from "lit";
import { colour, degrees, extremes, paint } from "../heat.js";
import { shared } from "../styles.js";
import { ago, celsius, number, t } from "../words.js";

/** The scale spans at least this (K), so that a quiet room does not look as if it burned. */
const SPAN_K = 20;
const OLD_S = 10;

export class EmberHeatMap extends LitElement {
  static properties = {
    thermal: { attribute: false },
    clusters: { attribute: false },
    now: { type: Number },
    missing: {},
  };

  static styles = [
    shared,
    css`
      .map {
        position: relative;
        aspect-ratio: 4 / 3;
        background: #0b0e12;
        overflow: hidden;
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
      }
      .spot {
        position: absolute;
        width: 12px;
        height: 12px;
        margin: -6px 0 0 -6px;
        border: 2px solid #fff;
        border-radius: 50%;
        box-shadow: 0 0 0 2px rgb(0 0 0 / 70%);
      }
      .spot.hot {
        width: 30px;
        height: 30px;
        margin: -15px 0 0 -15px;
        border-width: 3px;
      }
      .tag {
        position: absolute;
        padding: 0.05rem 0.45rem;
        border-radius: 5px;
        background: rgb(0 0 0 / 75%);
        color: #fff;
        font-weight: 700;
        font-size: 0.85rem;
        white-space: nowrap;
      }
      .none {
        position: absolute;
        inset: 0;
        display: grid;
        place-items: center;
        padding: 1rem;
        text-align: center;
        color: #d5dce3;
        background: rgb(11 14 18 / 80%);
      }
      .scale {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        padding: 0.5rem 0.85rem 0;
        margin-bottom: auto;
        font-size: 0.82rem;
        font-variant-numeric: tabular-nums;
      }
      .ramp {
        flex: 1;
        height: 9px;
        border-radius: 5px;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").Thermal | undefined} */
    this.thermal = undefined;
    /** @type {{peak_c: number, x: number, y: number}[]} */
    this.clusters = [];
    this.now = 0;
    this.missing = "";
    this.cells = new Float32Array(0);
    this.scale = { low: 0, high: SPAN_K, top: 0, x: 0, y: 0 };
    const steps = Array.from({ length: 9 }, (_, step) => `rgb(${colour(step / 8).join(" ")})`);
    this.ramp = `background: linear-gradient(to right, ${steps.join(", ")})`;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("thermal") || !this.thermal) return;
    this.cells = degrees(this.thermal.cells);
    const { low, high, x, y } = extremes(this.cells);
    this.scale = { low, high: Math.max(high, low + SPAN_K), top: high, x, y };
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas && changed.has("thermal") && this.cells.length) paint(canvas, this.cells, this.scale.low, this.scale.high);
  }

  render() {
    const known = this.thermal && this.cells.length > 0;
    const age = this.thermal ? this.now - this.thermal.at : 0;
    const { low, high, top } = this.scale;
    const missing = this.missing || t("heat_none");
    const words = known ? t("heat_words", { low: number(low, 1), high: number(top, 1) }) : missing;
    return html`
      <div class="map">
        <canvas width="320" height="240" role="img" aria-label=${words}></canvas>
        ${known ? this.#mark() : html`<p class="none">${missing}</p>`}
        ${known && age > OLD_S ? html`<p class="none">${t("heat_old", { ago: ago(age) })}</p>` : ""}
      </div>
      <div class="scale" aria-hidden="true">
        <span>${known ? number(low, 1) : "–"} °C</span><span class="ramp" .style=${this.ramp}></span><span>${known ? celsius(high) : "– °C"}</span>
      </div>
    `;
  }

  /** The hottest cluster, or the hottest cell where there is none. */
  #mark() {
    const cluster = [...this.clusters].sort((one, other) => other.peak_c - one.peak_c)[0];
    const { x, y } = cluster ?? this.scale;
    const peak = cluster?.peak_c ?? this.scale.top;
    const side = x > 0.6 ? `right: calc(${100 - 100 * x}% + 20px)` : `left: calc(${100 * x}% + 20px)`;
    const height = `top: clamp(2px, calc(${100 * y}% - 0.7rem), calc(100% - 1.7rem))`;
    return html`<span class="spot ${cluster ? "hot" : ""}" .style=${`left: ${100 * x}%; top: ${100 * y}%`}></span>
      <span class="tag" .style=${`${side}; ${height}`}>${celsius(peak)}</span>`;
  }
}
customElements.define("ember-heat-map", EmberHeatMap);
