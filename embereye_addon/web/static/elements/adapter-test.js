// @ts-check
// "Send a test": begins and ends a test event at another system as its settings stand in the form, and says what it answered.
import { LitElement, css, html, nothing } from "lit";
import { testAdapter } from "../api.js";
import { formControls } from "../forms.js";
import { icon } from "../icons.js";
import { finding } from "../mistakes.js";
import { shared } from "../styles.js";
import { known, number, t } from "../words.js";

export class EmberAdapterTest extends LitElement {
  static properties = {
    edited: { attribute: false },
    index: { type: Number },
    busy: { state: true },
    told: { state: true },
  };

  static styles = [
    shared,
    formControls,
    css`
      ul {
        list-style: none;
        margin: 0.6rem 0 0;
        padding: 0;
      }
      li {
        padding: 0.15rem 0;
        overflow-wrap: anywhere;
      }
      .good {
        color: var(--ee-normal);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../api.js").Edited} */
    this.edited = { values: {}, revision: "" };
    this.index = 0;
    this.busy = false;
    /** @type {any} */
    this.told = null;
  }

  render() {
    return html`<div class="row">
        <button class="go" ?disabled=${this.busy} @click=${() => this.#test()}>${t("test_adapter")}</button>
        <span class="muted small">${this.busy ? t("test_adapter_now") : t("test_adapter_more")}</span>
      </div>
      <div role="status">${this.told ? this.#answer(this.told) : nothing}</div>`;
  }

  /** @param {any} told */
  #answer(told) {
    if (!told.ok)
      return html`<p class="mistake">${icon("lost")} ${t("test_adapter_not_sent", { why: known(told.why, told.why) })}</p>
        ${(told.findings ?? []).map((/** @type {import("../api.js").Finding} */ one) => html`<p class="mistake">${finding(one)}</p>`)}`;
    return html`<ul>${told.rows.map((/** @type {any} */ row) => this.#row(row, told.timeout_s))}</ul>`;
  }

  /** @param {{theirs: string, outcome: string, status: number, why: string}} row @param {number} seconds */
  #row({ theirs, outcome, status, why }, seconds) {
    const http = status && !why.includes(`HTTP ${status}`) ? t("adapter_status", { status }) : "";
    const words = {
      done: () => t("adapter_done", { http }),
      refused: () => t("adapter_refused", { http, why }),
      silent: () => t("adapter_silent", { s: number(seconds, 0) }),
      unreachable: () => t("adapter_unreachable", { why }),
    }[outcome];
    const good = outcome === "done";
    const where = theirs ? html`<strong>${theirs}</strong>: ` : nothing;
    return html`<li class=${good ? "good" : "mistake"}>${icon(good ? "ok" : outcome === "refused" ? "fault" : "lost")} ${where}${words ? words() : t("adapter_not_tried")}</li>`;
  }

  async #test() {
    this.busy = true;
    this.told = null;
    this.told = await testAdapter({ settings: this.edited, index: this.index });
    this.busy = false;
  }
}
customElements.define("ember-adapter-test", EmberAdapterTest);
