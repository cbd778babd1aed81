/**
 * Canned responses above the composer: typing `#` or `/` opens them, what follows narrows them, and the focus stays
 * in the text, which names the marked one to screen readers.
 */

import { fill, h, icon, setText } from "../dom.js";
import { fitting, soughtAt } from "../responses.js";
import { plural, t } from "../text.js";

const ID = "responses";

export class ResponseList {
  #shown = [];
  #index = 0;
  /** Where the agent closed the list: it stays closed while they write on there. */
  #closedAt = null;
  #sought = null;

  /**
   * @param {import("../workspace.js").Workspace} workspace
   * @param {HTMLTextAreaElement} text
   * @param {object} options
   * @param {() => number[]} options.groups of the chat that is written in
   * @param {(start: number, end: number, words: string) => void} options.insert put words in place of a part
   */
  constructor(workspace, text, { groups, insert }) {
    this.workspace = workspace;
    this.text = text;
    this.groups = groups;
    this.insert = insert;
    this.list = h("ul", {
      class: "responses-list",
      role: "listbox",
      id: ID,
      "aria-label": t("responses.label"),
      hidden: true,
    });
    this.none = h("p", { class: "responses-none" });
    this.panel = h("div", { class: "responses", hidden: true }, this.list, this.none);
    this.said = h("p", { class: "visually-hidden", role: "status" });
    this.root = h("div", {}, this.panel, this.said);
    text.setAttribute("aria-autocomplete", "list");
    text.setAttribute("aria-haspopup", "listbox");
    text.addEventListener("blur", () => this.#hide());
    text.addEventListener("keyup", () => this.look());
    text.addEventListener("click", () => this.look());
    workspace.store.subscribe((state, before) => {
      if (this.isOpen && state.responses !== before.responses) this.look();
    });
  }

  get isOpen() {
    return !this.panel.hidden;
  }

  /** Look at what is being written; open, narrow or close accordingly. */
  look() {
    const { selectionStart, selectionEnd, value } = this.text;
    const sought = selectionStart === selectionEnd ? soughtAt(value, selectionEnd) : null;
    if (sought?.start !== this.#closedAt) this.#closedAt = null;
    if (!sought || this.#closedAt !== null) {
      this.#hide();
      return;
    }
    this.#offer(sought, fitting(this.workspace.state.responses, sought.query, this.groups()));
  }

  /** Put the list away until something else is sought. */
  close() {
    if (!this.isOpen) return;
    this.#closedAt = this.#sought?.start ?? null;
    this.#hide();
  }

  /** Take a key that is meant for the list; tells whether it was. */
  take({ key, shiftKey, altKey, ctrlKey, metaKey }) {
    if (!this.isOpen || shiftKey || altKey || ctrlKey || metaKey) return false;
    if (key === "Escape") this.close();
    else if (!this.#shown.length) return false;
    else if (key === "ArrowDown") this.#move(1);
    else if (key === "ArrowUp") this.#move(-1);
    else if (key === "Enter" || key === "Tab") this.#pick(this.#shown[this.#index]);
    else return false;
    return true;
  }

  #offer(sought, responses) {
    const ids = ({ id, text }) => `${id} ${text}`;
    const isSame =
      this.isOpen && responses.map(ids).join("\n") === this.#shown.map(ids).join("\n");
    const isNew = this.#sought?.query !== sought.query || this.#sought?.start !== sought.start;
    this.#sought = sought;
    if (!responses.length && sought.query) {
      this.#hide(t("responses.none"));
      return;
    }
    const marked = isNew ? null : this.#shown[this.#index]?.id;
    this.#shown = responses;
    this.#index = Math.max(0, responses.findIndex(({ id }) => id === marked));
    if (!isSame) this.#draw();
    this.#mark();
  }

  #draw() {
    fill(this.list, this.#shown.map((response, index) => this.#option(response, index)));
    setText(this.none, this.#shown.length ? "" : t("responses.empty"));
    this.none.hidden = this.#shown.length > 0;
    this.list.hidden = !this.#shown.length;
    this.panel.hidden = false;
    setText(this.said, this.#shown.length ? plural("responses.found", this.#shown.length) : t("responses.empty"));
    if (this.#shown.length) this.text.setAttribute("aria-controls", ID);
    else this.text.removeAttribute("aria-controls");
  }

  #option(response, index) {
    const tags = response.tags.map((tag) => h("span", { class: "response-tag", dir: "auto" }, `#${tag}`));
    const lock = response.is_private
      ? h("span", { class: "response-private" }, icon("lock", 16), h("span", { class: "visually-hidden" }, t("responses.private")))
      : null;
    return h(
      "li",
      {
        class: "response",
        role: "option",
        id: `${ID}-${index}`,
        onmousedown: (event) => event.preventDefault(),
        onclick: () => this.#pick(response),
      },
      h("span", { class: "response-head" }, tags, lock),
      h("span", { class: "response-text", dir: "auto" }, response.text),
    );
  }

  #mark() {
    [...this.list.children].forEach((option, index) => {
      option.setAttribute("aria-selected", String(index === this.#index));
      if (index === this.#index) option.scrollIntoView({ block: "nearest" });
    });
    if (this.#shown.length) this.text.setAttribute("aria-activedescendant", `${ID}-${this.#index}`);
    else this.text.removeAttribute("aria-activedescendant");
  }

  #move(step) {
    this.#index = (this.#index + step + this.#shown.length) % this.#shown.length;
    this.#mark();
  }

  #pick({ text }) {
    const { start } = this.#sought;
    const end = this.text.selectionEnd;
    this.#hide();
    this.insert(start, end, text);
    this.close();
  }

  /** `said`: what a screen reader is told. */
  #hide(said = "") {
    this.panel.hidden = true;
    this.#shown = [];
    setText(this.said, said);
    this.text.removeAttribute("aria-controls");
    this.text.removeAttribute("aria-activedescendant");
  }
}
