/* The visitor's side of the conversation: joins its parts, and lets each hear what is pushed. */

import { Connection } from "./connection.js";
import * as chat from "./conversation.js";
import { Activity } from "./session/activity.js";
import { Attention } from "./session/attention.js";
import { Core } from "./session/core.js";
import { Delivery } from "./session/delivery.js";
import { Files } from "./session/files.js";
import { Greeting } from "./session/greeting.js";
import { Reading } from "./session/reading.js";
import { Reception } from "./session/reception.js";
import { LastThread } from "./session/thread.js";
import { Visit } from "./session/visit.js";
import { TokenSource } from "./token.js";

const API = "/v3.6/customer";
const MAX_TEXT_BYTES = 16 * 1024;

export class Session extends EventTarget {
  #options;
  #core;
  #delivery;
  #files;
  #reading;

  /**
   * `options` are `organizationId`, `clientId`, `groupId` (or ""), `application` (`{name, version}`),
   * and what `TokenSource` takes besides; `tokens` stands in its place.
   */
  constructor(options) {
    super();
    this.#options = options;
    const { store } = options;
    const tokens = options.tokens ?? new TokenSource(options);
    this.#core = new Core({ organizationId: options.organizationId, store, tokens, tell: (name, detail) => this.#tell(name, detail) });
    this.#join();
    if (this.#core.restore()) this.reception.restore();
    this.#followThePage();
  }

  #join() {
    const core = this.#core;
    const query = `?organization_id=${encodeURIComponent(core.organizationId)}`;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    core.line = new Connection({
      url: `${scheme}://${location.host}${API}/rtm/ws${query}`,
      tokens: core.tokens,
      login: () => this.#loginPayload(),
      onLogin: (payload) => this.#loggedIn(payload),
      onPush: (action, payload) => this.#pushed(action, payload),
      onState: (state) => this.#lineChanged(state),
      onRefusal: (type) => this.#loginRefused(type),
    });
    /** What the other side is doing. */
    this.activity = new Activity(core);
    /** What the visitor sees and is about to say. */
    this.attention = new Attention(core);
    this.greeting = new Greeting(core);
    this.lastThread = new LastThread(core);
    /** Who is in, and what they ask. */
    this.reception = new Reception(core, Number(this.#options.groupId || 0));
    /** Where the visitor is, and what the page around knows of them. */
    this.visit = new Visit(core, (answer) => this.reception.regroup(answer));
    this.#reading = new Reading(core, { absorb: (action, payload) => this.#absorb(action, payload), onRead: () => this.#haveRead() });
    const { greeting, reception } = this;
    this.#delivery = new Delivery(core, { greeting, reception, reading: this.#reading }, ({ postback }) => postback && this.#postBack(postback));
    this.#files = new Files(core, { url: `${API}/action/upload_file${query}`, delivery: this.#delivery });
  }

  #followThePage() {
    const { line } = this.#core;
    window.addEventListener("online", () => line.check());
    window.addEventListener("offline", () => line.doubt());
    window.addEventListener("pageshow", () => line.check());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") line.check();
      this.attention.markSeen();
    });
  }

  /** Connection state as in connection.js. */
  get connection() {
    return this.#core.connection;
  }

  /** The customer as the server knows them; `{id}` alone before login. */
  get customer() {
    return this.#core.customer;
  }

  get conversation() {
    return this.#core.conversation;
  }

  /** Whether the conversation has been read at least once, from the server or the cache. */
  get ready() {
    return this.#core.ready;
  }

  /** Whether the last reading failed although the connection stands. */
  get broken() {
    return this.#reading.broken;
  }

  /** What has been said here and has not come back yet, oldest first. */
  pending() {
    return [...this.#delivery.items, ...this.#files.items].sort((one, other) => one.at - other.at);
  }

  /**
   * The form to fill in before a chat can begin: `{id, type, fields}`, or null. Who was greeted just
   * answers; while nobody is in, only a form made for that is asked.
   */
  get asked() {
    const { customer, conversation } = this.#core;
    if (!customer.id || chat.activeThread(conversation) || this.greeting.current || this.pending().length) return null;
    return this.reception.form;
  }

  start() {
    this.#core.line.start();
  }

  /** Tries the connection at once if it is down, else the reading. */
  retry() {
    if (this.#core.line.online) this.#reading.read();
    else this.#core.line.retryNow();
  }

  /**
   * Says something. Returns the name of what is wrong with it (`too_long`), or null when it is on
   * its way, now or as soon as the connection allows.
   */
  say(text, more = {}) {
    const words = text.trim();
    if (!words) return null;
    if (new TextEncoder().encode(words).length > MAX_TEXT_BYTES) return "too_long";
    this.attention.spoke();
    this.#send({ type: "message", text: words, ...more });
    return null;
  }

  /** Answers a form; `attach` keeps the answers with the chat that asked, though it may be over. */
  answer({ id, type }, fields, { attach = false } = {}) {
    this.#tell("happened", ["form_submitted", { type }]);
    this.#send({ type: "filled_form", form_id: id, fields, ...(type ? { form_type: type } : {}) }, { attach });
  }

  #send(event, more) {
    this.#core.line.wake();
    this.#delivery.add(event, more);
    this.#tell("said");
  }

  /** Sends a file. Returns `too_large` when it cannot be. */
  attach(file) {
    const problem = this.#files.add(file);
    if (!problem) this.#tell("said");
    return problem;
  }

  /** Sends a refused message or file once more. */
  again(customId) {
    if (!this.#files.retry(customId)) this.#delivery.retry(customId);
  }

  /** Gives up a message or file, stopping it if it is under way. */
  discard(customId) {
    if (!this.#files.remove(customId)) this.#delivery.remove(customId);
  }

  /**
   * Presses a rich message's button. What is no link is said in the visitor's name, and a button
   * that only closes a greeting does that. `of` is the log's entry: `{event, thread, greeting?}`.
   */
  press(button, { event, thread, greeting }) {
    const { type, text, value, postback_id: id } = button;
    const speaks = !type || type === "message";
    const about = { postbackId: id, eventId: event.id, greetingUniqueId: greeting?.unique_id };
    this.#tell("happened", ["rich_message_button_clicked", about]);
    if (greeting) {
      this.greeting.press(greeting, button);
      if (type === "cancel") this.greeting.dismiss();
      else if (speaks) this.say(text);
      return;
    }
    const marked = chat.pressed(event, id, this.customer.id);
    this.#core.apply("event_updated", { chat_id: this.conversation.id, thread_id: thread.id, event: marked });
    const postback = { id, thread_id: thread.id, event_id: event.id, ...(type && value ? { type, value } : {}) };
    if (speaks) this.say(text, { postback });
    else this.#postBack(postback);
    this.#core.changed();
  }

  /** Marks a button as pressed. */
  #postBack({ id, thread_id: threadId, event_id: eventId }) {
    const where = { chat_id: this.conversation.id, thread_id: threadId, event_id: eventId };
    this.#core.quietly("send_rich_message_postback", { ...where, postback: { id, toggled: true } });
  }

  /** Takes back an event of the visitor's own; rejects when the server would not. */
  async takeBack({ id }, thread) {
    const where = { chat_id: this.conversation.id, thread_id: thread.id, event_id: id };
    await this.#core.request("delete_event", where).catch((error) => {
      if (error.type !== "not_found") throw error;
    });
    this.#core.apply("event_deleted", where);
    this.#core.changed();
  }

  /** Ends the running chat; rejects when the server would not. */
  async endChat() {
    await this.#core.request("deactivate_chat", { id: this.conversation.id }).catch((error) => {
      if (error.type !== "chat_inactive") throw error;
    });
  }

  /** Reads one more page of older threads; rejects when that failed. */
  loadEarlier() {
    return this.#reading.readEarlier();
  }

  #loginPayload() {
    const { groupId, application } = this.#options;
    return {
      ...this.visit.login,
      customer_side_storage: this.#core.store.get("side_storage") ?? {},
      application,
      ...(groupId ? { group_id: Number(groupId) } : {}),
    };
  }

  /** A group that is gone must not cost the chat: the next login names none. */
  #loginRefused(type) {
    if (type === "group_not_found") this.#options.groupId = "";
  }

  #lineChanged(state) {
    this.#core.connection = state;
    if (state.phase !== "online") {
      this.#core.inSync = false;
      this.#delivery.interrupt();
      this.activity.clear();
    }
    this.#core.changed();
  }

  async #loggedIn(login) {
    const core = this.#core;
    if (core.customer.id && core.customer.id !== login.customer.id) core.conversation = chat.NOBODY;
    core.customer = login.customer;
    this.greeting.set(login.greeting ?? null);
    const group = login.__priv_dynamic_config?.customer_groups?.monitoring?.id ?? this.reception.group;
    const visited = this.reception.visit(group);
    await this.#reading.read(login);
    await visited;
    if (!core.line.online) return;
    await this.reception.askWhoAnswers();
    this.#files.sendNext();
  }

  #haveRead() {
    if (chat.activeThread(this.conversation)) this.greeting.set(null);
    this.#delivery.settleAll();
    this.attention.markSeen();
    this.#core.changed();
    this.#delivery.flush();
  }

  #pushed(action, payload) {
    this.#reading.hold(action, payload);
    this.#absorb(action, payload);
    if (action === "incoming_event") this.#tell("spoken", payload.event);
    this.#delivery.settle();
    this.attention.markSeen();
    this.#core.changed();
    if (action === "chat_deactivated" || action === "incoming_chat") this.#delivery.flush();
  }

  #absorb(action, payload) {
    this.#core.apply(action, payload);
    this.#hears[action]?.(payload);
  }

  /** What a push means beyond the conversation itself. */
  #hears = {
    incoming_chat: ({ chat: { thread } }) => thread?.active && this.greeting.set(null),
    incoming_event: ({ event }) => this.activity.spoke(event.author_id),
    incoming_event_preview: ({ event }) => this.activity.previewing(event.author_id),
    incoming_greeting: (greeting) => this.greeting.set(greeting),
    greeting_accepted: (about) => this.greeting.hear("greeting_accepted", about),
    greeting_canceled: (about) => this.greeting.hear("greeting_canceled", about),
    incoming_typing_indicator: ({ typing_indicator: sign }) => this.activity.typing(sign),
    incoming_thinking_indicator: (sign) => this.activity.thinking(sign),
    chat_deactivated: () => this.activity.clear(),
    user_removed_from_chat: () => this.activity.clear(),
    groups_status_updated: (news) => this.reception.hear(news),
    customer_updated: (news) => {
      this.#core.customer = { ...this.customer, ...news };
    },
    customer_side_storage_updated: ({ customer_side_storage: values }) => this.#core.store.set("side_storage", values),
  };

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
