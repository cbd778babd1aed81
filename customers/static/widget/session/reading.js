/* Reading the conversation: whole after every login, page by page into the past. */

import { ProtocolError } from "../connection.js";
import * as chat from "../conversation.js";

const CHATS = 10;
const FIRST_PAGE_EVENTS = 25;

export class Reading {
  /** Whether the last reading failed although the connection stands. */
  broken = false;

  #core;
  #hooks;
  #running = null;
  #held = [];

  /** `absorb(action, payload)` takes a push in once more; `onRead` hears that all there is was read. */
  constructor(core, hooks) {
    this.#core = core;
    this.#hooks = hooks;
  }

  /** Reads chat and threads afresh; who asks while a reading is under way waits for that one. */
  read(login = {}) {
    this.#running ??= this.#readAll(login).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Keeps a push that may have overtaken the reading under way. */
  hold(action, payload) {
    if (!this.#core.inSync) this.#held.push([action, payload]);
  }

  /** Reads one more page of older threads; rejects when that failed. */
  async readEarlier() {
    const { id, earlier } = this.#core.conversation;
    const page = await this.#core.request("list_threads", { chat_id: id, page_id: earlier });
    this.#core.conversation = chat.withEarlier(this.#core.conversation, page);
    this.#core.changed();
  }

  /** Takes what the server has, then applies once more what was pushed meanwhile. */
  async #readAll(login) {
    this.#core.inSync = false;
    this.#held = [];
    this.#setBroken(false);
    try {
      this.#core.conversation = await this.#fetch(login);
    } catch (error) {
      if (error instanceof ProtocolError) this.#setBroken(true);
      return;
    }
    for (const [action, payload] of this.#held) this.#hooks.absorb(action, payload);
    this.#held = [];
    this.#core.ready = true;
    this.#core.inSync = true;
    this.#hooks.onRead();
  }

  /** The conversation as the server has it; the login says best whether anything in it is unread. */
  async #fetch({ chats: told = [] }) {
    const { chats_summary: chats = [] } = await this.#core.request("list_chats", { limit: CHATS });
    const summary = chats.find((one) => one.active) ?? chats[0];
    if (!summary) return chat.NOBODY;
    const page = { chat_id: summary.id, min_events_count: FIRST_PAGE_EVENTS };
    const conversation = chat.fromReading(summary, await this.#core.request("list_threads", page));
    const last = chat.allEvents(conversation).at(-1);
    const known = told.find((one) => one.chat_id === conversation.id);
    if (!known || known.has_unread_events || !last) return conversation;
    return chat.markedSeen(conversation, this.#core.customer.id, last.created_at);
  }

  #setBroken(broken) {
    this.broken = broken;
    this.#core.changed();
  }
}
