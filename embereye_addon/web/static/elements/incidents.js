// @ts-check
// What belongs together: each open incident with its alarms in order, who saw it first, and who came after.
import { LitElement, css, html, nothing } from "lit";
import { icon } from "../icons.js";
import { shared } from "../styles.js";
import { ago, clock, known, number, t } from "../words.js";

/** Rows of a timeline shown before the rest is asked for. */
const SHOWN = 6;

export class EmberIncidents extends LitElement {
  static properties = { incidents: { attribute: false }, names: { attribute: false }, now: { type: Number } };

  static styles = [
    shared,
    css`
      .card {
        border-left: 6px solid var(--ee-pre-solid);
        padding: 0.8rem 1rem;
      }
      .card + .card {
        margin-top: 0.8rem;
      }
      .card.alarm,
      .card.confirmed,
      .card.spreading {
        border-left-color: var(--ee-alarm-solid);
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.3rem 0.8rem;
      }
      h2 {
        font-size: 1.1rem;
      }
      ol {
        margin: 0.5rem 0 0;
        padding: 0;
        list-style: none;
        font-size: 0.9rem;
      }
      li {
        display: grid;
        grid-template-columns: 6.5rem minmax(0, 1fr);
        gap: 0.1rem 0.8rem;
        padding: 0.25rem 0;
        border-top: 1px solid var(--ee-line);
      }
      .over {
        color: var(--ee-muted);
      }
      summary {
        padding: 0.35rem 0;
        cursor: pointer;
        font-weight: 600;
        font-size: 0.9rem;
      }
      @media (max-width: 480px) {
        li {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").Incident[]} */
    this.incidents = [];
    /** @type {Record<string, string>} */
    this.names = {};
    this.now = 0;
  }

  render() {
    const newest = [...this.incidents].sort((one, other) => other.changed - one.changed);
    return newest.map((incident) => this.#incident(incident));
  }

  /** @param {import("../store.js").Incident} incident */
  #incident(incident) {
    const zones = [...new Set(incident.alarms.map((alarm) => alarm.name))];
    const first = incident.points[0];
    const grave = incident.severity === "pre_alarm" ? "pre_alarm" : "alarm";
    const rows = this.#rows(incident);
    return html`<section class="card ${incident.severity}" aria-label=${t("incident_of", { zones: zones.join(", ") })}>
      <header>
        <h2>${t("incident_of", { zones: zones.slice(0, 5).join(", ") + (zones.length > 5 ? " …" : "") })}</h2>
        <span class="chip ${grave}">${icon(grave)} ${t(`severity_${incident.severity}`)}</span>
        ${incident.state === "acknowledged" ? html`<span class="chip">${icon("hand")} ${t("acknowledged")}</span>` : nothing}
        <span class="muted small number">${t("since", { when: clock(incident.began), ago: ago(this.now - incident.began) })}</span>
      </header>
      <p class="small">
        ${first ? t("incident_first", { point: this.#point(first.point), when: clock(first.at) }) : nothing}
        ${t("incident_counts", { alarms: number(incident.alarms.length + incident.left_out), points: number(incident.points.length) })}
      </p>
      <ol>
        ${rows.slice(0, SHOWN)}
      </ol>
      ${rows.length > SHOWN
        ? html`<details>
            <summary>${t("incident_more", { n: rows.length - SHOWN })}</summary>
            <ol>
              ${rows.slice(SHOWN)}
            </ol>
          </details>`
        : nothing}
    </section>`;
  }

  /** Alarms and points in the order in which they came. @param {import("../store.js").Incident} incident */
  #rows(incident) {
    const zones = Object.fromEntries(incident.alarms.map((alarm) => [alarm.zone, alarm.name]));
    const alarms = incident.alarms.map((alarm) => ({
      at: alarm.began,
      row: html`<li class=${alarm.ended ? "over" : ""}>
        <span class="number">${clock(alarm.began)}</span>
        <span><strong>${t(`state_${alarm.level}`)}</strong> ${alarm.name}${alarm.ended ? html` · ${t("incident_ended", { when: clock(alarm.ended) })}` : nothing}</span>
      </li>`,
    }));
    const points = incident.points.map((point) => ({
      at: point.at,
      row: html`<li>
        <span class="number">${clock(point.at)}</span>
        <span>${this.#point(point.point)}: ${known(`kind_${point.kind}`, point.kind)} ${number(point.value, 0)} ${point.unit} <span class="muted">${zones[point.zone] ?? point.zone}</span></span>
      </li>`,
    }));
    return [...alarms, ...points].sort((one, other) => one.at - other.at).map(({ row }) => row);
  }

  /** A point by the name of its camera or PF device. @param {string} point */
  #point(point) {
    const cut = point.lastIndexOf(".");
    const [source, what] = [point.slice(0, cut), point.slice(cut + 1)];
    return `${this.names[source] ?? source} (${known(`point_${what}`, what)})`;
  }
}
customElements.define("ember-incidents", EmberIncidents);
