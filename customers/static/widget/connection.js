/*
 * One RTM connection that stays up: login, requests and answers, pushes, watchdog, reconnecting.
 *
 * It knows the protocol's envelopes and disconnect reasons, and nothing of chats.
 */

const PING_EVERY = 15_000;
const SILENCE = 8_000;
const LOGIN_WITHIN = 10_000;
const ANSWER_WITHIN = 16_000;
const PENDING = 8;
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
const STEADY = 10_000;

/** Refusals that mean "not now". */
const PASSING = new Set([
  "internal",
  "pending_requests_limit_reached",
  "request_timeout",
  "service_unavailable",
  "too_many_requests",
]);

/** The server refused a request; `type` is the protocol's error type. */
export class ProtocolError extends Error {
  constructor({ type, message, data }) {
    super(message);
    this.type = type;
    this.data = data;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return PASSING.has(this.type);
  }
}

/** The connection went away before the answer: nobody knows whether the request was done. */
export class ConnectionLost extends Error {}

/** What a customer does about each disconnect reason; anything unlisted is tried again. */
const REASONS = {
  access_token_expired: "token",
  access_token_revoked: "token",
  license_expired: "stop",
  license_not_found: "stop",
  logged_out_remotely: "stop",
  misdirected_connection: "stop",
  product_version_changed: "stop",
  too_many_connections: "stop",
  unsupported_version: "stop",
  customer_banned: "stop",
  inactivity_timeout: "sleep",
};

/** What to do when login itself is refused. */
const REFUSALS = {
  authentication: "token",
  customer_banned: "stop",
  license_expired: "stop",
  license_not_found: "stop",
  misdirected_request: "stop",
  unsupported_version: "stop",
  validation: "stop",
  wrong_product_version: "stop",
};

/** Milliseconds until try number `attempt` (from 0): doubling, capped, and never the same for all. */
export function backOff(attempt, random = Math.random) {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt) * (0.5 + random() / 2);
}

/** Resolves when try number `attempt` is due. */
export const untilTry = (attempt) => new Promise((resolve) => setTimeout(resolve, backOff(attempt)));

/**
 * `state` is `{phase, retryAt?, reason?}` with phase `idle`, `connecting`, `online`, `waiting`
 * (until `retryAt`), `sleeping` (until somebody does something) or `stopped` (for `reason`).
 */
export class Connection {
  state = { phase: "idle" };
  #options;
  #socket = null;
  #run = 0;
  #attempt = 0;
  #freshTokens = 0;
  #token = null;
  #requests = new Map();
  #queue = [];
  #requestId = 0;
  #heard = 0;
  #timers = {};

  /**
   * Connects to `url` with a token of `tokens`; `login()` gives the rest of the login's payload.
   * `onLogin(payload)`, `onPush(action, payload)` and `onState(state)` hear what happens, and
   * `onRefusal(type)` why a login was refused, before it is tried again.
   */
  constructor(options) {
    this.#options = { open: (url) => new WebSocket(url), onRefusal: () => {}, ...options };
  }

  get online() {
    return this.state.phase === "online";
  }

  /** Connects, unless it already does or the server has told us to stay away. */
  start() {
    if (this.state.phase === "idle") this.#connect();
  }

  /** Ends the wait for the next try, also after a stop: somebody asked for it. */
  retryNow() {
    if (!["waiting", "sleeping", "stopped"].includes(this.state.phase)) return;
    this.#freshTokens = 0;
    this.#connect();
  }

