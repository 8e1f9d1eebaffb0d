// @ts-check
// A value over the last ten minutes, with its limits; drawn by uPlot.
import { LitElement, css, html, unsafeCSS } from "lit";
import uPlot, { css as plotCss } from "uplot";
import { shared } from "../styles.js";
import { minute, number } from "../words.js";

const HEIGHT_PX = 120;
const SPAN_S = 600;

export class EmberTrend extends LitElement {
  static properties = {
    label: {},
    unit: {},
    points: { attribute: false },
    limits: { attribute: false },
    now: { type: Number },
  };

  static styles = [
    shared,
    unsafeCSS(plotCss),
    css`
      .plot {
        width: 100%;
        height: ${HEIGHT_PX}px;
        overflow: hidden;
      }
    `,
  ];

  constructor() {
    super();
    this.label = "";
    this.unit = "";
    /** @type {[number[], number[]]} */
    this.points = [[], []];
    /** @type {number[]} */
    this.limits = [];
    this.now = 0;
    /** @type {any} */
    this.plot = null;
    this.looks = "";
    this.resized = new ResizeObserver(() => this.#fit());
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.resized.disconnect();
    this.plot?.destroy();
    this.plot = null;
  }

  render() {
    const last = this.points[1].at(-1);
    return html`<div class="plot" role="img" aria-label="${this.label}: ${number(last, 1)} ${this.unit}"></div>`;
  }

  updated() {
    const place = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".plot"));
    if (!place) return;
    const looks = getComputedStyle(this).getPropertyValue("--ee-muted") + this.limits.join();
    if (!this.plot || looks !== this.looks) {
      this.looks = looks;
      this.plot?.destroy();
      this.plot = new uPlot(this.#options(place.clientWidth || 300), this.#columns(), place);
      this.resized.disconnect();
      this.resized.observe(place);
    } else {
      this.plot.setData(this.#columns());
    }
  }

  #fit() {
    const place = this.renderRoot.querySelector(".plot");
    if (place && this.plot && place.clientWidth > 0 && place.clientWidth !== this.plot.width)
      this.plot.setSize({ width: place.clientWidth, height: HEIGHT_PX });
  }

  /** The limits go from edge to edge, the values as far as they are known. @returns {any} */
  #columns() {
    const at = [this.now - SPAN_S, ...this.points[0], this.now];
    return [at, [null, ...this.points[1], null], ...this.limits.map((limit) => at.map(() => limit))];
  }

  /** @param {number} width @returns {any} */
  #options(width) {
    const given = getComputedStyle(this);
    /** @param {string} name */
    const colour = (name) => given.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--ee-muted"),
      grid: { stroke: colour("--ee-line"), width: 1 },
      ticks: { stroke: colour("--ee-line"), width: 1, size: 4 },
      font: "11px system-ui",
    };
    /** @param {string} stroke */
    const limit = (stroke) => ({ stroke, width: 1.5, dash: [5, 4], points: { show: false } });
    return {
      width,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 20, 0, 0],
      scales: {
        x: { time: true, range: () => [this.now - SPAN_S, this.now] },
        y: { range: (/** @type {any} */ _plot, /** @type {number} */ low, /** @type {number} */ high) => around(low, high) },
      },
      axes: [
        {
          ...axis,
          space: 70,
          size: 24,
          values: (/** @type {any} */ _plot, /** @type {number[]} */ marks) => marks.map(minute),
        },
        { ...axis, size: 40, space: 26 },
      ],
      series: [
        {},
        { stroke: colour("--ee-plot"), fill: `${colour("--ee-plot")}22`, width: 2, points: { show: false }, spanGaps: false },
        ...this.limits.map((_, index) => limit(colour(index === 0 ? "--ee-pre" : "--ee-alarm"))),
      ],
    };
  }
}

/**
 * A range with some room, at least ten wide.
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
function around(low, high) {
  if (low === null || high === null) return [0, 100];
  const room = Math.max((high - low) * 0.08, (10 - (high - low)) / 2, 1);
  return [low - room, high + room];
}
customElements.define("ember-trend", EmberTrend);
