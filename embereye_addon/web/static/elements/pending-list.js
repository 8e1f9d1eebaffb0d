// @ts-check
// PF devices that wait for approval: who they say they are, and the form that takes one in.
import { LitElement, css, html, nothing } from "lit";
import { approve } from "../api.js";
import { icon } from "../icons.js";
import { shared } from "../styles.js";
import { ago, clock, known, t } from "../words.js";

export class EmberPending extends LitElement {
  static properties = {
    devices: { attribute: false },
    zones: { attribute: false },
    now: { type: Number },
    busy: { state: true },
    answer: { state: true },
  };

  static styles = [
    shared,
    css`
      .card {
        padding: 0.8rem 1rem;
        border-color: var(--ee-pre-solid);
      }
      h2 {
        font-size: 1.05rem;
        margin-bottom: 0.3rem;
      }
      li {
        padding: 0.5rem 0;
        border-top: 1px solid var(--ee-line);
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      .who {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      form {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        gap: 0.5rem;
        margin-top: 0.4rem;
      }
      label {
        display: grid;
        font-size: 0.85rem;
        color: var(--ee-muted);
      }
      input,
      select {
        font: inherit;
        min-height: 40px;
        padding: 0.3rem 0.5rem;
        color: var(--ee-text);
        background: var(--ee-card);
        border: 1px solid var(--ee-muted);
        border-radius: 8px;
      }
      .answer {
        font-weight: 600;
        padding-top: 0.4rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").PendingDevice[]} */
    this.devices = [];
    /** @type {{id: string, name: string}[]} */
    this.zones = [];
    this.now = 0;
    this.busy = false;
    this.answer = "";
  }

  render() {
    if (!this.devices.length && !this.answer) return nothing;
    return html`<section class="card" aria-labelledby="pending">
      <h2 id="pending">${icon("fault")} ${t("pending_n", { n: this.devices.length })}</h2>
      <ul>
        ${this.devices.map((device) => this.#row(device))}
      </ul>
      ${this.answer ? html`<p class="answer" role="status">${this.answer}</p>` : nothing}
    </section>`;
  }

  /** @param {import("../store.js").PendingDevice} device */
  #row(device) {
    const chip = device.sensor_id ? t("pending_chip", { chip: device.sensor_id }) : "";
    const when = t("since", { when: clock(device.first_seen), ago: ago(this.now - device.first_seen) });
    return html`<li>
      <p>${t("pending_one")} <span class="who">${device.identity}</span>, ${device.address} ${chip}
        <span class="muted small number">${when}</span></p>
      ${device.double ? html`<p class="muted small">${t("pending_double")}</p>` : nothing}
      <form @submit=${(/** @type {SubmitEvent} */ event) => this.#send(event, device)}>
        <label>${t("pending_id")}<input name="id" required maxlength="40" pattern="[a-z0-9][a-z0-9_\\-]*" /></label>
        <label>${t("pending_name")}<input name="name" required maxlength="64" /></label>
        <label
          >${t("pending_zone")}<select name="zone">
            ${this.zones.map((zone) => html`<option value=${zone.id}>${zone.name}</option>`)}
          </select></label
        >
        <button ?disabled=${this.busy}>${t("pending_approve")}</button>
      </form>
    </li>`;
  }

  /**
   * The chip's number says most surely who it is; a serial number or address where there is none yet.
   * @param {SubmitEvent} event
   * @param {import("../store.js").PendingDevice} device
   */
  async #send(event, device) {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.busy = true;
    const done = await approve({
      identity: device.sensor_id || (device.double ? device.address : device.identity),
      id: String(given.get("id") ?? ""),
      name: String(given.get("name") ?? ""),
      zone: String(given.get("zone") ?? ""),
    });
    this.busy = false;
    this.answer = done.ok ? t("pending_done") : t("refused", { why: known(done.why, done.why) });
  }
}
customElements.define("ember-pending", EmberPending);
