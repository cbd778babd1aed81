/* What the visitor sees and is about to say, as far as the other side is told. */

import * as chat from "../conversation.js";

const PEEK_EVERY = 2_000;

export class Attention {
  #core;
  #watching = false;
  #peeked = { at: 0, text: "" };
  #timer = 0;

  constructor(core) {
    this.#core = core;
  }

  /** How many words of others the visitor has not seen. */
  get unread() {
    return chat.unreadCount(this.#core.conversation, this.#core.customer.id);
  }

  /** Tells whether the visitor is looking; seeing is believing. */
  watch(watching) {
    this.#watching = watching;
    if (!watching) return;
    this.#core.line.wake();
    this.markSeen();
  }

  /** Marks everything as seen if the visitor can see it and something is new. */
  markSeen() {
    if (!this.#watching || document.visibilityState !== "visible" || !this.#core.inSync || !this.unread) return;
    const { conversation, customer } = this.#core;
    const seen = chat.allEvents(conversation).at(-1).created_at;
    this.#core.conversation = chat.markedSeen(conversation, customer.id, seen);
    this.#core.quietly("mark_events_as_seen", { chat_id: conversation.id, seen_up_to: seen });
    this.#core.changed();
  }

  /** Shows agents what is being typed, at most every two seconds. */
  typing(text) {
    this.#core.line.wake();
    if (!chat.activeThread(this.#core.conversation) || text === this.#peeked.text) return;
    clearTimeout(this.#timer);
    const wait = Math.max(0, this.#peeked.at + PEEK_EVERY - Date.now());
    this.#timer = setTimeout(() => {
      this.#peeked = { at: Date.now(), text };
      this.#core.quietly("send_sneak_peek", { chat_id: this.#core.conversation.id, sneak_peek_text: text });
    }, wait);
  }

  /** What was typed is said: there is nothing left to peek at. */
  spoke() {
    this.#peeked = { at: 0, text: "" };
    clearTimeout(this.#timer);
  }
}
