// @ts-check
// What was seen in a picture, drawn over it.
import { css, html, nothing, svg } from "lit";
import { known } from "./words.js";

/** @typedef {import("./store.js").Box} Box */

export const boxStyles = css`
  svg.boxes {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    display: block;
  }
  rect.box {
    fill: none;
    stroke-width: 1.5;
    vector-effect: non-scaling-stroke;
    stroke: #ff5a36;
  }
  rect.box.strongest {
    stroke-width: 3;
  }
  rect.plate {
    fill: #ff5a36;
  }
  rect.box.smoke {
    stroke: #5cc8ff;
  }
  rect.plate.smoke {
    fill: #5cc8ff;
  }
  text {
    font-family: system-ui, sans-serif;
    font-weight: 700;
    fill: #12161b;
  }
`;

/**
 * A box in words: "Flame 93 %".
 * @param {Box} box
 */
export function boxWords(box) {
  return `${known(`label_${box.label}`, box.label)} ${Math.round(100 * box.confidence)} %`;
}

/**
 * The boxes as a drawing of the picture's own size (px), to lie exactly over it. Only the strongest of a kind is named.
 * @param {Box[]} boxes
 * @param {[number, number]} size
 */
export function drawn(boxes, [width, height]) {
  if (!boxes.length) return nothing;
  const letter = Math.max(12, width / 26);
  const rising = [...boxes].sort((one, other) => one.confidence - other.confidence);
  const strongest = new Map(rising.map((box) => [box.label, box]));
  return html`<svg class="boxes" viewBox="0 0 ${width} ${height}" aria-hidden="true" font-size=${letter}>
    ${rising.map((box) => outline(box, width, height, strongest.get(box.label) === box))}
    ${[...strongest.values()].map((box) => label(box, width, height, letter))}
  </svg>`;
}

/** @param {Box} box */
function look(box) {
  return box.label === "smoke" ? "smoke" : "flame";
}

/**
 * @param {Box} box
 * @param {number} width
 * @param {number} height
 * @param {boolean} strongest
 */
function outline(box, width, height, strongest) {
  return svg`<rect
    class="box ${look(box)} ${strongest ? "strongest" : ""}"
    x=${box.left * width}
    y=${box.top * height}
    width=${(box.right - box.left) * width}
    height=${(box.bottom - box.top) * height}
  ></rect>`;
}

/**
 * @param {Box} box
 * @param {number} width
 * @param {number} height
 * @param {number} letter
 */
function label(box, width, height, letter) {
  const words = boxWords(box);
  const wide = (words.length * 0.64 + 0.6) * letter;
  const x = Math.max(0, Math.min(box.left * width, width - wide));
  const y = Math.max(0, box.top * height - 1.4 * letter);
  return svg`<rect class="plate ${look(box)}" x=${x} y=${y} width=${wide} height=${1.4 * letter}></rect>
    <text x=${x + 0.3 * letter} y=${y + 1.05 * letter}>${words}</text>`;
}
