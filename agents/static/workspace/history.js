/**
 * The threads of the chat on screen: the newest first, older ones on request.
 */

const HISTORY_EVENTS = 30;
const PAGES_TO_A_THREAD = 30;
const LOOK_AGAIN_MS = 100;
const LOOKS_FOR_A_CHAT = 200;
const READS_OF_A_CUSTOMER = 3;

export class History {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  /** Read a chat with its newest threads. `before` is what was known of it, if anything was. */
  async load(chatId, before) {
    const { chats, watching } = this.workspace;
    const known = new Set((before?.threads ?? []).map((thread) => thread.id));
    try {
      await chats.refresh(chatId);
      if (!this.#chat(chatId)) return;
      watching.keep(chatId);
      this.#loadCustomer(chatId);
      this.#status(chatId, "loading");
      const answer = await this.workspace.ask("list_threads", {
        chat_id: chatId,
        min_events_count: HISTORY_EVENTS,
      });
      this.#take(chatId, answer, {
        continuous:
          Boolean(before?.history.reached) && answer.threads.some((thread) => known.has(thread.id)),
      });
    } catch {
      if (this.#chat(chatId)) this.#status(chatId, "error");
      else this.workspace.store.dispatch({ type: "missing", chatId, error: "disconnected" });
    }
  }

  /** Ask again for the chat on screen. */
  reload() {
    const { selected } = this.workspace.state;
    if (selected) this.load(selected, this.#chat(selected));
  }

  /** Older threads of a chat than those loaded. */
  async loadOlder(chatId) {
    const history = this.#chat(chatId)?.history;
    if (!history?.next || history.status !== "ready") return;
    this.#status(chatId, "loading-older");
    try {
      const page = { chat_id: chatId, page_id: history.next };
      this.#take(chatId, await this.workspace.ask("list_threads", page), { older: true });
    } catch {
      this.#status(chatId, "error-older");
    }
  }

  /** Wait until the newest threads of a chat are there; resolves to whether they came. */
  async loaded(chatId) {
    for (let looks = 0; looks < LOOKS_FOR_A_CHAT; looks += 1) {
      const { missing, selected } = this.workspace.state;
      if (selected !== chatId || missing) return false;
      if (this.#chat(chatId)?.history.reached) return true;
      await pause(LOOK_AGAIN_MS);
    }
    return false;
  }

  /** Load older threads until `threadId` is among them; resolves to whether it was found. */
  async reach(chatId, threadId) {
    for (let pages = 0; pages < PAGES_TO_A_THREAD; pages += 1) {
      const chat = this.#chat(chatId);
      if (!chat || this.workspace.state.selected !== chatId) return false;
      if (chat.threads.some(({ id }) => id === threadId)) return true;
      if (chat.history.status.startsWith("loading")) await pause(LOOK_AGAIN_MS);
      else if (!chat.history.next || chat.history.status !== "ready") return false;
      else await this.loadOlder(chatId);
    }
    return false;
  }

  #chat(chatId) {
    return this.workspace.state.chats[chatId];
  }

  #status(chatId, status) {
    this.workspace.store.dispatch({ type: "history-status", chatId, status });
  }

  #take(chatId, { threads, next_page_id: next }, reach) {
    const { outbox, store } = this.workspace;
    for (const thread of threads) outbox.confirmAll(thread.events);
    store.dispatch({ type: "history", chatId, threads, next, ...reach });
  }

  async #loadCustomer(chatId) {
    const customer = this.#chat(chatId)?.users.find(({ type }) => type === "customer");
    if (!customer) return;
    const take = (read) => this.workspace.store.dispatch({ type: "customer", customer: read });
    if (!this.workspace.state.customers[customer.id]) take({ ...customer, isLoading: true });
    try {
      take({ ...(await this.#readCustomer(customer.id)), isLoading: false });
    } catch {
      take({ ...customer, isLoading: false });
    }
  }

  /** What is told of a customer while they are read may be newer than what was read: read again. */
  async #readCustomer(id, readsLeft = READS_OF_A_CUSTOMER) {
    const before = this.workspace.state.customers[id];
    const read = await this.workspace.ask("get_customer", { id });
    const isOld = this.workspace.state.customers[id] !== before;
    return isOld && readsLeft > 1 ? this.#readCustomer(id, readsLeft - 1) : read;
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
