/**
 * Catching up after every login: whatever may have changed while the line was down is read again.
 */

import { isActive, sectionOf } from "./selectors.js";

export class Sync {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  /** Catch up from what was known `before`. */
  run(before) {
    this.#run(before).catch((error) => this.#failed(error));
  }

  /** Ask again for the lists after a failure. */
  retry() {
    this.run(this.workspace.state);
  }

  async #run(before) {
    const { archive, history, lists, watching } = this.workspace;
    const statuses = this.#readStatuses();
    const listed = await lists.readActive();
    if (this.workspace.state.search.status !== "idle") archive.again();
    await statuses;
    const { selected } = this.workspace.state;
    const reread = this.#doubtful(listed).map((id) => this.workspace.chats.refresh(id));
    if (selected) reread.push(history.load(selected, before.chats[selected]));
    if (this.workspace.state.lists.archive.status !== "idle") {
      reread.push(lists.loadArchive({ first: true }));
    }
    watching.dropLeftovers();
    await Promise.allSettled(reread);
  }

  async #readStatuses() {
    try {
      const statuses = await this.workspace.ask("list_routing_statuses");
      this.workspace.store.dispatch({ type: "statuses", statuses });
    } catch {
      // They stay as they were until the next login.
    }
  }

  /** Chats that may be other than they look: mine, and those that are no longer listed; not the one on screen. */
  #doubtful({ ids, isComplete }) {
    const { chats, me, selected } = this.workspace.state;
    const isDoubtful = (chat) =>
      sectionOf(chat, me) === "mine" || (isComplete && isActive(chat) && !ids.has(chat.id));
    return Object.values(chats)
      .filter((chat) => chat.id !== selected && isDoubtful(chat))
      .map(({ id }) => id);
  }

  #failed(error) {
    if (error.type === "disconnected") return;
    this.workspace.store.dispatch({ type: "list-status", scope: "active", status: "error" });
  }
}
