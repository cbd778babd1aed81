/**
 * Reading single chats again, when something about them is known to have changed.
 */

const REFRESH_DELAY_MS = 250;

/** Refusals that mean: this chat is not mine to see. */
const GONE = ["not_found", "authorization", "missing_access"];

export class Chats {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
    this.refreshing = new Map();
  }

  /** Read one chat with its newest thread again. */
  async refresh(chatId) {
    const { outbox, store } = this.workspace;
    try {
      const chat = await this.workspace.ask("get_chat", { chat_id: chatId });
      outbox.confirmAll(chat.thread?.events);
      store.dispatch({ type: "chat", chat });
    } catch (error) {
      if (!GONE.includes(error.type)) throw error;
      store.dispatch({ type: "missing", chatId, error: error.type });
      store.dispatch({ type: "forget", chatId });
    }
  }

  /** Read a chat again in a moment: what changes meanwhile is read with it. */
  refreshSoon(chatId) {
    if (this.refreshing.has(chatId)) return;
    const task = { isStale: false };
    this.refreshing.set(chatId, task);
    setTimeout(() => this.#refreshUntilFresh(chatId, task), REFRESH_DELAY_MS);
  }

  /** What is being read of a chat is out of date: it is read once more. */
  invalidate(chatId) {
    const task = this.refreshing.get(chatId);
    if (task) task.isStale = true;
  }

  async #refreshUntilFresh(chatId, task) {
    do {
      task.isStale = false;
      await this.refresh(chatId).catch(() => null);
    } while (task.isStale);
    this.workspace.watching.keep(chatId);
    this.refreshing.delete(chatId);
  }
}
