/**
 * The workspace behind its views: the store, and one object for each thing an agent does with it. Views call
 * these and read the store; they never talk to the server themselves.
 */

import { Archive } from "./archive.js";
import { Chats } from "./chats.js";
import { Closing } from "./closing.js";
import { Configuration } from "./configuration.js";
import { RequestError } from "./connection.js";
import { Customers } from "./customers.js";
import { History } from "./history.js";
import { Lists } from "./lists.js";
import { Outbox } from "./outbox.js";
import { Pushes } from "./pushes.js";
import { Responses } from "./responses.js";
import { Seats } from "./seats.js";
import { Session } from "./session.js";
import { createStore } from "./store.js";
import { Sync } from "./sync.js";
import { Threads } from "./threads.js";
import { tokenSource } from "./token.js";
import { Typing } from "./typing.js";
import { Uploads } from "./uploads.js";
import { Watching } from "./watching.js";

const EXPIRE_MS = 2000;

export class Workspace {
  /**
   * @param {object} config rendered by the server: rtmUrl, apiUrl, configurationPath, tokenUrl, csrf, accountId
   * @param {import("./preferences.js").Preferences} preferences
   */
  constructor(config, preferences) {
    this.config = config;
    this.preferences = preferences;
    this.store = createStore();
    this.failureListeners = new Set();
    this.noticeListeners = new Set();
    const getToken = tokenSource(config.tokenUrl, config.csrf);
    this.session = new Session(this, getToken);
    this.sync = new Sync(this);
    this.pushes = new Pushes(this);
    this.configuration = new Configuration(config.configurationPath, getToken);
    this.responses = new Responses(this);
    this.lists = new Lists(this);
    this.chats = new Chats(this);
    this.history = new History(this);
    this.watching = new Watching(this);
    this.seats = new Seats(this);
    this.closing = new Closing(this);
    this.typing = new Typing(this);
    this.threads = new Threads(this);
    this.archive = new Archive(this);
    this.customers = new Customers(this);
    this.outbox = new Outbox({
      send: (chatId, event) => this.request("send_event", { chat_id: chatId, event }),
      onChange: (items) => this.store.dispatch({ type: "outbox", items }),
      storage: preferences.session,
      key: `${preferences.prefix}outbox`,
    });
    this.uploads = new Uploads({
      url: `${config.apiUrl}/upload_file`,
      getToken,
      onDone: (chatId, event) => this.outbox.add(chatId, event),
      onChange: (items) => this.store.dispatch({ type: "uploads", items }),
    });
  }

  get state() {
    return this.store.state;
  }

  get isOnline() {
    return this.session.isOnline;
  }

  start() {
    this.session.start();
    setInterval(() => this.store.dispatch({ type: "expire", now: Date.now() }), EXPIRE_MS);
    addEventListener("pagehide", () => this.closing.finish());
  }

  /** Put a chat on screen, or none. What is on screen is followed, so that its words arrive. */
  select(chatId) {
    const { selected, chats } = this.state;
    if (selected === chatId) return;
    this.typing.stop();
    this.store.dispatch({ type: "select", chatId });
    if (selected) this.watching.drop(selected);
    if (chatId) this.history.load(chatId, chats[chatId]);
  }

  sendText(chatId, text, visibility) {
    this.typing.stop();
    return this.outbox.add(chatId, { type: "message", text, visibility });
  }

  sendFile(chatId, file, visibility) {
    return this.uploads.add(chatId, file, visibility);
  }

  // --- asking the server -------------------------------------------------------------------------

  /** Send a request now or not at all; rejects with a RequestError. */
  request(action, payload) {
    return this.session.connection.request(action, payload);
  }

  /** Read something; while the line is down the question waits. */
  ask(action, payload = {}) {
    return this.session.connection.request(action, payload, { idempotent: true });
  }

  /** Send a request; resolves to whether it worked, and tells by the named text when it did not. */
  async attempt(failure, action, payload) {
    try {
      await this.request(action, payload);
      return true;
    } catch (error) {
      const problem =
        error instanceof RequestError ? error : new RequestError("internal", String(error));
      for (const listener of this.failureListeners) listener(failure, problem);
      return false;
    }
  }

  // --- telling the agent -------------------------------------------------------------------------

  /** Be told when something the agent asked for did not happen: listener(name of the text, error). */
  onFailure(listener) {
    this.failureListeners.add(listener);
  }

  /** Be told what the agent should hear of: listener(name of the text, its values). */
  onNotice(listener) {
    this.noticeListeners.add(listener);
  }

  /** Tell the agent something in a line that goes away by itself. */
  notice(name, values = {}) {
    for (const listener of this.noticeListeners) listener(name, values);
  }
}
