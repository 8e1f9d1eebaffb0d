// @ts-check
// The models: which one looks, what the one in shadow says, the judgement by recordings, the way to a new one and back.
import { LitElement, css, html, nothing } from "lit";
import { addModel, changeModel, gateModel, models, upload } from "../api.js";
import { formControls } from "../forms.js";
import { icon } from "../icons.js";
import { Following, playedOf, playedPart } from "../job.js";
import { shared } from "../styles.js";
import { clock, known, number, t } from "../words.js";
import "./recordings-list.js";

const LIVE_MS = 5000;

export class EmberModels extends LitElement {
  static properties = {
    /** What the processes say of how the live model runs here. */
    notices: { attribute: false },
    shown: { state: true },
    said: { state: true },
    judging: { state: true },
    chosen: { state: true },
    sending: { state: true },
    leaving: { state: true },
  };

  static styles = [
    shared,
    formControls,
    css`
      .card {
        padding: 0.9rem 1.1rem 1.1rem;
        margin-bottom: 1rem;
      }
      h2 {
        font-size: 1.1rem;
        margin-bottom: 0.4rem;
      }
      h3 {
        font-size: 1rem;
        overflow-wrap: anywhere;
      }
      .one {
        margin-top: 0.6rem;
        border-top: 1px solid var(--ee-line);
        padding: 0.8rem 0;
      }
      .top {
        justify-content: space-between;
      }
      .agree {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(120px, 1fr));
        gap: 0.5rem;
        margin: 0.5rem 0;
      }
      .agree div {
        background: var(--ee-sunken);
        border-radius: 8px;
        padding: 0.4rem 0.7rem;
      }
      .agree strong {
        display: block;
        font-size: 1.15rem;
      }
      progress {
        flex: 1 1 10rem;
        height: 12px;
        accent-color: var(--ee-accent);
      }
      .judge {
        background: var(--ee-sunken);
        border-radius: 8px;
        padding: 0.7rem 0.9rem;
        margin-top: 0.6rem;
      }
      .said {
        font-weight: 600;
        white-space: pre-line;
      }
      p {
        overflow-wrap: anywhere;
      }
      .row {
        margin-top: 0.4rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {string[]} */
    this.notices = [];
    /** @type {any} */
    this.shown = null;
    this.said = "";
    this.judging = "";
    /** @type {{name: string, way: string}[]} */
    this.chosen = [];
    this.sending = false;
    this.leaving = "";
    this.following = new Following(this);
    this.ran = false;
    this.timer = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.#load();
    this.timer = window.setInterval(() => this.#load(), LIVE_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearInterval(this.timer);
  }

  async #load() {
    try {
      this.shown = await models();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.said = known(why, why);
    }
  }

  updated() {
    if (this.ran && !this.following.runs) void this.#load();
    this.ran = this.following.runs;
  }

  render() {
    const { shown, following } = this;
    const job = following.of("gate", "model");
    const ended = job && job.state !== "running" ? job : null;
    return html`<section class="card" aria-labelledby="models">
        <h2 id="models">${t("models")}</h2>
        <p class="muted small">${t("models_more")}</p>
        ${this.notices.map((words) => html`<p class="trouble">${words}</p>`)}
        ${following.runs ? this.#progress() : nothing}
        ${this.said ? html`<p class="said" role="status">${this.said}</p>` : nothing}
        ${ended && ended.state !== "done" ? html`<p class="said" role="status">${t(`job_${ended.state}`, { why: ended.why })}</p>` : nothing}
        ${ended?.state === "done" && ended.kind === "model" ? html`<p class="said" role="status">${ended.result || t("model_added")}</p>` : nothing}
        ${shown ? shown.models.map((/** @type {string} */ name) => this.#model(name)) : html`<p class="muted">${t("loading")}</p>`}
        ${shown && shown.before !== null
          ? html`<button ?disabled=${this.sending} @click=${() => this.#change("rollback", null)}>${t("model_rollback", { name: this.#name(shown.before) })}</button>`
          : nothing}
      </section>
      ${this.#bring()}`;
  }

  /** @param {string} name */
  #name(name) {
    return name || t("model_shipped");
  }

  /** @param {string} name */
  #model(name) {
    const { live, shadow, gates, before } = this.shown;
    const gate = gates[name];
    const passed = gate?.passed && gate.beside === live;
    return html`<div class="one">
      <div class="row top">
        <h3>${this.#name(name)}</h3>
        <span>
          ${name === live ? html`<span class="chip online">${icon("ok")} ${t("model_live")}</span>` : nothing}
          ${name === shadow ? html`<span class="chip">${icon("hand")} ${t("model_shadow")}</span>` : nothing}
        </span>
      </div>
      ${name === shadow ? this.#agreement() : nothing}
      ${gate
        ? html`<p class="small"><strong>${t(gate.passed ? "gate_passed" : "gate_failed", { when: clock(gate.at) })}</strong> ${gate.words}
            ${gate.passed && !passed && name !== live ? t("gate_old") : ""}</p>`
        : name && name !== live
          ? html`<p class="small muted">${t("gate_none")}</p>`
          : nothing}
      ${name && name !== live ? this.#orders(name, name === shadow, Boolean(passed), name === before) : nothing}
      ${this.judging === name && name ? this.#judge(name) : nothing}
    </div>`;
  }

  /**
   * @param {string} name
   * @param {boolean} shadow
   * @param {boolean} passed
   * @param {boolean} before
   */
  #orders(name, shadow, passed, before) {
    const busy = this.sending || this.following.runs;
    return html`<div class="row">
      <button ?disabled=${busy} @click=${() => this.#change("shadow", shadow ? null : name)}>${t(shadow ? "shadow_end" : "shadow_begin")}</button>
      <button ?disabled=${busy} aria-expanded=${this.judging === name} @click=${() => (this.judging = this.judging === name ? "" : name)}>${t("gate")}</button>
      <button class="go idle" ?disabled=${busy || !passed} title=${passed ? "" : t("promote_first")} @click=${() => this.#change("promote", name)}>${t("promote")}</button>
      ${shadow || before
        ? nothing
        : this.leaving === name
          ? html`<button class="first" @click=${() => this.#change("remove", name)}>${t("remove")}</button><button @click=${() => (this.leaving = "")}>${t("keep")}</button>`
          : html`<button class="quiet" ?disabled=${busy} @click=${() => (this.leaving = name)}>${t("remove")}</button>`}
    </div>`;
  }

  /** How often the model in shadow and the live one said the same. */
  #agreement() {
    const { both = 0, live = 0, shadow = 0, none = 0 } = this.shown.agreement;
    const all = both + live + shadow + none;
    if (!all) return html`<p class="small muted">${t("shadow_waits")}</p>`;
    const share = (/** @type {number} */ part) => html`<strong class="number">${number((100 * part) / all, 1)} %</strong>`;
    return html`<div class="agree">
        <div>${share(both + none)}${t("shadow_agrees")}</div>
        <div>${share(both)}${t("shadow_both")}</div>
        <div>${share(live)}${t("shadow_live")}</div>
        <div>${share(shadow)}${t("shadow_only")}</div>
      </div>
      <p class="small muted">${t("shadow_looks", { n: number(all) })}</p>`;
  }

  /** @param {string} name */
  #judge(name) {
    const of = (/** @type {string} */ way) => this.chosen.filter((one) => one.way === way).map((one) => one.name);
    const [fire, quiet] = [of("fire"), of("quiet")];
    return html`<div class="judge">
      <p class="small">${t("gate_more")}</p>
      <ember-recordings .ways=${[["fire", t("gate_fire")], ["quiet", t("gate_quiet")]]}
        @chosen=${(/** @type {CustomEvent} */ event) => (this.chosen = event.detail)}></ember-recordings>
      <div class="row">
        <button class="go idle" ?disabled=${!fire.length || !quiet.length || this.following.runs} @click=${() => this.#gate({ name, fire, quiet })}>${t("gate_begin")}</button>
        ${fire.length && quiet.length ? nothing : html`<span class="small muted">${t("gate_both")}</span>`}
      </div>
    </div>`;
  }

  #progress() {
    const job = this.following.job;
    const far = job?.progress;
    return html`<div class="row" role="status">
      <progress max=${far?.of ?? 1} .value=${(far?.done ?? 0) + playedPart(far)} aria-label=${t("gate")}></progress>
      <span class="small number">${far?.recording ? t("gate_far", { name: far.recording, far: playedOf(far) }) : t("job_runs", { by: job?.by ?? "" })} ${(job?.begun ?? 1) > 1 ? t("job_again") : ""}</span>
      <button @click=${() => this.following.cancel()}>${t("cancel")}</button>
    </div>`;
  }

  #bring() {
    return html`<section class="card" aria-labelledby="bring">
      <h2 id="bring">${t("model_bring")}</h2>
      <p class="small">${t("model_bring_more")}</p>
      <div class="row">
        <input type="file" id="files" multiple accept=".json,.xml,.bin,.onnx" aria-label=${t("model_files")} />
        <button class="go" ?disabled=${this.sending || this.following.runs} @click=${() => this.#send()}>${t("model_send")}</button>
      </div>
    </section>`;
  }

  async #send() {
    const input = /** @type {HTMLInputElement} */ (this.renderRoot.querySelector("#files"));
    const files = [...(input.files ?? [])].sort((one, other) => Number(other.name === "card.json") - Number(one.name === "card.json"));
    if (files[0]?.name !== "card.json" || files.length < 2) {
      this.said = t("model_files_needed");
      return;
    }
    this.sending = true;
    for (const file of files) {
      const done = await upload("models/upload", file, (share) => (this.said = t("model_sending", { name: file.name, n: number(100 * share) })));
      if (!done.ok) {
        this.said = known(done.why, done.why);
        this.sending = false;
        return;
      }
    }
    await this.#after(await addModel());
    input.value = "";
  }

  /** @param {{name: string, fire: string[], quiet: string[]}} asked */
  async #gate(asked) {
    this.judging = "";
    await this.#after(await gateModel(asked));
  }

  /**
   * @param {"shadow" | "promote" | "rollback" | "remove"} what
   * @param {string | null} name
   */
  async #change(what, name) {
    this.leaving = "";
    this.sending = true;
    await this.#after(await changeModel(what, name), t(`done_${what}`));
  }

  /** @param {import("../api.js").Done} done @param {string} [words] */
  async #after(done, words = "") {
    this.sending = false;
    this.said = done.ok ? words : known(done.why, done.why);
    await this.following.ask();
    await this.#load();
  }
}
customElements.define("ember-models", EmberModels);
