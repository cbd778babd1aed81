/**
 * Having a chat on screen: who is not in it follows it, so that its words arrive; who is, tells what they saw.
 */

import { isActive, mySeat, newestForeign } from "./selectors.js";

export class Watching {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
    this.followed = new Set(workspace.preferences.recall("followed", []));
    this.pending = null;
  }

  /** See to it that what happens in a chat arrives, if it is the one on screen. */
  keep(chatId) {
    const { chats, me, selected } = this.workspace.state;
    const chat = chats[chatId];
    if (chatId !== selected || !chat || !isActive(chat) || chat.isFollowed || mySeat(chat, me)) {
      return;
    }
    if (this.followed.has(chatId) && this.pending === chatId) return;
    this.pending = chatId;
    this.#remember(chatId, true);
    this.workspace
      .request("follow_chat", { id: chatId })
      .then(
        () => this.workspace.chats.refresh(chatId),
        () => this.#remember(chatId, false),
      )
      .finally(() => {
        if (this.pending === chatId) this.pending = null;
      });
  }

  /** A chat is not on screen any more: follow it no longer, if it was followed for that. */
  drop(chatId) {
    if (!this.followed.has(chatId)) return;
    this.#remember(chatId, false);
    const unfollowed = { action: "chat_unfollowed", payload: { chat_id: chatId } };
    this.workspace.request("unfollow_chat", { id: chatId }).then(
      () => this.workspace.store.dispatch({ type: "push", ...unfollowed }),
      () => null,
    );
  }

  /** Follow nothing any more that is not on screen. */
  dropLeftovers() {
    for (const chatId of [...this.followed]) {
      if (chatId !== this.workspace.state.selected) this.drop(chatId);
    }
  }

  /** Tell the server that I saw what is on screen. */
  markSeen(chatId) {
    const { chats, me } = this.workspace.state;
    const chat = chats[chatId];
    const seat = chat && mySeat(chat, me);
    const seenUpTo = chat && newestForeign(chat, me);
    if (!seat || !seenUpTo || seat.events_seen_up_to >= seenUpTo) return;
    if (!this.workspace.isOnline) return;
    this.workspace.store.dispatch({ type: "seen-locally", chatId, seenUpTo });
    this.workspace
      .request("mark_events_as_seen", { chat_id: chatId, seen_up_to: seenUpTo })
      .catch(() => null);
  }

  #remember(chatId, isFollowed) {
    if (isFollowed) this.followed.add(chatId);
    else this.followed.delete(chatId);
    this.workspace.preferences.remember("followed", [...this.followed]);
  }
}
