// @ts-check
// The picture that led to an alarm or pre-alarm, with its boxes, kept for as long as the page shows that alarm.
import { LitElement, css, html, nothing } from "lit";
import { picture } from "../api.js";
import { boxStyles, boxWords, drawn } from "../boxes.js";
import { shared } from "../styles.js";
import { clock, t } from "../words.js";

const TRIES = 5;
const AGAIN_MS = 2000;

export class EmberEvidence extends LitElement {
  static properties = { ident: {}, incident: {}, name: {}, shown: { state: true }, size: { state: true } };

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
      figcaption {
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
      return;
    }
    if (found) URL.revokeObjectURL(found.url);
    if (tries > 1 && incident === this.incident && this.isConnected)
      window.setTimeout(() => this.#fetch(incident, tries - 1), AGAIN_MS);
  }

  render() {
    if (!this.shown) return nothing;
    const { url, at, boxes } = this.shown;
    const words = t("evidence_picture", { name: this.name, when: clock(at) });
    return html`<figure>
      <div class="picture">
        <img src=${url} alt="${words}: ${boxes.map(boxWords).join(", ")}" @load=${this.#measure} />
        ${drawn(boxes, this.size)}
      </div>
      <figcaption>${words}</figcaption>
    </figure>`;
  }

  /** @param {Event} event */
  #measure(event) {
    const image = /** @type {HTMLImageElement} */ (event.target);
    this.size = [image.naturalWidth, image.naturalHeight];
  }
}
customElements.define("ember-evidence", EmberEvidence);
