// @ts-check
// The heat of a span of time that has passed, as it comes in piece by piece.
import { degrees, extremes, median } from "./heat.js";

/** A quiet device keeps a frame every ten seconds; after so long without one there is a gap. */
const GAP_S = 25;

/** @typedef {{at: number, cells: string, top: number, middle: number, lasts: number}} Moment */

/** Frames from `from` to `to` (UTC seconds), oldest first. */
export class Past {
  /**
   * @param {number} from
   * @param {number} to
   */
  constructor(from, to) {
    this.from = from;
    this.to = to;
    /** @type {Moment[]} */
    this.moments = [];
  }

  /** Take a piece that lies before or after all others. @param {import("./api.js").Past} piece */
  add(piece) {
    const lasts = Math.max(GAP_S, 2 * piece.step_s);
    const more = piece.frames.flatMap(({ at, cells }) => {
      const values = degrees(cells);
      const middle = median(values);
      return Number.isNaN(middle) ? [] : [{ at, cells, top: extremes(values).high, middle, lasts }];
    });
    this.moments = [...this.moments, ...more].sort((one, other) => one.at - other.at);
  }

  /** The number of the moment nearest to a time; -1 where there is none at all. @param {number} at */
  nearest(at) {
    let [low, high] = [0, this.moments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.moments[middle].at < at) low = middle + 1;
      else high = middle;
    }
    const [before, after] = [this.moments[low - 1], this.moments[low]];
    if (!after) return low - 1;
    return before && at - before.at < after.at - at ? low - 1 : low;
  }

  /** The moment at a time; undefined in a gap. @param {number} at */
  moment(at) {
    const found = this.moments[this.nearest(at)];
    return found && Math.abs(found.at - at) <= found.lasts ? found : undefined;
  }

  /** Times, hottest and median temperatures, with nothing where there are gaps. @returns {(number | null)[][]} */
  columns() {
    /** @type {(number | null)[][]} */
    const columns = [[this.from], [null], [null]];
    let before = this.from;
    for (const { at, top, middle, lasts } of this.moments) {
      if (at - before > lasts) this.#put(columns, at - 0.001, null, null);
      this.#put(columns, at, top, middle);
      before = at;
    }
    this.#put(columns, this.to + 0.001, null, null);
    return columns;
  }

  /**
   * @param {(number | null)[][]} columns
   * @param {...(number | null)} values
   */
  #put(columns, ...values) {
    values.forEach((value, index) => columns[index].push(value));
  }
}
