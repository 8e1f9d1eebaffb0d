// @ts-check
// The points behind a zone's sum: what each measured, and its share.
import { LitElement, css, html } from "lit";
import { shared } from "../styles.js";
import { known, number, t } from "../words.js";

/**
 * A point's name in words: `cam.hall.flame` is "Camera hall".
 * @param {string} point
 * @param {Record<string, string>} names by source
 */
export function pointName(point, names) {
  const source = point.slice(0, point.lastIndexOf("."));
  return names[source] ?? names[point] ?? point;
}

export class EmberShares extends LitElement {
  static properties = { shares: { attribute: false }, names: { attribute: false } };

  static styles = [
    shared,
    css`
      .share {
        display: inline-block;
        width: 3.2rem;
        height: 7px;
        margin-right: 0.4rem;
        border-radius: 4px;
        background: var(--ee-sunken);
        vertical-align: middle;
        overflow: hidden;
      }
      .share i {
        display: block;
        height: 100%;
        background: var(--ee-plot);
      }
      td:first-child {
        overflow-wrap: anywhere;
      }
      th:last-child,
      td:last-child {
        padding-right: 0;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").Share[]} */
    this.shares = [];
    /** @type {Record<string, string>} */
    this.names = {};
  }

  render() {
    return html`<table>
      <thead>
        <tr>
          <th scope="col">${t("point")}</th>
          <th scope="col" class="right">${t("value")}</th>
          <th scope="col" class="right">${t("share")}</th>
        </tr>
      </thead>
      <tbody>
        ${this.shares.map((share) => this.#row(share))}
      </tbody>
    </table>`;
  }

  /** @param {import("../store.js").Share} share */
  #row(share) {
    const percent = 100 * share.share;
    return html`<tr>
      <td>
        <strong>${share.point.endsWith(".place") ? t("same_place") : known(`kind_${share.kind}`, share.kind)}</strong><br /><span class="muted">${pointName(share.point, this.names)}</span>
      </td>
      <td class="right">${number(share.value, 1)} ${share.unit}</td>
      <td class="right">
        <span class="share" aria-hidden="true"><i .style=${`width: ${percent}%`}></i></span>${number(percent)} %<br />
        <span class="muted">${t("nats", { n: number(share.nats, 1) })}</span>
      </td>
    </tr>`;
  }
}
customElements.define("ember-shares", EmberShares);
