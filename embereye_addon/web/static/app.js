// @ts-check
// The page: it holds the store and lays out the elements, one row of tiles a zone, the worst zone first.
import { LitElement, css, html, nothing, repeat } from "lit";
import "./elements/alarm-history.js";
import "./elements/banner.js";
import "./elements/camera-tile.js";
import "./elements/device-history.js";
import "./elements/device-tile.js";
import "./elements/external-tile.js";
import "./elements/faults-list.js";
import "./elements/incidents.js";
import "./elements/models-page.js";
import "./elements/pending-list.js";
import "./elements/processes.js";
import "./elements/settings-page.js";
import "./elements/zone-card.js";
import { tiesOf } from "./heat-over.js";
import { Live } from "./live.js";
import { Store } from "./store.js";
import { shared } from "./styles.js";
import { follow } from "./theme.js";
import { load, t } from "./words.js";

/** What the page can show; the first one is shown unless the address names another. */
const VIEWS = ["overview", "settings", "models"];
const RANK = { alarm: 0, pre_alarm: 1, normal: 2 };

class EmberPage extends LitElement {
  static properties = { tick: { state: true }, view: { state: true } };

  static styles = [
    shared,
    css`
      :host {
        max-width: 1500px;
        margin: 0 auto;
        padding: 1rem clamp(0.6rem, 2vw, 1.6rem) 2rem;
      }
      .top {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        justify-content: space-between;
        gap: 0.2rem 1rem;
        margin: 0 0.2rem 0.7rem;
      }
      .views {
        display: flex;
        gap: 0.3rem;
        margin: 0 0 0.8rem;
        border-bottom: 1px solid var(--ee-line);
        overflow-x: auto;
      }
      .views a {
        padding: 0.5rem 0.9rem;
        color: var(--ee-muted);
        font-weight: 600;
        text-decoration: none;
        border-bottom: 3px solid transparent;
      }
      .views a[aria-current="page"] {
        color: var(--ee-text);
        border-color: var(--ee-accent);
      }
      h1 {
        margin: 0;
        font-size: 1.2rem;
      }
      .site {
        display: flex;
        flex-direction: column;
        gap: 1.1rem;
        margin-top: 1.1rem;
      }
      .doubtful {
        filter: grayscale(1);
      }
      .zone {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 1rem;
      }
      .things {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr));
        gap: 1rem;
        align-content: start;
      }
      ember-device-history {
        grid-column: 1 / -1;
      }
      @media (min-width: 1020px) {
        .zone {
          grid-template-columns: minmax(330px, 1fr) minmax(0, 2fr);
        }
      }
      footer {
        margin-top: 1.2rem;
        text-align: center;
      }
    `,
  ];

  constructor() {
    super();
    this.store = new Store();
    this.tick = 0;
    this.drawn = false;
    this.view = named();
    window.addEventListener("hashchange", () => (this.view = named()));
    /** @type {{site: unknown, names: Record<string, string>}} */
    this.named = { site: null, names: {} };
    this.store.addEventListener("change", () => this.tick++);
    setInterval(() => this.tick++, 1000);
    new Live(this.store).start();
  }

  firstUpdated() {
    this.replaceChildren();
  }

  render() {
    const { state, doubt } = this.store;
    const now = this.store.now();
    const panel = state?.panel ?? null;
    const name = state?.site.name ?? "EmberEye";
    document.title = doubt ? `⚠ ${name}` : `${t(`title_${panel?.state}`)}${name}`;
    return html`
      <header class="top">
        <h1>${name}</h1>
        <span class="muted small">${t("supplements")}</span>
      </header>
      <nav class="views" aria-label=${t("views")}>
        ${VIEWS.map((view) => html`<a href="#${view}" aria-current=${view === this.view ? "page" : "false"}>${t(view)}</a>`)}
      </nav>
      <main>
        <ember-banner .panel=${panel} .doubt=${doubt} .heardAt=${this.store.heardAt} .now=${now}></ember-banner>
        ${this.#shown(state, doubt, now)}
      </main>
      <footer class="muted small">EmberEye ${state?.site.version ?? ""} · ${t("supplements_more")}</footer>
    `;
  }

