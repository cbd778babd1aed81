/**
 * Questions to the Configuration API, which has no socket: what is set up for everybody is read there.
 */

import { RequestError } from "./connection.js";

export class Configuration {
  /**
   * @param {string} path where its actions are
   * @param {(renew?: boolean) => Promise<string>} getToken
   */
  constructor(path, getToken) {
    this.path = path;
    this.getToken = getToken;
  }

  /** Call an action; resolves to what it answers, rejects with a RequestError. */
  async ask(action, payload = {}) {
    const first = await this.#post(action, payload, false);
    const answer = first.status === 401 ? await this.#post(action, payload, true) : first;
    const body = await answer.json().catch(() => null);
    if (answer.ok && body) return body;
    const { type = "internal", message, data } = body?.error ?? {};
    throw new RequestError(type, message, data);
  }

  async #post(action, payload, renew) {
    try {
      return await fetch(`${this.path}/${action}`, {
        method: "POST",
        headers: {
          Authorization: `Bearer ${await this.getToken(renew)}`,
          "Content-Type": "application/json",
        },
        body: JSON.stringify(payload),
      });
    } catch {
      throw new RequestError("disconnected");
    }
  }
}
