/*
 * What the visitor has said and the server has not yet shown us back.
 *
 * One key per item, so that tabs never overwrite each other's. An item keeps its `custom_id` for
 * life: the server answers a repeat with the event it already has, so sending twice is harmless.
 *
 * States: `waiting` (to be sent), `acked` (the server has it, its event has not arrived yet) and
 * `failed` (refused; `problem` says why).
 */

import { freshId } from "./storage.js";

const START = "outbox:";

export class Outbox {
  #store;
  #last = 0;

  constructor(store) {
    this.#store = store;
  }

  /**
   * Keeps a new event. `at` may place it where its upload began; `attach` sends it to the last
   * thread rather than begin another. Returns the item.
   */
  add(event, { customId = freshId(), at = this.#now(), about = null, attach = false } = {}) {
    const item = { event: { ...event, custom_id: customId }, at, state: "waiting", about, attach };
    this.#store.set(START + customId, item);
    return item;
  }

  /** All items, oldest first. */
  items() {
    return this.#store
      .keys(START)
      .map((key) => this.#store.get(key))
      .filter(Boolean)
      .sort((one, other) => one.at - other.at);
  }

  waiting() {
    return this.items().filter((item) => item.state === "waiting");
  }

  /** Changes an item that is still there. */
  update(customId, changes) {
    const item = this.#store.get(START + customId);
    if (item) this.#store.set(START + customId, { ...item, ...changes });
  }

  remove(customId) {
    this.#store.remove(START + customId);
  }

  /** Drops what `stored` (a set of custom ids) shows to have arrived; tells whether anything was. */
  settle(stored) {
    const arrived = this.items().filter((item) => stored.has(item.event.custom_id));
    for (const item of arrived) this.remove(item.event.custom_id);
    return arrived.length > 0;
  }

  /** Drops what the server has acknowledged: after a full reading the answer is known. */
  forgetAcked() {
    for (const item of this.items()) {
      if (item.state === "acked") this.remove(item.event.custom_id);
    }
  }

  /** Milliseconds that never repeat within a page, so that the order of typing is kept. */
  #now() {
    this.#last = Math.max(Date.now(), this.#last + 1);
    return this.#last;
  }
}
