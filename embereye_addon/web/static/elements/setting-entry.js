// @ts-check
// One entry of a list of settings (a zone, a camera, a PF device): first what everybody sets, then the rest.
import { LitElement, css, html, nothing } from "lit";
import { below, fresh, identOf, placed } from "../draft.js";
import { formControls } from "../forms.js";
import { finding } from "../mistakes.js";
import { shared } from "../styles.js";
import { fieldLabel, t } from "../words.js";
import "./adapter-test.js";
import "./camera-test.js";
import "./region-editor.js";
import "./setting-field.js";
import "./size-rings.js";

/** What is set of every entry; everything else folds away while it is as it came. @type {Record<string, string[]>} */
const FIRST = {
  zones: ["name", "id", "profile", "sensitivity", "mode"],
  cameras: ["name", "id", "url", "zone", "username", "password", "enabled"],
  devices: ["name", "id", "zone", "identity", "enabled"],
};

export class EmberEntry extends LitElement {
  static properties = {
    section: { attribute: false },
    row: { attribute: false },
    index: { type: Number },
    /** Ids that stand in the file already: they never change. */
    known: { attribute: false },
    choices: { attribute: false },
    findings: { attribute: false },
    edited: { attribute: false },
    leaving: { type: Boolean, state: true },
  };

