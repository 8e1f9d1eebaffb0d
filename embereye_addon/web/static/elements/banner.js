// @ts-check
// The site's state in words, colour and shape. What may be out of date is said before anything else.
import { LitElement, css, html, nothing } from "lit";
import { command } from "../api.js";
import { icon } from "../icons.js";
import { shared } from "../styles.js";
import { ago, clock, known, t } from "../words.js";

/** @typedef {"lost" | "alarm" | "pre_alarm" | "fault" | "normal"} Look */

/**
 * How the banner looks: doubt first, then the panel's state, then faults.
 * @param {import("../store.js").Panel | null} panel
 * @param {string} doubt
 * @returns {Look}
 */
export function lookOf(panel, doubt) {
  if (doubt || !panel) return "lost";
  if (panel.state !== "normal") return panel.state;
  return panel.faults.length ? "fault" : "normal";
}

export class EmberBanner extends LitElement {
  static properties = {
    panel: { attribute: false },
    doubt: {},
    heardAt: { type: Number },
    now: { type: Number },
    answer: { state: true },
  };

  static styles = [
    shared,
    css`
      :host([look="lost"]),
      :host([look="alarm"]),
      :host([look="pre_alarm"]) {
        position: sticky;
        top: 0.4rem;
        z-index: 2;
      }
      .banner {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.9rem 1.1rem;
        padding: 1rem 1.25rem;
        border-radius: 14px;
        border: 1px solid var(--ee-line);
        background: var(--ee-card);
        box-shadow: var(--ee-shadow);
      }
      .banner > .icon {
        width: 2.6rem;
        height: 2.6rem;
      }
      .words {
        flex: 1 1 16rem;
      }
      h2 {
        font-size: 1.45rem;
        line-height: 1.25;
        letter-spacing: 0.01em;
      }
      .normal > .icon,
      .normal h2 {
        color: var(--ee-normal);
      }
      .fault > .icon,
      .fault h2 {
        color: var(--ee-fault);
      }
      .fault {
        border-color: var(--ee-fault);
      }
      .pre_alarm {
        background: var(--ee-pre-solid);
        color: #fff;
        border-color: var(--ee-pre-solid);
      }
      .alarm {
        background: var(--ee-alarm-solid);
        color: #fff;
        border-color: var(--ee-alarm-solid);
      }
      .alarm h2 {
        font-size: 1.8rem;
      }
      .lost {
        background: repeating-linear-gradient(-45deg, #23272e 0 18px, #2e333b 18px 36px);
        color: #fff;
        border: 3px solid #ffd34d;
      }
      .lost h2 {
        color: #ffd34d;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
      }
      .actions button {
        background: transparent;
        color: inherit;
        border-color: currentcolor;
      }
      .actions button:hover {
        background: rgb(255 255 255 / 15%);
      }
      .answer {
        flex-basis: 100%;
        font-weight: 600;
      }
      .alarm > .icon {
        animation: breathe 1.6s ease-in-out infinite;
      }
      @keyframes breathe {
        50% {
          opacity: 0.45;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .alarm > .icon {
          animation: none;
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {import("../store.js").Panel | null} */
    this.panel = null;
    this.doubt = "lost";
    this.heardAt = 0;
    this.now = 0;
    this.answer = "";
  }

  /** What matters stays on the screen, however far down the page somebody reads. */
  willUpdate() {
    this.setAttribute("look", lookOf(this.panel, this.doubt));
  }

  render() {
    const look = lookOf(this.panel, this.doubt);
    return html`
      <div class="banner ${look}">
        ${icon(look)}
        <div class="words">
          <h2>${this.#title(look)}</h2>
          <p>${this.#detail(look)}</p>
        </div>
        ${look === "alarm" || look === "pre_alarm" ? this.#actions() : nothing}
        ${look !== "lost" && this.panel?.isolated ? this.#isolated() : nothing}
        ${this.answer ? html`<p class="answer" role="status">${this.answer}</p>` : nothing}
      </div>
      <p class="hidden-words" role="alert">${this.#spoken(look)}</p>
    `;
  }

  /** @param {Look} look */
  #title(look) {
    if (look !== "lost") return t(`banner_${look}`);
    return this.heardAt ? t(`doubt_${this.doubt}`) : t("doubt_first");
  }

  /** @param {Look} look */
  #detail(look) {
    if (look === "lost") {
      if (!this.heardAt) return t("doubt_first_more");
      const state = this.panel ? t(`banner_${this.panel.state}`) : t("unknown");
      return t("doubt_more", { when: clock(this.heardAt), state });
    }
    if (look === "normal") return t("banner_normal_more", { zones: this.panel?.zones.length ?? 0 });
    if (look === "fault") return t("banner_fault_more", { n: this.panel?.faults.length ?? 0 });
    const zones = this.panel?.zones.filter((zone) => zone.state === look) ?? [];
    const names = zones.map((zone) => zone.name).join(", ");
    const since = Math.min(...zones.map((zone) => zone.since));
    return `${names} · ${t("since", { when: clock(since), ago: ago(this.now - since) })}`;
  }

  /**
   * What a screen reader interrupts for; it changes only with the state, not with the clock.
   * @param {Look} look
   */
  #spoken(look) {
    if (look === "normal" || look === "fault") return "";
    const names = this.panel?.zones.filter((zone) => zone.state === look).map((zone) => zone.name) ?? [];
    return `${this.#title(look)} ${names.join(", ")}`;
  }

  #actions() {
    const silenced = this.panel?.silenced;
    return html`<div class="actions">
      <button @click=${() => this.#ask("acknowledge")}>${icon("hand")} ${t("acknowledge_all")}</button>
      ${silenced
        ? html`<button @click=${() => this.#ask("resound")}>${t("resound")}</button>`
        : html`<button @click=${() => this.#ask("silence")}>${icon("mute")} ${t("silence")}</button>`}
    </div>`;
  }

  /** Isolated outputs are said at the top for as long as they last. */
  #isolated() {
    const out = this.panel?.disablements.find((each) => each.about === "");
    return html`<div class="actions">
      <strong>${out?.until ? t("isolated_until", { until: clock(out.until) }) : t("isolated")}</strong>
      <button @click=${() => this.#ask("connect")}>${t("connect")}</button>
    </div>`;
  }

  /** @param {"acknowledge" | "silence" | "resound" | "connect"} name */
  async #ask(name) {
    const done = await command(name, "");
    this.answer = done.ok ? done.why || t(`done_${name}`) : t("refused", { why: known(done.why, done.why) });
    setTimeout(() => (this.answer = ""), 8000);
  }
}
customElements.define("ember-banner", EmberBanner);
