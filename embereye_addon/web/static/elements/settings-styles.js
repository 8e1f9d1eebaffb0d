// @ts-check
// How the page of settings looks.
import { css } from "lit";

export const settingsStyles = css`
  .page {
    display: grid;
    gap: 1rem;
    align-items: start;
  }
  nav {
    display: flex;
    gap: 0.4rem;
    overflow-x: auto;
    padding: 2px;
  }
  .tab {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 0.6rem;
    border-color: transparent;
    background: none;
    text-align: left;
    white-space: nowrap;
    font-weight: 500;
  }
  .tab[aria-current="page"] {
    background: var(--ee-card);
    border-color: var(--ee-line);
    box-shadow: var(--ee-shadow);
    font-weight: 600;
  }
  .body {
    padding: 1rem 1.1rem 1.2rem;
    overflow: visible;
    min-width: 0;
  }
  h2 {
    font-size: 1.1rem;
    margin-bottom: 0.8rem;
  }
  .entries,
  .past ul {
    list-style: none;
    margin: 0 0 1rem;
    padding: 0;
  }
  .entries li {
    border: 1px solid var(--ee-line);
    border-radius: 10px;
    margin-bottom: 0.5rem;
  }
  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.3rem 0.8rem;
    width: 100%;
    border: 0;
    text-align: left;
    min-height: 48px;
  }
  .head .name {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .head::after {
    content: "▾";
    margin-left: auto;
    color: var(--ee-muted);
  }
  .head[aria-expanded="true"]::after {
    content: "▴";
  }
  ember-entry {
    padding: 0.7rem 0.9rem 0.9rem;
    border-top: 1px solid var(--ee-line);
  }
  .bar {
    position: sticky;
    bottom: 0.5rem;
    z-index: 2;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
    margin-top: 1rem;
    padding: 0.6rem 0.9rem;
    box-shadow: 0 2px 12px rgb(0 0 0 / 18%);
  }
  .grow {
    flex: 1 1 12rem;
    display: flex;
    flex-direction: column;
  }
  .bad {
    color: var(--ee-alarm);
  }
  .said {
    padding: 0.6rem 0.2rem;
    white-space: pre-line;
  }
  .past {
    margin-top: 1rem;
    padding: 0.5rem 0.9rem;
  }
  .past li {
    border-top: 1px solid var(--ee-line);
    padding: 0.4rem 0;
  }
  summary {
    cursor: pointer;
    font-weight: 600;
    padding: 0.3rem 0;
  }
  ember-trial {
    margin-top: 1rem;
  }
  @media (min-width: 900px) {
    .page {
      grid-template-columns: 230px minmax(0, 1fr);
    }
    nav {
      flex-direction: column;
      position: sticky;
      top: 0.5rem;
    }
    .tab {
      white-space: normal;
    }
  }
`;
