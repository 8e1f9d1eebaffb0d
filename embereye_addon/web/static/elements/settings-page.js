// @ts-check
// The site's settings: edited as a draft, checked as they are written, tried on recordings, applied, and undone.
import { LitElement, html, nothing } from "lit";
import { applySettings, checkSettings, restoreSettings, settings } from "../api.js";
import { below, changes, fresh, put } from "../draft.js";
import { formControls } from "../forms.js";
import { icon } from "../icons.js";
import { finding } from "../mistakes.js";
import { shared } from "../styles.js";
import { clock, known, sectionLabel, t } from "../words.js";
import { settingsStyles } from "./settings-styles.js";
import "./setting-entry.js";
import "./setting-field.js";
import "./trial.js";

const CHECK_MS = 500;
/** What an installer looks for first; a section that is not named here comes after them. */
const ORDER = ["zones", "cameras", "devices", "calibrations", "detection", "pf", "mqtt", "web", ""];
/** What Home Assistant holds inside an add-on. @type {Record<string, string[]>} */
const OUTSIDE = { pf: ["host", "port"], web: ["host", "port", "token"] };

export class EmberSettings extends LitElement {
  static properties = {
    shown: { state: true },
    values: { state: true },
    at: { state: true },
    open: { state: true },
    findings: { state: true },
    said: { state: true },
    busy: { state: true },
    trying: { state: true },
  };

  static styles = [shared, formControls, settingsStyles];

  constructor() {
    super();
    /** @type {any} */
    this.shown = null;
    /** @type {Record<string, any>} */
    this.values = {};
    this.at = "zones";
    /** The entry that stands open. */
    this.open = -1;
    /** @type {import("../api.js").Finding[]} */
    this.findings = [];
    this.said = "";
    this.busy = false;
    this.trying = false;
    this.timer = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.#load();
  }

