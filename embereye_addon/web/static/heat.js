// @ts-check
// A thermal frame as numbers and colours.

export const COLUMNS = 32;
export const ROWS = 24;
const INVALID = -32768;
/** A frame cannot carry more (int16 centi-degrees). */
export const MOST_C = 327.67;

/** Dark violet to pale yellow, even in brightness; [place, red, green, blue]. */
const STOPS = [
  [0.0, 8, 6, 32],
  [0.18, 62, 14, 92],
  [0.36, 130, 30, 106],
  [0.54, 196, 56, 78],
  [0.72, 238, 108, 40],
  [0.88, 250, 186, 52],
  [1.0, 252, 250, 190],
];

/**
 * The cells of a frame in °C, rows from the top; NaN where a cell is invalid. An empty array when unreadable.
 * @param {string} cells base64 of little-endian int16 centi-degrees
 */
export function degrees(cells) {
  const bytes = Uint8Array.from(atob(cells), (letter) => letter.charCodeAt(0));
  if (bytes.length !== 2 * COLUMNS * ROWS) return new Float32Array(0);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: COLUMNS * ROWS }, (_, index) => {
    const raw = view.getInt16(2 * index, true);
    return raw === INVALID ? NaN : raw / 100;
  });
}

/**
 * The coldest and hottest valid cell, and where the hottest is.
 * @param {Float32Array} cells
 */
export function extremes(cells) {
  let [low, high, at] = [Infinity, -Infinity, 0];
  cells.forEach((value, index) => {
    if (value < low) low = value;
    if (value > high) [high, at] = [value, index];
  });
  return { low, high, x: ((at % COLUMNS) + 0.5) / COLUMNS, y: (Math.floor(at / COLUMNS) + 0.5) / ROWS };
}

/**
 * The median of the valid cells: the surroundings, whatever is hot before them. NaN where there is none.
 * @param {Float32Array} cells
 */
export function median(cells) {
  const valid = cells.filter((value) => !Number.isNaN(value)).sort();
  return valid.length ? valid[valid.length >> 1] : NaN;
}

/**
 * The colour of a place on the scale.
 * @param {number} place 0 (cold) to 1 (hot)
 * @returns {[number, number, number]}
 */
export function colour(place) {
  const value = Math.min(1, Math.max(0, place));
  let above = STOPS.findIndex(([stop]) => stop >= value);
  if (above < 1) above = 1;
  const [low, high] = [STOPS[above - 1], STOPS[above]];
  const part = (value - low[0]) / (high[0] - low[0]);
  /** @param {number} channel */
  const mix = (channel) => Math.round(low[channel] + part * (high[channel] - low[channel]));
  return [mix(1), mix(2), mix(3)];
}

/**
 * Paint cells onto a canvas of any size, smoothed; invalid cells are grey.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} cells
 * @param {number} low °C
 * @param {number} high °C
 */
export function paint(canvas, cells, low, high) {
  const small = new OffscreenCanvas(COLUMNS, ROWS);
  const context = small.getContext("2d");
  const target = canvas.getContext("2d");
  if (!context || !target) return;
  const image = context.createImageData(COLUMNS, ROWS);
  cells.forEach((value, index) => {
    const [red, green, blue] = Number.isNaN(value) ? [128, 128, 128] : colour((value - low) / (high - low));
    image.data.set([red, green, blue, 255], 4 * index);
  });
  context.putImageData(image, 0, 0);
  target.imageSmoothingEnabled = true;
  target.imageSmoothingQuality = "high";
  target.drawImage(small, 0, 0, canvas.width, canvas.height);
}
