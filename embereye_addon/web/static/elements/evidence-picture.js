// @ts-check
// The picture that led to an alarm or pre-alarm, with its boxes, kept for as long as the page shows that alarm.
import { LitElement, css, html, nothing } from "lit";
import { heat, picture } from "../api.js";
import { boxStyles, boxWords, drawn } from "../boxes.js";
import { paintOver } from "../heat-over.js";
import { shared } from "../styles.js";
import { clock, t } from "../words.js";

const TRIES = 5;
const AGAIN_MS = 2000;
/** The heat of the picture's moment, this much before and after it (s). */
const AROUND_S = 10;

export class EmberEvidence extends LitElement {
  static properties = {
    ident: {},
    incident: {},
    name: {},
    ties: { attribute: false },
    shown: { state: true },
    size: { state: true },
    over: { state: true },
  };

  static styles = [
    shared,
    boxStyles,
    css`
      figure {
        margin: 0;
      }
      .picture {
        position: relative;
        border-radius: 8px;
        overflow: hidden;
      }
      img {
        display: block;
        width: 100%;
      }
      canvas {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
      }
      figcaption {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        font-size: 0.82rem;
        color: var(--ee-muted);
      }
    `,
  ];

  constructor() {
    super();
    this.ident = "";
    this.incident = "";
    this.name = "";
    /** PF devices that are tied to this camera. @type {{ident: string, pairs: import("../heat-over.js").Pair[]}[]} */
    this.ties = [];
    /** @type {import("../heat-over.js").Heat[]} */
    this.heats = [];
    this.over = true;
    /** @type {{url: string, at: number, boxes: import("../store.js").Box[]} | null} */
    this.shown = null;
    /** @type {[number, number]} */
    this.size = [640, 480];
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#forget();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("ident") && !changed.has("incident")) return;
    this.#forget();
    if (this.ident) this.#fetch(this.incident, TRIES);
  }

  #forget() {
    if (this.shown) URL.revokeObjectURL(this.shown.url);
    this.shown = null;
  }

  /**
   * A picture without boxes is not the evidence: it is asked for again a few times, then left out.
   * @param {string} incident
   * @param {number} tries
   */
  async #fetch(incident, tries) {
    const found = await picture(this.ident, "evidence").catch(() => null);
    if (found && incident === this.incident && found.boxes.length && this.isConnected) {
      const boxes = found.boxes.map(([label, confidence, left, top, right, bottom]) => ({ label, confidence, left, top, right, bottom }));
      this.shown = { ...found, boxes };
      this.heats = await this.#heats(found.at);
      this.requestUpdate();
      return;
    }
    if (found) URL.revokeObjectURL(found.url);
    if (tries > 1 && incident === this.incident && this.isConnected)
      window.setTimeout(() => this.#fetch(incident, tries - 1), AGAIN_MS);
  }

  /** What the tied devices saw at about that time. @param {number} at */
  async #heats(at) {
    const span = { from: at - AROUND_S, to: at + AROUND_S, most: 3 };
    const found = this.ties.map(async ({ ident, pairs }) => {
      const past = await heat(ident, span, AbortSignal.timeout(8000)).catch(() => null);
      const nearest = past?.frames.sort((one, other) => Math.abs(one.at - at) - Math.abs(other.at - at))[0];
      return nearest ? [{ pairs, cells: nearest.cells }] : [];
    });
    return (await Promise.all(found)).flat();
  }

  updated() {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas) paintOver(canvas, this.heats, this.size);
  }

  render() {
    if (!this.shown) return nothing;
    const { url, at, boxes } = this.shown;
    const words = t("evidence_picture", { name: this.name, when: clock(at) });
    return html`<figure>
      <div class="picture">
        <img src=${url} alt="${words}: ${boxes.map(boxWords).join(", ")}" @load=${this.#measure} />
        ${this.over && this.heats.length ? html`<canvas aria-hidden="true"></canvas>` : nothing} ${drawn(boxes, this.size)}
      </div>
      <figcaption>
        <span>${words}</span>
        ${this.heats.length
          ? html`<button aria-pressed=${this.over} @click=${() => (this.over = !this.over)}>${t("heat_over")}</button>`
          : nothing}
      </figcaption>
    </figure>`;
  }

  /** @param {Event} event */
  #measure(event) {
    const image = /** @type {HTMLImageElement} */ (event.target);
    this.size = [image.naturalWidth, image.naturalHeight];
  }
}
customElements.define("ember-evidence", EmberEvidence);
