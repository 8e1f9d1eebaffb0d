// @ts-check
// Four places in a camera's picture and in the thermal one, put by mouse, finger or keyboard, so that one lies over the other.
import { LitElement, html, nothing } from "lit";
import { applySettings, picture, restoreSettings, settings } from "../api.js";
import { formControls } from "../forms.js";
import { COLUMNS, ROWS, degrees, extremes, paint } from "../heat.js";
import { line, mistake, paintOver } from "../heat-over.js";
import { finding } from "../mistakes.js";
import { shared } from "../styles.js";
import { known, t } from "../words.js";
import { placeStyles } from "./place-tool-styles.js";

/** @typedef {[number, number]} Spot as fractions of a picture */
/** @typedef {"seen" | "felt"} Side */

/** Of the picture, a press of an arrow key; with Shift ten times that. */
const STEP = 0.005;
/** @type {Spot[]} */
const START = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]];
const SPAN_K = 20;

export class EmberPlace extends LitElement {
  static properties = {
    ident: {},
    device: { attribute: false },
    cameras: { attribute: false },
    camera: { state: true },
    seen: { state: true },
    felt: { state: true },
    background: { state: true },
    over: { state: true },
    busy: { state: true },
    said: { state: true },
    back: { state: true },
  };

  static styles = [shared, formControls, placeStyles];

  constructor() {
    super();
    this.ident = "";
    /** @type {import("../store.js").Device | null} */
    this.device = null;
    /** @type {Record<string, import("../store.js").Camera>} */
    this.cameras = {};
    this.camera = "";
    /** @type {Spot[]} */
    this.seen = START;
    /** @type {Spot[]} */
    this.felt = START;
    /** @type {{url: string, why: string}} */
    this.background = { url: "", why: "" };
    /** @type {[number, number]} */
    this.size = [640, 480];
    this.over = true;
    this.busy = false;
    /** @type {{ok: boolean, text: string}} */
    this.said = { ok: true, text: "" };
    /** The change that can be undone; 0 for none. */
    this.back = 0;
    /** @type {[Side, number] | null} */
    this.dragged = null;
    this.tied = "";
  }

  /** What the settings say now is shown anew, such as after an undo. */
  willUpdate() {
    const tied = JSON.stringify(this.device?.seen_by ?? []);
    if (this.tied !== tied && this.camera) this.#choose(this.camera);
    this.tied = tied;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#forget();
  }

