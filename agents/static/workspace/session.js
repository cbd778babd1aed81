/**
 * My session with the server: the line, the token it lives on, whether I take chats, whether I am away.
 */

import { Attention } from "./attention.js";
import { Connection } from "./connection.js";

const RENEW_AGAIN_MS = 15000;
const LOGOUT_PATIENCE_MS = 1000;

export class Session {
  /**
   * @param {import("./workspace.js").Workspace} workspace
   * @param {() => Promise<string>} getToken
   */
  constructor(workspace, getToken) {
    this.workspace = workspace;
    this.getToken = getToken;
    this.attention = new Attention({
      minutes: () => workspace.preferences.get("awayMinutes"),
      onChange: (isAway) => this.#attentionChanged(isAway),
    });
    this.connection = new Connection({
      url: workspace.config.rtmUrl,
      getToken,
      loginPayload: (token) => this.#loginPayload(token),
      onLogin: (payload) => this.#loggedIn(payload),
      onPush: (action, payload) => workspace.pushes.take(action, payload),
      onState: (state) => this.#lineChanged(state),
    });
  }

  start() {
    const probe = () => this.connection.probe();
    this.connection.start();
    addEventListener("online", probe);
    addEventListener("offline", probe);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) probe();
    });
    this.attention.start();
  }

  get isOnline() {
    return this.connection.isOnline;
  }

  /** Try to connect now instead of waiting. */
  reconnect() {
    this.connection.start();
  }

  setRoutingStatus(status) {
    return this.workspace.attempt("failure.status", "set_routing_status", { status });
  }

  /** End the session on the server side of the line; the page then signs out. */
  async logout() {
    this.workspace.closing.finish();
    if (this.isOnline) {
      const patience = new Promise((resolve) => setTimeout(resolve, LOGOUT_PATIENCE_MS));
      await Promise.race([this.connection.request("logout").catch(() => null), patience]);
    }
    this.workspace.preferences.remember("was_online", false);
    this.connection.stop("signed_out");
  }

  #loginPayload(token) {
    return {
      token: `Bearer ${token}`,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      reconnect: this.workspace.preferences.recall("was_online", false),
      away: this.attention.isAway,
      application: { name: "workspace" },
    };
  }

  #loggedIn(payload) {
    const { preferences, store, sync, outbox } = this.workspace;
    preferences.remember("was_online", true);
    const before = store.state;
    store.dispatch({ type: "login", payload });
    store.dispatch({ type: "away", isAway: this.attention.isAway });
    sync.run(before);
    outbox.open();
    this.#readDirectory();
    this.workspace.responses.read();
    this.#renewLater(this.getToken.millisecondsLeft());
  }

  #lineChanged(connection) {
    if (connection.phase !== "online") {
      this.workspace.outbox.close();
      clearTimeout(this.renewal);
    }
    this.workspace.store.dispatch({ type: "connection", connection });
  }

  /** Go on with a fresh token before the one we came with runs out; who can not, is sent away and comes again. */
  #renewLater(pause) {
    clearTimeout(this.renewal);
    this.renewal = setTimeout(async () => {
      try {
        const token = await this.getToken(true);
        await this.connection.request("update_session", { token: `Bearer ${token}` });
        this.#renewLater(this.getToken.millisecondsLeft());
      } catch (error) {
        if (this.isOnline && !error.isFinal) this.#renewLater(RENEW_AGAIN_MS);
      }
    }, pause);
  }

  async #readDirectory() {
    const { config, store } = this.workspace;
    try {
      const answer = await fetch(config.directoryUrl, {
        credentials: "same-origin",
        headers: { Accept: "application/json" },
      });
      if (answer.ok) store.dispatch({ type: "directory", directory: await answer.json() });
    } catch {
      // Names stay as they were; ids stand in for those nobody knows.
    }
  }

  #attentionChanged(isAway) {
    this.workspace.store.dispatch({ type: "away", isAway });
    if (!this.isOnline) return;
    this.connection.request("set_away_status", { away: isAway }).catch(() => null);
  }
}
