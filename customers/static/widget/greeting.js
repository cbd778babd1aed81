/*
 * A greeting above the launcher, while the chat is closed: the loader makes the frame as small as
 * what is said here, and nothing else is seen of the panel meanwhile.
 */

import { face, h, iconButton, linkified } from "./dom.js";
import { RichMessage } from "./rich.js";
import { t } from "./texts.js";

export class Greeting {
  #place = document.getElementById("greeting");
  #panel = document.getElementById("panel");
  #session;
  #hooks;
  #shown = null;
  #about = null;
  #left = false;

  /**
   * `onOpen` opens the chat, `onChange(name, about)` hears what becomes of greetings, and
   * `onSize(height, text)` asks for a place to be shown in; 0 for none.
   */
  constructor(session, hooks) {
    this.#session = session;
    this.#hooks = hooks;
    new ResizeObserver(() => this.#measure()).observe(this.#place);
  }

  /** The visitor is about to leave the page: what waited for that comes now. */
  leaving() {
    this.#left = true;
  }

  /** Shows what greets, as long as the chat is closed and it has not been seen. */
  draw(open) {
    const { current: greeting } = this.#session.greeting;
    const due = !open && greeting && !greeting.accepted && (!greeting.is_exit_intent || this.#left);
    const id = due ? greeting.unique_id : null;
    if (id !== this.#shown) {
      if (this.#shown) this.#hooks.onChange("greeting_hidden", this.#about);
      this.#shown = id;
      this.#about = due && { id: greeting.id, uniqueId: id };
      if (due) this.#hooks.onChange("greeting_displayed", this.#about);
      this.#place.replaceChildren(...(due ? this.#content(greeting) : []));
      if (!due) this.#hooks.onSize(0, "");
    }
    this.#place.hidden = !due;
    this.#panel.hidden = Boolean(due);
    if (due) this.#measure();
  }

  get isShown() {
    return this.#shown !== null;
  }

  #content(greeting) {
    const { agent, event } = greeting;
    const name = agent?.name || t("agent");
    const body =
      event.type === "rich_message"
        ? new RichMessage({ event, thread: {}, greeting }, this.#session).element
        : h("p", { class: "greeting-words", dir: "auto" }, ...linkified(event.text ?? ""));
    this.#place.setAttribute("aria-label", t("they_said", { name }));
    return [
      h(
        "div",
        { class: "greeting-head" },
        face(agent),
        h("div", { class: "who" }, h("h1", { class: "greeting-name", dir: "auto" }, name), agent?.job_title ? h("p", { class: "muted", dir: "auto" }, agent.job_title) : null),
        iconButton(t("greeting_close"), "x", () => this.#session.greeting.dismiss()),
      ),
      h("div", { class: "greeting-body" }, body),
      h("button", { type: "button", class: "greeting-answer", onclick: this.#hooks.onOpen }, t("greeting_answer")),
    ];
  }

  #measure() {
    if (this.#shown === null) return;
    const { agent, event } = this.#session.greeting.current ?? {};
    const words = event?.text ?? event?.elements?.[0]?.title ?? "";
    this.#hooks.onSize(Math.ceil(this.#place.scrollHeight), `${t("they_said", { name: agent?.name || t("agent") })} ${words}`);
  }
}
