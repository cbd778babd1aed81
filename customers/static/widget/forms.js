/*
 * Questions: before a chat, after it, and while nobody is in. What is wrong is said above the form
 * and at each question, in words that say what to do; what was written outlives a reload.
 */

import { h, linkified, say } from "./dom.js";
import { t } from "./texts.js";

const LONGEST = { textarea: 4096 };
const FILL = { name: "name", email: "email" };
const STATUS = { online: "group_online", online_for_queue: "group_busy", offline: "group_offline" };

let count = 0;

/** A form to fill in: `element`, and `focus()`. */
export class Form {
  element;
  #form;
  #options;
  #questions;
  #errors = h("div", { class: "form-errors", role: "alert", tabindex: "-1", hidden: true });
  #key;

  /**
   * `form` (`{id, fields}`) is as the protocol describes it. Of the options, `text` says what
   * happens with the answers, `drafts`, a Store, keeps what was written, `known` (`{name, email}`)
   * need not be asked again, `statuses` tell who is in by group, and `onSkip`, if there, offers
   * not to answer.
   */
  constructor(form, options) {
    this.#form = form;
    this.#options = options;
    this.#key = `form:${form.id}`;
    const kept = options.drafts.get(this.#key) ?? {};
    this.#questions = form.fields.map((field) => questionOf(field, kept[field.id] ?? options.known?.[field.type], options.statuses));
    const { title, text, submit, onSkip } = options;
    const skip = onSkip && h("button", { type: "button", class: "text-button", onclick: () => this.#skip() }, t("form_skip"));
    this.element = h(
      "form",
      { class: "form", novalidate: true, "aria-label": title, oninput: () => this.#keep(), onsubmit: (event) => this.#submit(event) },
      h("h2", { class: "form-title", dir: "auto" }, title),
      text ? h("p", { class: "muted", dir: "auto" }, text) : null,
      this.#errors,
      ...this.#questions.map((question) => question.element),
      h("div", { class: "form-actions" }, h("button", { type: "submit", class: "button primary" }, submit), skip),
    );
  }

  focus() {
    this.element.querySelector("input, textarea, select")?.focus({ preventScroll: true });
  }

  #keep() {
    const values = this.#questions.filter((question) => question.read).map((question) => [question.field.id, question.read()]);
    this.#options.drafts.set(this.#key, Object.fromEntries(values));
  }

  #skip() {
    this.#options.drafts.remove(this.#key);
    this.#options.onSkip();
  }

  #submit(event) {
    event.preventDefault();
    const wrong = this.#questions.filter((question) => question.check?.());
    if (wrong.length) {
      this.#complain(wrong);
      return;
    }
    this.#options.drafts.remove(this.#key);
    this.#options.onAnswers(this.#questions.map(answerOf).filter(Boolean));
  }

  /** Says what is wrong, each with a way to where it is. */
  #complain(wrong) {
    const lead = (question) =>
      h("a", { href: `#${question.id}`, onclick: (event) => {
        event.preventDefault();
        question.focus();
      } }, question.problem);
    this.#errors.replaceChildren(h("h3", {}, t("form_problem")), h("ul", {}, ...wrong.map((question) => h("li", {}, lead(question)))));
    this.#errors.hidden = false;
    this.#errors.focus();
  }
}

/** What a question was answered with, as the protocol writes it; nothing for what was left out. */
function answerOf({ field, read }) {
  const said = read?.();
  if (!said?.length) return null;
  const { id, type, label, options = [] } = field;
  const chosen = options.filter((option) => said.includes(option.id) && (Array.isArray(said) || said === option.id));
  if (type === "checkbox") return { id, type, label, answers: chosen };
  return { id, type, label, answer: options.length ? chosen[0] : said };
}

