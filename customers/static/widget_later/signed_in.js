/*
 * The token of a visitor the host page vouches for: by a proof its server signed, which is redeemed
 * here, or by functions of its own that know how to get tokens.
 *
 * A token outlives a reload in this tab, as long as the page vouches for the same person.
 */

const KEY = "token";
const MARGIN = 60_000;
const PATIENCE = 10_000;
const URL_OF_TOKENS = "/v2/customer/token";

/** The page's word did not help. `permanent` says that asking again by oneself will not either. */
class IdentityError extends Error {
  constructor(code, permanent) {
    super(code);
    this.code = code;
    this.permanent = permanent;
  }
}

/** Whom a proof is about; what can not be read is for the server to refuse. */
function subjectOf(proof) {
  try {
    const [, claims] = proof.split(".");
    const bytes = Uint8Array.from(atob(claims.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)).sub;
  } catch {
    return null;
  }
}

export class SignedIn {
  /** Nobody before the page has said so. */
  customerId = null;
  #options;
  #asking = null;
  #stale = false;

  /**
   * `own` says that the page gets tokens itself; `ask(name)` has the page answer; `startAgain()` forgets all there is
   * here, because another person has come; `onFail({code, description})` hears what did not help.
   */
  constructor(options) {
    this.#options = options;
  }

  /** A token with at least a minute left: `{accessToken, customerId, expiresAt}`. */
  get() {
    this.#asking ??= this.#get().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** Forgets `accessToken`; the next is another. */
  discard(accessToken) {
    if (this.#kept()?.accessToken === accessToken) this.#stale = true;
  }

  #kept() {
    return this.#options.store.get(KEY);
  }

  async #get() {
    const token = await (this.#options.own ? this.#byProvider() : this.#byProof());
    const former = this.#kept();
    if (former && former.who !== token.who) await this.#replace(former);
    this.#options.store.set(KEY, token);
    this.#stale = false;
    return token;
  }

  async #byProof() {
    const proof = await this.#options.ask("proof");
    if (typeof proof !== "string" || !proof) this.#fail("no_proof", "The page gave no proof of identity.");
    const who = subjectOf(proof);
    const kept = this.#kept();
    if (kept && kept.who !== who) await this.#replace(kept);
    if (kept && !this.#stale && kept.expiresAt - MARGIN > Date.now()) return kept;
    return { ...(await this.#redeem(proof)), who };
  }

  async #redeem(proof) {
    const { organizationId, clientId } = this.#options;
    const response = await fetch(URL_OF_TOKENS, {
      method: "POST",
      signal: AbortSignal.timeout(PATIENCE),
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        grant_type: "identity_proof",
        response_type: "token",
        client_id: clientId,
        organization_id: organizationId,
        redirect_uri: location.origin + location.pathname,
        proof,
      }),
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok && answer.access_token) {
      return { accessToken: answer.access_token, customerId: answer.entity_id, expiresAt: Date.now() + answer.expires_in * 1000 };
    }
    const code = answer.oauth_exception ?? answer.identity_exception;
    if (!code || response.status >= 429) throw new IdentityError(code ?? "server_error", false);
    if (code === "customer_banned") throw new IdentityError(code, true);
    return this.#fail(code, answer.exception_description);
  }

  async #byProvider() {
    const { ask } = this.#options;
    if (this.#stale) await ask("invalidate");
    const fresh = this.#stale || !(await ask("hasToken"));
    let token = this.#read(await ask(fresh ? "getFreshToken" : "getToken"));
    if (!fresh && token.expiresAt - MARGIN < Date.now()) token = this.#read(await ask("getFreshToken"));
    return token;
  }

  /** A token as the page's functions hand it out, in our own words. */
  #read(given) {
    const { accessToken, entityId, expiresIn, creationDate = Date.now() } = given ?? {};
    if (!accessToken || !entityId) this.#fail("no_token", "The page's identity provider gave no token.");
    return { accessToken, customerId: entityId, expiresAt: creationDate + (expiresIn ?? 0), who: entityId };
  }

  /** Another person has come: the former's token ends, and this page begins again as theirs. */
  async #replace({ accessToken }) {
    const headers = { Authorization: `Bearer ${accessToken}` };
    await fetch(URL_OF_TOKENS, { method: "DELETE", headers }).catch(() => {});
    this.#options.startAgain();
    await new Promise(() => {});
  }

  #fail(code, description = "") {
    this.#options.onFail({ code, description });
    throw new IdentityError("identity", true);
  }
}
