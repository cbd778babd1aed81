/**
 * Telling others that I am writing, no more often than they need to hear it.
 */

import { mySeat } from "./selectors.js";

const REPEAT_MS = 3000;
const STOP_MS = 5000;

export class Typing {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
    this.now = null;
  }

  /** Keys were pressed in a composer. */
  pressed(chatId, visibility) {
    const at = Date.now();
    const same = this.now?.chatId === chatId && this.now.visibility === visibility;
    if (!same) this.stop();
    if (!same || at - this.now.at > REPEAT_MS) {
      this.now = { chatId, visibility, at };
      this.#signal(chatId, visibility, true);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stop(), STOP_MS);
  }

  stop() {
    clearTimeout(this.timer);
    if (!this.now) return;
    const { chatId, visibility } = this.now;
    this.now = null;
    this.#signal(chatId, visibility, false);
  }

  #signal(chatId, visibility, isTyping) {
    const { chats, me } = this.workspace.state;
    const chat = chats[chatId];
    if (!chat || !mySeat(chat, me) || !this.workspace.isOnline) return;
    this.workspace
      .request("send_typing_indicator", { chat_id: chatId, visibility, is_typing: isTyping })
      .catch(() => null);
  }
}
