// @ts-check
// What the elements' styles have in common.
import { css } from "lit";

export const shared = css`
  :host {
    display: block;
    box-sizing: border-box;
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  .icon {
    width: 1.25em;
    height: 1.25em;
    flex: none;
    vertical-align: -0.25em;
  }
  h2,
  h3,
  p {
    margin: 0;
  }
  .card {
    background: var(--ee-card);
    border: 1px solid var(--ee-line);
    border-radius: 12px;
    box-shadow: var(--ee-shadow);
    overflow: hidden;
  }
  .muted {
    color: var(--ee-muted);
  }
  .small {
    font-size: 0.85rem;
  }
  .number {
    font-variant-numeric: tabular-nums;
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 0.35em;
    padding: 0.15em 0.65em;
    border-radius: 99px;
    font-size: 0.82rem;
    font-weight: 600;
    white-space: nowrap;
    background: var(--ee-sunken);
    color: var(--ee-muted);
  }
  .chip.normal,
  .chip.online {
    background: var(--ee-normal-soft);
    color: var(--ee-normal);
  }
  .chip.pre_alarm,
  .chip.degraded {
    background: var(--ee-pre-soft);
    color: var(--ee-pre);
  }
  .chip.alarm {
    background: var(--ee-alarm-soft);
    color: var(--ee-alarm);
  }
  .chip.fault,
  .chip.offline,
  .chip.connecting {
    background: var(--ee-fault-soft);
    color: var(--ee-fault);
  }
  .tile-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem;
    padding: 0.6rem 0.85rem;
  }
  .tile-head h3 {
    font-size: 0.95rem;
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    gap: 0.1rem 1rem;
    padding: 0.5rem 0.85rem 0.7rem;
    margin: 0;
    font-size: 0.85rem;
  }
  .facts div {
    display: flex;
    gap: 0.35em;
  }
  .facts dt {
    color: var(--ee-muted);
  }
  .facts dd {
    margin: 0;
    font-weight: 600;
    font-variant-numeric: tabular-nums;
  }
  .trouble {
    margin: 0;
    padding: 0.4rem 0.85rem;
    background: var(--ee-fault-soft);
    color: var(--ee-fault);
    font-size: 0.85rem;
    font-weight: 600;
  }
  .note {
    margin: 0;
    padding: 0.4rem 0.85rem;
    color: var(--ee-muted);
    font-size: 0.85rem;
  }
  .hidden-words {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button {
    font: inherit;
    font-weight: 600;
    color: var(--ee-text);
    background: var(--ee-card);
    border: 1px solid var(--ee-muted);
    border-radius: 8px;
    padding: 0.45rem 0.9rem;
    min-height: 40px;
    cursor: pointer;
  }
  button:hover {
    background: var(--ee-sunken);
  }
  button.first {
    background: var(--ee-alarm-solid);
    border-color: var(--ee-alarm-solid);
    color: #fff;
  }
  button.first:hover {
    filter: brightness(1.1);
  }
  button[disabled] {
    opacity: 0.55;
    cursor: progress;
  }
  :focus-visible {
    outline: 3px solid var(--ee-accent);
    outline-offset: 2px;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    font-size: 0.85rem;
  }
  th {
    text-align: left;
    font-weight: 600;
    color: var(--ee-muted);
    padding: 0.2rem 0.6rem 0.2rem 0;
  }
  td {
    padding: 0.25rem 0.6rem 0.25rem 0;
    border-top: 1px solid var(--ee-line);
    vertical-align: top;
  }
  .right {
    text-align: right;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
`;

/** The words under a plot, each behind a piece of its line. */
export const legend = css`
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 0.1rem 1rem;
    font-size: 0.82rem;
    color: var(--ee-muted);
  }
  .legend span::before {
    content: "";
    display: inline-block;
    width: 1.2em;
    height: 3px;
    margin-right: 0.4em;
    vertical-align: middle;
    background: var(--ee-plot);
  }
`;
