// @ts-check
// Regions drawn on the camera's picture, by mouse, finger or keyboard: corners are put, moved and taken away.
import { LitElement, html, nothing, svg } from "lit";
import { picture } from "../api.js";
import { formControls } from "../forms.js";
import { finding } from "../mistakes.js";
import { KINDS, POINTS_MAX, parsed, regionStyles, shape, written } from "../regions.js";
import { shared } from "../styles.js";
import { known, t } from "../words.js";
import { regionEditorStyles } from "./region-editor-styles.js";

const REGIONS_MAX = 8;
/** Of the picture, a press of an arrow key; with Shift ten times that. */
const STEP = 0.005;
const START = [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]];

export class EmberRegions extends LitElement {
  static properties = {
    camera: {},
    lines: { attribute: false },
    findings: { attribute: false },
    background: { state: true },
    why: { state: true },
    chosen: { state: true },
    corner: { state: true },
    ratio: { state: true },
  };

  static styles = [shared, formControls, regionStyles, regionEditorStyles];

  constructor() {
    super();
    /** A camera that is watched already; '' for one that is new. */
    this.camera = "";
    /** @type {string[]} */
    this.lines = [];
    /** @type {import("../api.js").Finding[]} */
    this.findings = [];
    this.background = "";
    this.why = "";
    this.chosen = 0;
    this.corner = -1;
    /** Width over height of the picture. */
    this.ratio = 4 / 3;
    this.dragged = -1;
  }

  firstUpdated() {
    if (this.camera) void this.#fetch();
    else this.why = t("regions_test_first");
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    if (this.background.startsWith("blob:")) URL.revokeObjectURL(this.background);
  }

  /** Draw on this picture. @param {{url: string}} shown */
  show({ url }) {
    if (this.background.startsWith("blob:")) URL.revokeObjectURL(this.background);
    this.background = url;
    this.why = "";
  }

