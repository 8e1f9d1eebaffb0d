// @ts-check
// How small a fire a camera would see from where it hangs: from lens, resolution and distance, drawn as seen from above.
import { LitElement, css, html, nothing, svg } from "lit";
import { sizes } from "../api.js";
import { formControls } from "../forms.js";
import { shared } from "../styles.js";
import { known, number, t } from "../words.js";

/** Usual lenses: focal length (mm) on a 1/2.8" chip, and the angle across (degrees). */
const LENSES = [[2.8, 107], [4, 84], [6, 54], [8, 40], [12, 26]];
const WIDTHS = [320, 640, 1280, 1920, 2560];
/** Flames (m) whose reach is drawn. */
const FLAMES_M = [0.1, 0.3, 1];
const WAIT_MS = 120;
const DRAWN = { width: 560, height: 300 };

export class EmberSizes extends LitElement {
  static properties = {
    width: { type: Number },
    lens: { state: true },
    far: { state: true },
    told: { state: true },
    why: { state: true },
  };

  static styles = [
    shared,
    formControls,
    css`
      .both {
        display: grid;
        gap: 0.9rem 1.4rem;
        margin-top: 0.5rem;
      }
      @media (min-width: 760px) {
        .both {
          grid-template-columns: minmax(0, 240px) minmax(0, 1fr);
        }
      }
      .inputs {
        display: grid;
        gap: 0.8rem;
        align-content: start;
      }
      svg {
        width: 100%;
        height: auto;
        display: block;
        background: var(--ee-sunken);
        border-radius: 8px;
      }
      .view {
        fill: var(--ee-accent);
        opacity: 0.14;
      }
      .reach {
        fill: none;
        stroke: var(--ee-plot);
        stroke-width: 2;
      }
      .there {
        fill: none;
        stroke: var(--ee-text);
        stroke-width: 1.5;
        stroke-dasharray: 5 4;
      }
      text {
        fill: var(--ee-text);
        font: 600 13px system-ui, sans-serif;
      }
      td,
      th {
        font-size: 0.9rem;
      }
    `,
  ];

  constructor() {
    super();
    this.width = 640;
    this.lens = 84;
    this.far = 10;
    /** @type {Record<string, Record<string, number | null>> | null} */
    this.told = null;
    this.why = "";
    this.timer = 0;
  }

  firstUpdated() {
    void this.#ask();
  }

  render() {
    return html`<div class="both">
      <div class="inputs">
        <div class="field">
          <label for="lens">${t("sizes_lens")} <span class="unit number">${this.lens}°</span></label>
          <select id="lens" @change=${(/** @type {any} */ event) => this.#set({ lens: Number(event.target.value) })}>
            ${LENSES.map(([mm, degrees]) => html`<option value=${degrees} ?selected=${degrees === this.lens}>${number(mm, 1)} mm (${degrees}°)</option>`)}
            ${LENSES.some(([, degrees]) => degrees === this.lens) ? nothing : html`<option selected value=${this.lens}>${this.lens}°</option>`}
          </select>
          <input type="range" min="10" max="160" .value=${String(this.lens)} aria-label=${t("sizes_lens")}
            @input=${(/** @type {any} */ event) => this.#set({ lens: Number(event.target.value) })} />
        </div>
        <div class="field">
          <label for="width">${t("sizes_width")}</label>
          <select id="width" @change=${(/** @type {any} */ event) => this.#set({ width: Number(event.target.value) })}>
            ${WIDTHS.map((width) => html`<option value=${width} ?selected=${width === this.width}>${width} px</option>`)}
          </select>
        </div>
        <div class="field">
          <label for="far">${t("sizes_far")} <span class="unit number">${number(this.far, 0)} m</span></label>
          <input id="far" type="range" min="1" max="60" .value=${String(this.far)}
            @input=${(/** @type {any} */ event) => (this.far = Number(event.target.value))} />
        </div>
      </div>
      <div>${this.told ? this.#answer(this.told) : html`<p class="muted">${this.why || t("loading")}</p>`}</div>
    </div>`;
  }