  /**
   * @param {import("./store.js").State | null} state
   * @param {string} doubt
   * @param {number} now
   */
  #shown(state, doubt, now) {
    if (this.view === "settings") return html`<ember-settings class="site"></ember-settings>`;
    if (this.view === "models") return html`<ember-models class="site" .notices=${notices(state)}></ember-models>`;
    return state ? this.#site(state, doubt, now) : nothing;
  }

  /**
   * @param {import("./store.js").State} state
   * @param {string} doubt
   * @param {number} now
   */
  #site(state, doubt, now) {
    const names = this.#names(state);
    const zones = [...(state.panel?.zones ?? [])].sort((one, other) => RANK[one.state] - RANK[other.state]);
    const incidents = state.panel?.incidents ?? [];
    return html`<div class="site ${doubt ? "doubtful" : ""}">
      ${incidents.length ? html`<ember-incidents .incidents=${incidents} .names=${names} .now=${now}></ember-incidents>` : nothing}
      ${repeat(
        zones,
        (zone) => zone.zone,
        (zone) => this.#zone(state, zone, names, now),
      )}
      <ember-alarms .names=${names} .last=${state.panel?.last_alarm_id ?? ""}></ember-alarms>
      <ember-faults .faults=${state.panel?.faults ?? []} .names=${names} .now=${now}></ember-faults>
      <ember-pending .devices=${state.pending?.devices ?? []} .zones=${state.site.zones} .now=${now}></ember-pending>
      <ember-processes .processes=${state.processes} .now=${now}></ember-processes>
    </div>`;
  }

  /**
   * @param {import("./store.js").State} state
   * @param {import("./store.js").ZoneStatus} zone
   * @param {Record<string, string>} names
   * @param {number} now
   */
  #zone(state, zone, names, now) {
    /** @template {{zone: string}} T @param {Record<string, T>} things @returns {[string, T][]} */
    const here = (things) => Object.entries(things).filter(([, thing]) => thing.zone === zone.zone);
    return html`<div class="zone">
      <ember-zone-card
        .zone=${zone}
        .belief=${state.beliefs[zone.zone]}
        .names=${names}
        .devices=${state.devices}
        .silenced=${state.panel?.silenced ?? false}
        .now=${now}
        .blind=${state.panel?.faults.find((one) => one.code === "zone_blind" && one.about === `zone.${zone.zone}`)}
        .out=${state.panel?.disablements.find((each) => each.about === zone.zone && each.what === "disabled")}
        .place=${state.site.zones.find((each) => each.id === zone.zone)}
        .night=${state.panel?.night ?? false}
      ></ember-zone-card>
      <div class="things">
        ${repeat(
          here(state.cameras),
          ([ident]) => ident,
          ([ident, camera]) => html`<ember-camera-tile .ident=${ident} .camera=${camera} .heat=${tiesOf(ident, state.devices)} .now=${now}></ember-camera-tile>`,
        )}
        ${repeat(
          here(state.devices),
          ([ident]) => ident,
          ([ident, device]) => html`<ember-device-tile .ident=${ident} .device=${device} .cameras=${state.cameras} .now=${now}></ember-device-tile>`,
        )}
        ${repeat(
          here(state.externals),
          ([ident]) => ident,
          ([, external]) => html`<ember-external-tile .external=${external}></ember-external-tile>`,
        )}
        ${repeat(
          here(state.devices),
          ([ident]) => ident,
          ([ident, device]) => html`<ember-device-history .ident=${ident} .device=${device} .now=${now}></ember-device-history>`,
        )}
      </div>
    </div>`;
  }

  /** The names of all cameras, PF devices and externals by source; made once for each state from the start. @param {import("./store.js").State} state */
  #names(state) {
    if (this.named.site !== state.site) {
      const names = Object.fromEntries([
        ...Object.entries(state.cameras).map(([ident, camera]) => [`cam.${ident}`, camera.name]),
        ...Object.entries(state.devices).map(([ident, device]) => [`pf.${ident}`, device.name]),
        ...Object.entries(state.externals).map(([ident, external]) => [`ext.${ident}`, external.name]),
        ...state.site.zones.map((zone) => [`zone.${zone.id}`, zone.name]),
      ]);
      this.named = { site: state.site, names };
    }
    return this.named.names;
  }
}

/** What the processes say of how the model runs here, each sentence once. @param {import("./store.js").State | null} state */
function notices(state) {
  return [...new Set(Object.values(state?.processes ?? {}).flatMap((process) => process.notices ?? []))];
}

/** The view that the address names. */
function named() {
  const name = location.hash.slice(1);
  return VIEWS.includes(name) ? name : VIEWS[0];
}

/** A token in the address has become a cookie by now; it need not stay in the history. */
function tidyAddress() {
  const address = new URL(location.href);
  if (!address.searchParams.has("token")) return;
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

tidyAddress();
follow();
await load();
customElements.define("ember-page", EmberPage);
