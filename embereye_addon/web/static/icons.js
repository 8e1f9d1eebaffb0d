// @ts-check
// The few icons of the page; each state has a shape of its own, so that colour is never the only sign.
import { svg, html } from "lit";

const SHAPES = {
  normal: svg`<path d="M12 2 4 5v6c0 5 3.400 9.300 8 11 4.600-1.700 8-6 8-11V5l-8-3zm-1.200 13.600L7 11.800l1.500-1.500 2.300 2.300 4.800-4.800L17.100 9.300l-6.300 6.300z"/>`,
  pre_alarm: svg`<path d="M12 2 1 21h22L12 2zm1 16h-2v-2h2v2zm0-4h-2V9h2v5z"/>`,
  alarm: svg`<path d="M12.500 1c.9 4-4.300 6.200-4.300 11.200a3.900 3.900 0 0 0 7.800 0c0-1.600-.7-2.900-.7-2.900 2.900 1.500 4.700 4 4.700 6.900A8 8 0 0 1 4 16.200C4 9.600 11.400 7.400 12.500 1z"/>`,
  fault: svg`<path d="M21.700 18.200 13 9.500a5.500 5.500 0 0 0-7.100-7L9 5.600 5.600 9 2.500 5.900a5.500 5.500 0 0 0 7 7.100l8.700 8.700a1.400 1.400 0 0 0 2 0l1.500-1.500a1.400 1.400 0 0 0 0-2z"/>`,
  lost: svg`<path d="m3.300 2-1.300 1.300 4 4A14 14 0 0 0 1.700 10l2 2.300a11 11 0 0 1 4.600-2.700l2.300 2.300a8 8 0 0 0-4.800 2.700L8 17a5.300 5.300 0 0 1 5.500-2.200L20.700 22l1.300-1.300L3.300 2zM12 18a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM12 6c-.6 0-1.100 0-1.700.1l2.900 2.900a11 11 0 0 1 7.100 3.300l2-2.300A14.500 14.500 0 0 0 12 6z"/>`,
  ok: svg`<path d="M9.500 16.600 5 12.100l1.500-1.500 3 3 8-8L19 7.100l-9.500 9.500z"/>`,
  hand: svg`<path d="M12 4.500C7 4.500 2.700 7.600 1 12c1.700 4.400 6 7.500 11 7.500s9.300-3.100 11-7.500c-1.700-4.400-6-7.500-11-7.500zm0 12.500a5 5 0 1 1 0-10 5 5 0 0 1 0 10zm0-8a3 3 0 1 0 0 6 3 3 0 0 0 0-6z"/>`,
  mute: svg`<path d="M16.500 12a4.500 4.500 0 0 0-2.500-4v2.200l2.400 2.400.1-.6zM3.300 2 2 3.300 7.700 9H3v6h4l5 5v-6.700l4.200 4.200c-.7.500-1.400.9-2.200 1.100v2.100a9 9 0 0 0 3.700-1.800l3 3 1.300-1.300L3.300 2zM12 4 9.900 6.100 12 8.200V4z"/>`,
};

/**
 * An icon beside words: nothing for a screen reader.
 * @param {keyof typeof SHAPES} name
 */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="currentColor">${SHAPES[name]}</svg>`;
}

/** @type {Record<string, keyof typeof SHAPES>} */
const LINKS = { online: "ok", degraded: "pre_alarm", connecting: "lost", offline: "lost", disabled: "mute" };

/**
 * The icon of a link's state.
 * @param {string} state
 */
export function linkIcon(state) {
  return icon(LINKS[state] ?? "lost");
}
