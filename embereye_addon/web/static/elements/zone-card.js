// @ts-check
// One zone: its state, how near its evidence is to the thresholds, why it changed, and what an operator may do.
import { LitElement, css, html, nothing } from "lit";
import { command } from "../api.js";
import { icon } from "../icons.js";
import { tiesOf } from "../heat-over.js";
import { shared } from "../styles.js";
import { ago, clock, known, t } from "../words.js";
import "./evidence-picture.js";
import "./score-bar.js";
import "./service-menu.js";
import "./shares-table.js";

export class EmberZoneCard extends LitElement {
  static properties = {
    zone: { attribute: false },
    belief: { attribute: false },
    names: { attribute: false },
    silenced: { type: Boolean },
    out: { attribute: false },
    blind: { attribute: false },
    devices: { attribute: false },
    now: { type: Number },
    busy: { state: true },
    answer: { state: true },
  };

  static styles = [
    shared,
    css`
      .card {
        display: flex;
        flex-direction: column;
        height: 100%;
        border-top: 5px solid var(--ee-normal);
      }
      .card.blind {
        border-top-color: var(--ee-fault);
      }
      .card.pre_alarm {
        border-top-color: var(--ee-pre-solid);
      }
      .card.alarm {
        border-color: var(--ee-alarm-solid);
        box-shadow: 0 0 0 1px var(--ee-alarm-solid);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.4rem;
        padding: 0.8rem 1rem 0.2rem;
      }
      h2 {
        font-size: 1.15rem;
        overflow-wrap: anywhere;
      }
      .body {
        padding: 0 1rem 0.9rem;
        display: flex;
        flex-direction: column;
        gap: 0.7rem;
      }
      .since {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem 0.8rem;
        align-items: center;
      }
      .why {
        font-weight: 600;
      }
      .why::first-letter {
        text-transform: uppercase;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
      }
      .answer {
        padding: 0.5rem 0.75rem;
        border-radius: 8px;
        font-weight: 600;
        background: var(--ee-normal-soft);
        color: var(--ee-normal);
      }
      .answer.no {
        background: var(--ee-pre-soft);
        color: var(--ee-pre);
      }
      ember-evidence,
      .latched {
        margin-top: 0.6rem;
      }
      .quiet {
        color: var(--ee-normal);
        font-weight: 600;
        margin-bottom: 0.6rem;
      }
      ul {
        margin: 0.2rem 0 0;
        padding: 0;
        list-style: none;
        font-size: 0.9rem;
      }
      li {
        padding: 0.25rem 0;
        border-top: 1px solid var(--ee-line);
      }
      h3 {
        font-size: 0.85rem;
        color: var(--ee-muted);
        font-weight: 600;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").ZoneStatus | null} */
    this.zone = null;
    /** @type {import("../store.js").Belief | undefined} */
    this.belief = undefined;
    /** @type {Record<string, string>} */
    this.names = {};
    this.silenced = false;
    /** @type {import("../store.js").Disablement | undefined} */
    this.out = undefined;
    /** @type {import("../store.js").Place | undefined} */
    this.place = undefined;
    this.night = false;
    /** The fault that says that nothing here can see. @type {import("../store.js").Fault | undefined} */
    this.blind = undefined;
    /** @type {Record<string, import("../store.js").Device>} */
    this.devices = {};
    this.now = 0;
    this.busy = "";
    /** @type {{ok: boolean, text: string} | null} */
    this.answer = null;
  }

  render() {
    const zone = this.zone;
    if (!zone) return nothing;
    return html`<section class="card ${zone.state} ${this.blind ? "blind" : ""}" aria-label=${zone.name}>
      <header>
        <h2>${zone.name}</h2>
        ${this.#state(zone)}
      </header>
      <div class="body">
        ${this.blind ? html`<p class="trouble">${this.#named(this.blind.text)}</p>` : nothing}
        ${this.#since(zone)} ${this.#waits(zone)}
        <ember-score-bar .belief=${this.belief}></ember-score-bar>
        ${this.#why(zone)} ${zone.state === "normal" ? nothing : this.#actions(zone)}
        <ember-service .zone=${zone} .out=${this.out} .names=${this.names}></ember-service>
        ${this.answer
          ? html`<p class="answer ${this.answer.ok ? "" : "no"}" role="status">${this.answer.text}</p>`
          : nothing}
      </div>
    </section>`;
  }

  /** How it decides, and how long its outputs still wait. @param {import("../store.js").ZoneStatus} zone */
  #waits(zone) {
    const place = this.place;
    const words = place ? [t(`option_${place.profile}`), t(`option_${place.mode}`), this.night ? t("night") : t("day")] : [];
    const left = Math.max(0, Math.round(zone.waits_until - this.now));
    return html`<div class="small muted">${words.join(" · ")}</div>
      ${zone.waits_for ? html`<p class="why" role="status">${t(`waits_${zone.waits_for}`, { left })}</p>` : nothing}`;
  }

  /** Its state; where nothing can see, that instead of "normal". @param {import("../store.js").ZoneStatus} zone */
  #state(zone) {
    return this.blind && zone.state === "normal"
      ? html`<span class="chip fault">${icon("fault")} ${t("zone_blind")}</span>`
      : html`<span class="chip ${zone.state}">${icon(zone.state)} ${t(`state_${zone.state}`)}</span>`;
  }

  /** @param {import("../store.js").ZoneStatus} zone */
  #since(zone) {
    const since = zone.since ? t("since", { when: clock(zone.since), ago: ago(this.now - zone.since) }) : t("no_event");
    return html`<div class="since small">
      <span class="muted number">${since}</span>
      ${zone.acknowledged ? html`<span class="chip">${icon("hand")} ${t("acknowledged")}</span>` : nothing}
      ${this.silenced && zone.state !== "normal"
        ? html`<span class="chip">${icon("mute")} ${t("silenced")}</span>`
        : nothing}
      ${zone.disabled ? html`<span class="chip fault">${t("disabled")}</span>` : nothing}
      ${zone.testing ? html`<span class="chip fault">${t("testing")}</span>` : nothing}
    </div>`;
  }

  /** Why it went into its state; in the normal state what evidence there is now. @param {import("../store.js").ZoneStatus} zone */
  #why(zone) {
    const why = zone.explanation;
    if (zone.state !== "normal" && why) {
      return html`<div>
        <h3>${t("why")}</h3>
        <p class="why">${this.#named(why.text)}</p>
        <ember-shares .shares=${why.shares} .names=${this.names}></ember-shares>
        ${this.#evidence(zone, why)} ${this.#latched(zone)}
      </div>`;
    }
    if (this.belief?.shares.length) {
      return html`<div>
        <h3>${t("evidence_now")}</h3>
        <ember-shares .shares=${this.belief.shares} .names=${this.names}></ember-shares>
      </div>`;
    }
    return this.#watching(zone);
  }

  /** What watches over the zone, by camera and PF device. @param {import("../store.js").ZoneStatus} zone */
  #watching(zone) {
    /** @type {Map<string, string[]>} */
    const sources = new Map();
    for (const point of zone.points) {
      const cut = point.lastIndexOf(".");
      const source = point.slice(0, cut);
      sources.set(source, [...(sources.get(source) ?? []), point.slice(cut + 1)]);
    }
    return html`<div>
      ${this.blind ? nothing : html`<p class="quiet">${icon("ok")} ${t("no_evidence")}</p>`}
      <h3>${t("points_n", { n: zone.points.length })}</h3>
      <ul>
        ${[...sources].map(
          ([source, points]) =>
            html`<li>
              ${this.names[source] ?? source}
              <span class="muted">${points.map((point) => known(`point_${point}`, point)).join(", ")}</span>
            </li>`,
        )}
      </ul>
    </div>`;
  }

  /** The picture of the camera with the greatest share. @param {import("../store.js").ZoneStatus} zone @param {import("../store.js").Explanation} why */
  #evidence(zone, why) {
    const point = why.shares.find((share) => share.point.startsWith("cam."))?.point;
    if (!point) return nothing;
    const source = point.slice(0, point.lastIndexOf("."));
    return html`<ember-evidence
      .ident=${source.slice("cam.".length)}
      .incident=${zone.alarm_id || String(zone.since)}
      .name=${this.names[source] ?? source}
      .ties=${tiesOf(source.slice("cam.".length), this.devices).map(({ ident, pairs }) => ({ ident, pairs }))}
    ></ember-evidence>`;
  }

  /** Why an alarm is still shown though its evidence has gone. @param {import("../store.js").ZoneStatus} zone */
  #latched(zone) {
    const gone = this.belief && this.belief.sum_nats < this.belief.pre_alarm_nats;
    return zone.state === "alarm" && gone ? html`<p class="muted small latched">${t("latched")}</p>` : nothing;
  }

  /** A text with the names of cameras and PF devices instead of their ids. @param {string} text */
  #named(text) {
    return text.replace(/\b((?:cam|pf)\.[A-Za-z0-9_-]+)(?:\.(\w+))?/g, (whole, source, point) => {
      const name = this.names[source];
      if (!name) return whole;
      return point ? `${name} (${known(`point_${point}`, point)})` : name;
    });
  }

  /** @param {import("../store.js").ZoneStatus} zone */
  #actions(zone) {
    const seen = zone.acknowledged;
    return html`<div class="actions">
      ${seen ? nothing : this.#button("acknowledge", "first")}
      ${this.silenced ? this.#button("resound") : this.#button("silence")} ${this.#button("reset")}
    </div>`;
  }

  /**
   * @param {"acknowledge" | "silence" | "resound" | "reset"} name
   * @param {string} [look]
   */
  #button(name, look = "") {
    return html`<button class=${look} ?disabled=${this.busy === name} @click=${() => this.#ask(name)}>${t(name)}</button>`;
  }

  /** @param {"acknowledge" | "silence" | "resound" | "reset"} name */
  async #ask(name) {
    this.busy = name;
    const done = await command(name, this.zone?.zone ?? "");
    this.busy = "";
    const answer = { ok: done.ok, text: done.ok ? done.why || t(`done_${name}`) : t("refused", { why: this.#named(known(done.why, done.why)) }) };
    this.answer = answer;
    setTimeout(() => this.answer === answer && (this.answer = null), 12000);
  }
}
customElements.define("ember-zone-card", EmberZoneCard);
