// @ts-check
// What the page knows. Values are replaced along their path, never changed, so that elements see by `===` what is new.

/** @typedef {{point: string, kind: string, value: number, unit: string, nats: number, share: number, where: string}} Share */
/** @typedef {{rule: string, text: string, sum_nats: number, threshold_nats: number, shares: Share[]}} Explanation */
/** @typedef {{zone: string, name: string, state: "normal" | "pre_alarm" | "alarm", since: number, alarm_id: string,
 *   acknowledged: boolean, disabled: boolean, testing: boolean, score_pct: number, explanation: Explanation | null,
 *   points: string[], test_until: number, responded: string[], driving: boolean, waits_until: number,
 *   waits_for: "" | "acknowledge" | "reset", commissioning: boolean, commissioning_since: number, pre_alarms_told: number,
 *   alarms_told: number}} ZoneStatus */
/** @typedef {{about: string, since: number, until: number, by: string, what: string}} Disablement */
/** @typedef {{code: string, about: string, since: number, text: string}} Fault */
/** @typedef {{state: "normal" | "pre_alarm" | "alarm", zones: ZoneStatus[], faults: Fault[], silenced: boolean,
 *   isolated: boolean, disablements: Disablement[], incidents: Incident[], at: number, night: boolean}} Panel */
/** @typedef {{id: string, severity: "pre_alarm" | "alarm" | "confirmed" | "spreading", state: string, began: number,
 *   changed: number, left_out: number,
 *   alarms: {id: string, zone: string, name: string, level: string, began: number, ended: number}[],
 *   points: {point: string, kind: string, zone: string, value: number, unit: string, at: number}[]}} Incident */
/** @typedef {{zone: string, sum_nats: number, pre_alarm_nats: number, alarm_nats: number, shares: Share[]}} Belief */
/** @typedef {{label: string, confidence: number, left: number, top: number, right: number, bottom: number}} Box */
/** @typedef {{at: number, boxes: Box[], look_ms: number, model: string}} Sighting */
/** @typedef {{at: number, state: string, rate_hz: number, latency_ms: number, dropped: number, reconnects: number,
 *   rejected: number, faults: [string, string][], words: Record<string, string>, rate_step: string}} Health */
/** @typedef {{name: string, zone: string, enabled: boolean, sighting?: Sighting, health?: Health}} Camera */
/** @typedef {{at: number, max_c: number, median_c: number, decide_ms: number,
 *   outside_px: number, saturated_px: number,
 *   clusters: {peak_c: number, area_px: number, x: number, y: number, rise_k_min: number}[]}} HotSpots */
/** @typedef {{at: number, cells: string, ambient_c: number, supply_v: number, outside: number[]} | null} Thermal */
/** @typedef {{channel: string, role: string, raw: number, baseline: number, change_sigma: number,
 *   warming_up: boolean, stuck: boolean, at: number, slope_per_min: number, change_pct: number, out_of_range: boolean,
 *   ppm: number | null, gas: string}} Reading */
/** @typedef {{name: string, zone: string, enabled: boolean, pre_c: number | null, alarm_c: number | null,
 *   seen_by: import("./heat-over.js").Tie[], hot_spots?: HotSpots, thermal?: Thermal, health?: Health, readings: Record<string, Reading>}} Device */
/** @typedef {{name: string, zone: string, kind: string, enabled: boolean, health?: Health}} External */
/** @typedef {{source: string, pid: number, rss_mib: number, cpu_pct: number, loop_lag_ms: number, at: number,
 *   started_at: number, notices?: string[]}} Process */
/** @typedef {{identity: string, address: string, first_seen: number, sensor_id: string, double: boolean}} PendingDevice */
/** @typedef {{id: string, name: string, sensitivity: string, profile: string, mode: string}} Place */
/** @typedef {{site: {name: string, version: string, zones: Place[]},
 *   panel: Panel | null, pending: {devices: PendingDevice[], refused: number} | null, beliefs: Record<string, Belief>, cameras: Record<string, Camera>,
 *   devices: Record<string, Device>, externals: Record<string, External>, processes: Record<string, Process>,
 *   beat: {utc_s: number, panel_age_s: number | null, bus: boolean}}} State */

/** `topology`: the longest silence of the panel. */
const PANEL_SILENCE_S = 15;

/** The state, whether it can be believed, and the server's clock. Fires "change". */
export class Store extends EventTarget {
  constructor() {
    super();
    /** @type {State | null} */
    this.state = null;
    this.connected = false;
    /** UTC seconds of the last word from the server. */
    this.heardAt = 0;
    this.offset = 0;
  }

  /** The server's UTC seconds now. */
  now() {
    return Date.now() / 1000 + this.offset;
  }

  /**
   * Take changes in order.
   * @param {[string[], any][]} changes
   */
  take(changes) {
    for (const [path, value] of changes) {
      if (path.length === 0) this.state = value;
      else if (this.state) this.state = /** @type {State} */ (put(this.state, path, value));
    }
    if (this.state) {
      this.connected = true;
      this.offset = this.state.beat.utc_s - Date.now() / 1000;
      this.heardAt = this.state.beat.utc_s;
    }
    this.dispatchEvent(new Event("change"));
  }

  /** The connection is gone. */
  lose() {
    this.connected = false;
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Why what is shown may be out of date, as a key of the texts; '' when it is current.
   * @returns {"" | "lost" | "bus_away" | "panel_silent" | "panel_unheard"}
   */
  get doubt() {
    if (!this.connected || !this.state) return "lost";
    if (!this.state.beat.bus) return "bus_away";
    if (this.state.beat.panel_age_s === null || !this.state.panel) return "panel_unheard";
    return this.state.beat.panel_age_s > PANEL_SILENCE_S ? "panel_silent" : "";
  }
}

/**
 * A copy of `tree` with `value` at `path`; a missing branch is made.
 * @param {any} tree
 * @param {string[]} path
 * @param {any} value
 * @returns {any}
 */
function put(tree, path, value) {
  const [key, ...rest] = path;
  return { ...tree, [key]: rest.length ? put(tree?.[key] ?? {}, rest, value) : value };
}
