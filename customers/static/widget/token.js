/*
 * The customer's access token: asked for with the identity cookies, kept until shortly before it ends.
 *
 * Where third-party cookies are blocked the kept token is what carries the identity over a reload.
 */

import { exclusively } from "./storage.js";

const KEY = "token";
const MARGIN = 60_000;
const PATIENCE = 10_000;

/** The token could not be had. `permanent` says that asking again will not help. */
export class TokenError extends Error {
  constructor(code, permanent) {
    super(code);
    this.code = code;
    this.permanent = permanent;
  }
}

export class TokenSource {
  #options;

  /**
   * `clientId` is the organisation's widget client, `apart` the group whose visitors are others than
   * elsewhere, if any. After `patience` ms an answer is given up; none is asked for `before`.
   */
  constructor(options) {
    const { organizationId, apart } = options;
    this.#options = { url: `/v2/customer/${apart ? `${organizationId}/${apart}/` : ""}token`, patience: PATIENCE, ...options };
  }

  /** The customer whose token is at hand, or null. */
  get customerId() {
    return this.#kept()?.customerId ?? null;
  }

  /** A token with at least a minute left: `{accessToken, customerId, expiresAt}`. */
  async get() {
    return this.#kept() ?? exclusively(`${this.#options.organizationId}:token`, async () => this.#kept() ?? this.#ask());
  }

  /** Forgets `accessToken`, unless another tab has already replaced it. */
  discard(accessToken) {
    if (this.#options.store.get(KEY)?.accessToken === accessToken) this.#options.store.remove(KEY);
  }

  #kept() {
    const token = this.#options.store.get(KEY);
    return token && token.clientId === this.#options.clientId && token.expiresAt - MARGIN > Date.now() ? token : null;
  }

  async #ask() {
    const { url, organizationId, clientId, store, patience, before } = this.#options;
    await before;
    const response = await fetch(url, {
      method: "POST",
      credentials: "include",
      signal: AbortSignal.timeout(patience),
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        grant_type: "cookie",
        response_type: "token",
        client_id: clientId,
        organization_id: organizationId,
        redirect_uri: location.origin + location.pathname,
      }),
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok || !answer.access_token) {
      const refusal = answer.oauth_exception ?? answer.identity_exception;
      const code = refusal ?? answer.error?.type ?? "server_error";
      throw new TokenError(code, Boolean(refusal) && response.status < 429);
    }
    const token = {
      accessToken: answer.access_token,
      customerId: answer.entity_id,
      expiresAt: Date.now() + answer.expires_in * 1000,
      clientId,
    };
    store.set(KEY, token);
    return token;
  }
}