  static styles = [
    shared,
    formControls,
    css`
      details {
        margin-top: 0.9rem;
      }
      summary {
        cursor: pointer;
        font-weight: 600;
        padding: 0.3rem 0;
      }
      .part {
        margin-top: 1.1rem;
      }
      .sub {
        border-top: 1px solid var(--ee-line);
        padding: 0.8rem 0;
      }
      h4 {
        margin: 0 0 0.4rem;
        font-size: 0.9rem;
      }
      .end {
        margin-top: 1rem;
        justify-content: flex-end;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../draft.js").Section | null} */
    this.section = null;
    /** @type {Record<string, any>} */
    this.row = {};
    this.index = 0;
    /** @type {string[]} */
    this.known = [];
    /** @type {Record<string, [string, string][]>} */
    this.choices = {};
    /** @type {import("../api.js").Finding[]} */
    this.findings = [];
    /** @type {import("../api.js").Edited} */
    this.edited = { values: {}, revision: "" };
    this.leaving = false;
  }

  render() {
    const section = this.section;
    if (!section) return nothing;
    const first = FIRST[section.section] ?? section.keys.map(({ key }) => key);
    const keys = first.flatMap((name) => section.keys.filter(({ key }) => key === name));
    const camera = section.section === "cameras";
    const rest = section.keys.filter(({ key }) => !first.includes(key) && !(camera && key === "regions"));
    const open = rest.some(({ key }) => this.#found([key]).length);
    const own = this.findings.filter(({ at }) => at === placed([section.section, this.index]));
    return html`${own.map((one) => html`<p class="mistake">${finding(one)}</p>`)}
      <div class="grid">${keys.map((key) => this.#field(key, [key.key]))}</div>
      ${camera ? this.#camera(section) : nothing}
      ${section.section === "adapters"
        ? html`<div class="part"><ember-adapter-test .edited=${this.edited} .index=${this.index}></ember-adapter-test></div>`
        : nothing}
      ${rest.length
        ? html`<details ?open=${open}>
            <summary>${t("more_settings")}</summary>
            <div class="grid">${rest.filter((key) => !key.keys).map((key) => this.#field(key, [key.key]))}</div>
            ${rest.filter((key) => key.keys).map((key) => this.#list(key))}
          </details>`
        : nothing}
      <div class="row end">
        ${this.leaving
          ? html`<span>${t("remove_sure")}</span>
              <button class="first" @click=${() => this.dispatchEvent(new CustomEvent("leave"))}>${t("remove")}</button>
              <button @click=${() => (this.leaving = false)}>${t("keep")}</button>`
          : html`<button class="quiet" @click=${() => (this.leaving = true)}>${t("remove")}</button>`}
      </div>`;
  }

  /** What helps to place a camera: its stream, what it would see, and the regions of its picture. @param {import("../draft.js").Section} section */
  #camera(section) {
    const stored = this.known.includes(this.row.id);
    return html`<div class="part">
        <ember-camera-test .edited=${this.edited} .index=${this.index} .regions=${this.row.regions ?? []}
          @pictured=${(/** @type {CustomEvent} */ event) => this.#show(event.detail)}></ember-camera-test>
      </div>
      <details class="part">
        <summary>${t("sizes_title")}</summary>
        <ember-sizes .width=${640}></ember-sizes>
      </details>
      <details class="part" ?open=${(this.row.regions ?? []).length > 0 || this.#found(["regions"]).length > 0}>
        <summary>${fieldLabel("cameras", section.keys.find(({ key }) => key === "regions") ?? { key: "regions", label: "" })}</summary>
        <ember-regions .camera=${stored ? this.row.id : ""} .lines=${this.row.regions ?? []} .findings=${this.#found(["regions"])}
          @given=${(/** @type {CustomEvent} */ event) => this.#tell(["regions"], event.detail)}></ember-regions>
      </details>`;
  }

  /** What the test of the camera showed is drawn upon. @param {{url: string}} shown */
  #show(shown) {
    const editor = /** @type {import("./region-editor.js").EmberRegions | null} */ (this.renderRoot.querySelector("ember-regions"));
    editor?.show(shown);
  }

  /**
   * @param {import("../draft.js").Field} key
   * @param {import("../draft.js").Path} path below the entry
   */
  #field(key, path) {
    const value = path.reduce((tree, step) => tree?.[step], this.row);
    const section = this.section?.section ?? "";
    const place = path.length > 1 ? `${section}.${path[0]}` : section;
    return html`<ember-setting .section=${place} .field=${key} .value=${value} .findings=${this.#found(path)}
      .choices=${this.choices[key.section ?? ""] ?? []} ?fixed=${key.key === "id" && this.known.includes(this.row.id)}
      @given=${(/** @type {CustomEvent} */ event) => this.#given(key, path, event.detail)}></ember-setting>`;
  }

  /** Entries within the entry, such as the regions of a PF device. @param {import("../draft.js").Field} key */
  #list(key) {
    const rows = this.row[key.key] ?? [];
    return html`<div class="part">
      <h4>${fieldLabel(this.section?.section ?? "", key)}</h4>
      ${rows.map(
        (/** @type {any} */ _row, /** @type {number} */ index) => html`<div class="sub">
          <div class="grid">${(key.keys ?? []).map((sub) => this.#field(sub, [key.key, index, sub.key]))}</div>
          <div class="row end"><button class="quiet" @click=${() => this.#tell([key.key], rows.filter((/** @type {any} */ _, /** @type {number} */ other) => other !== index))}>${t("remove")}</button></div>
        </div>`,
      )}
      <button class="quiet" @click=${() => this.#tell([key.key], [...rows, fresh(key.keys ?? [])])}>${t("add")}</button>
    </div>`;
  }

  /** @param {import("../draft.js").Path} path */
  #found(path) {
    return below(this.findings, [this.section?.section ?? "", this.index, ...path]);
  }

  /**
   * A new entry's name gives its id, as long as nobody wrote another.
   * @param {import("../draft.js").Field} key
   * @param {import("../draft.js").Path} path
   * @param {any} value
   */
  #given(key, path, value) {
    this.#tell(path, value);
    const taken = this.known;
    if (key.key === "name" && path.length === 1 && "id" in this.row && !this.row.id) this.#tell(["id"], identOf(String(value), taken));
  }

  /**
   * @param {import("../draft.js").Path} path
   * @param {any} value
   */
  #tell(path, value) {
    this.dispatchEvent(new CustomEvent("given", { detail: { path, value } }));
  }
}
customElements.define("ember-entry", EmberEntry);
