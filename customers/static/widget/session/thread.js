/* What the visitor notes on the last thread, going on or not: what they think of it, where to mail it. */

import { lastThread } from "../conversation.js";

export class LastThread {
  #core;

  constructor(core) {
    this.#core = core;
  }

  /** What the visitor thinks of it: `{score?, comment?}`. */
  get rating() {
    return lastThread(this.#core.conversation)?.properties?.rating ?? {};
  }

  /** Rates it (`{score}`, 0 or 1, or `{comment}`); rejects when the server would not. */
  async rate(values) {
    await this.#change("updated", { rating: values });
    if ("score" in values) this.#tellRating(values.score ? "good" : "bad");
  }

  /** Takes the rating back; rejects when the server would not. */
  async unrate() {
    await this.#change("deleted", { rating: Object.keys(this.rating) });
    this.#tellRating("none");
  }

  /** Has it mailed to an address; rejects when the server would not. */
  mailTo(email) {
    return this.#change("updated", { routing: { transcript_email: email } });
  }

  #tellRating(rating) {
    this.#core.tell("happened", ["rating_submitted", rating]);
  }

  async #change(change, properties) {
    const { conversation } = this.#core;
    const payload = { chat_id: conversation.id, thread_id: lastThread(conversation).id, properties };
    await this.#core.request(change === "updated" ? "update_thread_properties" : "delete_thread_properties", payload);
    this.#core.apply(`thread_properties_${change}`, payload);
    this.#core.changed();
  }
}
