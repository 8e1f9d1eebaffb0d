// @ts-check
// One setting: its label, its input of the right kind, what it means, and what is wrong with it.
import { LitElement, css, html, nothing } from "lit";
import { STARS } from "../draft.js";
import { shared } from "../styles.js";
import { formControls } from "../forms.js";
import { mistake } from "../mistakes.js";
import { fieldAbout, fieldLabel, known, t } from "../words.js";

export class EmberSetting extends LitElement {
  static properties = {
    section: {},
    field: { attribute: false },
    value: { attribute: false },
    /** Names of a section by id, for a field that refers to one. */
    choices: { attribute: false },
    findings: { attribute: false },
    fixed: { type: Boolean },
    id: {},
  };

  static styles = [
    shared,
    formControls,
    css`
      .kept {
        display: flex;
        gap: 0.4rem;
      }
      .kept input {
        flex: 1;
        min-width: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.section = "";
    /** @type {import("../draft.js").Field | null} */
    this.field = null;
    /** @type {any} */
    this.value = null;
    /** @type {[string, string][]} */
    this.choices = [];
    /** @type {import("../api.js").Finding[]} */
    this.findings = [];
    this.fixed = false;
  }

  render() {
    const field = this.field;
    if (!field) return nothing;
    const about = fieldAbout(this.section, field);
    const wrong = this.findings.length > 0;
    return html`<div class="field ${wrong ? "wrong" : ""} ${field.optional ? "" : field.input}">
      <label for="input">${fieldLabel(this.section, field)}${field.unit ? html` <span class="unit">${known(`unit_${field.unit}`, field.unit)}</span>` : nothing}</label>
      ${this.#input(field, wrong)}
      <div id="about">
        ${this.findings.map((one) => html`<p class="mistake">${mistake(field, this.value, one)}</p>`)}
        ${about ? html`<p class="about">${about}</p>` : nothing}
      </div>
    </div>`;
  }

  /**
   * @param {import("../draft.js").Field} field
   * @param {boolean} wrong
   */
  #input(field, wrong) {
    switch (field.input) {
      case "checkbox":
        if (field.optional) return this.#maybe(wrong);
        return html`<input id="input" type="checkbox" aria-describedby="about" .checked=${Boolean(this.value)}
          @change=${(/** @type {any} */ event) => this.#tell(event.target.checked)} />`;
      case "select":
        return this.#select([...(field.optional ? [["", this.#empty]] : []), ...this.#options(field)], wrong, field.optional);
      case "reference":
        return this.#select([...(this.choices.some(([id]) => id === this.value) ? [] : [["", t("choose")]]), ...this.choices], wrong);
      case "password":
        return this.#password(wrong);
      case "list":
        return html`<textarea id="input" aria-describedby="about" aria-invalid=${wrong} rows=${Math.max(2, (this.value ?? []).length + 1)}
          .value=${(this.value ?? []).join("\n")}
          @change=${(/** @type {any} */ event) => this.#tell(lines(event.target.value))}></textarea>`;
      case "number":
        return html`<input id="input" type="number" inputmode="decimal" aria-describedby="about" aria-invalid=${wrong}
          min=${field.min ?? nothing} max=${field.max ?? nothing} step=${field.step ?? "any"}
          placeholder=${field.default ?? (field.optional ? this.#empty : "")} .value=${String(this.value ?? "")}
          @change=${(/** @type {any} */ event) => this.#tell(parsed(event.target.value))} />`;
      default:
        return html`<input id="input" type="text" spellcheck="false" autocomplete="off" autocapitalize="off"
          aria-describedby="about" aria-invalid=${wrong} maxlength=${field.max_length ?? nothing}
          ?readonly=${this.fixed} .value=${this.value ?? ""} @change=${(/** @type {any} */ event) => this.#text(field, event.target.value)} />`;
    }
  }

  /**
   * @param {[string, string][] | string[][]} options
   * @param {boolean} wrong
   * @param {boolean} [optional] an empty choice means: nothing
   */
  #select(options, wrong, optional = false) {
    return html`<select id="input" aria-describedby="about" aria-invalid=${wrong}
      @change=${(/** @type {any} */ event) => this.#tell(optional && !event.target.value ? null : event.target.value)}>
      ${options.map(([value, words]) => html`<option value=${value} ?selected=${value === (this.value ?? "")}>${words}</option>`)}
    </select>`;
  }

  /** What it means to leave it empty. */
  get #empty() {
    return known(`left_empty_${this.section}`, t("left_empty"));
  }

  /** @param {import("../draft.js").Field} field @returns {[string, string][]} */
  #options(field) {
    return (field.options ?? []).map((option) => [option, known(`option_${option}`, option)]);
  }

  /** A flag that may be left to what holds without it. @param {boolean} wrong */
  #maybe(wrong) {
    const now = this.value === null || this.value === undefined ? "" : String(this.value);
    const options = [["", this.#empty], ["true", t("flag_on")], ["false", t("flag_off")]];
    return html`<select id="input" aria-describedby="about" aria-invalid=${wrong}
      @change=${(/** @type {any} */ event) => this.#tell(event.target.value ? event.target.value === "true" : null)}>
      ${options.map(([value, words]) => html`<option value=${value} ?selected=${value === now}>${words}</option>`)}
    </select>`;
  }

  /** A kept password is never here, only that there is one. @param {boolean} wrong */
  #password(wrong) {
    const kept = this.value === STARS;
    return html`<div class="kept">
      <input id="input" type="password" autocomplete="new-password" aria-describedby="about" aria-invalid=${wrong}
        placeholder=${kept ? t("password_kept") : ""} .value=${kept ? "" : (this.value ?? "")}
        @change=${(/** @type {any} */ event) => event.target.value && this.#tell(event.target.value)} />
      ${this.value ? html`<button class="quiet" @click=${() => this.#tell("")}>${t("password_remove")}</button>` : nothing}
    </div>`;
  }

  /**
   * @param {import("../draft.js").Field} field
   * @param {string} text
   */
  #text(field, text) {
    this.#tell(field.optional && !text.trim() ? null : text.trim());
  }

  /** @param {any} value */
  #tell(value) {
    this.dispatchEvent(new CustomEvent("given", { detail: value }));
  }
}

/** @param {string} text */
function parsed(text) {
  return text.trim() === "" || !Number.isFinite(Number(text)) ? null : Number(text);
}

/** @param {string} text */
function lines(text) {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}
customElements.define("ember-setting", EmberSetting);
