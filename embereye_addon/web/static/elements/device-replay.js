// @ts-check
// The last day of a PF device's heat, to be gone through: a slider, the picture, the curve, and pieces that come in.
import { LitElement, css, html, nothing } from "lit";
import { heat } from "../api.js";
import { Past } from "../past.js";
import { shared } from "../styles.js";
import { celsius, clock, known, t } from "../words.js";
import "./heat-map.js";
import "./replay-plot.js";

/** Hours that can be shown at once. */
const SPANS_H = [24, 6, 1];
const PIECES = 12;
/** Of one piece. */
const FRAMES = 60;
/** A step of the slider is a part of the span. */
const STEPS = 720;
const PLAY_MS = 100;

export class EmberDeviceReplay extends LitElement {
  static properties = {
    ident: {},
    limits: { attribute: false, hasChanged: (/** @type {unknown} */ now, /** @type {unknown} */ was) => String(now) !== String(was) },
    past: { state: true },
    pieces: { state: true },
    at: { state: true },
    playing: { state: true },
    failure: { state: true },
  };

  static styles = [
    shared,
    css`
      summary {
        cursor: pointer;
        padding: 0.4rem 0;
        font-size: 0.9rem;
        font-weight: 600;
      }
      .bar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 0.8rem;
        padding: 0.3rem 0;
      }
      .bar button[aria-pressed="true"] {
        border-color: var(--ee-accent);
        box-shadow: inset 0 0 0 1px var(--ee-accent);
      }
      .slider {
        flex: 1 1 14rem;
        min-height: 40px;
        accent-color: var(--ee-accent);
      }
      .both {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 290px), 1fr));
        gap: 0.6rem 1.6rem;
        align-items: start;
      }
      .when {
        font-size: 1.05rem;
        font-weight: 600;
      }
      progress {
        width: 9rem;
        accent-color: var(--ee-accent);
      }
    `,
  ];

  constructor() {
    super();
    this.ident = "";
    /** @type {number[]} */
    this.limits = [];
    /** @type {Past | null} */
    this.past = null;
    /** The server's UTC seconds; not drawn, so no reason to draw. */
    this.now = 0;
    this.hours = SPANS_H[0];
    this.pieces = 0;
    this.at = 0;
    this.playing = false;
    this.failure = "";
    this.timer = 0;
    this.asked = new AbortController();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#leave();
  }

  render() {
    return html`<details @toggle=${this.#toggle}>
      <summary>${t("replay")}</summary>
      ${this.past ? this.#body(this.past) : nothing}
    </details>`;
  }

  /** @param {Event} event */
  #toggle(event) {
    if (/** @type {HTMLDetailsElement} */ (event.target).open) this.#load(this.hours, this.now);
    else this.#leave();
  }

  #leave() {
    this.asked.abort();
    this.#pause();
    this.past = null;
  }

  /**
   * Fetch a span, the newest piece first.
   * @param {number} hours
   * @param {number} end UTC seconds
   */
  async #load(hours, end) {
    this.#leave();
    const gone = new AbortController();
    const past = new Past(end - 3600 * hours, end);
    const least = Math.max(past.from, Math.min(this.at, end));
    Object.assign(this, { asked: gone, past, hours, pieces: 0, failure: "", at: this.at > past.from ? least : end });
    const piece = (past.to - past.from) / PIECES;
    for (let number = PIECES - 1; number >= 0 && !gone.signal.aborted; number--) {
      const from = past.from + number * piece;
      try {
        past.add(await heat(this.ident, { from, to: from + piece, most: FRAMES }, gone.signal));
      } catch (error) {
        if (!gone.signal.aborted) this.failure = error instanceof Error ? error.message : String(error);
        return;
      }
      if (gone.signal.aborted) return;
      const last = past.moments.at(-1);
      if (last && this.at === past.to) this.at = last.at;
      this.pieces++;
    }
  }

  /** Another span, around the time that is shown unless that is the newest. @param {number} hours */
  #span(hours) {
    const { now } = this;
    const newest = !this.past || this.at >= this.past.to - (this.past.to - this.past.from) / STEPS;
    if (newest) this.at = now;
    this.#load(hours, newest ? now : Math.min(now, this.at + 1800 * hours));
  }

  /** @param {Past} past */
  #body(past) {
    const done = this.pieces === PIECES;
    return html`
      <div class="bar">
        <span class="muted small">${t("replay_span")}</span>
        ${SPANS_H.map((hours) => html`<button aria-pressed=${hours === this.hours} @click=${() => this.#span(hours)}>${t("replay_h", { n: hours })}</button>`)}
        ${done || this.failure
          ? nothing
          : html`<label class="small muted">${t("replay_loading", { n: this.pieces, all: PIECES })}
              <progress max=${PIECES} value=${this.pieces}></progress></label>`}
      </div>
      ${this.failure
        ? html`<p class="trouble" role="alert">${t("replay_failed", { why: known(this.failure, this.failure) })}
            <button @click=${() => this.#span(this.hours)}>${t("replay_again")}</button></p>`
        : nothing}
      ${past.moments.length ? this.#shown(past) : html`<p class="muted" role="status">${done ? t("replay_none") : nothing}</p>`}
    `;
  }

  /** @param {Past} past */
  #shown(past) {
    const moment = past.moment(this.at);
    const when = clock(moment?.at ?? this.at);
    const words = moment ? t("replay_at", { top: celsius(moment.top), middle: celsius(moment.middle) }) : t("replay_gap");
    return html`
      <div class="bar">
        <button @click=${this.#play}>${this.playing ? t("replay_pause") : t("replay_play")}</button>
        <input
          class="slider"
          type="range"
          aria-label=${t("replay_time")}
          aria-valuetext="${when}, ${words}"
          min=${past.from}
          max=${past.to}
          step=${(past.to - past.from) / STEPS}
          .value=${String(this.at)}
          @input=${(/** @type {InputEvent} */ event) => this.#seek(Number(/** @type {HTMLInputElement} */ (event.target).value))}
        />
        <span class="when number">${when}</span>
      </div>
      <div class="both">
        <ember-heat-map .thermal=${moment} .now=${moment?.at ?? 0} .missing=${t("replay_gap")}></ember-heat-map>
        <div>
          <p class="number">${words}</p>
          <ember-replay-plot
            .past=${past}
            .pieces=${this.pieces}
            .limits=${this.limits}
            .at=${this.at}
            @seek=${(/** @type {CustomEvent<number>} */ event) => this.#seek(event.detail)}
          ></ember-replay-plot>
          <p class="muted small">${t("replay_thinned")}</p>
        </div>
      </div>
    `;
  }

  /** @param {number} at */
  #seek(at) {
    this.#pause();
    this.at = at;
  }

  #play() {
    if (this.playing) return this.#pause();
    const moments = this.past?.moments ?? [];
    if (moments.length && this.at >= moments[moments.length - 1].at) this.at = moments[0].at;
    this.playing = true;
    this.timer = window.setInterval(() => this.#next(), PLAY_MS);
  }

  #pause() {
    window.clearInterval(this.timer);
    this.playing = false;
  }

  /** The moment after the one that is shown; the last one ends it. */
  #next() {
    const moment = this.past?.moments.find(({ at }) => at > this.at);
    if (moment) this.at = moment.at;
    else this.#pause();
  }
}
customElements.define("ember-device-replay", EmberDeviceReplay);
