// @ts-check
// How far a zone's evidence has added up, with the two thresholds.
import { LitElement, css, html } from "lit";
import { shared } from "../styles.js";
import { number, t } from "../words.js";

/** The bar ends a little beyond the alarm threshold. */
const BEYOND = 1.2;

export class EmberScoreBar extends LitElement {
  static properties = { belief: { attribute: false } };

  static styles = [
    shared,
    css`
      .bar {
        position: relative;
        height: 14px;
        border-radius: 7px;
        background: var(--ee-sunken);
        border: 1px solid var(--ee-line);
      }
      .fill {
        position: absolute;
        inset: 0 auto 0 0;
        border-radius: 7px;
        background: var(--ee-normal);
        transition: width 0.4s ease-out;
      }
      .fill.pre_alarm {
        background: var(--ee-pre-solid);
      }
      .fill.alarm {
        background: var(--ee-alarm-solid);
      }
      .mark {
        position: absolute;
        top: -4px;
        bottom: -4px;
        width: 2px;
        background: var(--ee-text);
      }
      .labels {
        position: relative;
        height: 1.3rem;
        font-size: 0.75rem;
        color: var(--ee-muted);
      }
      .labels span {
        position: absolute;
        transform: translateX(-50%);
        white-space: nowrap;
        top: 4px;
      }
      .line {
        display: flex;
        justify-content: space-between;
        font-size: 0.85rem;
        margin-bottom: 0.35rem;
      }
      @media (prefers-reduced-motion: reduce) {
        .fill {
          transition: none;
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").Belief | undefined} */
    this.belief = undefined;
  }

  render() {
    const belief = this.belief;
    if (!belief) return html`<p class="muted small">${t("no_belief")}</p>`;
    /** Quiet is a little below nothing; that is of no use to anybody. */
    const sum = Math.max(0, belief.sum_nats);
    const end = belief.alarm_nats * BEYOND;
    /** @param {number} nats */
    const place = (nats) => `${Math.min(100, Math.max(0, (100 * nats) / end))}%`;
    const look =
      belief.sum_nats >= belief.alarm_nats ? "alarm" : belief.sum_nats >= belief.pre_alarm_nats ? "pre_alarm" : "normal";
    return html`
      <div class="line">
        <span class="muted">${t("score")}</span>
        <strong class="number">${t("score_of", { sum: number(sum, 1), alarm: number(belief.alarm_nats, 1) })}</strong>
      </div>
      <div
        class="bar"
        role="meter"
        aria-label=${t("score")}
        aria-valuemin="0"
        aria-valuemax=${end.toFixed(1)}
        aria-valuenow=${Math.min(end, sum).toFixed(1)}
        aria-valuetext=${t("score_of", { sum: number(sum, 1), alarm: number(belief.alarm_nats, 1) })}
      >
        <div class="fill ${look}" .style=${`width: ${place(belief.sum_nats)}`}></div>
        <div class="mark" .style=${`left: ${place(belief.pre_alarm_nats)}`}></div>
        <div class="mark" .style=${`left: ${place(belief.alarm_nats)}`}></div>
      </div>
      <div class="labels" aria-hidden="true">
        <span .style=${`left: ${place(belief.pre_alarm_nats)}`}>${t("state_pre_alarm")} ${number(belief.pre_alarm_nats, 1)}</span>
        <span .style=${`left: ${place(belief.alarm_nats)}`}>${t("state_alarm_short")} ${number(belief.alarm_nats, 1)}</span>
      </div>
    `;
  }
}
customElements.define("ember-score-bar", EmberScoreBar);
