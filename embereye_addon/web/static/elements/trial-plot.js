// @ts-check
// A zone's sum over a recording, with the present settings and with the new ones.
import { LitElement, css, html, nothing, svg } from "lit";
import { legend, shared } from "../styles.js";
import { number, t } from "../words.js";

const SIZE = { width: 900, height: 220, left: 44, bottom: 24 };
const STEPS_S = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400];

/** @typedef {{zone: string, pre_alarm_nats: number, alarm_nats: number, curve: [number, number][]}} Curve */

export class EmberTrialPlot extends LitElement {
  static properties = { zone: {}, was: { attribute: false }, wished: { attribute: false } };

  static styles = [
    shared,
    legend,
    css`
      :host {
        margin: 0.5rem 0;
      }
      svg {
        width: 100%;
        height: auto;
        display: block;
      }
      .before {
        stroke: var(--ee-muted);
        stroke-width: 2;
        fill: none;
      }
      .after {
        stroke: var(--ee-plot);
        stroke-width: 2.5;
        fill: none;
      }
      .limit {
        stroke-dasharray: 6 5;
        stroke-width: 1.2;
      }
      .axis {
        stroke: var(--ee-line);
      }
      text {
        fill: var(--ee-muted);
        font: 13px system-ui, sans-serif;
      }
      .legend span::before {
        background: var(--ee-muted);
      }
      .legend .new::before {
        background: var(--ee-plot);
      }
    `,
  ];

  constructor() {
    super();
    this.zone = "";
    /** @type {Curve | undefined} */
    this.was = undefined;
    /** @type {Curve | undefined} */
    this.wished = undefined;
  }

  render() {
    const curves = [this.was, this.wished].filter((curve) => curve !== undefined);
    if (!curves.length) return nothing;
    const points = curves.flatMap(({ curve }) => curve);
    const end = Math.max(1, ...points.map(([at]) => at));
    const most = 1.08 * Math.max(...curves.map(({ alarm_nats }) => alarm_nats), ...points.map(([, nats]) => nats));
    const least = Math.min(0, ...points.map(([, nats]) => nats));
    const x = (/** @type {number} */ at) => SIZE.left + (at / end) * (SIZE.width - SIZE.left - 8);
    const y = (/** @type {number} */ nats) => 8 + ((most - nats) / (most - least)) * (SIZE.height - SIZE.bottom - 8);
    const step = STEPS_S.find((each) => end / each <= 12) ?? 28800;
    const marks = Array.from({ length: Math.floor(end / step) + 1 }, (_, index) => index * step);
    const line = (/** @type {Curve | undefined} */ curve, /** @type {string} */ kind) =>
      curve ? svg`<polyline class=${kind} points=${curve.curve.map(([at, nats]) => `${x(at).toFixed(1)},${y(nats).toFixed(1)}`).join(" ")}></polyline>` : nothing;
    const limit = (/** @type {number} */ nats, /** @type {string} */ kind, /** @type {string} */ words) =>
      svg`<path class="${kind} limit" d="M${SIZE.left} ${y(nats)}H${SIZE.width - 8}"></path>
        ${words ? svg`<text x=${SIZE.width - 10} y=${y(nats) - 4} text-anchor="end">${words}</text>` : nothing}`;
    return html`<div class="legend"><strong>${this.zone}</strong><span>${t("trial_before")}</span><span class="new">${t("trial_after")}</span></div>
      <svg viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label=${t("trial_plot", { zone: this.zone })}>
        ${svg`<path class="axis" d="M${SIZE.left} ${y(0)}H${SIZE.width - 8}"></path>`}
        ${this.was && this.was.alarm_nats !== this.wished?.alarm_nats ? limit(this.was.alarm_nats, "before", "") : nothing}
        ${limit(curves[curves.length - 1].alarm_nats, "after", t("state_alarm_short"))}
        ${limit(curves[curves.length - 1].pre_alarm_nats, "after", t("state_pre_alarm"))}
        ${line(this.was, "before")} ${line(this.wished, "after")}
        ${marks.map((at) => svg`<text x=${x(at)} y=${SIZE.height - 6} text-anchor="middle">${step < 60 ? `${number(at)} s` : `${number(at / 60)} min`}</text>`)}
        ${svg`<text x=${SIZE.left - 6} y=${y(0) + 4} text-anchor="end">0</text><text x=${SIZE.left - 6} y="20" text-anchor="end">${number(most, 0)}</text>`}
      </svg>`;
  }
}
customElements.define("ember-trial-plot", EmberTrialPlot);
