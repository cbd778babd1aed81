/**
 * The workspace behind its views: keeps the store true to the server and carries out what the agent asks.
 * Views call its commands and read the store; they never talk to the server themselves.
 */

import { Archive } from "./archive.js";
import { Attention } from "./attention.js";
import { Connection, RequestError } from "./connection.js";
import { Customers } from "./customers.js";
import { Outbox } from "./outbox.js";
import { isActive, mySeat, newestForeign, sectionOf } from "./selectors.js";
import { createStore } from "./store.js";
import { Threads } from "./threads.js";
import { tokenSource } from "./token.js";
import { Uploads } from "./uploads.js";

const ACTIVE_PAGE = 100;
const ACTIVE_PAGES_AT_LOGIN = 3;
const ARCHIVE_PAGE = 25;
const HISTORY_EVENTS = 30;
const TYPING_REPEAT_MS = 3000;
const TYPING_STOP_MS = 5000;
const REFRESH_DELAY_MS = 250;
const UNDO_MS = 6000;
const PAGES_TO_A_THREAD = 30;
const RENEW_AGAIN_MS = 15000;
const LOOK_AGAIN_MS = 100;
const LOOKS_FOR_A_CHAT = 200;

/** Pushes that also reach agents outside a chat; its row is then read again, for the words they do not carry. */
const HEADLINES = new Set([
  "incoming_chat",
  "chat_deactivated",
  "chat_transferred",
  "chat_access_updated",
  "user_added_to_chat",
  "user_removed_from_chat",
  "chat_unfollowed",
  "thread_deleted",
]);

/** Refusals that mean: this chat is not mine to see. */
const GONE = ["not_found", "authorization", "missing_access"];

export class Workspace {
  /**
   * @param {object} config rendered by the server: rtmUrl, apiUrl, tokenUrl, csrf, accountId
   * @param {import("./preferences.js").Preferences} preferences
   */
  constructor(config, preferences) {
    this.config = config;
    this.preferences = preferences;
    this.store = createStore();
    this.getToken = tokenSource(config.tokenUrl, config.csrf);
    this.refreshing = new Map();
    this.typing = null;
    this.leftThread = null;
    this.followed = new Set(preferences.recall("followed", []));
    this.pushListeners = new Set();
    this.failureListeners = new Set();
    this.noticeListeners = new Set();
    this.threads = new Threads(this);
    this.archive = new Archive(this);
    this.customers = new Customers(this);
    this.attention = new Attention({
      minutes: () => preferences.get("awayMinutes"),
      onChange: (isAway) => this.#attentionChanged(isAway),
    });
    this.#connect();
    this.#queues();
  }

  get state() {
    return this.store.state;
  }

