/**
 * What an agent does with a thread beside talking in it: hands it on, tags it, has it summed up, takes it along.
 * Every command rejects with the server's refusal, so that whoever asked can show it in place.
 */

import { mySeat } from "./selectors.js";

export class Threads {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  /** Who could be given a chat: `[{agent_id, total_active_chats}]`, those with the fewest chats first. */
  agentsFor(chatId) {
    return this.workspace.ask("list_agents_for_transfer", { chat_id: chatId });
  }

  /**
   * Hand a chat on. `target` is `{type: "agent" | "group", ids}`, or null for whoever of its groups is free;
   * with `mayWait` the customer waits in the queue when nobody takes the chat at once.
   */
  transfer(chatId, target, { mayWait = false } = {}) {
    const { chats, me } = this.workspace.state;
    return this.workspace.request("transfer_chat", {
      id: chatId,
      ...(target ? { target } : {}),
      ignore_agents_availability: mayWait,
      ignore_requester_presence: !mySeat(chats[chatId], me),
    });
  }

  tag(chatId, threadId, tag) {
    return this.workspace.request("tag_thread", { chat_id: chatId, thread_id: threadId, tag });
  }

  untag(chatId, threadId, tag) {
    return this.workspace.request("untag_thread", { chat_id: chatId, thread_id: threadId, tag });
  }

  /** Ask for a summary. It comes as a push, or word that there will be none. */
  async summarise(chatId, threadId) {
    const { store } = this.workspace;
    store.dispatch({ type: "summary", threadId, status: "asked" });
    try {
      await this.workspace.request("request_thread_summary", {
        chat_id: chatId,
        thread_id: threadId,
      });
    } catch (error) {
      store.dispatch({ type: "summary", threadId, status: "failed" });
      throw error;
    }
  }

  /** What was said in a thread, as plain text. */
  async transcript(chatId, threadId) {
    const ids = { chat_id: chatId, thread_id: threadId };
    return (await this.workspace.ask("get_thread_transcript", ids)).transcript;
  }
}
