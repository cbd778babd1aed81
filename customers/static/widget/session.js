/*
 * The visitor's side of the conversation: reads it, keeps it up to date, and gets words across.
 *
 * Everything the panel shows is derived from `session.state`, `session.conversation` and
 * `session.pending()`. Only documented Customer Chat API actions are used.
 */

import { Connection, ConnectionLost, ProtocolError, backOff } from "./connection.js";
import * as chat from "./conversation.js";
import { Outbox } from "./outbox.js";
import { Store, exclusively, freshId } from "./storage.js";
import { TokenSource } from "./token.js";
import { MAX_BYTES, dimensions, uploadFile } from "./uploads.js";

const API = "/v3.6/customer";
const MAX_TEXT_BYTES = 16 * 1024;
const FIRST_PAGE_EVENTS = 25;
const CACHED_EVENTS = 40;
const SKIPPED = 20;
const PEEK_EVERY = 2_000;
const ECHO_WITHIN = 5_000;
const HELP_AFTER = 3_000;
const SIGNS_LAST = 10_000;
const PREVIEW_LASTS = 30_000;
const TRIES = 6;

/** Refusals that mean "not now"; everything else about a message is final. */
const PASSING = new Set([
  "internal",
  "pending_requests_limit_reached",
  "request_timeout",
  "service_unavailable",
  "too_many_requests",
]);
/** Refusals that mean "what you know of the chat is out of date". */
const OUTDATED = new Set(["chat_already_active", "chat_limit_reached", "not_found", "limit_reached"]);
/** What a group may ask before a chat, and in place of one. */
const ASKED = ["prechat", "ticket"];
const NOBODY_IN = new Set(["groups_offline", "group_offline", "group_unavailable"]);

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Session extends EventTarget {
  /** Connection state as in connection.js. */
  connection = { phase: "idle" };
  /** The customer as the server knows them; `{id}` alone before login. */
  customer = {};
  conversation = chat.NOBODY;
  /** `online`, `online_for_queue` or `offline`; null until told. */
  availability = null;
  /** Who would answer a new chat, if the server tells. */
  predicted = null;
  /** Whether the conversation has been read at least once, from the server or the cache. */
  ready = false;
  /** Whether the last reading failed although the connection stands. */
  broken = false;
  /** What the other side is doing: `{authorId, kind: "typing" | "thinking", title?}` or null. */
  activity = null;
  /** Files on their way, oldest first: `{customId, at, file, share, state, problem}`. */
  uploads = [];
  /** What the visitor is greeted with, as the server tells it with `accepted`, or null. */
  greeting = null;
  /** `online`, `online_for_queue` or `offline` by group, as far as anybody asked. */
  groups = {};

  #options;
  #store;
  #tokens;
  #outbox;
  #line;
  #profile = {};
  #page = { url: location.href, title: document.title };
  #referrer = "";
  #inSync = false;
  #reading = null;
  #held = [];
  #flushing = false;
  #again = false;
  #sending = new Set();
  #continuous = false;
  #forms = {};
  #timers = {};
  #peeked = { at: 0, text: "" };
  #watching = false;

  /**
   * @param {object} options
   * @param {string} options.organizationId
   * @param {string} options.clientId
   * @param {string} [options.groupId]
   */
  constructor(options) {
    super();
    this.#options = options;
    this.#store = new Store(`livechat:${options.organizationId}`);
    this.#tokens = new TokenSource({ store: this.#store, ...options });
    this.#outbox = new Outbox(this.#store);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const query = `?organization_id=${encodeURIComponent(options.organizationId)}`;
    this.#line = new Connection({
      url: `${scheme}://${location.host}${API}/rtm/ws${query}`,
      tokens: this.#tokens,
      login: () => this.#loginPayload(),
      onLogin: (payload) => this.#loggedIn(payload),
      onPush: (action, payload) => this.#pushed(action, payload),
      onState: (state) => this.#lineChanged(state),
      onRefusal: (type) => this.#loginRefused(type),
    });
    this.#restore();
    this.#store.watch((key) => key.startsWith("outbox:") && this.#otherTabSpoke());
    window.addEventListener("online", () => this.#line.check());
    window.addEventListener("offline", () => this.#line.doubt());
    window.addEventListener("pageshow", () => this.#line.check());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#line.check();
      this.markSeen();
    });
  }

  // --- what the panel asks for ------------------------------------------------------------------

  start() {
    this.#line.start();
  }

  /** Tries at once: the connection if it is down, the reading if that failed. */
  retry() {
    if (this.#line.online) this.#read();
    else this.#line.retryNow();
  }

  stop() {
    this.#line.close();
  }

  /** What has been said here and has not come back yet, oldest first. */
  pending() {
    const items = this.#outbox.items().map((item) => ({
      ...item,
      state: this.#sending.has(item.event.custom_id) ? "sending" : item.state,
    }));
    const uploading = this.uploads.map((upload) => ({
      ...upload,
      event: { type: "file", name: upload.file.name, size: upload.file.size, custom_id: upload.customId },
      state: upload.state,
      upload,
    }));
    return [...items, ...uploading].sort((one, other) => one.at - other.at);
  }

  /**
   * Says something. Returns the name of what is wrong with it (`too_long`), or null when it is on
   * its way, now or as soon as the connection allows.
   */
  say(text, more = {}) {
    const words = text.trim();
    if (!words) return null;
    if (new TextEncoder().encode(words).length > MAX_TEXT_BYTES) return "too_long";
    this.#outbox.add({ type: "message", text: words, ...more });
    this.#peeked = { at: 0, text: "" };
    clearTimeout(this.#timers.peek);
    this.#line.wake();
    this.#tell("said");
    this.#changed();
    this.#flush();
    return null;
  }

  /**
   * The form to fill in before a chat can begin: `{id, type, fields}`, or null. Who was greeted just
   * answers; while nobody is in, only a form made for that is asked.
   */
  get asked() {
    if (!this.customer.id || chat.activeThread(this.conversation) || this.greeting) return null;
    const type = this.availability === "offline" ? "ticket" : "prechat";
    const form = this.#forms[type];
    return form && !this.pending().length ? { ...form, type } : null;
  }

  /** Answers a form; `attach` keeps the answers with the chat that asked, though it may be over. */
  answer({ id, type }, fields, { attach = false } = {}) {
    const event = { type: "filled_form", form_id: id, fields, ...(type ? { form_type: type } : {}) };
    this.#outbox.add(event, { attach });
    this.#tell("happened", ["form_submitted", { type }]);
    this.#line.wake();
    this.#tell("said");
    this.#changed();
    this.#flush();
  }

  /** Whether the visitor would rather not answer the form that an event asks. */
  isSkipped(eventId) {
    return (this.#store.get("skipped") ?? []).includes(eventId);
  }

  /** Asks the form of an event no more. */
  skip(eventId) {
    this.#store.set("skipped", [...(this.#store.get("skipped") ?? []), eventId].slice(-SKIPPED));
    this.#changed();
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
      this.#quietly("send_greeting_button_clicked", { greeting_unique_id: greeting.unique_id, button_id: button.button_id });
      if (type === "cancel") this.dismissGreeting();
      else if (speaks) this.say(text);
      return;
    }
    const marked = { chat_id: this.conversation.id, thread_id: thread.id, event: chat.pressed(event, id, this.customer.id) };
    this.conversation = chat.apply(this.conversation, "event_updated", marked);
    const postback = { id, thread_id: thread.id, event_id: event.id, ...(type && value ? { type, value } : {}) };
    if (speaks) this.say(text, { postback });
    else this.#postBack(postback);
    this.#changed();
  }

  /** Takes back an event of the visitor's own; rejects when the server would not. */
  async takeBack({ id }, thread) {
    const where = { chat_id: this.conversation.id, thread_id: thread.id, event_id: id };
    await this.#line.request("delete_event", where).catch((error) => {
      if (error.type !== "not_found") throw error;
    });
    this.conversation = chat.apply(this.conversation, "event_deleted", where);
    this.#changed();
  }

  /** What the visitor thinks of the last chat: `{score?, comment?}`. */
  get rating() {
    return chat.lastThread(this.conversation)?.properties?.rating ?? {};
  }

  /** Rates the last chat (`{score}`, 0 or 1, or `{comment}`); rejects when the server would not. */
  async rate(values) {
    await this.#setOnThread({ rating: values });
    if ("score" in values) this.#tell("happened", ["rating_submitted", values.score ? "good" : "bad"]);
  }

  /** Takes the rating back; rejects when the server would not. */
  async unrate() {
    const where = this.#lastThread();
    const properties = { rating: Object.keys(this.rating) };
    await this.#line.request("delete_thread_properties", { ...where, properties });
    this.conversation = chat.apply(this.conversation, "thread_properties_deleted", { ...where, properties });
    this.#tell("happened", ["rating_submitted", "none"]);
    this.#changed();
  }

  /** Has the last chat mailed to an address; rejects when the server would not. */
  requestTranscript(email) {
    return this.#setOnThread({ routing: { transcript_email: email } });
  }

  async #setOnThread(properties) {
    const where = this.#lastThread();
    await this.#line.request("update_thread_properties", { ...where, properties });
    this.conversation = chat.apply(this.conversation, "thread_properties_updated", { ...where, properties });
    this.#changed();
  }

  #lastThread() {
    return { chat_id: this.conversation.id, thread_id: chat.lastThread(this.conversation).id };
  }

  /** Closes the greeting for good. */
  dismissGreeting() {
    if (this.greeting) this.#quietly("cancel_greeting", { unique_id: this.greeting.unique_id });
    this.#greet(null);
  }

  /** Notes that the visitor has seen the greeting. */
  acceptGreeting() {
    if (!this.greeting || this.greeting.accepted) return;
    const { id, unique_id: uniqueId } = this.greeting;
    this.#quietly("accept_greeting", { greeting_id: id, unique_id: uniqueId });
    this.#greet({ ...this.greeting, accepted: true });
  }

  #greet(greeting) {
    this.greeting = greeting;
    this.#changed();
  }

  /** Sends a file. Returns `too_large` when it cannot be. */
  attach(file) {
    if (file.size > MAX_BYTES) return "too_large";
    const picture = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
    const upload = { customId: freshId(), at: Date.now(), file, share: 0, state: "waiting", problem: null, picture };
    this.uploads = [...this.uploads, upload];
    this.#tell("said");
    this.#changed();
    this.#uploadNext();
    return null;
  }

  /** Sends a refused message or upload once more. */
  again(customId) {
    const upload = this.uploads.find((one) => one.customId === customId);
    if (upload) Object.assign(upload, { state: "waiting", problem: null, share: 0 });
    else this.#outbox.update(customId, { state: "waiting", problem: null });
    this.#changed();
    this.#uploadNext();
    this.#flush();
  }

  /** Gives up a message or upload, stopping it if it is under way. */
  discard(customId) {
    const upload = this.uploads.find((one) => one.customId === customId);
    if (upload) this.#dropUpload(upload);
    else this.#outbox.remove(customId);
    this.#changed();
  }

  /** Shows agents what is being typed, at most every two seconds. */
  typing(text) {
    this.#line.wake();
    if (!chat.activeThread(this.conversation) || text === this.#peeked.text) return;
    clearTimeout(this.#timers.peek);
    const wait = Math.max(0, this.#peeked.at + PEEK_EVERY - Date.now());
    this.#timers.peek = setTimeout(() => {
      this.#peeked = { at: Date.now(), text };
      this.#quietly("send_sneak_peek", { chat_id: this.conversation.id, sneak_peek_text: text });
    }, wait);
  }

  /** Tells whether the visitor is looking; seeing is believing. */
  watch(watching) {
    this.#watching = watching;
    if (watching) {
      this.#line.wake();
      this.markSeen();
    }
  }

  /** Marks everything as seen if the visitor can see it and something is new. */
  markSeen() {
    if (!this.#watching || document.visibilityState !== "visible" || !this.#inSync) return;
    if (!this.unread) return;
    const seen = chat.allEvents(this.conversation).at(-1).created_at;
    this.conversation = chat.markedSeen(this.conversation, this.customer.id, seen);
    this.#quietly("mark_events_as_seen", { chat_id: this.conversation.id, seen_up_to: seen });
    this.#changed();
  }

  get unread() {
    return chat.unreadCount(this.conversation, this.customer.id);
  }

  /** Ends the running chat; rejects when the server would not. */
  async endChat() {
    await this.#line.request("deactivate_chat", { id: this.conversation.id }).catch((error) => {
      if (error.type !== "chat_inactive") throw error;
    });
  }

  /** Reads one more page of older threads; rejects when that failed. */
  async loadEarlier() {
    const { id, earlier } = this.conversation;
    const page = await this.#line.request("list_threads", { chat_id: id, page_id: earlier });
    this.conversation = chat.withEarlier(this.conversation, page);
    this.#changed();
  }

  /** The host page the visitor is on. */
  setPage(page, referrer = this.#referrer) {
    const moved = page.url !== this.#page.url;
    this.#page = page;
    this.#referrer = referrer;
    if (moved && this.#line.online) this.#line.request("update_customer_page", page).then((answer) => this.#regrouped(answer), () => {});
  }

  /** Another page may be another group's, who ask other things. */
  #regrouped({ groups = [] }) {
    if (!groups.length) return;
    this.#setAvailability(groups[0].status);
    this.#askWhatToAsk(groups[0].id);
  }

  /** Name, e-mail and session fields the host page knows. */
  setCustomer(values) {
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
    if (!Object.keys(given).length) return;
    Object.assign(this.#profile, given);
    this.#quietly("update_customer", given);
  }

  // --- connection -------------------------------------------------------------------------------

  #loginPayload() {
    const { groupId, application } = this.#options;
    return {
      ...(Object.keys(this.#profile).length ? { customer: this.#profile } : {}),
      customer_page: this.#page,
      customer_side_storage: this.#store.get("side_storage") ?? {},
      referrer: this.#referrer,
      is_mobile: matchMedia("(pointer: coarse) and (max-width: 480px)").matches,
      application,
      ...(groupId ? { group_id: Number(groupId) } : {}),
    };
  }

  /** A group that is gone must not cost the chat: the next login names none. */
  #loginRefused(type) {
    if (type === "group_not_found") this.#options.groupId = "";
  }

  #lineChanged(state) {
    this.connection = state;
    if (state.phase !== "online") {
      this.#inSync = false;
      this.#sending.clear();
      this.activity = null;
    }
    this.#changed();
  }

  async #loggedIn(login) {
    if (this.customer.id && this.customer.id !== login.customer.id) this.conversation = chat.NOBODY;
    this.customer = login.customer;
    this.greeting = login.greeting ?? null;
    const group = login.__priv_dynamic_config?.customer_groups?.monitoring?.id ?? Number(this.#options.groupId || 0);
    const asked = this.#askWhatToAsk(group);
    await this.#read(login);
    await asked;
    if (!this.#line.online) return;
    await this.#askWhoIsIn();
    this.#uploadNext();
  }

  /** Reads chat and threads afresh; who asks while a reading is under way waits for that one. */
  #read(login = {}) {
    this.#reading ??= this.#readAll(login).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Takes what the server has, then applies once more what was pushed meanwhile. */
  async #readAll(login) {
    this.#inSync = false;
    this.#held = [];
    this.broken = false;
    this.#changed();
    try {
      const { chats_summary: chats = [] } = await this.#line.request("list_chats", { limit: 10 });
      const summary = chats.find((one) => one.active) ?? chats[0];
      if (summary) {
        const page = { chat_id: summary.id, min_events_count: FIRST_PAGE_EVENTS };
        const threads = await this.#line.request("list_threads", page);
        this.#adopt(chat.fromReading(summary, threads), login);
      } else {
        this.conversation = chat.NOBODY;
      }
    } catch (error) {
      if (error instanceof ProtocolError) this.#readingFailed();
      return;
    }
    for (const [action, payload] of this.#held) this.#absorb(action, payload);
    this.#held = [];
    if (chat.activeThread(this.conversation)) this.greeting = null;
    this.ready = true;
    this.#inSync = true;
    this.#outbox.settle(chat.customIds(this.conversation));
    this.#outbox.forgetAcked();
    this.markSeen();
    this.#changed();
    this.#flush();
  }

  #readingFailed() {
    this.broken = true;
    this.#changed();
  }

  /** Takes a reading over; the login says best whether anything in it is unread. */
  #adopt(conversation, { chats = [] }) {
    this.conversation = conversation;
    const told = chats.find((one) => one.chat_id === conversation.id);
    const last = chat.allEvents(conversation).at(-1);
    if (told && !told.has_unread_events && last) {
      this.conversation = chat.markedSeen(conversation, this.customer.id, last.created_at);
    }
  }

  /** Learns who is in, which forms the group asks, and who is in of the groups they let one choose. */
  async #askWhatToAsk(group) {
    try {
      const [statuses, ...answers] = await Promise.all([
        this.#line.request("list_group_statuses", { group_ids: [group] }),
        ...ASKED.map((type) => this.#line.request("get_form", { group_id: group, type })),
      ]);
      this.#forms = Object.fromEntries(ASKED.map((type, place) => [type, answers[place].form ?? null]));
      this.#store.set("forms", this.#forms);
      this.groups = { ...this.groups, ...statuses.groups_status };
      this.#setAvailability(this.groups[group] ?? "offline");
      await this.#askAboutChoices();
    } catch {
      /* The chat works without forms, and without knowing who is in. */
    }
  }

  async #askAboutChoices() {
    const fields = Object.values(this.#forms).flatMap((form) => form?.fields ?? []);
    const choices = fields.filter((field) => field.type === "group_chooser").flatMap((field) => field.options);
    if (!choices.length) return;
    const ids = [...new Set(choices.map((option) => option.group_id))];
    const { groups_status: statuses } = await this.#line.request("list_group_statuses", { group_ids: ids });
    this.groups = { ...this.groups, ...statuses };
    this.#changed();
  }

  async #askWhoIsIn() {
    try {
      if (!chat.activeThread(this.conversation) && this.availability !== "offline") {
        const { agent } = await this.#line.request("get_predicted_agent");
        this.predicted = agent ?? null;
        this.#changed();
      }
    } catch {
      /* Who is in is a courtesy: the chat works without knowing. */
    }
  }

  #setAvailability(status) {
    this.availability = status;
    this.#continuous = status === "offline";
    this.#changed();
  }

  // --- pushes -----------------------------------------------------------------------------------

  #pushed(action, payload) {
    if (!this.#inSync) this.#held.push([action, payload]);
    this.#absorb(action, payload);
    if (action === "incoming_event") this.#tell("spoken", payload.event);
    if (this.#outbox.settle(chat.customIds(this.conversation))) this.#sending.clear();
    this.markSeen();
    this.#changed();
    if (action === "chat_deactivated" || action === "incoming_chat") this.#flush();
  }

  #absorb(action, payload) {
    this.conversation = chat.apply(this.conversation, action, payload);
    switch (action) {
      case "incoming_chat":
        if (payload.chat.thread?.active) this.greeting = null;
        break;
      case "incoming_event":
        if (this.activity?.authorId === payload.event.author_id) this.#setActivity(null);
        break;
      case "incoming_event_preview":
        this.#forgetPreviewLater(payload.event.author_id);
        break;
      case "incoming_greeting":
        this.greeting = payload;
        break;
      case "greeting_accepted":
      case "greeting_canceled":
        if (this.greeting?.unique_id === payload.unique_id) {
          this.greeting = action === "greeting_accepted" ? { ...this.greeting, accepted: true } : null;
        }
        break;
      case "incoming_typing_indicator": {
        const { author_id: authorId, is_typing: on } = payload.typing_indicator;
        if (authorId !== this.customer.id) this.#setActivity(on ? { authorId, kind: "typing" } : null);
        break;
      }
      case "incoming_thinking_indicator":
        this.#setActivity({ authorId: payload.author_id, kind: "thinking", title: payload.title });
        break;
      case "chat_deactivated":
      case "user_removed_from_chat":
        this.#setActivity(null);
        break;
      case "groups_status_updated":
        if (payload.groups?.length) this.#setAvailability(payload.groups[0].status);
        for (const { id, status } of payload.groups ?? []) this.groups = { ...this.groups, [id]: status };
        break;
      case "customer_updated":
        this.customer = { ...this.customer, ...payload };
        break;
      case "customer_side_storage_updated":
        this.#store.set("side_storage", payload.customer_side_storage);
        break;
    }
  }

  #setActivity(activity) {
    clearTimeout(this.#timers.activity);
    this.activity = activity;
    if (activity) this.#timers.activity = setTimeout(() => {
      this.activity = null;
      this.#changed();
    }, SIGNS_LAST);
  }

  /** Who stops writing without sending leaves nothing behind. */
  #forgetPreviewLater(authorId) {
    clearTimeout(this.#timers.preview);
    this.#timers.preview = setTimeout(() => {
      this.conversation = chat.withoutPreviews(this.conversation, authorId);
      this.#changed();
    }, PREVIEW_LASTS);
  }

  // --- sending ----------------------------------------------------------------------------------

  /** Sends what waits, one by one, while no other tab does. */
  async #flush() {
    if (this.#flushing) {
      this.#again = true;
      return;
    }
    this.#flushing = true;
    try {
      do {
        this.#again = false;
        if (this.#outbox.waiting().length) {
          await exclusively(`${this.#options.organizationId}:outbox`, () => this.#drain());
        }
      } while (this.#again);
    } finally {
      this.#flushing = false;
    }
  }

  async #drain() {
    for (let tries = 0; tries < TRIES; ) {
      const [item] = this.#outbox.waiting();
      if (!item || !this.#inSync) return;
      const id = item.event.custom_id;
      this.#sending.add(id);
      this.#changed();
      try {
        await this.#deliver(item);
        if (item.event.postback) this.#postBack(item.event.postback);
        this.#outbox.update(id, { state: "acked" });
        this.#expectEcho();
        tries = 0;
      } catch (error) {
        if (!(error instanceof ProtocolError)) return;
        tries += 1;
        await this.#recover(error, id, tries);
      } finally {
        this.#sending.delete(id);
        this.#changed();
      }
    }
  }

  /** Starts a chat, opens a new thread, or sends into the running one. */
  async #deliver({ event, attach }) {
    const { id } = this.conversation;
    if (id && (attach || chat.activeThread(this.conversation))) {
      await this.#line.request("send_event", { chat_id: id, event, ...(attach ? { attach_to_last_thread: true } : {}) });
      return;
    }
    const thread = { events: [event], properties: this.#beginning(event) };
    const continuous = this.#continuous;
    const opened = id
      ? await this.#line.request("resume_chat", { chat: { id, thread }, continuous })
      : await this.#line.request("start_chat", { chat: { thread }, continuous });
    this.#opened(opened.chat_id ?? id, opened.thread_id);
  }

  /** What a new thread says about how it came to be. */
  #beginning(event) {
    return {
      ...(this.greeting ? { lc2: { greeting_unique_id: this.greeting.unique_id } } : {}),
      ...(event.form_type === "ticket" ? { routing: { offline_message: true } } : {}),
    };
  }

  /** Marks a button as pressed. */
  #postBack({ id, thread_id: threadId, event_id: eventId }) {
    const where = { chat_id: this.conversation.id, thread_id: threadId, event_id: eventId };
    this.#quietly("send_rich_message_postback", { ...where, postback: { id, toggled: true } });
  }

  /** Notes a thread we opened; its push, which follows, brings the rest. */
  #opened(id, threadId) {
    const thread = { id: threadId, active: true, created_at: new Date().toISOString() };
    const known = this.conversation.threads.some((one) => one.id === threadId);
    const users = [{ id: this.customer.id, type: "customer", present: true }];
    if (!known) this.conversation = chat.apply(this.conversation, "incoming_chat", { chat: { id, users, thread } });
  }

  /** Does what a refusal calls for, so that the next round can succeed or the item is marked. */
  async #recover(error, customId, tries) {
    if (error.type === "greeting_not_found" && this.greeting) this.#greet(null);
    else if (NOBODY_IN.has(error.type) && !this.#continuous) this.#setAvailability("offline");
    else if (error.type === "chat_inactive" || (OUTDATED.has(error.type) && tries < 3)) await this.#read();
    else if (PASSING.has(error.type) && tries < TRIES) await pause(backOff(tries));
    else this.#outbox.update(customId, { state: "failed", problem: "refused" });
  }

  /** What was acknowledged must come back as a push; if it does not, the chat is read afresh. */
  #expectEcho() {
    clearTimeout(this.#timers.echo);
    this.#timers.echo = setTimeout(() => {
      const missing = this.#outbox.items().some((item) => item.state === "acked");
      if (missing && this.#inSync) this.#read();
    }, ECHO_WITHIN);
  }

  /** Another tab said something; should it be closed before sending, we do. */
  #otherTabSpoke() {
    this.#changed();
    clearTimeout(this.#timers.help);
    this.#timers.help = setTimeout(() => this.#flush(), HELP_AFTER);
  }

  // --- files ------------------------------------------------------------------------------------

  async #uploadNext() {
    const upload = this.uploads.find((one) => one.state === "waiting");
    if (!upload || !this.#line.online || this.uploads.some((one) => one.state === "uploading")) return;
    Object.assign(upload, { state: "uploading", share: 0, stop: new AbortController() });
    this.#changed();
    try {
      const url = await this.#transfer(upload);
      const { file, customId, at } = upload;
      const about = { name: file.name, size: file.size, content_type: file.type, ...(await dimensions(file)) };
      this.#outbox.add({ type: "file", url }, { customId, at, about });
      this.#dropUpload(upload);
      this.#flush();
    } catch (error) {
      await this.#uploadFailed(upload, error);
    }
    this.#changed();
    this.#uploadNext();
  }

  async #transfer(upload, renewed = false) {
    const { accessToken } = await this.#tokens.get();
    const query = `?organization_id=${encodeURIComponent(this.#options.organizationId)}`;
    try {
      return await uploadFile({
        url: `${API}/action/upload_file${query}`,
        token: accessToken,
        file: upload.file,
        signal: upload.stop.signal,
        onProgress: (share) => {
          upload.share = share;
          this.#changed();
        },
      });
    } catch (error) {
      if (error.type !== "authentication" || renewed) throw error;
      this.#tokens.discard(accessToken);
      return this.#transfer(upload, true);
    }
  }

  /** What may pass is tried again after a while, the rest is shown. */
  async #uploadFailed(upload, error) {
    if (error.name === "AbortError") return;
    upload.tries = (upload.tries ?? 0) + 1;
    const passing = error instanceof ConnectionLost || PASSING.has(error.type);
    if (passing && upload.tries < TRIES) {
      await pause(backOff(upload.tries));
      if (upload.state === "uploading") upload.state = "waiting";
    } else {
      const problem = error.type === "entity_too_large" ? "too_large" : "refused_file";
      Object.assign(upload, { state: "failed", problem: passing ? null : problem, tries: 0 });
    }
  }

  #dropUpload(upload) {
    upload.stop?.abort();
    if (upload.picture) URL.revokeObjectURL(upload.picture);
    this.uploads = this.uploads.filter((one) => one !== upload);
  }

  // --- memory -----------------------------------------------------------------------------------

  #restore() {
    const kept = this.#store.get("cache");
    if (!kept || kept.customerId !== this.#tokens.customerId) return;
    this.customer = { id: kept.customerId };
    this.conversation = kept.conversation;
    this.#forms = this.#store.get("forms") ?? {};
    this.ready = true;
  }

  #keep() {
    const { id: customerId } = this.customer;
    if (!customerId || !this.ready) return;
    const conversation = chat.excerpt(this.conversation, CACHED_EVENTS);
    this.#store.set("cache", { customerId, conversation });
  }

  /** Sends what nobody waits for; a failure changes nothing that matters. */
  #quietly(action, payload) {
    if (this.#line.online) this.#line.request(action, payload).catch(() => {});
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Lets the panel redraw once per frame of work, and keeps the excerpt a moment later. */
  #changed() {
    if (!this.#timers.told) {
      this.#timers.told = setTimeout(() => {
        this.#timers.told = 0;
        this.#tell("change");
      });
    }
    if (!this.#timers.keep) {
      this.#timers.keep = setTimeout(() => {
        this.#timers.keep = 0;
        this.#keep();
      }, 500);
    }
  }
}
