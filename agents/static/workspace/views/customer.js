/**
 * Two dialogs about a customer: putting right what is known of them, and turning them away.
 */

import { h, setText } from "../dom.js";
import { BAN_DAYS, changes, compact, problems } from "../customers.js";
import { customerOf } from "../selectors.js";
import { plural, t } from "../text.js";
import { Modal } from "./modal.js";
import { customerName, refusal } from "./words.js";

const FIELDS = [
  ["name", "text", "name", 255],
  ["email", "email", "email", 254],
  ["phone_number", "tel", "tel", 24],
];

export class CustomerDialog {
  constructor(workspace) {
    this.workspace = workspace;
    this.modal = new Modal({
      submit: t("save"),
      onSubmit: () => this.#save(),
      explain: (error) => refusal("customer", error),
    });
    this.fields = Object.fromEntries(FIELDS.map((field) => [field[0], makeField(...field)]));
  }

  open(chatId) {
    const { chats, customers } = this.workspace.state;
    const person = chats[chatId] && customerOf(chats[chatId]);
    if (!person) return;
    this.known = { ...person, ...customers[person.id] };
    for (const [name, field] of Object.entries(this.fields)) {
      field.input.value = this.known[name] ?? "";
      field.say("");
    }
    this.modal.open(
      t("customer.edit"),
      Object.values(this.fields).map((field) => field.root),
    );
    this.fields.name.input.focus();
  }

  async #save() {
    const given = Object.fromEntries(
      Object.entries(this.fields).map(([name, { input }]) => [name, input.value.trim()]),
    );
    given.phone_number = compact(given.phone_number);
    const wrong = problems(given);
    for (const [name, field] of Object.entries(this.fields))
      field.say(name in wrong ? t(wrong[name]) : "");
    const [first] = Object.keys(wrong);
    if (first) {
      this.fields[first].input.focus();
      return;
    }
    const change = changes(this.known, given);
    if (Object.keys(change).length) {
      await this.workspace.customers.update(this.known.id, change);
      this.workspace.store.dispatch({ type: "customer", customer: { id: this.known.id, ...change } });
    }
    this.modal.close();
  }
}

function makeField(name, type, autocomplete, maxlength) {
  const id = `customer-${name}`;
  const input = h("input", {
    type,
    id,
    maxlength,
    dir: type === "text" ? "auto" : "ltr",
    autocomplete: "off",
    inputmode: autocomplete === "name" ? null : autocomplete,
    "aria-describedby": `${id}-hint ${id}-error`,
  });
  const error = h("p", { class: "field-error", id: `${id}-error` });
  const hint = t(`customer.${name}.hint`);
  const root = h(
    "div",
    { class: "modal-field" },
    h("label", { for: id }, t(`customer.${name}`)),
    h("p", { class: "field-hint", id: `${id}-hint` }, hint),
    error,
    input,
  );
  const say = (text) => {
    setText(error, text);
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  return { root, input, say };
}

export class BanDialog {
  constructor(workspace) {
    this.workspace = workspace;
    this.modal = new Modal({
      submit: t("ban.submit"),
      danger: true,
      onSubmit: () => this.#ban(),
      explain: (error) => refusal("ban", error),
    });
    this.days = h("input", {
      type: "number",
      id: "ban-days",
      min: String(BAN_DAYS.least),
      max: String(BAN_DAYS.most),
      step: "1",
      inputmode: "numeric",
      "aria-describedby": "ban-what",
      oninput: () => this.#explain(),
    });
    this.what = h("p", { class: "modal-note", id: "ban-what", role: "status" });
  }

  open(chatId) {
    const { chats } = this.workspace.state;
    const person = chats[chatId] && customerOf(chats[chatId]);
    if (!person) return;
    this.customerId = person.id;
    this.name = customerName(chats[chatId]);
    this.days.value = String(BAN_DAYS.usual);
    this.modal.open(
      t("ban.title", { name: this.name }),
      h(
        "div",
        { class: "modal-field modal-field-short" },
        h("label", { for: "ban-days" }, t("ban.days")),
        this.days,
      ),
      this.what,
    );
    this.#explain();
    this.days.select();
  }

  get #given() {
    const days = Number(this.days.value);
    return Number.isInteger(days) && days >= BAN_DAYS.least && days <= BAN_DAYS.most ? days : null;
  }

  #explain() {
    const days = this.#given;
    this.modal.allow(days !== null);
    setText(this.what, days === null ? t("ban.bad") : plural("ban.does", days, { name: this.name }));
    this.days.toggleAttribute("aria-invalid", days === null);
  }

  async #ban() {
    const days = this.#given;
    await this.workspace.customers.ban(this.customerId, days);
    this.workspace.store.dispatch({
      type: "customer",
      customer: { id: this.customerId, ban: { days } },
    });
    this.modal.close();
  }
}
