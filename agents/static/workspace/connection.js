/**
 * One Agent RTM connection that mends itself.
 *
 * It logs in, answers for every request, watches the line with a JSON ping every 15 seconds and, when the
 * line is lost, tries again with growing pauses, unless the server said that trying again is no use.
 * It knows the protocol's envelopes and nothing about chats.
 */

const PING_SECONDS = 15;
const PING_PATIENCE_SECONDS = 8;
const REQUEST_SECONDS = 20;
const CONNECT_SECONDS = 12;
const PENDING_LIMIT = 8;
const BACK_OFF_SECONDS = [0.5, 1, 2, 4, 8, 15, 30];

/** What the agent API's disconnect reasons ask of a client: try again or not, and with a new token or not. */
const REASONS = {
  access_token_expired: { again: true, newToken: true },
  access_token_revoked: { again: false },
  agent_disconnected_by_server: { again: false },
  agent_logged_out_remotely: { again: false },
  connection_evicted: { again: false },
  connection_timeout: { again: true },
  internal_error: { again: true },
  license_expired: { again: false },
  license_not_found: { again: false },
  misdirected_connection: { again: false },
  role_permissions_changed: { again: true, newToken: true },
  service_temporarily_unavailable: { again: true },
  too_many_connections: { again: false },
  too_many_unauthorized_connections: { again: true },
  unsupported_version: { again: false },
};

/** Login refusals after which another attempt changes nothing until somebody acts. */
const FINAL_LOGIN_ERRORS = new Set([
  "authorization",
  "license_expired",
  "license_not_found",
  "requester_awaiting_approval",
  "requester_suspended",
  "seats_limit_exceeded",
  "unsupported_version",
  "wrong_product_version",
]);

/** A refusal of the server (`type` as the protocol names it), or a request the line did not survive. */
export class RequestError extends Error {
  constructor(type, message, data = null) {
    super(message || type);
    this.type = type;
    this.data = data;
  }

  /** Whether the same request may succeed by itself later. */
  get isPassing() {
    return [
      "disconnected",
      "request_timeout",
      "too_many_requests",
      "service_unavailable",
      "internal",
      "pending_requests_limit_reached",
      "authentication",
    ].includes(this.type);
  }
}

export class Connection {
  /**
   * @param {object} options
   * @param {string} options.url where the RTM endpoint listens
   * @param {(renew: boolean) => Promise<string>} options.getToken resolves to an access token; `renew` asks for a
   *   fresh one; rejects with an error whose `isFinal` says that signing in again is the only way on
   * @param {(token: string) => object} options.loginPayload the payload of the login request
   * @param {(payload: object) => void} options.onLogin the answer of each login
   * @param {(action: string, payload: any) => void} options.onPush every push, in the order of arrival
   * @param {(state: {phase: string, retryAt: number|null, reason: string|null}) => void} options.onState phases:
   *   connecting, online, waiting (until retryAt), stopped (for reason)
   */
  constructor(options) {
    this.options = options;
    this.socket = null;
    this.attempt = 0;
    this.counter = 0;
    this.sent = new Map();
    this.waiting = [];
    this.timers = {};
    this.renewToken = false;
    this.phase = "idle";
  }

  get isOnline() {
    return this.phase === "online";
  }

  /** Open the line, now; also the way to try at once while waiting or after a stop. */
  async start() {
    clearTimeout(this.timers.retry);
    this.#drop();
    this.#enter("connecting");
    const generation = ++this.generationCounter;
    let token;
    try {
      token = await this.options.getToken(this.renewToken);
    } catch (error) {
      if (generation !== this.generationCounter) return;
      if (error.isFinal) this.#stop(error.reason ?? "authentication");
      else this.#retry(null);
      return;
    }
    if (generation !== this.generationCounter) return;
    this.renewToken = false;
    this.#open(token);
  }

  generationCounter = 0;

  /** Leave the line for good, for a reason the page can show. */
  stop(reason = null) {
    this.#stop(reason);
  }

  /**
   * Send a request and resolve to the payload of its answer; reject with a RequestError. Requests beyond what
   * the server lets wait at once are held back here. `idempotent` requests made while the line is
   * down are sent after the next login, others are refused as "disconnected".
   */
  request(action, payload = {}, { idempotent = false } = {}) {
    return new Promise((resolve, reject) => {
      const entry = { action, payload, idempotent, resolve, reject };
      if (!this.isOnline && !idempotent) {
        reject(new RequestError("disconnected"));
        return;
      }
      this.waiting.push(entry);
      this.#pump();
    });
  }

  /** Ask whether the line still lives, soon: after sleep, or when the network came back. */
  probe() {
    if (this.phase === "waiting") this.start();
    else if (this.isOnline) this.#ping();
  }

