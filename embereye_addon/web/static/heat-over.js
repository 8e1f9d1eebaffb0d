// @ts-check
// The heat of a PF device over a camera's picture: where each place of the picture lies in the thermal grid.
import { COLUMNS, ROWS, colour, degrees, extremes } from "./heat.js";

/** @typedef {[number, number, number, number]} Pair x, y as fractions of the picture; column, row of the grid */
/** @typedef {{camera: string, pairs: Pair[]}} Tie */
/** @typedef {{pairs: Pair[], cells: string}} Heat cells as the server sends them */

const WIDE = 160;
const HIGH = 120;
/** What is this much of the scale or less stays nearly clear. */
const CLEAR = 0.15;
const SPAN_K = 20;

/**
 * The way from a place in the picture to columns and rows: nine numbers, the last of which is 1 in the middle of the
 * four places. null where they do not determine it.
 * @param {Pair[]} pairs
 * @returns {((x: number, y: number) => [number, number] | null) | null}
 */
export function way(pairs) {
  const [middleX, middleY] = [mean(pairs.map((pair) => pair[0])), mean(pairs.map((pair) => pair[1]))];
  const rows = pairs.flatMap(([px, py, column, row]) => {
    const [x, y] = [px - middleX, py - middleY];
    return [
      [x, y, 1, 0, 0, 0, -column * x, -column * y, column],
      [0, 0, 0, x, y, 1, -row * x, -row * y, row],
    ];
  });
  const h = pairs.length === 4 ? solved(rows) : null;
  if (!h) return null;
  return (px, py) => {
    const [x, y] = [px - middleX, py - middleY];
    const depth = h[6] * x + h[7] * y + 1;
    if (depth < 1e-6) return null;
    return [(h[0] * x + h[1] * y + h[2]) / depth, (h[3] * x + h[4] * y + h[5]) / depth];
  };
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Gauss's elimination with pivots; null where there is no one solution.
 * @param {number[][]} rows eight equations, the right side last
 */
function solved(rows) {
  const count = rows.length;
  for (let at = 0; at < count; at++) {
    const best = rows.slice(at).reduce((most, row, index) => (Math.abs(row[at]) > Math.abs(rows[at + most][at]) ? index : most), 0);
    [rows[at], rows[at + best]] = [rows[at + best], rows[at]];
    if (Math.abs(rows[at][at]) < 1e-9) return null;
    for (let other = 0; other < count; other++) {
      if (other === at) continue;
      const share = rows[other][at] / rows[at][at];
      rows[other] = rows[other].map((value, index) => value - share * rows[at][index]);
    }
  }
  return rows.map((row, index) => row[count] / row[index]);
}

/**
 * Paint heat onto a canvas that lies exactly over the picture; what the device does not see stays clear.
 * @param {HTMLCanvasElement} canvas
 * @param {Heat[]} heats
 * @param {[number, number]} size of the picture (px), for its proportions
 */
export function paintOver(canvas, heats, size) {
  const [wide, high] = [WIDE, Math.max(1, Math.round((WIDE * size[1]) / size[0]) || HIGH)];
  if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(wide, high);
  for (const heat of heats) lay(image, heat);
  context.putImageData(image, 0, 0);
}

/**
 * @param {ImageData} image
 * @param {Heat} heat
 */
function lay(image, { pairs, cells }) {
  const [to, temps] = [way(pairs), degrees(cells)];
  if (!to || !temps.length) return;
  const { low, high } = extremes(temps);
  const span = Math.max(high - low, SPAN_K);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const at = to((x + 0.5) / image.width, (y + 0.5) / image.height);
      const value = at ? between(temps, at) : NaN;
      if (Number.isNaN(value)) continue;
      const place = (value - low) / span;
      image.data.set([...colour(place), 255 * (place < CLEAR ? 0.18 : 0.35 + 0.35 * place)], 4 * (y * image.width + x));
    }
  }
}

/**
 * The temperature between four cells; NaN outside the grid or beside an invalid cell.
 * @param {Float32Array} temps
 * @param {[number, number]} at column and row; whole numbers are the middles of cells
 */
function between(temps, [column, row]) {
  if (!(column > -0.5 && column < COLUMNS - 0.5 && row > -0.5 && row < ROWS - 0.5)) return NaN;
  const [left, top] = [Math.min(COLUMNS - 2, Math.max(0, Math.floor(column))), Math.min(ROWS - 2, Math.max(0, Math.floor(row)))];
  const [right, down] = [Math.min(1, Math.max(0, column - left)), Math.min(1, Math.max(0, row - top))];
  const at = top * COLUMNS + left;
  const above = temps[at] + right * (temps[at + 1] - temps[at]);
  const below = temps[at + COLUMNS] + right * (temps[at + COLUMNS + 1] - temps[at + COLUMNS]);
  return above + down * (below - above);
}

/**
 * The PF devices that are tied to a camera, each with its four pairs and its newest cells.
 * @param {string} camera
 * @param {Record<string, import("./store.js").Device>} devices
 */
export function tiesOf(camera, devices) {
  return Object.entries(devices).flatMap(([ident, device]) =>
    device.seen_by.filter((tie) => tie.camera === camera).map(({ pairs }) => ({ ident, pairs, cells: device.thermal?.cells ?? "" })),
  );
}

/**
 * What is wrong with four places in one picture, as the key of a text; '' when nothing is.
 * @param {[number, number][]} places in fractions
 */
export function mistake(places) {
  const turns = places.map((one, n) => turn(one, places[(n + 1) % 4], places[(n + 2) % 4]));
  const heights = places.map((one, n) => {
    const three = [one, places[(n + 1) % 4], places[(n + 2) % 4]];
    const longest = Math.max(...three.map((a, k) => Math.hypot(a[0] - three[(k + 1) % 3][0], a[1] - three[(k + 1) % 3][1])));
    return longest ? Math.abs(turns[n]) / longest : 0;
  });
  if (Math.min(...heights) < 0.05) return "place_line";
  return turns.every((value) => value > 0) || turns.every((value) => value < 0) ? "" : "place_round";
}

/** @param {number[]} a @param {number[]} b @param {number[]} c */
function turn(a, b, c) {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/**
 * The line of the settings.
 * @param {string} camera
 * @param {Pair[]} pairs
 */
export function line(camera, pairs) {
  const text = (/** @type {number} */ value, /** @type {number} */ digits) => String(Number(value.toFixed(digits)));
  return `${camera}: ${pairs.map(([x, y, column, row]) => `${text(x, 4)},${text(y, 4)}=${text(column, 2)},${text(row, 2)}`).join(" ")}`;
}
