/**
 * The dialog that puts tags on a thread and takes them off.
 */

import { fill, h } from "../dom.js";
import { tagsFor } from "../directory.js";
import { t } from "../text.js";
import { Choices } from "./choices.js";
import { tagList } from "./marks.js";
import { Modal } from "./modal.js";
import { customerName, refusal } from "./words.js";

export class TagsDialog {
  constructor(workspace) {
    this.workspace = workspace;
    this.modal = new Modal({
      submit: t("tags.add"),
      leave: t("done"),
      onSubmit: () => this.#add(this.choices.current),
      explain: (error) => refusal("tag", error),
    });
    this.choices = new Choices({
      label: t("tags.find"),
      hint: t("tags.hint"),
      none: t("tags.none"),
      onMove: (choice) => this.modal.allow(Boolean(choice)),
      onPick: () => this.modal.form.requestSubmit(),
      other: (text) => ({ key: `other-${text}`, text, icon: "plus" }),
    });
    this.given = h("div", { class: "tags-given" });
    workspace.store.subscribe(() => this.#refresh());
  }

  /** Show the tags of the newest thread of a chat. */
  open(chatId) {
    const chat = this.workspace.state.chats[chatId];
    if (!chat?.thread) return;
    this.chatId = chatId;
    this.threadId = chat.thread.id;
    this.shown = null;
    this.choices.clear();
    this.modal.open(t("tags.title", { name: customerName(chat) }), this.given, this.choices.root);
    this.#refresh();
    this.choices.focus();
  }

  #thread() {
    const chat = this.workspace.state.chats[this.chatId];
    if (chat?.thread?.id === this.threadId) return chat.thread;
    return chat?.threads.find(({ id }) => id === this.threadId) ?? null;
  }

  #refresh() {
    if (!this.modal.isOpen) return;
    const thread = this.#thread();
    if (!thread) {
      this.modal.close();
      return;
    }
    const fitting = tagsFor(this.workspace.state, thread);
    const signature = JSON.stringify([thread.tags, fitting]);
    if (signature === this.shown) return;
    this.shown = signature;
    const hadFocus = this.given.contains(document.activeElement);
    const tags = thread.tags ?? [];
    fill(
      this.given,
      tags.length
        ? tagList(tags, (tag) => this.#remove(tag))
        : h("p", { class: "faint" }, t("tags.empty")),
    );
    this.choices.offer(fitting.map((tag) => ({ key: tag, text: tag, icon: "tag" })));
    if (hadFocus) this.choices.focus();
  }

  async #add({ text }) {
    await this.workspace.threads.tag(this.chatId, this.threadId, text);
    this.choices.clear();
    this.choices.focus();
  }

  async #remove(tag) {
    this.modal.say("");
    try {
      await this.workspace.threads.untag(this.chatId, this.threadId, tag);
    } catch (error) {
      this.modal.say(refusal("tag", error));
    }
  }
}