  /** The network or the page has come back: look whether the line still stands. */
  check() {
    if (this.state.phase === "waiting") this.retryNow();
    else if (this.online && Date.now() - this.#heard > 5_000) this.#ping(4_000);
  }

  /** The browser says the network went away; it may be wrong about a local server. */
  doubt() {
    if (this.online) this.#ping(2_000);
  }

  /** Somebody is active again. */
  wake() {
    if (this.state.phase === "sleeping") this.retryNow();
  }

  /** Closes for good. */
  close() {
    this.#abandon();
    this.#become({ phase: "idle" });
  }

  /**
   * Sends a request when fewer than eight are unanswered, and resolves to the answer's payload;
   * rejects with ProtocolError or ConnectionLost.
   */
  request(action, payload) {
    if (!this.online) return Promise.reject(new ConnectionLost(action));
    return new Promise((resolve, reject) => {
      this.#queue.push({ action, payload, resolve, reject });
      this.#pump();
    });
  }

  async #connect() {
    this.#abandon();
    const run = this.#run;
    this.#become({ phase: "connecting" });
    try {
      this.#token = await this.#options.tokens.get();
    } catch (error) {
      if (run !== this.#run) return;
      if (error.permanent) this.#stop(error.code);
      else this.#retryLater();
      return;
    }
    if (run !== this.#run) return;
    const socket = this.#options.open(this.#options.url);
    this.#socket = socket;
    this.#timers.login = setTimeout(() => this.#lost(), LOGIN_WITHIN);
    socket.onopen = () => this.#login(run);
    socket.onmessage = (event) => run === this.#run && this.#receive(event.data);
    socket.onclose = () => run === this.#run && this.#lost();
  }

  async #login(run) {
    const payload = { token: `Bearer ${this.#token.accessToken}`, ...this.#options.login() };
    let answer;
    try {
      answer = await new Promise((resolve, reject) => {
        this.#send({ action: "login", payload, resolve, reject });
      });
    } catch (error) {
      if (run === this.#run && error instanceof ProtocolError) {
        this.#options.onRefusal(error.type);
        this.#follow(REFUSALS[error.type] ?? "retry", error.type);
      }
      return;
    }
    if (run !== this.#run) return;
    clearTimeout(this.#timers.login);
    this.#timers.steady = setTimeout(() => {
      this.#attempt = 0;
      this.#freshTokens = 0;
    }, STEADY);
    this.#timers.ping = setInterval(() => this.#ping(SILENCE), PING_EVERY);
    this.#become({ phase: "online" });
    this.#options.onLogin(answer);
  }

  #receive(data) {
    this.#heard = Date.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === "response") this.#answer(frame);
    else if (frame.action === "customer_disconnected") this.#disconnected(frame.payload ?? {});
    else if (frame.type === "push") this.#options.onPush(frame.action, frame.payload ?? {});
  }

  #answer({ request_id: id, success, payload }) {
    const request = this.#requests.get(id);
    if (!request) return;
    this.#requests.delete(id);
    clearTimeout(request.timer);
    if (success) request.resolve(payload ?? {});
    else request.reject(new ProtocolError(payload?.error ?? { type: "internal", message: "" }));
    this.#pump();
  }

  #disconnected({ reason, data }) {
    if (reason === "customer_temporarily_blocked") this.#retryLater((data?.timeout ?? 60) * 1000);
    else this.#follow(REASONS[reason] ?? "retry", reason);
  }

  #follow(course, reason) {
    if (course === "stop") this.#stop(reason);
    else if (course === "sleep") {
      this.#abandon();
      this.#become({ phase: "sleeping" });
    } else if (course === "token") {
      this.#options.tokens.discard(this.#token.accessToken);
      this.#freshTokens += 1;
      if (this.#freshTokens > 1) this.#retryLater();
      else this.#connect();
    } else this.#retryLater();
  }

  #pump() {
    while (this.#queue.length && this.#requests.size < PENDING) this.#send(this.#queue.shift());
  }

  #send(request) {
    this.#requestId += 1;
    const id = String(this.#requestId);
    request.timer = setTimeout(() => this.#lost(), ANSWER_WITHIN);
    this.#requests.set(id, request);
    const { action, payload } = request;
    this.#socket.send(JSON.stringify({ request_id: id, action, payload: payload ?? {} }));
  }

  /** Anything heard within `patience` proves the line; the answer itself need not be first. */
  #ping(patience) {
    if (!this.online || this.#timers.silence) return;
    const asked = Date.now();
    this.request("ping").catch(() => {});
    this.#timers.silence = setTimeout(() => {
      this.#timers.silence = 0;
      if (this.#heard < asked) this.#lost();
    }, patience);
  }

  #lost() {
    this.#retryLater();
  }

  #retryLater(delay = backOff(this.#attempt)) {
    this.#abandon();
    this.#attempt += 1;
    this.#timers.retry = setTimeout(() => this.#connect(), delay);
    this.#become({ phase: "waiting", retryAt: Date.now() + delay });
  }

  #stop(reason) {
    this.#abandon();
    this.#become({ phase: "stopped", reason });
  }

  /** Leaves the present socket behind; everything unanswered is lost. */
  #abandon() {
    this.#run += 1;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#timers = {};
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.close();
    const unanswered = [...this.#requests.values(), ...this.#queue];
    this.#requests.clear();
    this.#queue = [];
    for (const request of unanswered) {
      clearTimeout(request.timer);
      request.reject(new ConnectionLost(request.action));
    }
  }

  #become(state) {
    this.state = state;
    this.#options.onState(state);
  }
}
