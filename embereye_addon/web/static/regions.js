// @ts-check
// Regions of a camera's picture: lines such as "exclude oven: 0.1,0.5 0.3,0.5 0.3,0.9", and how they are drawn.
import { css, nothing, svg, html } from "lit";

/** @typedef {{kind: string, name: string, points: [number, number][]}} Region */

export const KINDS = ["exclude", "include", "privacy"];
export const POINTS_MAX = 32;

export const regionStyles = css`
  svg.regions {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    display: block;
  }
  polygon,
  polyline {
    stroke-width: 2;
    vector-effect: non-scaling-stroke;
    stroke-linejoin: round;
  }
  .exclude {
    stroke: #ffb02e;
    fill: rgb(255 176 46 / 25%);
  }
  .include {
    stroke: #3ddc84;
    fill: rgb(61 220 132 / 18%);
  }
  .privacy {
    stroke: #b9c2cc;
    fill: rgb(90 98 106 / 80%);
  }
`;

/**
 * The region of a line; null when it is none.
 * @param {string} line
 * @returns {Region | null}
 */
export function parsed(line) {
  const found = /^([a-z]+) +([^:]*[^:\s]) *: *(.*)$/.exec(line.trim());
  if (!found) return null;
  const points = found[3].split(/\s+/).map((pair) => /** @type {[number, number]} */ (pair.split(",").map(Number)));
  const good = points.every((point) => point.length === 2 && point.every(Number.isFinite));
  return KINDS.includes(found[1]) && good ? { kind: found[1], name: found[2], points } : null;
}

/**
 * The line of a region.
 * @param {Region} region
 */
export function written({ kind, name, points }) {
  return `${kind} ${name}: ${points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ")}`;
}

/** Of a picture's side, four digits are a pixel of the largest. @param {number} value */
function round(value) {
  return String(Math.round(Math.min(1, Math.max(0, value)) * 10000) / 10000);
}

/**
 * Regions over a picture of the same place and size.
 * @param {string[]} lines
 */
export function outlines(lines) {
  const found = lines.map(parsed).filter((region) => region !== null);
  if (!found.length) return nothing;
  return html`<svg class="regions" viewBox="0 0 1000 1000" preserveAspectRatio="none" aria-hidden="true">
    ${found.map((region) => shape(region))}
  </svg>`;
}

/** @param {Region} region */
export function shape({ kind, points }) {
  return svg`<polygon class=${kind} points=${points.map(([x, y]) => `${x * 1000},${y * 1000}`).join(" ")}></polygon>`;
}
