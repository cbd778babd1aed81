/**
 * Ctrl/⌘+K: one field that finds chats and commands.
 */

import { avatar, fill, h, icon, setText } from "../dom.js";
import { isActive, searchChats } from "../selectors.js";
import { t } from "../text.js";
import { customerName, eventLine } from "./words.js";

const CHATS_SHOWN = 8;

export class Palette {
  /**
   * @param {HTMLDialogElement} dialog
   * @param {import("../workspace.js").Workspace} workspace
   * @param {(query: string) => {name: string, icon: string, keys?: string, always?: boolean, run: () => void}[]}
   *   commands what can be done right now; those that fit `always` do so whatever is typed
   * @param {(chatId: string) => void} openChat
   */
  constructor(dialog, workspace, commands, openChat) {
    this.dialog = dialog;
    this.workspace = workspace;
    this.commands = commands;
    this.openChat = openChat;
    this.input = dialog.querySelector("input");
    this.list = dialog.querySelector("[role='listbox']");
    this.empty = dialog.querySelector(".palette-empty");
    this.options = [];
    this.current = 0;
    this.input.addEventListener("input", () => this.#search());
    this.input.addEventListener("keydown", (event) => this.#key(event));
  }

  open() {
    if (this.dialog.open) return;
    this.input.value = "";
    this.dialog.showModal();
    this.input.focus();
    this.#search();
  }

  #search() {
    const query = this.input.value.trim();
    const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const commands = this.commands(query)
      .filter(({ name, always }) => always || words.every((word) => name.toLocaleLowerCase().includes(word)))
      .map((command) => ({ ...command, kind: "command" }));
    const chats = searchChats(this.workspace.state, query)
      .slice(0, CHATS_SHOWN)
      .map((chat) => ({ kind: "chat", chat, run: () => this.openChat(chat.id) }));
    this.options = query ? [...chats, ...commands] : [...chats.slice(0, 5), ...commands];
    this.current = 0;
    this.#draw();
  }

  #draw() {
    fill(
      this.list,
      this.options.map((option, index) => [
        option.kind === this.options[index - 1]?.kind ? null : heading(option.kind),
        this.#option(option, index),
      ]),
    );
    setText(this.empty, this.options.length ? "" : t("palette.none"));
    this.#mark();
  }

  #option(option, index) {
    const inner = option.kind === "chat" ? chatWords(option.chat) : commandWords(option);
    return h(
      "li",
      {
        class: "palette-option",
        role: "option",
        id: `palette-option-${index}`,
        onclick: () => this.#run(index),
        onpointermove: () => {
          if (this.current !== index) {
            this.current = index;
            this.#mark();
          }
        },
      },
      inner,
    );
  }

  #mark() {
    this.list.querySelectorAll("[role='option']").forEach((element, index) => {
      element.setAttribute("aria-selected", String(index === this.current));
      if (index === this.current) element.scrollIntoView({ block: "nearest" });
    });
    if (this.current === 0) this.list.scrollTop = 0;
    if (this.options.length)
      this.input.setAttribute("aria-activedescendant", `palette-option-${this.current}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && this.options.length) {
      event.preventDefault();
      const count = this.options.length;
      this.current = (this.current + steps[event.key] + count) % count;
      this.#mark();
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.#run(this.current);
    }
  }

  #run(index) {
    const option = this.options[index];
    if (!option) return;
    this.dialog.close();
    option.run();
  }
}

function heading(kind) {
  const words = kind === "chat" ? t("palette.chats") : t("palette.commands");
  return h("li", { class: "picker-group palette-group", role: "presentation" }, words);
}

function chatWords(chat) {
  return [
    avatar(customerName(chat)),
    h(
      "span",
      { class: "palette-words" },
      h("span", { class: "palette-name", dir: "auto" }, customerName(chat)),
      h("span", { class: "palette-hint", dir: "auto" }, chat.last ? eventLine(chat.last) : ""),
    ),
    isActive(chat) ? null : h("span", { class: "mark" }, t("palette.closed")),
  ];
}

function commandWords({ name, icon: mark, keys }) {
  return [
    icon(mark),
    h("span", { class: "palette-words" }, name),
    keys ? h("kbd", {}, keys) : null,
  ];
}
