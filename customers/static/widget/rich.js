/* Rich messages: cards side by side, quick replies, stickers, and what their buttons do. */

import { h, icon, linkified, outward, safeUrl } from "./dom.js";
import { t } from "./texts.js";

/** A rich message's body, which shows at once which buttons are pressed. */
export class RichMessage {
  element;
  #buttons = [];
  #entry;
  #session;

  /** `entry` is the log's: `{event, thread, greeting?, answered?}`, `answered` since by the visitor. */
  constructor(entry, session) {
    this.#entry = entry;
    this.#session = session;
    const { template_id: template, elements = [] } = entry.event;
    this.element = (TEMPLATES[template] ?? TEMPLATES.cards)(elements, (given) => this.#button(given));
    this.update(entry);
  }

  /** Marks what is pressed; quick replies that were not chosen go. */
  update(entry) {
    this.#entry = entry;
    const quick = entry.event.template_id === "quick_replies";
    const now = this.#buttons.map(({ row, column }) => entry.event.elements[row]?.buttons?.[column]);
    const pressed = now.map((button) => Boolean(button?.user_ids?.includes(this.#session.customer.id)));
    const over = quick && (entry.answered || pressed.includes(true));
    this.#buttons.forEach(({ element }, place) => {
      element.classList.toggle("pressed", pressed[place]);
      if (element.tagName === "BUTTON") element.setAttribute("aria-pressed", pressed[place]);
      if (quick) element.hidden = over && !pressed[place];
      if (quick && element.tagName === "BUTTON") element.disabled = over;
    });
  }

  /** Links lead somewhere in a tab of their own; everything else is an answer. */
  #button({ button, row, column }) {
    const press = () => this.#session.press(button, this.#entry);
    const words = [icon("check", true), h("span", { dir: "auto" }, button.text)];
    const look = `button choice ${["primary", "danger"].includes(button.role) ? button.role : ""}`;
    const href = hrefOf(button);
    let element;
    if (button.type === "phone") {
      element = h("a", { class: look, href, onclick: press }, ...words, icon("phone", true));
    } else if (href) {
      const aside = h("span", { class: "visually-hidden" }, ` (${t("new_window")})`);
      element = outward(href, { class: look, onclick: press }, ...words, icon("external-link", true), aside);
    } else {
      const dead = ["url", "webview"].includes(button.type);
      element = h("button", { type: "button", class: look, onclick: press, disabled: dead }, ...words);
    }
    this.#buttons.push({ element, row, column });
    return element;
  }
}

/** Where a button leads, or null; only to the web or to a telephone. */
function hrefOf({ type, value = "" }) {
  if (type === "phone") return `tel:${value.replace(/[^\d+*#,;]/g, "")}`;
  return ["url", "webview"].includes(type) ? safeUrl(value) : null;
}

const TEMPLATES = {
  cards(elements, make) {
    const cards = elements.map((element, row) => h("li", { class: "bubble card" }, ...cardOf(element), buttonsOf(element, row, make)));
    const several = cards.length > 1;
    return h("ul", { class: several ? "cards several" : "cards", role: "list", tabindex: several ? "0" : null, "aria-label": several ? t("cards") : null }, ...cards);
  },
  quick_replies(elements, make) {
    const parts = elements.flatMap((element, row) => {
      const words = cardOf(element);
      return [words.length ? h("div", { class: "bubble card" }, ...words) : null, buttonsOf(element, row, make)];
    });
    return h("div", { class: "replies" }, ...parts);
  },
  sticker: ([element = {}]) => h("div", { class: "bubble sticker" }, imageOf(element) ?? t("sticker")),
};

function cardOf(element) {
  const { title, subtitle } = element;
  return [
    imageOf(element),
    title ? h("p", { class: "card-title", dir: "auto" }, ...linkified(title)) : null,
    subtitle ? h("p", { class: "card-text", dir: "auto" }, ...linkified(subtitle)) : null,
  ].filter(Boolean);
}

/** The picture; its place is kept by the style sheet, and given up if it cannot be had. */
function imageOf({ image }) {
  const source = image?.url && safeUrl(image.url);
  if (!source) return null;
  const alt = image.alternative_text ?? image.name ?? "";
  return h("img", { src: source, alt, loading: "lazy", decoding: "async", onerror: (event) => event.target.remove() });
}

function buttonsOf({ buttons = [] }, row, make) {
  return buttons.length ? h("div", { class: "choices" }, ...buttons.map((button, column) => make({ button, row, column }))) : null;
}