  start() {
    this.connection.start();
    setInterval(() => this.store.dispatch({ type: "expire", now: Date.now() }), 2000);
    addEventListener("online", () => this.connection.probe());
    addEventListener("offline", () => this.connection.probe());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.connection.probe();
    });
    addEventListener("pagehide", () => this.#finishClosing());
    this.attention.start();
  }

  /** Be told of every push after the store took it in: listener(action, payload). */
  onPush(listener) {
    this.pushListeners.add(listener);
  }

  /** Be told when something the agent asked for did not happen: listener(name of the text, error). */
  onFailure(listener) {
    this.failureListeners.add(listener);
  }

  /** Be told what the agent should hear of: listener(name of the text, its values). */
  onNotice(listener) {
    this.noticeListeners.add(listener);
  }

  /** Tell the agent something in a line that goes away by itself. */
  notice(name, values = {}) {
    for (const listener of this.noticeListeners) listener(name, values);
  }

  /** Send a request now or not at all; rejects with a RequestError. */
  request(action, payload) {
    return this.connection.request(action, payload);
  }

  /** Read something; while the line is down the question waits. */
  ask(action, payload = {}) {
    return this.connection.request(action, payload, { idempotent: true });
  }

  /** Try to connect now instead of waiting. */
  reconnect() {
    this.connection.start();
  }

  // --- the line ----------------------------------------------------------------------------------

  #connect() {
    this.connection = new Connection({
      url: this.config.rtmUrl,
      getToken: this.getToken,
      loginPayload: (token) => ({
        token: `Bearer ${token}`,
        timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        reconnect: this.preferences.recall("was_online", false),
        away: this.attention.isAway,
        application: { name: "workspace" },
      }),
      onLogin: (payload) => this.#loggedIn(payload),
      onPush: (action, payload) => this.#pushed(action, payload),
      onState: (connection) => {
        if (connection.phase !== "online") {
          this.outbox?.close();
          clearTimeout(this.renewal);
        }
        this.store.dispatch({ type: "connection", connection });
      },
    });
  }

  #queues() {
    this.outbox = new Outbox({
      send: (chatId, event) => this.connection.request("send_event", { chat_id: chatId, event }),
      onChange: (items) => this.store.dispatch({ type: "outbox", items }),
      storage: this.preferences.session,
      key: `${this.preferences.prefix}outbox`,
    });
    this.uploads = new Uploads({
      url: `${this.config.apiUrl}/upload_file`,
      getToken: this.getToken,
      onDone: (chatId, event) => this.outbox.add(chatId, event),
      onChange: (items) => this.store.dispatch({ type: "uploads", items }),
    });
  }

  #loggedIn(payload) {
    this.preferences.remember("was_online", true);
    const before = this.state;
    this.store.dispatch({ type: "login", payload });
    this.store.dispatch({ type: "away", isAway: this.attention.isAway });
    this.#resync(before).catch((error) => this.#resyncFailed(error));
    this.outbox.open();
    this.#readDirectory();
    this.#renewLater(this.getToken.millisecondsLeft());
  }

  /** Go on with a fresh token before the one we came with runs out; who can not, is sent away and comes again. */
  #renewLater(pause) {
    clearTimeout(this.renewal);
    this.renewal = setTimeout(async () => {
      try {
        const token = await this.getToken(true);
        await this.connection.request("update_session", { token: `Bearer ${token}` });
        this.#renewLater(this.getToken.millisecondsLeft());
      } catch (error) {
        if (this.connection.isOnline && !error.isFinal) this.#renewLater(RENEW_AGAIN_MS);
      }
    }, pause);
  }

  async #readDirectory() {
    try {
      const answer = await fetch(this.config.directoryUrl, {
        credentials: "same-origin",
        headers: { Accept: "application/json" },
      });
      if (answer.ok) this.store.dispatch({ type: "directory", directory: await answer.json() });
    } catch {
      // Names stay as they were; ids stand in for those nobody knows.
    }
  }

  #attentionChanged(isAway) {
    this.store.dispatch({ type: "away", isAway });
    if (!this.connection.isOnline) return;
    this.connection.request("set_away_status", { away: isAway }).catch(() => null);
  }

  /** Read again whatever may have changed while the line was down. */
  async #resync(before) {
    const listed = new Set();
    const statuses = this.ask("list_routing_statuses").then(
      (answer) => this.store.dispatch({ type: "statuses", statuses: answer }),
      () => null,
    );
    const complete = await this.#listActive(listed);
    if (this.state.search.status !== "idle") this.archive.again();
    await statuses;
    const { me, selected } = this.state;
    const again = new Set();
    for (const chat of Object.values(this.state.chats)) {
      const section = sectionOf(chat, me);
      const vanished = complete && isActive(chat) && !listed.has(chat.id);
      if (section === "mine" || vanished) again.add(chat.id);
    }
    if (selected) again.delete(selected);
    const reread = [...again].map((id) => this.refresh(id));
    if (selected) reread.push(this.#load(selected, before.chats[selected]));
    if (this.state.lists.archive.status !== "idle") reread.push(this.loadArchive({ first: true }));
    this.#unfollowLeftovers();
    await Promise.allSettled(reread);
  }

  async #listActive(listed) {
    if (this.state.lists.active.status === "error") {
      this.store.dispatch({ type: "list-status", scope: "active", status: "loading" });
    }
    let page = { filters: { active: true }, limit: ACTIVE_PAGE };
    for (let pages = 0; pages < ACTIVE_PAGES_AT_LOGIN && page; pages += 1) {
      const answer = await this.ask("list_chats", page);
      for (const chat of answer.chats_info) listed.add(chat.id);
      this.store.dispatch({
        type: "list-page",
        scope: "active",
        chats: answer.chats_info,
        next: answer.next_page_id,
      });
      page = answer.next_page_id ? { page_id: answer.next_page_id } : null;
    }
    return page === null;
  }

  #resyncFailed(error) {
    if (error.type === "disconnected") return;
    this.store.dispatch({ type: "list-status", scope: "active", status: "error" });
  }

  /** Ask again for the lists after a failure. */
  retryLists() {
    this.#resync(this.state).catch((error) => this.#resyncFailed(error));
  }

  // --- pushes ------------------------------------------------------------------------------------

  #pushed(action, payload) {
    if (action === "incoming_event") this.outbox.confirm(payload.event.custom_id);
    const { summaries } = this.state;
    this.store.dispatch({ type: "push", action, payload, now: Date.now() });
    if (summaries !== this.state.summaries) this.#tellOfSummary(summaries, payload.thread_id);
    if (action === "threads_deleted") this.#readAgain();
    this.#followUp(action, payload);
    if (payload) this.#tellOfTransfer(action, payload);
    for (const listener of this.pushListeners) listener(action, payload);
  }

  #followUp(action, payload) {
    const chatId = chatIdOf(action, payload);
    if (!chatId) return;
    if (HEADLINES.has(action)) {
      this.refreshing.get(chatId)?.invalidate();
      const chat = this.state.chats[chatId];
      const informed = chat && (mySeat(chat, this.state.me) || chat.isFollowed);
      const complete = action === "incoming_chat" && informed;
      if (!complete) this.#refreshSoon(chatId);
    } else if (!this.state.chats[chatId] && action === "incoming_event") {
      this.#refreshSoon(chatId);
    }
    if (chatId === this.state.selected) this.#keepWatching(chatId);
  }

  /** Threads went that this page can not all name: what is on screen is read again. */
  #readAgain() {
    this.reload();
    if (this.state.lists.archive.status !== "idle") this.loadArchive({ first: true });
  }

  /** A summary that was waited for is there, or will never be. */
  #tellOfSummary(before, threadId) {
    if (before[threadId] !== "asked") return;
    const isFailed = this.state.summaries[threadId] === "failed";
    this.notice(isFailed ? "summary.failed" : "summary.ready");
  }

  /** Somebody else handed on a chat of mine: that I left it is told first, then where it went. */
  #tellOfTransfer(action, payload) {
    const { chats, me } = this.state;
    const isMine = payload.requester_id === me?.id;
    if (action === "user_removed_from_chat" && payload.user_id === me?.id && !isMine) {
      this.leftThread = payload.thread_id;
    } else if (action === "chat_transferred" && this.leftThread === payload.thread_id) {
      this.leftThread = null;
      const chat = chats[payload.chat_id];
      if (chat) this.notice("notice.taken", { chat, to: payload.transferred_to });
    }
  }

  #refreshSoon(chatId) {
    if (this.refreshing.has(chatId)) return;
    let stale = false;
    const run = async () => {
      do {
        stale = false;
        await this.refresh(chatId).catch(() => null);
      } while (stale);
      if (chatId === this.state.selected) this.#keepWatching(chatId);
      this.refreshing.delete(chatId);
    };
    setTimeout(run, REFRESH_DELAY_MS);
    this.refreshing.set(chatId, {
      invalidate: () => {
        stale = true;
      },
    });
  }

  /** Read one chat with its newest thread again. */
  async refresh(chatId) {
    try {
      const chat = await this.ask("get_chat", { chat_id: chatId });
      this.#confirmAll(chat.thread?.events);
      this.store.dispatch({ type: "chat", chat });
    } catch (error) {
      if (GONE.includes(error.type)) {
        this.store.dispatch({ type: "missing", chatId, error: error.type });
        this.store.dispatch({ type: "forget", chatId });
      } else {
        throw error;
      }
    }
  }

  #confirmAll(events = []) {
    for (const event of events) this.outbox.confirm(event.custom_id);
  }

  // --- lists -------------------------------------------------------------------------------------

  /** More active chats than the first pages held. */
  async loadActive() {
    const { next, status } = this.state.lists.active;
    if (!next || status === "loading-more") return;
    this.store.dispatch({ type: "list-status", scope: "active", status: "loading-more" });
    await this.#page("active", { page_id: next });
  }

  /** Closed chats: the first page, or the one after what is loaded. */
  async loadArchive({ first = false } = {}) {
    const { next, status } = this.state.lists.archive;
    if (status.startsWith("loading") || (!first && !next)) return;
    const fresh = first || !next;
    this.store.dispatch({
      type: "list-status",
      scope: "archive",
      status: fresh ? "loading" : "loading-more",
    });
    await this.#page(
      "archive",
      fresh ? { filters: { active: false }, limit: ARCHIVE_PAGE } : { page_id: next },
      fresh,
    );
  }

  async #page(scope, request, first = false) {
    try {
      const answer = await this.ask("list_chats", request);
      this.store.dispatch({
        type: "list-page",
        scope,
        first,
        chats: answer.chats_info,
        next: answer.next_page_id,
      });
    } catch {
      this.store.dispatch({ type: "list-status", scope, status: "error" });
    }
  }

  // --- one chat ----------------------------------------------------------------------------------

  /** Put a chat on screen, or none. What is on screen is followed, so that its words arrive. */
  select(chatId) {
    const before = this.state.selected;
    if (before === chatId) return;
    this.stopTyping();
    this.store.dispatch({ type: "select", chatId });
    if (before) this.#unwatch(before);
    if (chatId) this.#load(chatId, this.state.chats[chatId]);
  }

  /** Ask again for the chat on screen after a failure. */
  reload() {
    const { selected, chats } = this.state;
    if (selected) this.#load(selected, chats[selected]);
  }

  async #load(chatId, before) {
    const known = new Set((before?.threads ?? []).map((thread) => thread.id));
    try {
      await this.refresh(chatId);
      if (!this.state.chats[chatId]) return;
      this.#keepWatching(chatId);
      this.#loadCustomer(chatId);
      this.store.dispatch({ type: "history-status", chatId, status: "loading" });
      const answer = await this.ask("list_threads", {
        chat_id: chatId,
        min_events_count: HISTORY_EVENTS,
      });
      this.#takeHistory(chatId, answer, {
        continuous:
          Boolean(before?.history.reached) && answer.threads.some((thread) => known.has(thread.id)),
      });
    } catch {
      if (this.state.chats[chatId]) {
        this.store.dispatch({ type: "history-status", chatId, status: "error" });
      } else {
        this.store.dispatch({ type: "missing", chatId, error: "disconnected" });
      }
    }
  }

  #takeHistory(chatId, answer, reach) {
    for (const thread of answer.threads) this.#confirmAll(thread.events);
    this.store.dispatch({
      type: "history",
      chatId,
      threads: answer.threads,
      next: answer.next_page_id,
      ...reach,
    });
  }

  /** Older threads of a chat than those loaded. */
  async loadOlder(chatId) {
    const history = this.state.chats[chatId]?.history;
    if (!history?.next || history.status !== "ready") return;
    this.store.dispatch({ type: "history-status", chatId, status: "loading-older" });
    try {
      const answer = await this.ask("list_threads", { chat_id: chatId, page_id: history.next });
      this.#takeHistory(chatId, answer, { older: true });
    } catch {
      this.store.dispatch({ type: "history-status", chatId, status: "error-older" });
    }
  }

  /** Wait until the newest threads of a chat are there; resolves to whether they came. */
  async loaded(chatId) {
    for (let looks = 0; looks < LOOKS_FOR_A_CHAT; looks += 1) {
      if (this.state.selected !== chatId || this.state.missing) return false;
      if (this.state.chats[chatId]?.history.reached) return true;
      await pause(LOOK_AGAIN_MS);
    }
    return false;
  }

  /** Load older threads until `threadId` is among them; resolves to whether it was found. */
  async reach(chatId, threadId) {
    for (let pages = 0; pages < PAGES_TO_A_THREAD; pages += 1) {
      const chat = this.state.chats[chatId];
      if (!chat || this.state.selected !== chatId) return false;
      if (chat.threads.some(({ id }) => id === threadId)) return true;
      if (chat.history.status.startsWith("loading")) await pause(LOOK_AGAIN_MS);
      else if (!chat.history.next || chat.history.status !== "ready") return false;
      else await this.loadOlder(chatId);
    }
    return false;
  }

  async #loadCustomer(chatId) {
    const customer = this.state.chats[chatId]?.users.find(({ type }) => type === "customer");
    if (!customer) return;
    try {
      this.store.dispatch({
        type: "customer",
        customer: await this.ask("get_customer", { id: customer.id }),
      });
    } catch {
      this.store.dispatch({ type: "customer", customer: { ...customer, loadFailed: true } });
    }
  }

  #keepWatching(chatId) {
    const chat = this.state.chats[chatId];
    if (!chat || !isActive(chat) || chat.isFollowed || mySeat(chat, this.state.me)) return;
    if (this.followed.has(chatId) && this.followPending === chatId) return;
    this.followPending = chatId;
    this.#rememberFollowed(chatId, true);
    this.connection
      .request("follow_chat", { id: chatId })
      .then(
        () => this.refresh(chatId),
        () => this.#rememberFollowed(chatId, false),
      )
      .finally(() => {
        if (this.followPending === chatId) this.followPending = null;
      });
  }

  #unwatch(chatId) {
    if (!this.followed.has(chatId)) return;
    this.#rememberFollowed(chatId, false);
    this.connection.request("unfollow_chat", { id: chatId }).then(
      () =>
        this.store.dispatch({
          type: "push",
          action: "chat_unfollowed",
          payload: { chat_id: chatId },
        }),
      () => null,
    );
  }

  #unfollowLeftovers() {
    for (const chatId of [...this.followed]) {
      if (chatId !== this.state.selected) this.#unwatch(chatId);
    }
  }

  #rememberFollowed(chatId, isFollowed) {
    if (isFollowed) this.followed.add(chatId);
    else this.followed.delete(chatId);
    this.preferences.remember("followed", [...this.followed]);
  }

  /** Tell the server that I saw what is on screen. */
  markSeen(chatId) {
    const chat = this.state.chats[chatId];
    const seat = chat && mySeat(chat, this.state.me);
    const seenUpTo = chat && newestForeign(chat, this.state.me);
    if (!seat || !seenUpTo || seat.events_seen_up_to >= seenUpTo) return;
    if (!this.connection.isOnline) return;
    this.store.dispatch({ type: "seen-locally", chatId, seenUpTo });
    this.connection
      .request("mark_events_as_seen", { chat_id: chatId, seen_up_to: seenUpTo })
      .catch(() => null);
  }

  // --- what the agent does -----------------------------------------------------------------------

  sendText(chatId, text, visibility) {
    this.stopTyping();
    return this.outbox.add(chatId, { type: "message", text, visibility });
  }

  sendFile(chatId, file, visibility) {
    return this.uploads.add(chatId, file, visibility);
  }

  /** Keys were pressed in a composer: tell the others, not more often than needed. */
  type(chatId, visibility) {
    const now = Date.now();
    const same = this.typing?.chatId === chatId && this.typing.visibility === visibility;
    if (!same) this.stopTyping();
    if (!same || now - this.typing.at > TYPING_REPEAT_MS) {
      this.typing = { chatId, visibility, at: now };
      this.#signalTyping(chatId, visibility, true);
    }
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => this.stopTyping(), TYPING_STOP_MS);
  }

  stopTyping() {
    clearTimeout(this.typingTimer);
    if (!this.typing) return;
    const { chatId, visibility } = this.typing;
    this.typing = null;
    this.#signalTyping(chatId, visibility, false);
  }

  #signalTyping(chatId, visibility, isTyping) {
    const chat = this.state.chats[chatId];
    if (!chat || !mySeat(chat, this.state.me) || !this.connection.isOnline) return;
    this.connection
      .request("send_typing_indicator", { chat_id: chatId, visibility, is_typing: isTyping })
      .catch(() => null);
  }

  setRoutingStatus(status) {
    return this.#act("failure.status", "set_routing_status", { status });
  }

  /** Take part in a chat: visible to the customer (all), or only to whisper (agents). */
  join(chatId, visibility = "all") {
    return this.#act("failure.join", "add_user_to_chat", {
      chat_id: chatId,
      user_id: this.state.me.id,
      user_type: "agent",
      visibility,
      ignore_requester_presence: true,
    });
  }

  leave(chatId) {
    return this.#act("failure.leave", "remove_user_from_chat", {
      chat_id: chatId,
      user_id: this.state.me.id,
      user_type: "agent",
    });
  }

  /** Open a closed chat again, with me in it. */
  resume(chatId) {
    return this.#act("failure.resume", "resume_chat", {
      chat: { id: chatId, users: [{ id: this.state.me.id, type: "agent" }] },
    });
  }

  /** Close a chat, after a few seconds in which it can be taken back. */
  close(chatId) {
    if (this.state.closing[chatId]) return;
    const until = Date.now() + UNDO_MS;
    this.store.dispatch({ type: "closing", chatId, until });
    this.closers ??= new Map();
    this.closers.set(
      chatId,
      setTimeout(() => this.#closeNow(chatId), UNDO_MS),
    );
  }

  undoClose(chatId) {
    clearTimeout(this.closers?.get(chatId));
    this.closers?.delete(chatId);
    this.store.dispatch({ type: "closing", chatId, until: null });
  }

  async #closeNow(chatId) {
    this.closers.delete(chatId);
    await this.#act("failure.close", "deactivate_chat", {
      id: chatId,
      ignore_requester_presence: true,
    });
    this.store.dispatch({ type: "closing", chatId, until: null });
  }

  #finishClosing() {
    for (const [chatId, timer] of this.closers ?? []) {
      clearTimeout(timer);
      this.#closeNow(chatId);
    }
  }

  /** End the session on the server side of the line; the page then signs out. */
  async logout() {
    this.#finishClosing();
    if (this.connection.isOnline) {
      const patience = new Promise((resolve) => setTimeout(resolve, 1000));
      await Promise.race([this.connection.request("logout").catch(() => null), patience]);
    }
    this.preferences.remember("was_online", false);
    this.connection.stop("signed_out");
  }

  async #act(failure, action, payload) {
    try {
      await this.connection.request(action, payload);
      return true;
    } catch (error) {
      const problem =
        error instanceof RequestError ? error : new RequestError("internal", String(error));
      for (const listener of this.failureListeners) listener(failure, problem);
      return false;
    }
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function chatIdOf(action, payload) {
  if (action === "incoming_chat") return payload.chat.id;
  if (action === "chat_access_updated") return payload.id;
  return (action !== "chat_deleted" && payload?.chat_id) || null;
}