  #forget() {
    if (this.background.url) URL.revokeObjectURL(this.background.url);
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.renderRoot.querySelector("dialog"));
  }

  render() {
    const device = this.device;
    if (!device || !Object.keys(this.cameras).length) return nothing;
    return html`<button class="open" @click=${this.#open}>${t("place_open")}</button>
      <dialog aria-label=${t("place_of", { name: device.name })}>${this.camera ? this.#tool(device) : nothing}</dialog>`;
  }

  /** @param {import("../store.js").Device} device */
  #tool(device) {
    const wrong = mistake(this.seen) || mistake(this.felt);
    const tied = device.seen_by.some((tie) => tie.camera === this.camera);
    return html`<header>
        <h2>${t("place_of", { name: device.name })}</h2>
        <label>${t("place_camera")} <select @change=${(/** @type {any} */ event) => this.#choose(event.target.value)}>
          ${this.#choices(device).map(([ident, camera]) => html`<option value=${ident} ?selected=${ident === this.camera}>${camera.name}</option>`)}
        </select></label>
      </header>
      <p class="small">${t("place_how")}</p>
      <div class="both">
        <div>
          <h3>${t("place_seen")}</h3>
          <div class="stage" data-side="seen">
            ${this.background.url
              ? html`<img src=${this.background.url} alt="" @load=${this.#measure} />`
              : html`<p class="none">${this.background.why || t("picture_waits")}</p>`}
            <canvas class="over" aria-hidden="true" ?hidden=${!this.over}></canvas>
            ${this.#handles("seen", this.seen)}
          </div>
        </div>
        <div>
          <h3>${t("place_felt")}</h3>
          <div class="stage" data-side="felt">
            <canvas class="felt" width=${10 * COLUMNS} height=${10 * ROWS} aria-hidden="true"></canvas>
            ${device.thermal ? nothing : html`<p class="none">${t("heat_none")}</p>`} ${this.#handles("felt", this.felt)}
          </div>
        </div>
      </div>
      <div class="row">
        <button class="go" ?disabled=${this.busy || Boolean(wrong)} @click=${() => this.#save(true)}>${t("place_save")}</button>
        ${tied ? html`<button ?disabled=${this.busy} @click=${() => this.#save(false)}>${t("place_remove")}</button>` : nothing}
        ${this.back ? html`<button ?disabled=${this.busy} @click=${this.#undo}>${t("place_undo")}</button>` : nothing}
        <button aria-pressed=${this.over} @click=${() => (this.over = !this.over)}>${t("heat_over")}</button>
        <button @click=${this.#fetch}>${t("place_refresh")}</button>
        <button @click=${() => this.#dialog.close()}>${t("place_close")}</button>
      </div>
      <p role="status" class=${wrong || !this.said.ok ? "wrong" : "done"}>${wrong ? t(wrong) : this.said.text}</p>`;
  }

  /** Cameras to choose from, those of the device's own zone first. @param {import("../store.js").Device} device */
  #choices(device) {
    const own = (/** @type {import("../store.js").Camera} */ camera) => (camera.zone === device.zone ? 0 : 1);
    return Object.entries(this.cameras).sort(([, one], [, other]) => own(one) - own(other));
  }

  /** @param {Side} side @param {Spot[]} spots */
  #handles(side, spots) {
    return html`<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
        <polygon points=${spots.map(([x, y]) => `${100 * x},${100 * y}`).join(" ")}></polygon>
      </svg>
      ${spots.map(
        ([x, y], index) =>
          html`<button class="handle" data-x=${x} data-y=${y}
            aria-label=${t(`place_handle_${side}`, { n: index + 1, x: Math.round(100 * x), y: Math.round(100 * y) })}
            @pointerdown=${(/** @type {PointerEvent} */ event) => this.#hold(event, side, index)} @pointermove=${this.#drag}
            @pointerup=${this.#drop} @pointercancel=${this.#drop}
            @keydown=${(/** @type {KeyboardEvent} */ event) => this.#key(event, side, index)}>${index + 1}</button>`,
      )}`;
  }

  /** The page's policy forbids styles in the markup, so handles are placed and heat is painted here. */
  updated() {
    for (const handle of this.renderRoot.querySelectorAll(".handle")) {
      const { style, dataset } = /** @type {HTMLElement} */ (handle);
      style.left = `${100 * Number(dataset.x)}%`;
      style.top = `${100 * Number(dataset.y)}%`;
    }
    const stage = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector('[data-side="seen"]'));
    if (stage) stage.style.aspectRatio = `${this.size[0]} / ${this.size[1]}`;
    const cells = this.device?.thermal?.cells;
    const [over, felt] = [this.renderRoot.querySelector("canvas.over"), this.renderRoot.querySelector("canvas.felt")];
    if (!cells || !over || !felt) return;
    const temps = degrees(cells);
    const { low, high } = extremes(temps);
    paint(/** @type {HTMLCanvasElement} */ (felt), temps, low, Math.max(high, low + SPAN_K));
    paintOver(/** @type {HTMLCanvasElement} */ (over), [{ pairs: this.#pairs, cells }], this.size);
  }

  /** @returns {import("../heat-over.js").Pair[]} */
  get #pairs() {
    return this.seen.map(([x, y], index) => {
      const [across, down] = this.felt[index];
      return [x, y, clamp(across * COLUMNS - 0.5, COLUMNS - 1), clamp(down * ROWS - 0.5, ROWS - 1)];
    });
  }

  async #open() {
    const device = /** @type {import("../store.js").Device} */ (this.device);
    this.#choose(device.seen_by[0]?.camera ?? this.#choices(device)[0][0]);
    this.said = { ok: true, text: "" };
    await this.updateComplete;
    this.#dialog.showModal();
  }

  /** @param {string} camera */
  #choose(camera) {
    const tie = this.device?.seen_by.find((each) => each.camera === camera);
    this.camera = camera;
    this.seen = tie ? tie.pairs.map(([x, y]) => [x, y]) : START;
    this.felt = tie ? tie.pairs.map(([, , column, row]) => [(column + 0.5) / COLUMNS, (row + 0.5) / ROWS]) : START;
    void this.#fetch();
  }

  async #fetch() {
    const found = await picture(this.camera, "live").catch((error) => String(error?.message ?? error));
    this.#forget();
    this.background = typeof found === "string" ? { url: "", why: known(found, found) } : { url: found.url, why: "" };
  }

  /** @param {Event} event */
  #measure(event) {
    const image = /** @type {HTMLImageElement} */ (event.target);
    this.size = [image.naturalWidth, image.naturalHeight];
    this.requestUpdate();
  }

  /** @param {PointerEvent} event @param {Side} side @param {number} index */
  #hold(event, side, index) {
    /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
    this.dragged = [side, index];
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (!this.dragged) return;
    const [side, index] = this.dragged;
    const stage = /** @type {HTMLElement} */ (/** @type {Element} */ (event.currentTarget).parentElement).getBoundingClientRect();
    this.#move(side, index, [(event.clientX - stage.left) / stage.width, (event.clientY - stage.top) / stage.height]);
  }

  #drop() {
    this.dragged = null;
  }

  /** @param {KeyboardEvent} event @param {Side} side @param {number} index */
  #key(event, side, index) {
    const step = event.shiftKey ? 10 * STEP : STEP;
    const [x, y] = this[side][index];
    const to = /** @type {Record<string, Spot>} */ ({
      ArrowLeft: [x - step, y],
      ArrowRight: [x + step, y],
      ArrowUp: [x, y - step],
      ArrowDown: [x, y + step],
    })[event.key];
    if (!to) return;
    event.preventDefault();
    this.#move(side, index, to);
  }

  /** @param {Side} side @param {number} index @param {Spot} to */
  #move(side, index, [x, y]) {
    this[side] = this[side].map((spot, other) => (other === index ? [clamp(x, 1), clamp(y, 1)] : spot));
    this.said = { ok: true, text: "" };
  }

  /** Write the settings: this camera's line anew, or none. @param {boolean} keep */
  async #save(keep) {
    await this.#change(async (shown) => {
      const device = shown.values.devices.find((/** @type {any} */ each) => each.id === this.ident);
      if (!device) return { ok: false, why: t("place_gone") };
      const others = (device.seen_by ?? []).filter((/** @type {string} */ each) => each.split(":")[0].trim() !== this.camera);
      device.seen_by = keep ? [...others, line(this.camera, this.#pairs)] : others;
      return applySettings({ values: shown.values, revision: shown.revision });
    }, keep ? "place_saved" : "place_removed");
  }

  async #undo() {
    const number = this.back;
    await this.#change((shown) => restoreSettings({ number, revision: shown.revision }), "place_undone");
    this.back = 0;
  }

  /** @param {(shown: any) => Promise<any>} how @param {string} done the key of what is said then */
  async #change(how, done) {
    this.busy = true;
    try {
      const answer = await how(await settings());
      const why = [answer.why, ...(answer.findings ?? []).map((/** @type {import("../api.js").Finding} */ one) => finding(one))].filter(Boolean).join("; ");
      this.said = { ok: answer.ok, text: answer.ok ? t(done) : known(why, why) };
      if (answer.ok) this.back = (await settings()).past[0]?.number ?? 0;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.said = { ok: this.said.ok && this.back > 0, text: known(why, why) };
    }
    this.busy = false;
  }
}

/** @param {number} value @param {number} most */
function clamp(value, most) {
  return Math.min(most, Math.max(0, value));
}
customElements.define("ember-place", EmberPlace);
