/* Where words are written and files are picked, pasted or dropped. */

import { MAX_BYTES } from "./session/files.js";
import { size, t } from "./texts.js";

const LINES = 6;

export class Composer {
  #session;
  #drafts;
  #words = document.getElementById("words");
  #files = document.getElementById("files");
  #warning = document.getElementById("warning");
  #send = document.getElementById("send");
  #form = document.getElementById("composer");

  /** `drafts`, a Store, keeps this tab's unsent words over a reload. */
  constructor(session, drafts) {
    this.#session = session;
    this.#drafts = drafts;
    this.#words.value ||= drafts.get("draft") ?? "";
    this.#words.addEventListener("input", () => this.#written());
    this.#words.addEventListener("keydown", (event) => this.#pressed(event));
    this.#words.addEventListener("paste", (event) => this.#pasted(event));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    document.getElementById("attach").addEventListener("click", () => this.#files.click());
    this.#files.addEventListener("change", () => {
      this.#attach(this.#files.files);
      this.#files.value = "";
    });
    this.#acceptDrops();
    this.#fit();
    this.#words.readOnly = false;
  }

  focus() {
    this.#words.focus({ preventScroll: true });
  }

  /** Says in the placeholder that words written offline wait; where they could not go (yet), none are taken. */
  draw() {
    const { phase } = this.#session.connection;
    const placeholder = t(phase === "waiting" ? "composer_offline" : "composer_placeholder");
    if (this.#words.placeholder !== placeholder) this.#words.placeholder = placeholder;
    this.#form.hidden = phase === "stopped" || Boolean(this.#session.asked);
    this.#send.disabled = !this.#words.value.trim();
  }

  #written() {
    this.#fit();
    this.#warn("");
    this.#drafts.set("draft", this.#words.value);
    this.#session.attention.typing(this.#words.value);
    this.draw();
  }

  #pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#say();
  }

  #say() {
    const problem = this.#session.say(this.#words.value);
    this.#warn(problem ? t(problem) : "");
    if (problem) return;
    this.#words.value = "";
    this.#drafts.remove("draft");
    this.#fit();
    this.draw();
    this.focus();
  }

  #attach(files) {
    const refusals = [...files].map((file) => {
      const problem = this.#session.attach(file);
      return problem && t(problem, { name: file.name, limit: size(MAX_BYTES) });
    });
    this.#warn(refusals.filter(Boolean).join(" "));
    this.focus();
  }

  #pasted(event) {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    this.#attach(event.clipboardData.files);
  }

  #acceptDrops() {
    const drop = document.getElementById("drop");
    const carries = (event) => !this.#form.hidden && event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      drop.hidden = false;
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.hidden = true;
    });
    document.addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      drop.hidden = true;
      this.#attach(event.dataTransfer.files);
    });
  }

  #warn(text) {
    this.#warning.textContent = text;
    this.#warning.hidden = !text;
  }

  /** As tall as the words, up to six lines. */
  #fit() {
    const style = getComputedStyle(this.#words);
    const padding = parseFloat(style.paddingBlockStart) + parseFloat(style.paddingBlockEnd);
    this.#words.style.height = "auto";
    const tallest = parseFloat(style.lineHeight) * LINES + padding;
    this.#words.style.height = `${Math.min(this.#words.scrollHeight, tallest)}px`;
  }
}
