// @ts-check
// The live connection: it fills the store, and says loudly when it is gone. The server is heard at least every second.
import { liveAddress } from "./api.js";

const SILENCE_MS = 5000;
const LONGEST_DELAY_MS = 10000;

/** One connection at a time, made again for ever. */
export class Live {
  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.store = store;
    this.failures = 0;
    this.heardAt = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
  }

  /** Begin; call once. */
  start() {
    this.#connect();
    setInterval(() => this.#check(), 1000);
    document.addEventListener("visibilitychange", () => this.#check());
    window.addEventListener("offline", () => this.#lose());
  }

  #connect() {
    const socket = new WebSocket(liveAddress());
    this.socket = socket;
    this.heardAt = Date.now();
    socket.addEventListener("message", (event) => {
      if (socket !== this.socket) return;
      this.heardAt = Date.now();
      this.failures = 0;
      this.store.take(JSON.parse(event.data));
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.#lose();
    });
  }

  /** Nothing came for too long: a silent connection is no connection. */
  #check() {
    if (this.socket && Date.now() - this.heardAt > SILENCE_MS) this.#lose();
  }

  #lose() {
    const socket = this.socket;
    if (!socket) return;
    this.socket = null;
    socket.close();
    this.store.lose();
    const delay = Math.min(LONGEST_DELAY_MS, 500 * 2 ** this.failures++) * (0.5 + Math.random() / 2);
    setTimeout(() => this.#connect(), delay);
  }
}
