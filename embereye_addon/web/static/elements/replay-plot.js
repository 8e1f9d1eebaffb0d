// @ts-check
// The hottest place and the surroundings over a span that has passed, with a line at the time that is shown.
import { LitElement, css, html, unsafeCSS } from "lit";
import uPlot, { css as plotCss } from "uplot";
import { legend, shared } from "../styles.js";
import { minute, t } from "../words.js";

const HEIGHT_PX = 170;

export class EmberReplayPlot extends LitElement {
  static properties = {
    past: { attribute: false },
    pieces: { type: Number },
    limits: { attribute: false },
    at: { type: Number },
  };

  static styles = [
    shared,
    legend,
    unsafeCSS(plotCss),
    css`
      .plot {
        width: 100%;
        height: ${HEIGHT_PX}px;
        overflow: hidden;
        cursor: crosshair;
      }
      .legend .middle::before {
        background: var(--ee-accent);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../past.js").Past | null} */
    this.past = null;
    /** How many pieces have come; a new one is drawn. */
    this.pieces = 0;
    /** @type {number[]} */
    this.limits = [];
    this.at = 0;
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
    return html`<div class="plot" role="img" aria-label=${t("replay_plot")} @click=${this.#seek}></div>
      <div class="legend"><span>${t("replay_top")}</span><span class="middle">${t("replay_middle")}</span></div>`;
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    const place = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".plot"));
    if (!place || !this.past) return;
    const looks = getComputedStyle(this).getPropertyValue("--ee-muted") + this.limits.join();
    if (!this.plot || looks !== this.looks) {
      this.looks = looks;
      this.plot?.destroy();
      this.plot = new uPlot(this.#options(place.clientWidth || 300), this.#columns(this.past), place);
      this.resized.disconnect();
      this.resized.observe(place);
    } else if (changed.has("past") || changed.has("pieces")) {
      this.plot.setData(this.#columns(this.past));
    } else {
      this.plot.redraw(false);
    }
  }

  #fit() {
    const place = this.renderRoot.querySelector(".plot");
    if (place && this.plot && place.clientWidth > 0 && place.clientWidth !== this.plot.width)
      this.plot.setSize({ width: place.clientWidth, height: HEIGHT_PX });
  }

  /** @param {MouseEvent} event */
  #seek(event) {
    if (!this.plot) return;
    const place = this.plot.over.getBoundingClientRect();
    const at = this.plot.posToVal(event.clientX - place.left, "x");
    this.dispatchEvent(new CustomEvent("seek", { detail: at }));
  }

  /** @param {import("../past.js").Past} past @returns {any} */
  #columns(past) {
    const columns = past.columns();
    return [...columns, ...this.limits.map((limit) => columns[0].map(() => limit))];
  }

  /** The line at the time that is shown. @param {any} plot */
  #line(plot) {
    const x = Math.round(plot.valToPos(this.at, "x", true));
    const { left, top, width, height } = plot.bbox;
    if (x < left || x > left + width) return;
    plot.ctx.save();
    plot.ctx.fillStyle = getComputedStyle(this).getPropertyValue("--ee-text").trim();
    plot.ctx.globalAlpha = 0.6;
    plot.ctx.fillRect(x, top, 1, height);
    plot.ctx.restore();
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
    /** @param {string} stroke @param {object} [more] */
    const line = (stroke, more) => ({ stroke, width: 1.5, points: { show: false }, spanGaps: false, ...more });
    return {
      width,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 24, 0, 0],
      scales: {
        x: { time: true, range: () => [this.past?.from ?? 0, this.past?.to ?? 1] },
        y: { range: (/** @type {any} */ _plot, /** @type {number | null} */ low, /** @type {number | null} */ high) => [(low ?? 0) - 3, (high ?? 100) + 3] },
      },
      axes: [
        { ...axis, space: 80, size: 24, values: (/** @type {any} */ _plot, /** @type {number[]} */ marks) => marks.map(minute) },
        { ...axis, size: 40, space: 26 },
      ],
      series: [
        {},
        line(colour("--ee-plot")),
        line(colour("--ee-accent")),
        ...this.limits.map((_, index) => line(colour(index === 0 ? "--ee-pre" : "--ee-alarm"), { dash: [5, 4] })),
      ],
      hooks: { draw: [(/** @type {any} */ plot) => this.#line(plot)] },
    };
  }
}
customElements.define("ember-replay-plot", EmberReplayPlot);
