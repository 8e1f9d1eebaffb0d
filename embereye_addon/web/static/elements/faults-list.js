// @ts-check
// Every standing fault: what it is about, since when, and in words.
import { LitElement, css, html } from "lit";
import { icon } from "../icons.js";
import { shared } from "../styles.js";
import { ago, clock, t } from "../words.js";

export class EmberFaults extends LitElement {
  static properties = { faults: { attribute: false }, names: { attribute: false }, now: { type: Number } };

  static styles = [
    shared,
    css`
      .card {
        padding: 0.8rem 1rem;
      }
      .card.some {
        border-color: var(--ee-fault);
      }
      h2 {
        font-size: 1.05rem;
        margin-bottom: 0.3rem;
      }
      .some h2 {
        color: var(--ee-fault);
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        gap: 0.1rem 0.9rem;
        padding: 0.4rem 0;
        border-top: 1px solid var(--ee-line);
      }
      .what {
        font-weight: 600;
        min-width: 9rem;
      }
      .text {
        flex: 1 1 18rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").Fault[]} */
    this.faults = [];
    /** @type {Record<string, string>} */
    this.names = {};
    this.now = 0;
  }

  render() {
    const some = this.faults.length > 0;
    return html`<section class="card ${some ? "some" : ""}" aria-labelledby="faults">
      <h2 id="faults">${icon(some ? "fault" : "ok")} ${some ? t("faults_n", { n: this.faults.length }) : t("faults_none")}</h2>
      ${some
        ? html`<ul>
            ${this.faults.map((fault) => this.#row(fault))}
          </ul>`
        : html`<p class="muted small">${t("faults_none_more")}</p>`}
    </section>`;
  }

  /** @param {import("../store.js").Fault} fault */
  #row(fault) {
    return html`<li>
      <span class="what">${this.names[fault.about] ?? fault.about}</span>
      <span class="text">${fault.text}</span>
      <span class="muted small number">${t("since", { when: clock(fault.since), ago: ago(this.now - fault.since) })}</span>
    </li>`;
  }
}
customElements.define("ember-faults", EmberFaults);
