/**
 * Closing chats, after a few seconds in which it can be taken back.
 */

const UNDO_MS = 6000;

export class Closing {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
    this.timers = new Map();
  }

  /** Close a chat soon. */
  begin(chatId) {
    if (this.workspace.state.closing[chatId]) return;
    this.#show(chatId, Date.now() + UNDO_MS);
    const timer = setTimeout(() => this.#close(chatId), UNDO_MS);
    this.timers.set(chatId, timer);
  }

  /** Take it back. */
  undo(chatId) {
    clearTimeout(this.timers.get(chatId));
    this.timers.delete(chatId);
    this.#show(chatId, null);
  }

  /** Close now what is to be closed soon: the page goes away. */
  finish() {
    for (const [chatId, timer] of this.timers) {
      clearTimeout(timer);
      this.#close(chatId);
    }
  }

  async #close(chatId) {
    this.timers.delete(chatId);
    await this.workspace.attempt("failure.close", "deactivate_chat", {
      id: chatId,
      ignore_requester_presence: true,
    });
    this.#show(chatId, null);
  }

  #show(chatId, until) {
    this.workspace.store.dispatch({ type: "closing", chatId, until });
  }
}
