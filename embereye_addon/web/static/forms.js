// @ts-check
// What the elements with inputs have in common.
import { css } from "lit";

export const formControls = css`
  .field {
    display: grid;
    gap: 0.2rem;
    align-content: start;
  }
  .field.checkbox {
    grid-template-columns: auto 1fr;
    column-gap: 0.6rem;
    align-items: center;
  }
  .field.checkbox input {
    order: -1;
  }
  .field.checkbox #about {
    grid-column: 2;
  }
  label {
    font-size: 0.85rem;
    font-weight: 600;
  }
  .unit {
    font-weight: 400;
    color: var(--ee-muted);
  }
  input:not([type="checkbox"], [type="range"], [type="radio"]),
  select,
  textarea {
    font: inherit;
    width: 100%;
    min-height: 40px;
    padding: 0.35rem 0.6rem;
    color: var(--ee-text);
    background: var(--ee-card);
    border: 1px solid var(--ee-muted);
    border-radius: 8px;
  }
  textarea {
    resize: vertical;
    font-family: ui-monospace, monospace;
    font-size: 0.85rem;
  }
  input[readonly] {
    background: var(--ee-sunken);
    color: var(--ee-muted);
  }
  input[type="checkbox"],
  input[type="radio"] {
    width: 20px;
    height: 20px;
    margin: 0;
    accent-color: var(--ee-accent);
  }
  input[type="range"] {
    width: 100%;
    min-height: 32px;
    accent-color: var(--ee-accent);
  }
  .wrong input,
  .wrong select,
  .wrong textarea {
    border-color: var(--ee-alarm) !important;
    box-shadow: inset 0 0 0 1px var(--ee-alarm);
  }
  .about,
  .mistake {
    margin: 0.1rem 0 0;
    font-size: 0.82rem;
    color: var(--ee-muted);
    overflow-wrap: anywhere;
  }
  .mistake {
    color: var(--ee-alarm);
    font-weight: 600;
  }
  .grid {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr));
    gap: 0.9rem 1.1rem;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
  }
  button.quiet {
    border-color: var(--ee-line);
    font-weight: 500;
  }
  button.go {
    background: var(--ee-accent);
    border-color: var(--ee-accent);
    color: var(--ee-card);
  }
  button.go:hover {
    filter: brightness(1.08);
  }
  button[disabled].idle {
    cursor: default;
  }
`;
