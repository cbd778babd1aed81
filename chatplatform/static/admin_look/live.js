/*
 * Keeps a part of a page up to date: fetches it every few seconds while somebody looks, and says so
 * when that fails. What is unfolded stays unfolded, what has the focus keeps it.
 */

const LONGEST_PAUSE = 8;

class Live {
  constructor(place) {
    this.place = place;
    this.part = place.querySelector("[data-live-part]");
    this.stale = place.querySelector("[data-live-stale]");
    this.words = this.stale?.querySelector("[data-live-words]");
    this.pause = Number(place.dataset.liveSeconds) * 1000;
    this.failures = 0;
    this.shown = this.part.innerHTML;
    this.at = new Date();
    this.stale?.querySelector("[data-live-again]")?.addEventListener("click", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
    this.later();
  }

  later() {
    clearTimeout(this.timer);
    if (this.part.querySelector("[data-live-done]")) return;
    const times = Math.min(2 ** this.failures, LONGEST_PAUSE);
    this.timer = setTimeout(() => this.now(), this.pause * times);
  }

  async now() {
    clearTimeout(this.timer);
    if (document.hidden || this.busy) return;
    this.busy = true;
    try {
      const answer = await fetch(this.place.dataset.live, { redirect: "manual", cache: "no-store" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.show(await answer.text());
      this.failures = 0;
      this.at = new Date();
      if (this.stale) this.stale.hidden = true;
    } catch {
      this.failures += 1;
      this.confess();
    } finally {
      this.busy = false;
      this.later();
    }
  }

  confess() {
    if (!this.stale?.hidden) return;
    const at = this.at.toLocaleTimeString(document.documentElement.lang);
    this.words.textContent = `${this.words.dataset.liveWords} ${at}.`;
    this.stale.hidden = false;
  }

  show(html) {
    if (html === this.shown) return;
    this.shown = html;
    const open = [...this.part.querySelectorAll("details[open][id]")].map((one) => one.id);
    const focused = this.focused();
    this.part.innerHTML = html;
    for (const id of open) {
      const found = document.getElementById(id);
      if (found) found.open = true;
    }
    if (focused >= 0) this.controls()[focused]?.focus({ preventScroll: true });
  }

  controls() {
    return [...this.part.querySelectorAll("a[href], button, summary")];
  }

  focused() {
    return this.controls().indexOf(document.activeElement);
  }
}

for (const place of document.querySelectorAll("[data-live]")) new Live(place);
