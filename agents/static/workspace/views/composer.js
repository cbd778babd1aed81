/**
 * Where the agent writes: a text that grows to eight lines, whispers, files and emoji. Drafts stay with their chat.
 */

import { fill, h, icon, iconButton } from "../dom.js";
import { t } from "../text.js";
import { EMOJI } from "../emoji.js";
import { ResponseList } from "./responses.js";

const LINES = 8;
const MAX_TEXT_BYTES = 16 * 1024;

export class Composer {
  constructor(workspace, preferences) {
    this.workspace = workspace;
    this.preferences = preferences;
    this.chatId = null;
    this.whisper = false;
    this.onlyWhisper = false;
    this.#build();
  }

  get isOpen() {
    return this.chatId !== null;
  }

  get visibility() {
    return this.whisper ? "agents" : "all";
  }

  #build() {
    this.text = h("textarea", {
      class: "composer-text",
      rows: "1",
      dir: "auto",
      "aria-keyshortcuts": "Control+Shift+M Meta+Shift+M",
      oninput: () => this.#typed(),
      onkeydown: (event) => this.#key(event),
      onpaste: (event) => this.#pasted(event),
    });
    this.files = h("input", {
      type: "file",
      class: "visually-hidden",
      multiple: true,
      tabindex: "-1",
      "aria-hidden": "true",
      onchange: () => {
        this.takeFiles(this.files.files);
        this.files.value = "";
      },
    });
    this.responses = new ResponseList(this.workspace, this.text, {
      groups: () => this.workspace.state.chats[this.chatId]?.access?.group_ids ?? [],
      insert: (start, end, words) => this.#replace(start, end, words),
    });
    this.responsesButton = iconButton("message-square-plus", t("responses.label"), {
      title: t("responses.button"),
      onmousedown: (event) => event.preventDefault(),
      onclick: () => this.#seekResponse(),
    });
    this.whisperButton = iconButton("lock", t("composer.whisper"), {
      "aria-pressed": "false",
      title: `${t("composer.whisper")} (${t("keys.whisper")})`,
      onclick: () => this.toggleWhisper(),
    });
    this.emojiButton = iconButton("smile", t("composer.emoji"), {
      "aria-expanded": "false",
      "aria-haspopup": "dialog",
      onclick: () => this.#toggleEmoji(),
    });
    this.note = h("p", { class: "composer-note" });
    this.sendButton = h(
      "button",
      { type: "submit", class: "button button-primary composer-send" },
      icon("send", 16),
      h("span", { class: "button-words" }),
    );
    this.emoji = h("div", {
      class: "emoji",
      role: "dialog",
      "aria-label": t("composer.emoji"),
      hidden: true,
    });
    this.root = h(
      "form",
      {
        class: "composer",
        onsubmit: (event) => {
          event.preventDefault();
          this.send();
        },
      },
      this.note,
      this.text,
      h(
        "div",
        { class: "composer-tools" },
        iconButton("paperclip", t("composer.attach"), { onclick: () => this.files.click() }),
        this.emojiButton,
        this.responsesButton,
        this.whisperButton,
        this.files,
        h("span", { class: "composer-space" }),
        this.sendButton,
      ),
      this.emoji,
      this.responses.root,
    );
    this.#dress();
  }

  /** Write in a chat; its draft comes back. `onlyWhisper` where the customer must not see me. */
  open(chat, onlyWhisper) {
    if (this.chatId === chat.id && this.onlyWhisper === onlyWhisper) return;
    this.shut();
    this.chatId = chat.id;
    this.onlyWhisper = onlyWhisper;
    const draft = this.preferences.draft(chat.id);
    this.text.value = draft.text;
    this.whisper = onlyWhisper || draft.whisper;
    this.#dress();
    requestAnimationFrame(() => this.#grow());
  }

  shut() {
    this.chatId = null;
    this.responses.close();
    this.#closeEmoji();
  }

  focus() {
    this.text.focus();
  }

  toggleWhisper() {
    if (!this.isOpen || this.onlyWhisper) return;
    this.whisper = !this.whisper;
    this.#dress();
    this.#keep();
    this.focus();
  }

  /** Send what is written. Leaves nothing behind but an empty, focused field. */
  send() {
    const text = this.text.value.trim();
    if (!this.isOpen || !text) return;
    for (const part of slices(text)) this.workspace.sendText(this.chatId, part, this.visibility);
    this.text.value = "";
    this.#keep();
    this.#grow();
    this.#dress();
    this.focus();
  }

  takeFiles(files) {
    if (!this.isOpen) return;
    for (const file of files) this.workspace.sendFile(this.chatId, file, this.visibility);
  }

  #typed() {
    this.responses.look();
    this.#grow();
    this.#keep();
    this.#dress();
    if (this.text.value.trim()) this.workspace.typing.pressed(this.chatId, this.visibility);
    else this.workspace.typing.stop();
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.responses.take(event)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape" && !this.emoji.hidden) {
      event.stopPropagation();
      this.#closeEmoji();
    }
  }

  #pasted(event) {
    const files = event.clipboardData?.files;
    if (!files?.length) return;
    event.preventDefault();
    this.takeFiles(files);
  }

  #keep() {
    if (this.isOpen) {
      this.preferences.keepDraft(this.chatId, {
        text: this.text.value,
        whisper: this.whisper && !this.onlyWhisper,
      });
    }
  }

  #grow() {
    const style = getComputedStyle(this.text);
    const line = parseFloat(style.lineHeight) || 20;
    const padding = parseFloat(style.paddingBlockStart) + parseFloat(style.paddingBlockEnd);
    this.text.style.blockSize = "auto";
    const wanted = Math.min(this.text.scrollHeight, line * LINES + padding);
    this.text.style.blockSize = `${wanted}px`;
    this.text.style.overflowY = this.text.scrollHeight > wanted + 1 ? "auto" : "hidden";
  }

  #dress() {
    this.root.classList.toggle("composer-whisper", this.whisper);
    this.whisperButton.setAttribute("aria-pressed", String(this.whisper));
    this.whisperButton.disabled = this.onlyWhisper;
    const kind = this.whisper ? "whisper" : "reply";
    this.text.placeholder = t(`composer.${kind}.hint`);
    this.text.setAttribute("aria-label", t(`composer.${kind}.label`));
    const words = this.sendButton.querySelector(".button-words");
    words.textContent = t(`composer.${kind}.send`);
    this.sendButton.setAttribute("aria-disabled", String(!this.text.value.trim()));
    this.note.hidden = !this.whisper;
    if (this.whisper)
      fill(
        this.note,
        icon("lock", 16),
        t(this.onlyWhisper ? "composer.only_whisper" : "composer.whisper_note"),
      );
  }

  // --- emoji -------------------------------------------------------------------------------------

  #toggleEmoji() {
    if (!this.emoji.hidden) {
      this.#closeEmoji();
      return;
    }
    if (!this.emoji.firstElementChild) this.#drawEmoji();
    this.emoji.hidden = false;
    this.emojiButton.setAttribute("aria-expanded", "true");
    this.emoji.querySelector("[tabindex='0']").focus();
    this.outside = (event) => {
      if (!this.emoji.contains(event.target) && !this.emojiButton.contains(event.target))
        this.#closeEmoji(false);
    };
    document.addEventListener("pointerdown", this.outside);
  }

  #closeEmoji(refocus = true) {
    if (this.emoji.hidden) return;
    const hadFocus = this.emoji.contains(document.activeElement);
    this.emoji.hidden = true;
    this.emojiButton.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.outside);
    if (refocus && hadFocus) this.emojiButton.focus();
  }

  #drawEmoji() {
    const buttons = EMOJI.map(([character, name], index) =>
      h(
        "button",
        {
          type: "button",
          class: "emoji-one",
          tabindex: index ? "-1" : "0",
          "aria-label": t(`emoji.${name}`),
          title: t(`emoji.${name}`),
          onclick: () => this.#insert(character),
        },
        character,
      ),
    );
    fill(this.emoji, buttons);
    this.emoji.addEventListener("keydown", (event) => this.#moveEmoji(event, buttons));
  }

  #moveEmoji(event, buttons) {
    const columns = 8;
    const forward = document.documentElement.dir === "rtl" ? -1 : 1;
    const steps = {
      ArrowRight: forward,
      ArrowLeft: -forward,
      ArrowDown: columns,
      ArrowUp: -columns,
    };
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#closeEmoji();
      return;
    }
    if (!(event.key in steps)) return;
    event.preventDefault();
    const from = buttons.indexOf(document.activeElement);
    const to = Math.min(buttons.length - 1, Math.max(0, from + steps[event.key]));
    buttons[from].tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  }

  #insert(character) {
    const { selectionStart, selectionEnd } = this.text;
    this.#closeEmoji(false);
    this.#replace(selectionStart, selectionEnd, character);
  }

  /** What is put in can be taken back like what is typed. */
  #replace(start, end, words) {
    this.focus();
    this.text.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, words)) {
      this.text.setRangeText(words, start, end, "end");
    }
    this.#typed();
  }

  // --- canned responses --------------------------------------------------------------------------

  /** Write the sign that opens the responses, apart from the word before it. */
  #seekResponse() {
    this.focus();
    const { selectionStart, selectionEnd, value } = this.text;
    const sign = /(^|\s)$/.test(value.slice(0, selectionStart)) ? "#" : " #";
    this.#replace(selectionStart, selectionEnd, sign);
  }
}

/** A text in parts that each fit into one message. */
function slices(text) {
  const encoder = new TextEncoder();
  if (encoder.encode(text).length <= MAX_TEXT_BYTES) return [text];
  const parts = [];
  let part = "";
  let size = 0;
  for (const character of text) {
    const bytes = encoder.encode(character).length;
    if (size + bytes > MAX_TEXT_BYTES) {
      parts.push(part);
      part = "";
      size = 0;
    }
    part += character;
    size += bytes;
  }
  return [...parts, part];
}
