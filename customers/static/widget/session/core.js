/*
 * What the parts of a session share: the line to the server, what the browser keeps, who the
 * visitor is and what was said; and how a part makes known that something is different now.
 */

import * as chat from "../conversation.js";

const CACHED_EVENTS = 40;
const KEEP_AFTER = 500;

export class Core {
  connection = { phase: "idle" };
  customer = {};
  conversation = chat.NOBODY;
  ready = false;
  /** Whether the conversation is what the server has. */
  inSync = false;
  /** The connection. */
  line = null;

  #timers = {};

  /** `tell(name, detail?)` lets whoever listens to the session know. */
  constructor({ organizationId, store, tokens, tell }) {
    Object.assign(this, { organizationId, store, tokens, tell });
  }

  /** Sends a request; see `Connection.request`. */
  request(action, payload) {
    return this.line.request(action, payload);
  }

  /** Sends what nobody waits for; a failure changes nothing that matters. */
  quietly(action, payload) {
    if (this.line.online) this.request(action, payload).catch(() => {});
  }

  /** Takes a push, or what will be one, into the conversation. */
  apply(action, payload) {
    this.conversation = chat.apply(this.conversation, action, payload);
  }

  /** Lets the panel redraw once per frame of work, and keeps an excerpt a moment later. */
  changed() {
    this.#later("told", 0, () => this.tell("change"));
    this.#later("keep", KEEP_AFTER, () => this.#keep());
  }

  /** Takes up what was kept of the same customer's last visit; tells whether there was anything. */
  restore() {
    const kept = this.store.get("cache");
    if (!kept || kept.customerId !== this.tokens.customerId) return false;
    this.customer = { id: kept.customerId };
    this.conversation = kept.conversation;
    this.ready = true;
    return true;
  }

  #keep() {
    const { id: customerId } = this.customer;
    if (!customerId || !this.ready) return;
    this.store.set("cache", { customerId, conversation: chat.excerpt(this.conversation, CACHED_EVENTS) });
  }

  #later(name, delay, act) {
    this.#timers[name] ||= setTimeout(() => {
      this.#timers[name] = 0;
      act();
    }, delay);
  }
}
