// @ts-check
// One camera: its picture, what was seen in it, and how its stream does.
import { LitElement, css, html, nothing } from "lit";
import { picture } from "../api.js";
import { boxStyles, boxWords, drawn } from "../boxes.js";
import { paintOver } from "../heat-over.js";
import { linkIcon } from "../icons.js";
import { shared } from "../styles.js";
import { Visible } from "../visible.js";
import { ago, known, number, t } from "../words.js";

const PERIOD_MS = 500;
const AGAIN_MS = 3000;
/** Boxes of an older look are not drawn over a newer picture. */
const FRESH_S = 3;
/** A picture older than this is said to be old. */
const OLD_S = 6;

export class EmberCameraTile extends LitElement {
  static properties = {
    ident: {},
    camera: { attribute: false },
    now: { type: Number },
    heat: { attribute: false },
    over: { state: true },
    shown: { state: true },
    why: { state: true },
    size: { state: true },
  };

  static styles = [
    shared,
    boxStyles,
    css`
      .card {
        height: 100%;
        display: flex;
        flex-direction: column;
      }
      .picture {
        position: relative;
        background: #0b0e12;
        aspect-ratio: 4 / 3;
      }
      img {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: contain;
        display: block;
      }
      canvas {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        object-fit: contain;
      }
      .over {
        padding: 0.1rem 0.6rem;
        min-height: 28px;
        font-size: 0.82rem;
      }
      .over[aria-pressed="true"] {
        background: var(--ee-pre-soft);
        color: var(--ee-pre);
      }
      .none {
        position: absolute;
        inset: 0;
        display: grid;
        place-items: center;
        padding: 1rem;
        text-align: center;
        color: #d5dce3;
      }
      .old {
        position: absolute;
        left: 0;
        right: 0;
        bottom: 0;
        padding: 0.3rem 0.7rem;
        background: rgb(0 0 0 / 78%);
        color: #ffd34d;
        font-weight: 600;
        font-size: 0.85rem;
      }
    `,
  ];

  constructor() {
    super();
    this.ident = "";
    /** @type {import("../store.js").Camera | null} */
    this.camera = null;
    this.now = 0;
    /** What tied PF devices see. @type {import("../heat-over.js").Heat[]} */
    this.heat = [];
    this.over = false;
    /** @type {import("../api.js").Picture | null} */
    this.shown = null;
    this.why = "";
    /** @type {[number, number]} */
    this.size = [640, 480];
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
    if (this.shown) URL.revokeObjectURL(this.shown.url);
    this.shown = null;
  }

  /** @param {boolean} seen */
  #watch(seen) {
    window.clearTimeout(this.timer);
    if (seen) this.#fetch();
  }

  /** One picture after the other, never two at a time. */
  async #fetch() {
    const began = performance.now();
    let wait = PERIOD_MS;
    try {
      const next = await picture(this.ident, "live");
      if (this.shown) URL.revokeObjectURL(this.shown.url);
      this.shown = next;
      this.why = "";
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.why = known(why, why);
      wait = AGAIN_MS;
    }
    window.clearTimeout(this.timer);
    if (!this.visible.seen) return;
    this.timer = window.setTimeout(() => this.#fetch(), Math.max(50, wait - (performance.now() - began)));
  }

  render() {
    const camera = this.camera;
    if (!camera) return nothing;
    const state = camera.enabled ? (camera.health?.state ?? "connecting") : "disabled";
    return html`<section class="card" aria-label=${camera.name}>
      <div class="tile-head">
        <h3>${camera.name}</h3>
        ${this.heat.length
          ? html`<button class="over" aria-pressed=${this.over} @click=${() => (this.over = !this.over)}>${t("heat_over")}</button>`
          : nothing}
        <span class="chip ${state}">${linkIcon(state)} ${t(`link_${state}`)}</span>
      </div>
      <div class="picture">${this.#picture(camera)}</div>
      ${(camera.health?.faults ?? []).map(([code, text]) => html`<p class="trouble">${text || known(`fault_${code}`, code)}</p>`)}
      ${[camera.health?.rate_step, camera.health?.words?.advice, camera.health?.words?.decoding]
        .filter(Boolean)
        .map((text) => html`<p class="note">${text}</p>`)}
      <dl class="facts">
        <div><dt>${t("frames")}</dt><dd>${number(camera.health?.rate_hz, 1)}/s</dd></div>
        <div><dt>${t("look")}</dt><dd>${number(camera.sighting?.look_ms, 0)} ms</dd></div>
        <div><dt>${t("dropped")}</dt><dd>${number(camera.health?.dropped)}</dd></div>
      </dl>
    </section>`;
  }

  /** @param {import("../store.js").Camera} camera */
  #picture(camera) {
    if (!this.shown) return html`<p class="none">${this.why || t("picture_waits")}</p>`;
    const age = this.now - this.shown.at;
    const boxes = this.#boxes(camera);
    const seen = boxes.map(boxWords);
    return html`<img
        src=${this.shown.url}
        alt=${t("picture_of", { name: camera.name, seen: seen.join(", ") || t("nothing_seen") })}
        @load=${this.#measure}
      />
      ${this.over && this.heat.length ? html`<canvas aria-hidden="true"></canvas>` : nothing} ${drawn(boxes, this.size)}
      ${this.why || age > OLD_S ? html`<p class="old">${t("picture_old", { ago: ago(age) })} ${this.why}</p>` : nothing}`;
  }

  updated() {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas) paintOver(canvas, this.heat, this.size);
  }

  /** @param {import("../store.js").Camera} camera */
  #boxes(camera) {
    const sighting = camera.sighting;
    return sighting && this.now - sighting.at < FRESH_S ? sighting.boxes : [];
  }

  /** @param {Event} event */
  #measure(event) {
    const image = /** @type {HTMLImageElement} */ (event.target);
    if (image.naturalWidth !== this.size[0] || image.naturalHeight !== this.size[1])
      this.size = [image.naturalWidth, image.naturalHeight];
  }
}
customElements.define("ember-camera-tile", EmberCameraTile);
