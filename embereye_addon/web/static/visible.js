// @ts-check
// Whether an element is on the screen, so that nothing is fetched for what nobody sees.

/** Watches one element and the page itself. */
export class Visible {
  /**
   * @param {Element} element
   * @param {(seen: boolean) => void} changed
   */
  constructor(element, changed) {
    this.element = element;
    this.changed = changed;
    this.near = false;
    this.seen = false;
    this.observer = new IntersectionObserver(
      (entries) => {
        this.near = entries[entries.length - 1].isIntersecting;
        this.#tell();
      },
      { rootMargin: "80px" },
    );
    this.tell = () => this.#tell();
  }

  /** Begin to watch. */
  start() {
    this.observer.observe(this.element);
    document.addEventListener("visibilitychange", this.tell);
  }

  /** Stop; the element counts as unseen. */
  stop() {
    this.observer.disconnect();
    document.removeEventListener("visibilitychange", this.tell);
    this.near = false;
    this.#tell();
  }

  #tell() {
    const seen = this.near && !document.hidden;
    if (seen === this.seen) return;
    this.seen = seen;
    this.changed(seen);
  }
}
