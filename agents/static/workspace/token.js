/**
 * The short-lived access token of this page. It is asked for with the session cookie and the page's
 * CSRF token, kept in this closure only, and dies with the sign-out.
 */

const MARGIN_SECONDS = 60;

/** Why no token can be had: `isFinal` when only signing in again or reloading helps. */
export class TokenError extends Error {
  constructor(reason, isFinal) {
    super(reason);
    this.reason = reason;
    this.isFinal = isFinal;
  }
}

/** The answer's own reason; a refused CSRF token has none and means that the session changed. */
async function reasonOf(response) {
  const isJson = response.headers.get("Content-Type")?.includes("json");
  return (isJson && (await response.json()).reason) || "session_changed";
}

/**
 * @param {string} url where tokens are issued
 * @param {string} csrf the page's CSRF token
 * @returns {(renew?: boolean) => Promise<string>} resolves to a token with at least a minute left;
 *   its `millisecondsLeft()` says for how long that holds
 */
export function tokenSource(url, csrf) {
  let held = null;
  let asking = null;

  async function ask() {
    const response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-CSRFToken": csrf, Accept: "application/json" },
    });
    if (response.status === 401) throw new TokenError("signed_out", true);
    if (response.status === 403) throw new TokenError(await reasonOf(response), true);
    if (!response.ok) throw new TokenError("unavailable", false);
    const { access_token: token, expires_in: seconds } = await response.json();
    held = { token, until: Date.now() + (seconds - MARGIN_SECONDS) * 1000 };
    return token;
  }

  const source = (renew = false) => {
    if (!renew && held && held.until > Date.now()) return Promise.resolve(held.token);
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  };
  /** How long the token that was last given may still be used, without the margin. */
  source.millisecondsLeft = () => Math.max(0, (held?.until ?? 0) - Date.now());
  return source;
}
