/**
 * Whether somebody looks at this page. Nobody does after some minutes without a key, a click or a movement, or
 * with the tab in the background; the server is then told that this connection is away, and again when they are back.
 */

const CHECK_MS = 5000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

export class Attention {
  /**
   * @param {object} options
   * @param {() => number} options.minutes after how many minutes one is away; 0 for never
   * @param {(isAway: boolean) => void} options.onChange
   */
  constructor({ minutes, onChange }) {
    this.minutes = minutes;
    this.onChange = onChange;
    this.isAway = false;
    this.last = Date.now();
  }

  start() {
    for (const sign of SIGNS) {
      addEventListener(sign, () => this.#here(), { passive: true, capture: true });
    }
    addEventListener("focus", () => this.#here());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#here();
    });
    setInterval(() => this.check(), CHECK_MS);
  }

  /** Look at the clock: timers of hidden tabs are late, but they come. */
  check(now = Date.now()) {
    const minutes = this.minutes();
    this.#become(minutes > 0 && now - this.last >= minutes * 60_000);
  }

  #here() {
    this.last = Date.now();
    this.#become(false);
  }

  #become(isAway) {
    if (this.isAway === isAway) return;
    this.isAway = isAway;
    this.onChange(isAway);
  }
}
