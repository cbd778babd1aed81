/* Getting words across: what is said waits in the outbox, and goes one by one when it can. */

import { ProtocolError, untilTry } from "../connection.js";
import * as chat from "../conversation.js";
import { Outbox } from "../outbox.js";
import { exclusively } from "../storage.js";

const ECHO_WITHIN = 5_000;
const HELP_AFTER = 3_000;
const TRIES = 6;

/** Refusals that mean "what you know of the chat is out of date". */
const OUTDATED = new Set(["chat_already_active", "chat_limit_reached", "not_found", "limit_reached"]);
const NOBODY_IN = new Set(["groups_offline", "group_offline", "group_unavailable"]);

export class Delivery {
  #core;
  #parts;
  #onDelivered;
  #outbox;
  #flushing = false;
  #again = false;
  #sending = new Set();
  #timers = {};

  /** `parts` are the session's greeting, reading and reception; `onDelivered` hears what the server took. */
  constructor(core, parts, onDelivered) {
    this.#core = core;
    this.#parts = parts;
    this.#onDelivered = onDelivered;
    this.#outbox = new Outbox(core.store);
    core.store.watch((key) => key.startsWith("outbox:") && this.#otherTabSpoke());
  }

  /** What has not come back yet, oldest first, with the state it is in. */
  get items() {
    return this.#outbox.items().map((item) => ({
      ...item,
      state: this.#sending.has(item.event.custom_id) ? "sending" : item.state,
    }));
  }

  /** Takes an event to be sent now, or as soon as the connection allows; `more` as the outbox has it. */
  add(event, more) {
    this.#outbox.add(event, more);
    this.#core.changed();
    this.flush();
  }

  /** Sends what was refused once more. */
  retry(customId) {
    this.#outbox.update(customId, { state: "waiting", problem: null });
    this.#core.changed();
    this.flush();
  }

  /** Gives something up. */
  remove(customId) {
    this.#outbox.remove(customId);
    this.#core.changed();
  }

  /** Drops what has come back. */
  settle() {
    if (this.#outbox.settle(chat.customIds(this.#core.conversation))) this.#sending.clear();
  }

  /** Drops what has come back, and what the server had taken before everything was read. */
  settleAll() {
    this.#outbox.settle(chat.customIds(this.#core.conversation));
    this.#outbox.forgetAcked();
  }

  /** The line is down: nothing is under way any more. */
  interrupt() {
    this.#sending.clear();
  }

  /** Sends what waits, one by one, while no other tab does. */
  async flush() {
    if (this.#flushing) {
      this.#again = true;
      return;
    }
    this.#flushing = true;
    try {
      do {
        this.#again = false;
        if (this.#outbox.waiting().length) {
          await exclusively(`${this.#core.organizationId}:outbox`, () => this.#drain());
        }
      } while (this.#again);
    } finally {
      this.#flushing = false;
    }
  }

  async #drain() {
    for (let tries = 0; tries < TRIES; ) {
      const [item] = this.#outbox.waiting();
      if (!item || !this.#core.inSync) return;
      const id = item.event.custom_id;
      this.#sending.add(id);
      this.#core.changed();
      try {
        await this.#deliver(item);
        this.#onDelivered(item.event);
        this.#outbox.update(id, { state: "acked" });
        this.#expectEcho();
        tries = 0;
      } catch (error) {
        if (!(error instanceof ProtocolError)) return;
        tries += 1;
        await this.#recover(error, id, tries);
      } finally {
        this.#sending.delete(id);
        this.#core.changed();
      }
    }
  }

  /** Starts a chat, opens a new thread, or sends into the running one. */
  async #deliver({ event, attach }) {
    const { id } = this.#core.conversation;
    if (id && (attach || chat.activeThread(this.#core.conversation))) {
      await this.#core.request("send_event", { chat_id: id, event, ...(attach ? { attach_to_last_thread: true } : {}) });
      return;
    }
    const thread = { events: [event], properties: this.#beginning(event) };
    const { continuous } = this.#parts.reception;
    const opened = id
      ? await this.#core.request("resume_chat", { chat: { id, thread }, continuous })
      : await this.#core.request("start_chat", { chat: { thread }, continuous });
    this.#opened(opened.chat_id ?? id, opened.thread_id);
  }

  /** What a new thread says about how it came to be. */
  #beginning(event) {
    const greeting = this.#parts.greeting.current;
    return {
      ...(greeting ? { lc2: { greeting_unique_id: greeting.unique_id } } : {}),
      ...(event.form_type === "ticket" ? { routing: { offline_message: true } } : {}),
    };
  }

  /** Notes a thread we opened; its push, which follows, brings the rest. */
  #opened(id, threadId) {
    const { conversation, customer } = this.#core;
    if (conversation.threads.some((one) => one.id === threadId)) return;
    const thread = { id: threadId, active: true, created_at: new Date().toISOString() };
    const users = [{ id: customer.id, type: "customer", present: true }];
    this.#core.apply("incoming_chat", { chat: { id, users, thread } });
  }

  /** Does what a refusal calls for, so that the next round can succeed or the item is marked. */
  async #recover(error, customId, tries) {
    const { greeting, reading, reception } = this.#parts;
    if (error.type === "greeting_not_found" && greeting.current) greeting.set(null);
    else if (NOBODY_IN.has(error.type) && !reception.continuous) reception.setAvailability("offline");
    else if (error.type === "chat_inactive" || (OUTDATED.has(error.type) && tries < 3)) await reading.read();
    else if (error.passing && tries < TRIES) await untilTry(tries);
    else this.#outbox.update(customId, { state: "failed", problem: "refused" });
  }

  /** What was acknowledged must come back as a push; if it does not, the chat is read afresh. */
  #expectEcho() {
    clearTimeout(this.#timers.echo);
    this.#timers.echo = setTimeout(() => {
      const missing = this.#outbox.items().some((item) => item.state === "acked");
      if (missing && this.#core.inSync) this.#parts.reading.read();
    }, ECHO_WITHIN);
  }

  /** Another tab said something; should it be closed before sending, we do. */
  #otherTabSpoke() {
    this.#core.changed();
    clearTimeout(this.#timers.help);
    this.#timers.help = setTimeout(() => this.flush(), HELP_AFTER);
  }
}
