// @ts-check
// One detector from elsewhere: what it says, how it is heard, and where.
import { LitElement, css, html, nothing } from "lit";
import { linkIcon } from "../icons.js";
import { shared } from "../styles.js";
import { known, number, t } from "../words.js";

export class EmberExternalTile extends LitElement {
  static properties = { external: { attribute: false } };

  static styles = [
    shared,
    css`
      .topic {
        overflow-wrap: anywhere;
        padding: 0 0.85rem 0.7rem;
        margin: 0;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").External | null} */
    this.external = null;
  }

  render() {
    const external = this.external;
    if (!external) return nothing;
    const state = external.enabled ? (external.health?.state ?? "connecting") : "disabled";
    const words = external.health?.words ?? {};
    return html`<section class="card" aria-label=${external.name}>
      <div class="tile-head">
        <h3>${external.name}</h3>
        <span class="chip ${state}">${linkIcon(state)} ${t(`link_${state}`)}</span>
      </div>
      ${(external.health?.faults ?? []).map(([code, text]) => html`<p class="trouble">${text || known(`fault_${code}`, code)}</p>`)}
      <dl class="facts">
        <div><dt>${t(`kind_${external.kind}`)}</dt><dd>${known(`external_${words.state}`, t("external_unknown"))}</dd></div>
        <div><dt>${t("external_value")}</dt><dd>${words.value || "–"}${words.retained === "yes" ? html` (${t("external_retained")})` : nothing}</dd></div>
        <div><dt>${t("external_rejected")}</dt><dd>${number(external.health?.rejected, 0)}</dd></div>
      </dl>
      <p class="topic muted small">${words.topic ?? ""}</p>
    </section>`;
  }
}
customElements.define("ember-external-tile", EmberExternalTile);
