// @ts-check
// The processes behind the page: that they live, and what they use.
import { LitElement, css, html } from "lit";
import { icon } from "../icons.js";
import { shared } from "../styles.js";
import { ago, number, t } from "../words.js";

const SILENT_S = 10;

export class EmberProcesses extends LitElement {
  static properties = { processes: { attribute: false }, now: { type: Number } };

  static styles = [
    shared,
    css`
      details {
        padding: 0.7rem 1rem;
      }
      summary {
        cursor: pointer;
        font-weight: 600;
      }
      .scroll {
        overflow-x: auto;
        margin-top: 0.5rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Record<string, import("../store.js").Process>} */
    this.processes = {};
    this.now = 0;
  }

  render() {
    const rows = Object.values(this.processes).sort((one, other) => one.source.localeCompare(other.source));
    const silent = rows.filter((row) => this.now - row.at > SILENT_S).length;
    const memory = rows.reduce((sum, row) => sum + row.rss_mib, 0);
    return html`<details class="card">
      <summary>
        ${t("processes_n", { n: rows.length, memory: number(memory) })}${silent ? ` · ${t("processes_silent", { n: silent })}` : ""}
      </summary>
      <div class="scroll" role="region" tabindex="0" aria-label=${t("processes")}>
        <table>
          <thead>
            <tr>
              <th scope="col">${t("process")}</th>
              <th scope="col">${t("heard")}</th>
              <th scope="col" class="right">${t("memory")}</th>
              <th scope="col" class="right">CPU</th>
              <th scope="col" class="right">${t("lag")}</th>
            </tr>
          </thead>
          <tbody>
            ${rows.map((row) => this.#row(row))}
          </tbody>
        </table>
      </div>
    </details>`;
  }

  /** @param {import("../store.js").Process} row */
  #row(row) {
    const silence = this.now - row.at;
    return html`<tr>
      <td>${row.source}</td>
      <td>
        ${silence > SILENT_S
          ? html`<span class="chip fault">${icon("lost")} ${ago(silence)}</span>`
          : html`<span class="chip normal">${icon("ok")} ${t("lives")}</span>`}
      </td>
      <td class="right">${number(row.rss_mib)} MiB</td>
      <td class="right">${number(row.cpu_pct, 1)} %</td>
      <td class="right">${number(row.loop_lag_ms, 1)} ms</td>
    </tr>`;
  }
}
customElements.define("ember-processes", EmberProcesses);
