/**
 * Taking a seat in a chat, and leaving it.
 */

export class Seats {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  /** Take part in a chat: visible to the customer (all), or only to whisper (agents). */
  join(chatId, visibility = "all") {
    return this.workspace.attempt("failure.join", "add_user_to_chat", {
      ...this.#mine(chatId),
      visibility,
      ignore_requester_presence: true,
    });
  }

  leave(chatId) {
    return this.workspace.attempt("failure.leave", "remove_user_from_chat", this.#mine(chatId));
  }

  /** Open a closed chat again, with me in it. */
  resume(chatId) {
    return this.workspace.attempt("failure.resume", "resume_chat", {
      chat: { id: chatId, users: [{ id: this.workspace.state.me.id, type: "agent" }] },
    });
  }

  #mine(chatId) {
    return { chat_id: chatId, user_id: this.workspace.state.me.id, user_type: "agent" };
  }
}
