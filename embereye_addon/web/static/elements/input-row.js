// @ts-check
// One smoke, gas or flame input: its change against its own baseline, and ten minutes of it.
import { LitElement, css, html, nothing, svg } from "lit";
import { shared } from "../styles.js";
import { known, number, signed, t } from "../words.js";

const WIDE = 120;
const HIGH = 26;
/** The line's least range in counts of the converter, so that noise stays small. */
const SPAN = 200;
/** `fuse.analog`: noticed, and above its own alarm level. */
const NOTICE_SIGMA = 4;
const ALARM_SIGMA = 12;
const FULL_SCALE = 4095;
/** Percent of the range a minute below which an input rests. */
const STEADY_PCT = 0.5;
const ARROWS = { steady: "→", rising: "↗", falling: "↘" };
const DIGITAL = ["DIO", "MPY30", "MPY_IN"];

export class EmberInput extends LitElement {
  static properties = { reading: { attribute: false }, points: { attribute: false } };

  static styles = [
    shared,
    css`
      .row {
        display: grid;
        grid-template-columns: minmax(5.5rem, 1fr) ${WIDE}px auto;
        align-items: center;
        gap: 0.6rem;
        padding: 0.25rem 0;
        border-top: 1px solid var(--ee-line);
        font-size: 0.85rem;
      }
      svg.line {
        width: ${WIDE}px;
        height: ${HIGH}px;
      }
      polyline {
        fill: none;
        stroke: var(--ee-accent);
        stroke-width: 1.5;
      }
      .value {
        text-align: right;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .more {
        display: block;
        font-weight: 400;
        font-size: 0.8rem;
        color: var(--ee-muted);
      }
      .notice {
        color: var(--ee-pre);
      }
      .high {
        color: var(--ee-alarm);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").Reading | null} */
    this.reading = null;
    /** @type {[number[], number[]] | undefined} */
    this.points = undefined;
  }

  render() {
    const reading = this.reading;
    if (!reading) return nothing;
    const digital = DIGITAL.includes(reading.channel);
    return html`<div class="row">
      <span>
        ${known(`role_${reading.role}`, reading.role)} <span class="muted">${reading.channel}</span>
        ${reading.ppm === null ? nothing : html`<span class="more" title=${t("ppm_more")}>${t(`ppm_${reading.gas}`, { n: number(reading.ppm) })}</span>`}
      </span>
      ${this.#line(digital)} ${digital ? this.#digital(reading) : this.#analog(reading)}
    </div>`;
  }

  /** @param {import("../store.js").Reading} reading */
  #digital(reading) {
    const on = reading.raw > 0;
    return html`<span class="value ${on ? "high" : ""}">${on ? t("on") : t("off")}${reading.stuck ? ` (${t("stuck")})` : ""}</span>`;
  }

  /** @param {import("../store.js").Reading} reading */
  #analog(reading) {
    if (reading.warming_up) return html`<span class="value muted">${t("warming_up")}</span>`;
    if (reading.stuck) return html`<span class="value notice">${t("stuck")}</span>`;
    if (reading.out_of_range) return html`<span class="value notice">${t("out_of_range")}</span>`;
    const change = reading.change_sigma;
    const look = change >= ALARM_SIGMA ? "high" : change >= NOTICE_SIGMA ? "notice" : "";
    return html`<span class="value ${look}" title=${t("input_more", { raw: number(reading.raw), baseline: number(reading.baseline) })}
      >${signed(change, 1)} σ<span class="more">${signed(reading.change_pct, 1)} % ${this.#arrow(reading.slope_per_min)}</span></span
    >`;
  }

  /** Where it goes, in percent of the range a minute. @param {number} slope counts a minute, towards alarm */
  #arrow(slope) {
    const pct = (100 * slope) / FULL_SCALE;
    const look = Math.abs(pct) < STEADY_PCT ? "steady" : pct > 0 ? "rising" : "falling";
    const words = t(`trend_${look}`, { n: signed(pct, 1) });
    return html`<span role="img" aria-label=${words} title=${words}>${ARROWS[look]}</span>`;
  }

  /** @param {boolean} digital */
  #line(digital) {
    const [at, values] = this.points ?? [[], []];
    if (at.length < 2) return html`<span></span>`;
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const span = Math.max(high - low, digital ? 1 : SPAN);
    const base = (low + high - span) / 2;
    const end = at[at.length - 1];
    const places = at.map((time, index) => {
      const x = WIDE - ((end - time) / 600) * WIDE;
      const y = HIGH - 3 - ((values[index] - base) / span) * (HIGH - 6);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    return html`<svg class="line" viewBox="0 0 ${WIDE} ${HIGH}" aria-hidden="true">${svg`<polyline points=${places.join(" ")}></polyline>`}</svg>`;
  }
}
customElements.define("ember-input", EmberInput);
