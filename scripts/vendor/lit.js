// All of lit that the page uses, as one module.
export * from "lit";
export { repeat } from "lit/directives/repeat.js";