  #open(token) {
    const socket = new WebSocket(this.options.url);
    this.socket = socket;
    this.timers.connect = setTimeout(() => this.#lost(socket, null), CONNECT_SECONDS * 1000);
    socket.addEventListener("open", () => this.#login(socket, token));
    socket.addEventListener("message", ({ data }) => this.#receive(socket, data));
    socket.addEventListener("close", () => this.#lost(socket, null));
  }

  async #login(socket, token) {
    try {
      const payload = await this.#transmit("login", this.options.loginPayload(token));
      if (socket !== this.socket) return;
      clearTimeout(this.timers.connect);
      this.attempt = 0;
      this.#enter("online");
      this.options.onLogin(payload);
      this.timers.ping = setInterval(() => this.#ping(), PING_SECONDS * 1000);
      this.#pump();
    } catch (error) {
      if (socket !== this.socket || error.type === "disconnected") return;
      if (FINAL_LOGIN_ERRORS.has(error.type)) this.#stop(error.type);
      else {
        this.renewToken = error.type === "authentication";
        this.#lost(socket, error.type);
      }
    }
  }

  #transmit(action, payload) {
    return new Promise((resolve, reject) => this.#send({ action, payload, resolve, reject }));
  }

  #send(entry) {
    const requestId = String(++this.counter);
    entry.timer = setTimeout(() => {
      this.sent.delete(requestId);
      entry.reject(new RequestError("request_timeout"));
      this.#pump();
    }, REQUEST_SECONDS * 1000);
    this.sent.set(requestId, entry);
    this.socket.send(
      JSON.stringify({ request_id: requestId, action: entry.action, payload: entry.payload }),
    );
  }

  #pump() {
    while (this.isOnline && this.waiting.length && this.sent.size < PENDING_LIMIT) {
      this.#send(this.waiting.shift());
    }
  }

  #receive(socket, data) {
    if (socket !== this.socket) return;
    const frame = JSON.parse(data);
    this.#trust();
    if (frame.type === "response") this.#answer(frame);
    else if (frame.action === "agent_disconnected") this.#dismissed(socket, frame.payload);
    else if (frame.type === "push") this.options.onPush(frame.action, frame.payload);
  }

  #answer({ request_id: requestId, success, payload }) {
    const entry = this.sent.get(requestId);
    if (!entry) return;
    this.sent.delete(requestId);
    clearTimeout(entry.timer);
    if (success) entry.resolve(payload);
    else {
      const { type = "internal", message, data } = payload?.error ?? {};
      entry.reject(new RequestError(type, message, data));
    }
    this.#pump();
  }

  /** Ask for a sign of life, unless one is being waited for. */
  /** Ask for a sign of life; while one is awaited already, its patience counts. */
  #ping() {
    if (this.timers.patience) return;
    const socket = this.socket;
    this.timers.patience = setTimeout(() => this.#lost(socket, null), PING_PATIENCE_SECONDS * 1000);
    if (socket?.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ request_id: `ping-${Date.now()}`, action: "ping" }));
    }
  }

  /** Whatever is heard is a sign of life. */
  #trust() {
    clearTimeout(this.timers.patience);
    this.timers.patience = null;
  }

  #dismissed(socket, { reason }) {
    const advice = REASONS[reason] ?? { again: true };
    this.renewToken = Boolean(advice.newToken);
    if (advice.again) this.#lost(socket, reason);
    else this.#stop(reason);
  }

  #lost(socket, reason) {
    if (socket !== this.socket) return;
    this.#drop();
    this.#retry(reason);
  }

  #retry(reason) {
    const step = BACK_OFF_SECONDS[Math.min(this.attempt, BACK_OFF_SECONDS.length - 1)];
    this.attempt += 1;
    const pause = step * (0.5 + Math.random() / 2) * 1000;
    this.#enter("waiting", { retryAt: Date.now() + pause, reason });
    clearTimeout(this.timers.retry);
    this.timers.retry = setTimeout(() => this.start(), pause);
  }

  #stop(reason) {
    this.generationCounter += 1;
    clearTimeout(this.timers.retry);
    this.#drop();
    this.#enter("stopped", { reason });
    for (const entry of this.waiting.splice(0)) entry.reject(new RequestError("disconnected"));
  }

  /** Let go of the socket. Requests on their way fail, except those that may be asked again. */
  #drop() {
    const socket = this.socket;
    this.socket = null;
    clearTimeout(this.timers.connect);
    clearTimeout(this.timers.patience);
    this.timers.patience = null;
    clearInterval(this.timers.ping);
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
    const lost = [...this.sent.values()];
    this.sent.clear();
    for (const entry of lost.reverse()) {
      clearTimeout(entry.timer);
      if (entry.idempotent) this.waiting.unshift(entry);
      else entry.reject(new RequestError("disconnected"));
    }
  }

  #enter(phase, { retryAt = null, reason = null } = {}) {
    this.phase = phase;
    this.options.onState({ phase, retryAt, reason });
  }
}
