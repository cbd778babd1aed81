/**
 * What was written and has not reached the server yet.
 *
 * Each event carries its own custom_id, by which the server knows a repeat: sending again after a lost
 * answer is therefore always safe. Events of one chat go one after another, so that they arrive in
 * the order they were written. The queue survives a reload of the page.
 */

const RETRY_SECONDS = 2;

export class Outbox {
  /**
   * @param {object} options
   * @param {(chatId: string, event: object) => Promise<{event_id: string}>} options.send
   * @param {(items: object[]) => void} options.onChange the items in the order they were written; `state` is
   *   queued, sending, sent or failed (then with `error`)
   * @param {Storage|null} options.storage where the queue survives a reload
   * @param {string} options.key under which name
   */
  constructor({ send, onChange, storage, key }) {
    this.send = send;
    this.onChange = onChange;
    this.storage = storage;
    this.key = key;
    this.items = this.#restore();
    this.busy = new Set();
    this.isOpen = false;
  }

  /** Queue an event for a chat and, when the line is up, send it. Returns its custom_id. */
  add(chatId, event) {
    const customId =
      crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
    this.items = [
      ...this.items,
      {
        id: customId,
        chatId,
        event: { ...event, custom_id: customId },
        createdAt: new Date().toISOString(),
        state: "queued",
        error: null,
      },
    ];
    this.#changed();
    this.#work(chatId);
    return customId;
  }

  /** The line is up: send what waits. */
  open() {
    this.isOpen = true;
    this.onChange(this.items);
    for (const chatId of new Set(this.items.map((item) => item.chatId))) this.#work(chatId);
  }

  /** The line is down: what was on its way waits again. */
  close() {
    this.isOpen = false;
  }

  /** Try a failed event again. */
  retry(id) {
    const item = this.items.find((known) => known.id === id);
    if (!item) return;
    this.#patch(id, { state: "queued", error: null });
    this.#work(item.chatId);
  }

  /** Forget an event, sent or not. */
  remove(id) {
    this.items = this.items.filter((item) => item.id !== id);
    this.#changed();
  }

  /** The server showed an event with this custom_id: it is no longer pending. */
  confirm(customId) {
    if (customId && this.items.some((item) => item.id === customId)) this.remove(customId);
  }

  /** The server showed these events. */
  confirmAll(events = []) {
    for (const event of events) this.confirm(event.custom_id);
  }

  async #work(chatId) {
    if (!this.isOpen || this.busy.has(chatId)) return;
    this.busy.add(chatId);
    try {
      for (let item = this.#next(chatId); item && this.isOpen; item = this.#next(chatId)) {
        if (!(await this.#deliver(item))) break;
      }
    } finally {
      this.busy.delete(chatId);
    }
    if (this.isOpen && this.#next(chatId))
      setTimeout(() => this.#work(chatId), RETRY_SECONDS * 1000);
  }

  #next(chatId) {
    return this.items.find((item) => item.chatId === chatId && item.state === "queued");
  }

  /** Send one item; false asks to pause before the next attempt. */
  async #deliver(item) {
    this.#patch(item.id, { state: "sending" });
    try {
      const { event_id: eventId } = await this.send(item.chatId, item.event);
      this.#patch(item.id, { state: "sent", eventId });
      return true;
    } catch (error) {
      const passing = error.isPassing ?? false;
      this.#patch(item.id, passing ? { state: "queued" } : { state: "failed", error: error.type });
      return !passing;
    }
  }

  #patch(id, change) {
    this.items = this.items.map((item) => (item.id === id ? { ...item, ...change } : item));
    this.#changed();
  }

  #changed() {
    this.storage?.setItem(this.key, JSON.stringify(this.items));
    this.onChange(this.items);
  }

  #restore() {
    try {
      const items = JSON.parse(this.storage?.getItem(this.key) ?? "[]");
      return items.map((item) =>
        item.state === "failed" ? item : { ...item, state: "queued", eventId: undefined },
      );
    } catch {
      return [];
    }
  }
}