  async #fetch() {
    try {
      this.show(await picture(this.camera, "live"));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.why = known(why, why);
    }
  }

  get #regions() {
    return this.lines.map((line) => parsed(line));
  }

  render() {
    const regions = this.#regions;
    const region = regions[this.chosen] ?? null;
    return html`${this.findings.map((one) => html`<p class="mistake">${finding(one)}</p>`)}
      <div class="both">
        <div class="stage">
          ${this.background
            ? html`<img src=${this.background} alt="" @load=${this.#measure} />`
            : html`<p class="none">${this.why}</p>`}
          <svg class="regions" viewBox="0 0 1000 1000" preserveAspectRatio="none" @pointerdown=${this.#put} @pointermove=${this.#drag}
            @pointerup=${this.#drop} role="group" aria-label=${t("regions_draw")}>
            ${regions.map((each, index) => (each && index !== this.chosen ? shape(each) : nothing))}
            ${region ? shape(region) : nothing}
          </svg>
          ${region ? region.points.map((point, index) => this.#handle(point, index)) : nothing}
        </div>
        <div>
          <ul>
            ${regions.map((each, index) => this.#row(each, index))}
          </ul>
          ${this.lines.length < REGIONS_MAX
            ? html`<div class="row">${KINDS.map((kind) => html`<button class="quiet" @click=${() => this.#add(kind)}>${t(`region_add_${kind}`)}</button>`)}</div>`
            : nothing}
          <p class="about">${t("regions_how")}</p>
          ${this.camera ? html`<button class="quiet" @click=${() => this.#fetch()}>${t("regions_refresh")}</button>` : nothing}
        </div>
      </div>`;
  }

  /**
   * @param {[number, number]} point
   * @param {number} index
   */
  #handle([x, y], index) {
    const place = { x: Math.round(x * 100), y: Math.round(y * 100) };
    return html`<svg class="handle ${index === this.corner ? "held" : ""}" x=${x} viewBox="-12 -12 24 24" data-x=${x} data-y=${y} tabindex="0" role="button"
      aria-label=${t("region_corner", { n: index + 1, ...place })}
      @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event, index)} @focus=${() => (this.corner = index)}
      @pointerdown=${(/** @type {PointerEvent} */ event) => this.#hold(event, index)} @pointermove=${this.#drag} @pointerup=${this.#drop}>${svg`<circle r="7"></circle>`}</svg>`;
  }

  /** The page's policy forbids styles in the markup, so the corners are placed here. */
  updated() {
    for (const handle of this.renderRoot.querySelectorAll(".handle")) {
      const { style, dataset } = /** @type {SVGElement} */ (handle);
      style.left = `${100 * Number(dataset.x)}%`;
      style.top = `${100 * Number(dataset.y)}%`;
    }
    const stage = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".stage"));
    if (stage) stage.style.aspectRatio = String(this.ratio);
  }

  /**
   * @param {import("../regions.js").Region | null} region
   * @param {number} index
   */
  #row(region, index) {
    if (!region) return html`<li class="mistake">${this.lines[index]} <button class="quiet" @click=${() => this.#remove(index)}>${t("remove")}</button></li>`;
    return html`<li class=${index === this.chosen ? "chosen" : ""}>
      <input type="radio" name="region" .checked=${index === this.chosen} aria-label=${t("region_choose", { name: region.name })}
        @change=${() => this.#choose(index)} />
      <select aria-label=${t("region_kind")} @change=${(/** @type {any} */ event) => this.#write(index, { ...region, kind: event.target.value })}>
        ${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === region.kind}>${t(`region_${kind}`)}</option>`)}
      </select>
      <input type="text" maxlength="32" aria-label=${t("region_name")} .value=${region.name}
        @change=${(/** @type {any} */ event) => this.#write(index, { ...region, name: event.target.value.replace(/:/g, "").trim() || region.name })} />
      <button class="quiet" @click=${() => this.#remove(index)}>${t("remove")}</button>
    </li>`;
  }

  /** @param {number} index */
  #choose(index) {
    this.chosen = index;
    this.corner = -1;
  }

  /** @param {string} kind */
  #add(kind) {
    const names = this.#regions.map((region) => region?.name);
    let count = 1;
    while (names.includes(`${t(`region_${kind}`)} ${count}`)) count++;
    const beside = 0.03 * this.lines.length;
    const points = START.map(([x, y]) => /** @type {[number, number]} */ ([x + beside, y + beside]));
    this.#tell([...this.lines, written({ kind, name: `${t(`region_${kind}`)} ${count}`, points })]);
    this.#choose(this.lines.length);
  }

  /** @param {number} index */
  #remove(index) {
    this.#tell(this.lines.filter((_, other) => other !== index));
    this.#choose(0);
  }

  /**
   * @param {number} index
   * @param {import("../regions.js").Region} region
   */
  #write(index, region) {
    this.#tell(this.lines.map((line, other) => (other === index ? written(region) : line)));
  }

  /** @param {string[]} lines */
  #tell(lines) {
    this.dispatchEvent(new CustomEvent("given", { detail: lines }));
  }

  /** Move a corner of the chosen region. @param {number} index @param {[number, number]} to */
  #move(index, to) {
    const region = this.#regions[this.chosen];
    if (region) this.#write(this.chosen, { ...region, points: region.points.map((point, other) => (other === index ? to : point)) });
  }

  /** A press beside the corners puts a new one, on the edge that is nearest. @param {PointerEvent} event */
  #put(event) {
    const region = this.#regions[this.chosen];
    if (!region || region.points.length >= POINTS_MAX) return;
    const at = this.#at(event);
    const { points } = region;
    const far = points.map((point, index) => apart(at, point, points[(index + 1) % points.length]));
    const after = far.indexOf(Math.min(...far)) + 1;
    this.#write(this.chosen, { ...region, points: [...points.slice(0, after), at, ...points.slice(after)] });
    this.corner = after;
  }

  /**
   * @param {PointerEvent} event
   * @param {number} index
   */
  #hold(event, index) {
    event.stopPropagation();
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    this.dragged = this.corner = index;
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (this.dragged >= 0) this.#move(this.dragged, this.#at(event));
  }

  #drop() {
    this.dragged = -1;
  }

  /** Arrows move a corner, Delete takes it away. @param {KeyboardEvent} event @param {number} index */
  #key(event, index) {
    const region = this.#regions[this.chosen];
    if (!region) return;
    const [x, y] = region.points[index];
    const step = event.shiftKey ? 10 * STEP : STEP;
    const to = /** @type {Record<string, [number, number]>} */ ({
      ArrowLeft: [x - step, y],
      ArrowRight: [x + step, y],
      ArrowUp: [x, y - step],
      ArrowDown: [x, y + step],
    })[event.key];
    if (to) this.#move(index, to);
    else if (event.key === "Delete" && region.points.length > 3)
      this.#write(this.chosen, { ...region, points: region.points.filter((_, other) => other !== index) });
    else return;
    event.preventDefault();
  }

  /** Where in the picture, in fractions. @param {PointerEvent} event @returns {[number, number]} */
  #at(event) {
    const box = /** @type {Element} */ (this.renderRoot.querySelector(".stage")).getBoundingClientRect();
    const inside = (/** @type {number} */ value) => Math.min(1, Math.max(0, value));
    return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
  }

  /** @param {Event} event */
  #measure(event) {
    const image = /** @type {HTMLImageElement} */ (event.target);
    this.ratio = image.naturalWidth / image.naturalHeight;
  }
}

/**
 * How far a point is from the edge between two others.
 * @param {[number, number]} point
 * @param {[number, number]} from
 * @param {[number, number]} to
 */
function apart([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}
customElements.define("ember-regions", EmberRegions);
