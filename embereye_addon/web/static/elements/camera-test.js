// @ts-check
// "Test this camera": opens its stream as it is written in the form, and says what it sends and what to change there.
import { LitElement, css, html, nothing } from "lit";
import { testCamera } from "../api.js";
import { formControls } from "../forms.js";
import { icon } from "../icons.js";
import { finding } from "../mistakes.js";
import { outlines, regionStyles } from "../regions.js";
import { shared } from "../styles.js";
import { known, number, t } from "../words.js";

export class EmberCameraTest extends LitElement {
  static properties = {
    edited: { attribute: false },
    index: { type: Number },
    regions: { attribute: false },
    busy: { state: true },
    told: { state: true },
  };

  static styles = [
    shared,
    formControls,
    regionStyles,
    css`
      .both {
        display: grid;
        gap: 0.8rem 1.2rem;
        margin-top: 0.7rem;
      }
      @media (min-width: 620px) {
        .both {
          grid-template-columns: minmax(0, 320px) minmax(0, 1fr);
        }
      }
      .picture {
        position: relative;
        border-radius: 8px;
        overflow: hidden;
        background: #0b0e12;
      }
      img {
        display: block;
        width: 100%;
      }
      ul {
        margin: 0.5rem 0 0;
        padding-left: 1.2rem;
      }
      .facts {
        padding: 0.3rem 0;
      }
      .good {
        color: var(--ee-normal);
        font-weight: 600;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../api.js").Edited} */
    this.edited = { values: {}, revision: "" };
    this.index = 0;
    /** @type {string[]} */
    this.regions = [];
    this.busy = false;
    /** @type {any} */
    this.told = null;
  }

  render() {
    return html`<div class="row">
        <button class="go" ?disabled=${this.busy} @click=${() => this.#test()}>${t("test_camera")}</button>
        <span class="muted small" role="status">${this.busy ? t("test_runs_now") : t("test_camera_more")}</span>
      </div>
      ${this.told ? this.#answer(this.told) : nothing}`;
  }

  /** @param {any} told */
  #answer(told) {
    const why = told.error || (told.ok ? "" : known(told.why, told.why));
    return html`${why ? html`<p class="mistake">${icon("lost")} ${t("test_failed", { why })}</p>` : nothing}
      ${(told.findings ?? []).map((/** @type {import("../api.js").Finding} */ one) => html`<p class="mistake">${finding(one)}</p>`)}
      <div class="both">
        ${told.jpeg
          ? html`<div class="picture"><img src="data:image/jpeg;base64,${told.jpeg}" alt=${t("test_picture")} />${outlines(this.regions)}</div>`
          : nothing}
        ${told.codec ? this.#facts(told) : nothing}
      </div>`;
  }

  /** @param {any} told */
  #facts(told) {
    const codec = /** @type {Record<string, string>} */ ({ h264: "H.264", hevc: "H.265" })[told.codec] ?? told.codec;
    const rows = [
      [t("stream_codec"), codec],
      [t("stream_size"), `${told.width} × ${told.height}`],
      [t("stream_fps"), number(told.fps, 1)],
      [t("stream_kbit"), `${number(told.kbit_s, 0)} kbit/s`],
      [t("stream_gop"), `${number(told.gop_s, 1)} s`],
    ];
    return html`<div>
      <dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      ${told.advice.length
        ? html`<strong>${t("advice")}</strong><ul>${told.advice.map((/** @type {string} */ words) => html`<li>${words}</li>`)}</ul>`
        : html`<p class="good">${icon("ok")} ${t("advice_none")}</p>`}
    </div>`;
  }

  async #test() {
    this.busy = true;
    this.told = null;
    this.told = await testCamera({ settings: this.edited, index: this.index });
    this.busy = false;
    if (!this.told.jpeg) return;
    const { width, jpeg } = this.told;
    this.dispatchEvent(new CustomEvent("pictured", { detail: { url: `data:image/jpeg;base64,${jpeg}`, width } }));
  }
}
customElements.define("ember-camera-test", EmberCameraTest);
