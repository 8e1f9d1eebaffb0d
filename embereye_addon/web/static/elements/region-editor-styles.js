// @ts-check
// How the editor of regions looks.
import { css } from "lit";

export const regionEditorStyles = css`
  .both {
    display: grid;
    gap: 1rem;
    margin-top: 0.4rem;
  }
  .stage {
    position: relative;
    background: #0b0e12;
    border-radius: 8px;
    width: 100%;
    touch-action: none;
  }
  .stage img {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    border-radius: 8px;
  }
  .stage svg.regions {
    cursor: crosshair;
  }
  .none {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    padding: 1rem;
    text-align: center;
    color: #d5dce3;
  }
  .handle {
    position: absolute;
    width: 28px;
    height: 28px;
    margin: -14px 0 0 -14px;
    cursor: grab;
    overflow: visible;
    border-radius: 50%;
    touch-action: none;
  }
  .handle circle {
    fill: #fff;
    stroke: #12161b;
    stroke-width: 2;
  }
  .handle.held circle {
    fill: #ffd34d;
  }
  .about {
    margin: 0.6rem 0;
  }
  ul {
    list-style: none;
    margin: 0 0 0.6rem;
    padding: 0;
  }
  li {
    display: grid;
    grid-template-columns: auto minmax(0, 8rem) minmax(0, 1fr) auto;
    align-items: center;
    gap: 0.5rem;
    padding: 0.4rem;
    border-radius: 8px;
  }
  li.chosen {
    background: var(--ee-sunken);
  }
  @media (max-width: 520px) {
    li {
      grid-template-columns: auto minmax(0, 1fr) auto;
    }
    li input[type="text"] {
      grid-column: 2 / -1;
      grid-row: 2;
    }
  }
  @media (min-width: 900px) {
    .both {
      grid-template-columns: minmax(0, 1.2fr) minmax(0, 1fr);
    }
  }
`;