  /** What is on the server; it ends the draft. */
  async #load() {
    try {
      this.shown = await settings();
      this.values = this.shown.values;
      this.findings = [];
      this.trying = false;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.said = known(why, why);
    }
  }

  render() {
    if (!this.shown) return html`<p class="said">${this.said || t("loading")}</p>`;
    const rank = (/** @type {import("../draft.js").Section} */ { section }) => (ORDER.includes(section) ? ORDER.indexOf(section) : ORDER.length);
    const form = this.shown.form
      .filter((/** @type {import("../draft.js").Section} */ { section }) => !(this.shown.inside && section === "web"))
      .sort((/** @type {any} */ one, /** @type {any} */ other) => rank(one) - rank(other));
    const section = form.find((/** @type {import("../draft.js").Section} */ each) => each.section === this.at) ?? form[0];
    return html`${this.shown.warnings.map((/** @type {string} */ words) => html`<p class="said bad">${words}</p>`)}
      <div class="page">
        <nav aria-label=${t("settings")}>
          ${form.map((/** @type {import("../draft.js").Section} */ each) => this.#tab(each))}
        </nav>
        <section class="card body" aria-labelledby="what">
          <h2 id="what">${sectionLabel(section)}</h2>
          ${section.most ? this.#entries(section) : this.#single(section)}
        </section>
      </div>
      ${this.#bar()}
      ${this.trying ? html`<ember-trial .edited=${this.#edited()} @done=${() => (this.trying = false)}></ember-trial>` : nothing}
      ${this.#past()}`;
  }

  #edited() {
    return { values: this.values, revision: this.shown.revision };
  }

  /** @param {import("../draft.js").Section} section */
  #tab(section) {
    const count = section.most ? (this.values[section.section] ?? []).length : null;
    const wrong = section.section ? below(this.findings, [section.section]).length : this.findings.filter(({ at }) => !/[.[]/.test(at)).length;
    return html`<button class="tab" aria-current=${section.section === this.at ? "page" : "false"} @click=${() => this.#go(section.section)}>
      <span>${sectionLabel(section)}</span>
      ${wrong ? html`<span class="chip alarm">${t("mistakes_n", { n: wrong })}</span>` : count === null ? nothing : html`<span class="muted number">${count}</span>`}
    </button>`;
  }

  /** @param {string} name */
  #go(name) {
    this.at = name;
    this.open = -1;
  }

  /** @param {import("../draft.js").Section} section */
  #single(section) {
    const hidden = this.shown.inside ? (OUTSIDE[section.section] ?? []) : [];
    const place = section.section ? [section.section] : [];
    const row = section.section ? this.values[section.section] : this.values;
    return html`${this.shown.inside && section.section === "mqtt" ? html`<p class="muted">${t("mqtt_inside")}</p>` : nothing}
      <div class="grid">
        ${section.keys
          .filter(({ key }) => key !== "version" && !hidden.includes(key))
          .map(
            (field) => html`<ember-setting .section=${section.section || "site"} .field=${field} .value=${row?.[field.key]}
              .findings=${below(this.findings, [...place, field.key])}
              @given=${(/** @type {CustomEvent} */ event) => this.#set([...place, field.key], event.detail)}></ember-setting>`,
          )}
      </div>`;
  }

  /** @param {import("../draft.js").Section} section */
  #entries(section) {
    const rows = this.values[section.section] ?? [];
    const stored = (this.shown.values[section.section] ?? []).map((/** @type {any} */ row) => row.id);
    return html`${rows.length ? nothing : html`<p class="muted">${known(`none_${section.section}`, t("none_yet"))}</p>`}
      <ul class="entries">
        ${rows.map((/** @type {any} */ row, /** @type {number} */ index) => this.#entry(section, row, index, stored))}
      </ul>
      ${rows.length < section.most
        ? html`<button class="go" @click=${() => this.#add(section)}>${known(`add_${section.section}`, t("add"))}</button>`
        : nothing}`;
  }

  /**
   * @param {import("../draft.js").Section} section
   * @param {any} row
   * @param {number} index
   * @param {string[]} stored
   */
  #entry(section, row, index, stored) {
    const open = index === this.open;
    const wrong = below(this.findings, [section.section, index]).length;
    const where = this.#names("zones").find(([id]) => id === row.zone)?.[1] ?? row.zone ?? "";
    const name = row.name || (row.device ? `${row.device} ${row.input} ${row.gas}` : row.kind || t("new_entry"));
    return html`<li>
      <button class="head" aria-expanded=${open} @click=${() => (this.open = open ? -1 : index)}>
        <span class="name">${name}</span>
        <span class="muted small">${[row.id, where].filter(Boolean).join(" · ")}</span>
        ${wrong ? html`<span class="chip alarm">${t("mistakes_n", { n: wrong })}</span>` : nothing}
        ${row.enabled === false ? html`<span class="chip">${t("link_disabled")}</span>` : nothing}
      </button>
      ${open
        ? html`<ember-entry .section=${section} .row=${row} .index=${index} .known=${stored} .findings=${this.findings}
            .choices=${{ zones: this.#names("zones"), devices: this.#names("devices") }} .edited=${this.#edited()}
            @given=${(/** @type {CustomEvent} */ event) => this.#set([section.section, index, ...event.detail.path], event.detail.value)}
            @leave=${() => this.#remove(section.section, index)}></ember-entry>`
        : nothing}
    </li>`;
  }

  /** Names by id, for what refers to them. @param {string} section @returns {[string, string][]} */
  #names(section) {
    return (this.values[section] ?? []).map((/** @type {any} */ row) => [row.id, row.name || row.id]);
  }

  #bar() {
    const count = changes(this.shown.values, this.values);
    const wrong = this.findings.length;
    return html`<div class="bar card" role="region" aria-label=${t("draft")}>
      <p class="grow" role="status">
        ${wrong ? html`<strong class="bad">${icon("fault")} ${t("draft_wrong", { n: wrong })}</strong>` : html`<strong>${t("draft_n", { n: count })}</strong>`}
        ${this.said ? html`<span class="small">${this.said}</span>` : nothing}
        ${this.findings.filter(({ at }) => !at).map((one) => html`<span class="small">${finding(one)}</span>`)}
      </p>
      <button class="idle" ?disabled=${wrong > 0 || this.busy} @click=${() => (this.trying = !this.trying)}>${t("try")}</button>
      <button class="go idle" ?disabled=${!count || wrong > 0 || this.busy} @click=${() => this.#apply()}>${t("apply")}</button>
      <button class="idle" ?disabled=${!count || this.busy} @click=${() => this.#load()}>${t("discard")}</button>
    </div>`;
  }

  #past() {
    const past = this.shown.past;
    if (!past.length) return nothing;
    return html`<details class="card past">
      <summary>${t("past_n", { n: past.length })}</summary>
      <p class="muted small">${t("past_more", { file: this.shown.file })}</p>
      <ul>
        ${past.map(
          (/** @type {any} */ one) => html`<li class="row">
            <span class="grow">${t("past_one", { when: clock(one.at), by: one.by })}</span>
            <button ?disabled=${this.busy} @click=${() => this.#change(() => restoreSettings({ number: one.number, revision: this.shown.revision }))}>${t("undo")}</button>
          </li>`,
        )}
      </ul>
    </details>`;
  }

  /**
   * @param {import("../draft.js").Path} path
   * @param {any} value
   */
  #set(path, value) {
    this.values = put(this.values, path, value);
    this.said = "";
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.#check(), CHECK_MS);
  }

  /** @param {import("../draft.js").Section} section */
  #add(section) {
    const rows = this.values[section.section] ?? [];
    const zones = this.#names("zones");
    const row = fresh(section.keys);
    if ("zone" in row && zones.length === 1) row.zone = zones[0][0];
    this.values = { ...this.values, [section.section]: [...rows, row] };
    this.open = rows.length;
  }

  /**
   * @param {string} section
   * @param {number} index
   */
  #remove(section, index) {
    this.open = -1;
    this.#set([section], this.values[section].filter((/** @type {any} */ _, /** @type {number} */ other) => other !== index));
  }

  async #check() {
    const values = this.values;
    const done = await checkSettings(this.#edited());
    if (values !== this.values) return;
    this.findings = done.findings ?? [];
    this.said = known(done.why, done.why);
  }

  async #apply() {
    await this.#change(() => applySettings(this.#edited()));
  }

  /** @param {() => Promise<any>} what */
  async #change(what) {
    this.busy = true;
    const done = await what();
    this.busy = false;
    this.findings = done.findings ?? [];
    if (done.ok) await this.#load();
    this.said = done.ok ? t("applied") : known(done.why, done.why);
  }
}
customElements.define("ember-settings", EmberSettings);
