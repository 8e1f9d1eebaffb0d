// @ts-check
// The recordings on the server: chosen, sent, deleted. Fires "chosen" with the names.
import { LitElement, css, html, nothing } from "lit";
import { recordings, removeRecording, upload } from "../api.js";
import { formControls } from "../forms.js";
import { shared } from "../styles.js";
import { clock, known, number, t } from "../words.js";

export class EmberRecordings extends LitElement {
  static properties = {
    /** The ways in which a recording can be chosen: key and words. One way is a tick, several are a choice. */
    ways: { attribute: false },
    chosen: { attribute: false },
    cameras: { attribute: false },
    list: { state: true },
    said: { state: true },
    far: { state: true },
    leaving: { state: true },
  };

  static styles = [
    shared,
    formControls,
    css`
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem 0.9rem;
        padding: 0.45rem 0;
        border-top: 1px solid var(--ee-line);
      }
      .name {
        flex: 1 1 12rem;
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .name small {
        display: block;
        font-weight: 400;
        color: var(--ee-muted);
      }
      li select {
        width: auto;
        max-width: 13rem;
      }
      label.tick {
        display: flex;
        align-items: center;
        gap: 0.5rem;
      }
      .send {
        margin-top: 0.7rem;
      }
      progress {
        width: 10rem;
        accent-color: var(--ee-accent);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {[string, string][]} */
    this.ways = [];
    /** @type {Record<string, string>} way by name */
    this.chosen = {};
    /** @type {[string, string][]} */
    this.cameras = [];
    /** @type {{name: string, kind: string, octets: number, at: number, kept: boolean, camera: string}[] | null} */
    this.list = null;
    this.said = "";
    this.far = -1;
    this.leaving = "";
    /** @type {Record<string, string>} camera by name */
    this.of = {};
  }

  connectedCallback() {
    super.connectedCallback();
    void this.#load();
  }

  async #load() {
    this.list = await recordings().catch(() => []);
  }

  render() {
    const list = this.list;
    if (!list) return html`<p class="muted">${t("loading")}</p>`;
    return html`${list.length ? nothing : html`<p class="muted">${t("recordings_none")}</p>`}
      <ul>
        ${list.map((one) => this.#row(one))}
      </ul>
      <div class="row send">
        <button class="quiet" ?disabled=${this.far >= 0} @click=${() => /** @type {HTMLInputElement} */ (this.renderRoot.querySelector("[type=file]")).click()}>${t("recording_send")}</button>
        <input type="file" hidden aria-label=${t("recording_send")} accept=".mp4,.mkv,.mov,.avi,.ts,.webm,.h264,.h265,.jsonl,.txt,.log,.cap" @change=${this.#send} />
        ${this.far >= 0 ? html`<progress max="1" .value=${this.far} aria-label=${t("recording_send")}></progress>` : nothing}
        <span class="small muted" role="status">${this.said || t("recordings_more")}</span>
      </div>`;
  }

  /** @param {{name: string, kind: string, octets: number, at: number, kept: boolean, camera: string}} one */
  #row(one) {
    const way = this.chosen[one.name] ?? "";
    const about = `${t(one.kept ? `recording_kept_${one.kind}` : `recording_${one.kind}`)} · ${number(one.octets / 1e6, 1)} MB · ${clock(one.at)}`;
    return html`<li>
      ${this.ways.length === 1
        ? html`<label class="tick name"><input type="checkbox" .checked=${way !== ""} @change=${(/** @type {any} */ event) => this.#choose(one.name, event.target.checked ? this.ways[0][0] : "")} />
            <span>${one.name}<small>${about}</small></span></label>`
        : html`<span class="name">${one.name}<small>${about}</small></span>
            <select aria-label=${t("recording_way", { name: one.name })} @change=${(/** @type {any} */ event) => this.#choose(one.name, event.target.value)}>
              <option value="">${t("recording_unused")}</option>
              ${this.ways.map(([key, words]) => html`<option value=${key} ?selected=${key === way}>${words}</option>`)}
            </select>`}
      ${this.cameras.length && one.kind === "video" && way
        ? html`<select aria-label=${t("recording_camera", { name: one.name })} @change=${(/** @type {any} */ event) => this.#filmed(one.name, event.target.value)}>
            ${this.cameras.map(([id, name]) => html`<option value=${id} ?selected=${(this.of[one.name] ?? one.camera) === id}>${t("recording_by", { name })}</option>`)}
          </select>`
        : nothing}
      ${one.kept ? nothing : this.leaving === one.name
        ? html`<button class="first" @click=${() => this.#remove(one.name)}>${t("remove")}</button><button @click=${() => (this.leaving = "")}>${t("keep")}</button>`
        : html`<button class="quiet" aria-label=${t("recording_remove", { name: one.name })} @click=${() => (this.leaving = one.name)}>${t("remove")}</button>`}
    </li>`;
  }

  /**
   * @param {string} name
   * @param {string} way
   */
  #choose(name, way) {
    this.chosen = Object.fromEntries(Object.entries({ ...this.chosen, [name]: way }).filter(([, each]) => each));
    this.#tell();
  }

  /**
   * @param {string} name
   * @param {string} camera
   */
  #filmed(name, camera) {
    this.of = { ...this.of, [name]: camera };
    this.#tell();
  }

  #tell() {
    const detail = Object.entries(this.chosen).map(([name, way]) => ({ name, way, camera: this.#camera(name) }));
    this.dispatchEvent(new CustomEvent("chosen", { detail }));
  }

  /** Whose picture it is: as chosen, as it was kept, or the first camera's. @param {string} name */
  #camera(name) {
    const kept = this.list?.find((one) => one.name === name)?.camera;
    return this.of[name] ?? (this.cameras.some(([id]) => id === kept) ? kept : this.cameras[0]?.[0]) ?? "";
  }

  /** @param {Event} event */
  async #send(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const file = input.files?.[0];
    if (!file) return;
    this.far = 0;
    const done = await upload("recordings", file, (share) => (this.far = share));
    this.far = -1;
    input.value = "";
    this.said = done.ok ? t("recording_sent", { name: file.name }) : known(done.why, done.why);
    await this.#load();
  }

  /** @param {string} name */
  async #remove(name) {
    this.leaving = "";
    const done = await removeRecording(name);
    this.said = done.ok ? "" : known(done.why, done.why);
    this.#choose(name, "");
    await this.#load();
  }
}
customElements.define("ember-recordings", EmberRecordings);
