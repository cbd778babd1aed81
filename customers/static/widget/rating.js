/* What the visitor thinks of the chat: good or bad, some words if they like, and taking it back. */

import { h, icon, say } from "./dom.js";
import { t } from "./texts.js";

const LONGEST = 4096;

export class Rating {
  #session;
  #title = h("h2", { class: "rating-title", id: "rating-title" });
  #scores;
  #comment = h("textarea", { class: "input", id: "rating-comment", rows: 2, dir: "auto", maxlength: LONGEST });
  #more;
  #status = h("p", { class: "rating-status", role: "status" });
  #thread = null;
  #known = "";

  constructor(place, session) {
    this.#session = session;
    const score = (value, name, words) =>
      h("button", { type: "button", class: "button score", "aria-pressed": "false", onclick: () => this.#try(() => session.lastThread.rate({ score: value })) }, icon(name), words);
    this.#scores = [score(1, "thumbs-up", t("rating_good")), score(0, "thumbs-down", t("rating_bad"))];
    this.#more = h(
      "form",
      { class: "rating-more", hidden: true, onsubmit: (event) => this.#say(event) },
      h("label", { class: "label", for: "rating-comment" }, t("rating_comment")),
      this.#comment,
      h(
        "div",
        { class: "form-actions" },
        h("button", { type: "submit", class: "button" }, t("rating_send")),
        h("button", { type: "button", class: "text-button", onclick: () => this.#undo() }, t("rating_undo")),
      ),
    );
    place.setAttribute("aria-labelledby", "rating-title");
    place.append(this.#title, h("div", { class: "scores" }, ...this.#scores), this.#more, this.#status);
  }

  /** Shows what is known; what is being written stays as it is. */
  draw(thread) {
    const { score, comment = "" } = this.#session.lastThread.rating;
    const rated = score !== undefined;
    say(this.#title, t(rated ? "rating_done" : "rating_question"));
    this.#scores[0].setAttribute("aria-pressed", score === 1);
    this.#scores[1].setAttribute("aria-pressed", score === 0);
    this.#more.hidden = !rated;
    const online = this.#session.connection.phase === "online";
    for (const button of [...this.#scores, ...this.#more.querySelectorAll("button")]) button.disabled = !online;
    if (this.#thread !== thread.id || this.#known !== comment) this.#comment.value = comment;
    if (this.#thread !== thread.id) say(this.#status, "");
    this.#thread = thread.id;
    this.#known = comment;
  }

  focus() {
    (this.#scores.find((button) => button.getAttribute("aria-pressed") === "true") ?? this.#scores[0]).focus();
  }

  #say(event) {
    event.preventDefault();
    const words = this.#comment.value.trim();
    if (words && words !== this.#known) this.#try(() => this.#session.lastThread.rate({ comment: words }), t("rating_thanks"));
  }

  /** The button goes away with what it did, and leaves the cursor where one rates anew. */
  async #undo() {
    if (await this.#try(() => this.#session.lastThread.unrate())) this.#scores[0].focus();
  }

  async #try(act, done = "") {
    try {
      await act();
      say(this.#status, done);
      return true;
    } catch {
      say(this.#status, t("rating_failed"));
      return false;
    }
  }
}
