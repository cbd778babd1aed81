/* Who is in, who would answer, and what the group asks before a chat or in place of one. */

import { activeThread } from "../conversation.js";

/** What a group may ask before a chat, and in place of one. */
const ASKED = ["prechat", "ticket"];
const SKIPPED = 20;

export class Reception {
  /** The group whose pages the visitor is on. */
  group;
  /** `online`, `online_for_queue` or `offline`; null until told. */
  availability = null;
  /** The same by group, as far as anybody asked. */
  groups = {};
  #predicted = null;
  /** Whether a new chat shall wait for an answer that comes when somebody is in again. */
  continuous = false;

  #core;
  #forms = {};

  constructor(core, group) {
    this.#core = core;
    this.group = group;
  }

  /** Takes up the forms that were asked on the last visit. */
  restore() {
    this.#forms = this.#core.store.get("forms") ?? {};
  }

  /** The form that goes before a chat as things stand: `{id, type, fields}`, or null. */
  get form() {
    const type = this.availability === "offline" ? "ticket" : "prechat";
    const form = type === "prechat" && "unasked" in document.body.dataset ? null : this.#forms[type];
    return form ? { ...form, type } : null;
  }

  /** Who would answer a new chat, if the server tells; while all are busy or out nobody can say. */
  get predicted() {
    return this.availability === "online" ? this.#predicted : null;
  }

  /** Whether the visitor would rather not answer the form that an event asks. */
  isSkipped(eventId) {
    return this.#skipped.includes(eventId);
  }

  /** Asks the form of an event no more. */
  skip(eventId) {
    this.#core.store.set("skipped", [...this.#skipped, eventId].slice(-SKIPPED));
    this.#core.changed();
  }

  get #skipped() {
    return this.#core.store.get("skipped") ?? [];
  }

  /** Learns who is in, which forms the group asks, and who is in of the groups they let one choose. */
  async visit(group) {
    this.group = group;
    this.#core.changed();
    try {
      const [statuses, ...answers] = await Promise.all([
        this.#core.request("list_group_statuses", { group_ids: [group] }),
        ...ASKED.map((type) => this.#core.request("get_form", { group_id: group, type })),
      ]);
      this.#forms = Object.fromEntries(ASKED.map((type, place) => [type, answers[place].form ?? null]));
      this.#core.store.set("forms", this.#forms);
      this.groups = { ...this.groups, ...statuses.groups_status };
      this.setAvailability(this.groups[group] ?? "offline");
      await this.#askAboutChoices();
    } catch {
      /* The chat works without forms, and without knowing who is in. */
    }
  }

  /** Learns who would answer. */
  async askWhoAnswers() {
    try {
      if (activeThread(this.#core.conversation) || this.availability === "offline") return;
      const { agent } = await this.#core.request("get_predicted_agent");
      this.#predicted = agent ?? null;
      this.#core.changed();
    } catch {
      /* Who is in is a courtesy: the chat works without knowing. */
    }
  }

  /** Another page may be another group's, who ask other things. */
  regroup({ groups = [] }) {
    if (!groups.length) return;
    this.setAvailability(groups[0].status);
    this.visit(groups[0].id);
  }

  /** Takes the news of `groups_status_updated`. */
  hear({ groups = [] }) {
    if (groups.length) this.setAvailability(groups[0].status);
    for (const { id, status } of groups) this.groups = { ...this.groups, [id]: status };
  }

  setAvailability(status) {
    this.availability = status;
    this.continuous = status === "offline";
    this.#core.changed();
  }

  async #askAboutChoices() {
    const fields = Object.values(this.#forms).flatMap((form) => form?.fields ?? []);
    const choices = fields.filter((field) => field.type === "group_chooser").flatMap((field) => field.options);
    if (!choices.length) return;
    const ids = [...new Set(choices.map((option) => option.group_id))];
    const { groups_status: statuses } = await this.#core.request("list_group_statuses", { group_ids: ids });
    this.groups = { ...this.groups, ...statuses };
    this.#core.changed();
  }
}
