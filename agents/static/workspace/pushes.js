/**
 * What the server tells: taken into the store, followed up where a push does not carry everything, and told
 * to whoever listens.
 */

import { mySeat } from "./selectors.js";

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

export class Pushes {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
    this.listeners = new Set();
    this.leftThread = null;
  }

  /** Be told of every push after the store took it in: listener(action, payload). */
  listen(listener) {
    this.listeners.add(listener);
  }

  /** A push came. */
  take(action, payload) {
    const { outbox, store } = this.workspace;
    if (action === "incoming_event") outbox.confirm(payload.event.custom_id);
    const { summaries } = store.state;
    store.dispatch({ type: "push", action, payload, now: Date.now() });
    if (summaries !== store.state.summaries) this.#tellOfSummary(summaries, payload.thread_id);
    if (action === "threads_deleted") this.#readAgain();
    this.#followUp(action, payload);
    if (payload) this.#tellOfTransfer(action, payload);
    for (const listener of this.listeners) listener(action, payload);
  }

  #followUp(action, payload) {
    const chatId = chatIdOf(action, payload);
    if (!chatId) return;
    const { chats, state, watching } = this.workspace;
    const chat = state.chats[chatId];
    if (HEADLINES.has(action)) {
      chats.invalidate(chatId);
      const informed = chat && (mySeat(chat, state.me) || chat.isFollowed);
      const complete = action === "incoming_chat" && informed;
      if (!complete) chats.refreshSoon(chatId);
    } else if (!chat && action === "incoming_event") {
      chats.refreshSoon(chatId);
    }
    watching.keep(chatId);
  }

  /** Threads went that this page can not all name: what is on screen is read again. */
  #readAgain() {
    const { history, lists, state } = this.workspace;
    history.reload();
    if (state.lists.archive.status !== "idle") lists.loadArchive({ first: true });
  }

  /** A summary that was waited for is there, or will never be. */
  #tellOfSummary(before, threadId) {
    if (before[threadId] !== "asked") return;
    const isFailed = this.workspace.state.summaries[threadId] === "failed";
    this.workspace.notice(isFailed ? "summary.failed" : "summary.ready");
  }

  /** Somebody else handed on a chat of mine: that I left it is told first, then where it went. */
  #tellOfTransfer(action, payload) {
    const { chats, me } = this.workspace.state;
    const isMine = payload.requester_id === me?.id;
    if (action === "user_removed_from_chat" && payload.user_id === me?.id && !isMine) {
      this.leftThread = payload.thread_id;
    } else if (action === "chat_transferred" && this.leftThread === payload.thread_id) {
      this.leftThread = null;
      const chat = chats[payload.chat_id];
      if (chat) this.workspace.notice("notice.taken", { chat, to: payload.transferred_to });
    }
  }
}

function chatIdOf(action, payload) {
  if (action === "incoming_chat") return payload.chat.id;
  if (action === "chat_access_updated") return payload.id;
  return (action !== "chat_deleted" && payload?.chat_id) || null;
}