  /** @param {Record<string, Record<string, number | null>>} told heights at one metre */
  #answer(told) {
    return html`${this.#drawing(told)}
      <table>
        <thead>
          <tr><th></th><th>${t("sizes_whole")}</th><th>${t("sizes_closer")}</th></tr>
        </thead>
        <tbody>
          ${["fire", "smoke"].map(
            (label) => html`<tr>
              <th scope="row">${t(`sizes_${label}`, { far: number(this.far, 0) })}</th>
              <td class="number">${this.#metres(told[label]?.mostly_m)}</td>
              <td class="number">${this.#metres(told[label]?.closer_mostly_m)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      <p class="about">${t("sizes_more")}</p>`;
  }

  /** @param {number | null | undefined} height at one metre */
  #metres(height) {
    if (height === null || height === undefined) return t("sizes_none");
    const metres = height * this.far;
    return t("sizes_from", { m: metres < 1 ? `${number(metres * 100, 0)} cm` : `${number(metres, 1)} m` });
  }

  /** From above: what the lens takes in, how far flames of three sizes are seen, and the chosen distance. @param {Record<string, Record<string, number | null>>} told */
  #drawing(told) {
    const height = told.fire?.closer_mostly_m ?? told.fire?.mostly_m ?? null;
    const reaches = height ? FLAMES_M.map((metres) => ({ metres, far: metres / height })) : [];
    const most = Math.max(this.far * 1.15, Math.min(this.far * 3, ...reaches.slice(1, 2).map(({ far }) => far * 1.1), 80));
    const half = (Math.min(this.lens, 160) / 2) * (Math.PI / 180);
    const scale = (DRAWN.width - 90) / most;
    const arc = (/** @type {number} */ far) => {
      const [x, y] = [far * scale * Math.cos(half), far * scale * Math.sin(half)];
      return { x: 20 + x, up: 150 - y, down: 150 + y, r: far * scale };
    };
    const edge = arc(most * 1.3);
    const ring = (/** @type {number} */ far, /** @type {string} */ kind) => {
      const { x, up, down, r } = arc(far);
      return svg`<path class=${kind} d="M${x} ${up}A${r} ${r} 0 0 1 ${x} ${down}"></path>`;
    };
    const drawn = reaches.filter(({ far }) => far <= most * 1.02);
    return html`<svg viewBox="0 0 ${DRAWN.width} ${DRAWN.height}" role="img" aria-label=${t("sizes_drawing")}>
      ${svg`<path class="view" d="M20 150L${edge.x} ${edge.up}A${edge.r} ${edge.r} 0 0 1 ${edge.x} ${edge.down}Z"></path>
      <circle cx="20" cy="150" r="7" fill="currentColor"></circle>`}
      ${drawn.map(({ far }) => ring(far, "reach"))} ${ring(this.far, "there")}
      ${drawn.map(({ metres, far }, index) => {
        const x = 20 + far * scale;
        const right = x > 0.55 * DRAWN.width;
        return svg`<text x=${right ? x - 8 : x + 8} y=${120 + 22 * index} text-anchor=${right ? "end" : "start"}>${t("sizes_ring", { cm: number(metres * 100, 0), m: number(far, 0) })}</text>`;
      })}
      ${svg`<text x=${Math.min(DRAWN.width - 50, 26 + this.far * scale)} y="206">${number(this.far, 0)} m</text>`}
    </svg>`;
  }

  /** @param {{lens?: number, width?: number}} change */
  #set(change) {
    Object.assign(this, change);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.#ask(), WAIT_MS);
  }

  async #ask() {
    try {
      this.told = await sizes(this.width, this.lens);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.why = known(why, why);
    }
  }
}
customElements.define("ember-sizes", EmberSizes);
