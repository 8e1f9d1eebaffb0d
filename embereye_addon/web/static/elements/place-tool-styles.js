// @ts-check
// How the tool for four places looks.
import { css } from "lit";

export const placeStyles = css`
  .open {
    margin: 0 0.85rem 0.8rem;
  }
  dialog {
    width: min(1100px, 96vw);
    max-height: 94vh;
    padding: 1rem 1.2rem;
    border: 1px solid var(--ee-line);
    border-radius: 12px;
    background: var(--ee-card);
    color: var(--ee-text);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 55%);
  }
  header,
  .row {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem 0.9rem;
    align-items: center;
  }
  header {
    justify-content: space-between;
  }
  .row {
    margin-top: 0.8rem;
  }
  .both {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr));
    gap: 1rem;
    margin-top: 0.8rem;
  }
  h3 {
    font-size: 0.9rem;
    margin-bottom: 0.3rem;
  }
  .stage {
    position: relative;
    aspect-ratio: 4 / 3;
    background: #0b0e12;
    border-radius: 8px;
    overflow: hidden;
    touch-action: none;
  }
  .stage img,
  .stage canvas {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    display: block;
  }
  .stage canvas[hidden] {
    display: none;
  }
  .stage .none {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    padding: 1rem;
    text-align: center;
    color: #d5dce3;
  }
  .stage svg {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    pointer-events: none;
  }
  polygon {
    fill: none;
    stroke: #fff;
    stroke-width: 2;
    stroke-dasharray: 6 5;
    vector-effect: non-scaling-stroke;
  }
  .handle {
    position: absolute;
    width: 32px;
    height: 32px;
    min-height: 0;
    margin: -16px 0 0 -16px;
    padding: 0;
    border-radius: 50%;
    border: 2px solid #fff;
    background: rgb(12 80 150 / 75%);
    color: #fff;
    font-weight: 700;
    cursor: grab;
    touch-action: none;
  }
  .handle:hover,
  .handle:focus-visible {
    background: rgb(12 80 150);
  }
  header select {
    width: auto;
  }
  .wrong {
    color: var(--ee-alarm);
    font-weight: 600;
  }
  .done {
    color: var(--ee-normal);
    font-weight: 600;
  }
`;
