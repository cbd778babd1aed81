/**
 * A field with a list below: what is typed narrows the list, arrows move through it, and the focus stays in the
 * field (the ARIA combobox pattern with a listbox that is always open).
 */

import { fill, h, icon, setText } from "../dom.js";

let count = 0;

export class Choices {
  /**
   * @param {object} options
   * @param {string} options.label of the field
   * @param {string} options.hint shown in the empty field
   * @param {string} options.none said when nothing fits
   * @param {(choice: object|null) => void} options.onMove the choice that is marked changed
   * @param {(choice: object) => void} options.onPick a choice was clicked; Enter submits the form around it
   * @param {(text: string) => object|null} options.other the choice for what was typed and is not in the list
   */
  constructor({ label, hint, none, onMove = () => {}, onPick = () => {}, other = () => null }) {
    this.id = `choices-${(count += 1)}`;
    this.none = none;
    this.onMove = onMove;
    this.onPick = onPick;
    this.other = other;
    this.all = [];
    this.shown = [];
    this.isMoved = false;
    this.input = h("input", {
      type: "text",
      role: "combobox",
      class: "picker-field",
      id: this.id,
      "aria-label": label,
      "aria-expanded": "true",
      "aria-controls": `${this.id}-list`,
      "aria-autocomplete": "list",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: hint,
      oninput: () => this.#narrow(),
      onkeydown: (event) => this.#key(event),
    });
    this.list = h("ul", {
      class: "picker-list",
      role: "listbox",
      id: `${this.id}-list`,
      "aria-label": label,
    });
    this.empty = h("p", { class: "picker-empty", role: "status" });
    this.root = h(
      "div",
      { class: "picker" },
      h("div", { class: "picker-box" }, icon("search", 16), this.input),
      this.list,
      this.empty,
    );
  }

  /** The choice that is marked, or null. */
  get current() {
    return this.shown[this.index] ?? null;
  }

  /**
   * Show these choices: `{key, text, icon, note, group}`; a mark that was moved stays, else the first is marked. Those
   * with the same `group` stand under its name.
   */
  offer(choices) {
    const key = this.isMoved ? this.current?.key : null;
    this.all = choices;
    this.#narrow(key);
  }

  clear() {
    this.input.value = "";
    this.isMoved = false;
    this.#narrow();
  }

  focus() {
    this.input.focus();
  }

  #narrow(key = null) {
    const text = this.input.value.trim();
    const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const fitting = this.all.filter((choice) => {
      const content = `${choice.text} ${choice.sought ?? ""}`.toLocaleLowerCase();
      return words.every((word) => content.includes(word));
    });
    const exact = fitting.some((choice) => choice.text === text);
    const other = text && !exact ? this.other(text) : null;
    this.shown = other ? [...fitting, other] : fitting;
    this.index = Math.max(0, key ? this.shown.findIndex((choice) => choice.key === key) : 0);
    this.#draw();
    setText(this.empty, this.shown.length ? "" : this.none);
  }

  #draw() {
    let group = null;
    fill(
      this.list,
      this.shown.map((choice, index) => {
        const heading = choice.group && choice.group !== group ? choice.group : null;
        group = choice.group ?? null;
        return [
          heading && h("li", { class: "picker-group", role: "presentation" }, heading),
          this.#option(choice, index),
        ];
      }),
    );
    this.#mark();
  }

  #option(choice, index) {
    return h(
      "li",
      {
        class: "choice-row",
        role: "option",
        id: `${this.id}-${index}`,
        onmousedown: (event) => event.preventDefault(),
        onclick: () => {
          this.isMoved = true;
          this.index = index;
          this.#mark();
          this.onPick(choice);
        },
      },
      choice.mark ?? icon(choice.icon, 16),
      h(
        "span",
        { class: "choice-words" },
        h("span", { class: "choice-text", dir: "auto" }, choice.text),
        choice.note ? h("span", { class: "choice-note" }, choice.note) : null,
      ),
    );
  }

  #mark() {
    this.list.querySelectorAll("[role='option']").forEach((element, index) => {
      element.setAttribute("aria-selected", String(index === this.index));
      if (index === this.index) element.scrollIntoView({ block: "nearest" });
    });
    if (this.current) this.input.setAttribute("aria-activedescendant", `${this.id}-${this.index}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.onMove(this.current);
  }

  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (!(event.key in steps) || !this.shown.length) return;
    event.preventDefault();
    const length = this.shown.length;
    this.isMoved = true;
    this.index = (this.index + steps[event.key] + length) % length;
    this.#mark();
  }
}
