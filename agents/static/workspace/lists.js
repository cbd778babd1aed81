/**
 * The lists of chats, page by page.
 */

const ACTIVE_PAGE = 100;
const ACTIVE_PAGES_AT_LOGIN = 3;
const ARCHIVE_PAGE = 25;

export class Lists {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  /** Read the first pages of active chats; resolves to the ids on them, and whether those are all. */
  async readActive() {
    const ids = new Set();
    if (this.#list("active").status === "error") this.#status("active", "loading");
    let page = { filters: { active: true }, limit: ACTIVE_PAGE };
    for (let pages = 0; pages < ACTIVE_PAGES_AT_LOGIN && page; pages += 1) {
      const answer = await this.workspace.ask("list_chats", page);
      for (const chat of answer.chats_info) ids.add(chat.id);
      this.#take("active", answer);
      page = answer.next_page_id ? { page_id: answer.next_page_id } : null;
    }
    return { ids, isComplete: page === null };
  }

  /** More active chats than the first pages held. */
  async loadActive() {
    const { next, status } = this.#list("active");
    if (!next || status === "loading-more") return;
    this.#status("active", "loading-more");
    await this.#page("active", { page_id: next });
  }

  /** Closed chats: the first page, or the one after what is loaded. */
  async loadArchive({ first = false } = {}) {
    const { next, status } = this.#list("archive");
    if (status.startsWith("loading") || (!first && !next)) return;
    const fresh = first || !next;
    this.#status("archive", fresh ? "loading" : "loading-more");
    await this.#page(
      "archive",
      fresh ? { filters: { active: false }, limit: ARCHIVE_PAGE } : { page_id: next },
      fresh,
    );
  }

  async #page(scope, request, first = false) {
    try {
      this.#take(scope, await this.workspace.ask("list_chats", request), first);
    } catch {
      this.#status(scope, "error");
    }
  }

  #list(scope) {
    return this.workspace.state.lists[scope];
  }

  #status(scope, status) {
    this.workspace.store.dispatch({ type: "list-status", scope, status });
  }

  #take(scope, { chats_info: chats, next_page_id: next }, first = false) {
    this.workspace.store.dispatch({ type: "list-page", scope, first, chats, next });
  }
}