function questionOf(field, value, statuses) {
  if (field.type === "header") return { field, element: h("p", { class: "form-header", dir: "auto" }, ...linkified(field.label)) };
  const make = { radio: choices, checkbox: choices, group_chooser: choices, select: selection }[field.type] ?? text;
  const id = `question-${(count += 1)}`;
  const error = h("p", { class: "form-error", id: `${id}-error`, hidden: true });
  const question = make({ field, id, error, value, statuses });
  const check = () => {
    question.problem = problemOf(field, question);
    error.hidden = !question.problem;
    say(error, question.problem);
    question.element.classList.toggle("wrong", Boolean(question.problem));
    question.mark(Boolean(question.problem), `${id}-error`);
    return question.problem;
  };
  return Object.assign(question, { field, check });
}

/** What is wrong with an answer, as a sentence that says what to do; empty when nothing is. */
function problemOf({ type, label, required, options }, { read, malformed }) {
  const said = read();
  if (!said.length) {
    if (!required) return "";
    return type === "name" ? t("need_name") : type === "email" ? t("need_email") : t(options ? "need_choice" : "need_answer", { label });
  }
  return malformed?.() ? t("bad_email") : "";
}

/** Whether an e-mail field holds what can be an address out in the world. */
export const isAddress = (input) => !input.validity.typeMismatch && /@[^@\s]+\.[^@\s]+$/.test(input.value.trim());

const labelled = ({ label, required }) => [h("span", { dir: "auto" }, label), required ? null : h("span", { class: "muted" }, ` ${t("optional")}`)];

function mark(controls) {
  return (wrong, errorId) => {
    for (const control of controls) {
      if (wrong) control.setAttribute("aria-describedby", errorId);
      else control.removeAttribute("aria-describedby");
      control.setAttribute("aria-invalid", wrong);
    }
  };
}

function text({ field, id, error, value = "" }) {
  const { type, required } = field;
  const shared = { id, class: "input", dir: "auto", maxlength: LONGEST[type] ?? 255, required, "aria-required": required ? "true" : null };
  const input =
    type === "textarea"
      ? h("textarea", { ...shared, rows: 4 })
      : h("input", { ...shared, type: type === "email" ? "email" : "text", autocomplete: FILL[type] ?? "off" });
  input.value = value;
  return {
    id,
    element: h("div", { class: "question-row" }, h("label", { for: id, class: "label" }, ...labelled(field)), error, input),
    read: () => input.value.trim(),
    malformed: () => type === "email" && !isAddress(input),
    focus: () => input.focus(),
    mark: mark([input]),
  };
}

function selection({ field, id, error, value = "" }) {
  const options = field.options.map((option) => h("option", { value: option.id }, option.label));
  const select = h("select", { id, class: "input", "aria-required": field.required ? "true" : null }, h("option", { value: "" }, t("choose")), ...options);
  select.value = value;
  return {
    id,
    element: h("div", { class: "question-row" }, h("label", { for: id, class: "label" }, ...labelled(field)), error, select),
    read: () => select.value,
    focus: () => select.focus(),
    mark: mark([select]),
  };
}

/** Radios or boxes; a group also says whether somebody is in. */
function choices({ field, id, error, value = [], statuses = {} }) {
  const several = field.type === "checkbox";
  const rows = field.options.map((option, place) => {
    const input = h("input", { type: several ? "checkbox" : "radio", name: id, value: option.id, id: place ? `${id}-${place}` : id });
    input.checked = several ? value.includes(option.id) : value === option.id;
    const status = STATUS[statuses[option.group_id]];
    const words = [h("span", { dir: "auto" }, option.label), status ? h("span", { class: "group-status", "data-status": statuses[option.group_id] }, t(status)) : null];
    return { input, element: h("label", { class: "option" }, input, ...words) };
  });
  const inputs = rows.map((row) => row.input);
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const set = h("fieldset", { class: "question-row" }, h("legend", { class: "label" }, ...labelled(field)), error, ...rows.map((row) => row.element));
  return {
    id,
    element: set,
    read: () => (several ? chosen() : (chosen()[0] ?? "")),
    focus: () => inputs[0].focus(),
    mark: mark([set]),
  };
}
