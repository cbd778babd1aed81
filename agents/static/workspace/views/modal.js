/**
 * Dialogs that a view makes for itself: a heading, a form, buttons, and a place for what went wrong. The browser
 * keeps the focus inside and gives it back.
 */

import { fill, h, icon, iconButton, setText } from "../dom.js";
import { t } from "../text.js";
import { dialog } from "./chrome.js";

let count = 0;

export class Modal {
  /**
   * @param {object} options
   * @param {string} options.submit what the button that does it says
   * @param {string} options.leave what the button that closes it says
   * @param {boolean} options.danger whether it destroys something
   * @param {() => Promise<void>} options.onSubmit rejects with whatever `explain` puts into words
   * @param {(error: Error) => string} options.explain
   */
  constructor({ submit, leave = t("cancel"), danger = false, onSubmit, explain }) {
    const id = `modal-${(count += 1)}`;
    this.onSubmit = onSubmit;
    this.explain = explain;
    this.title = h("h2", { id: `${id}-title`, dir: "auto" });
    this.body = h("div", { class: "modal-body" });
    this.error = h("p", { class: "modal-error", role: "alert" });
    this.button = h(
      "button",
      { type: "submit", class: `button ${danger ? "button-danger" : "button-primary"}` },
      submit,
    );
    this.form = h(
      "form",
      { class: "modal", novalidate: true, onsubmit: (event) => this.#submit(event) },
      h(
        "div",
        { class: "dialog-head" },
        this.title,
        iconButton("x", t("modal.close"), { dataset: { close: "" } }),
      ),
      this.body,
      this.error,
      h(
        "div",
        { class: "modal-buttons" },
        this.button,
        h("button", { type: "button", class: "button", dataset: { close: "" } }, leave),
      ),
    );
    this.element = dialog(
      h("dialog", { class: "dialog", id, "aria-labelledby": `${id}-title` }, this.form),
    );
    document.body.append(this.element);
  }

  get isOpen() {
    return this.element.open;
  }

  open(title, ...body) {
    setText(this.title, title);
    fill(this.body, ...body);
    this.say("");
    this.#busy(false);
    if (!this.element.open) this.element.showModal();
  }

  close() {
    this.element.close();
  }

  /** Say what went wrong, in place; nothing takes it back. */
  say(text) {
    fill(this.error, text ? [icon("circle-alert", 16), h("span", {}, text)] : null);
  }

  /** Whether there is something the button would do. */
  allow(possible) {
    this.possible = possible;
    this.button.setAttribute("aria-disabled", String(!possible));
  }

  #busy(isBusy) {
    this.isBusy = isBusy;
    this.form.setAttribute("aria-busy", String(isBusy));
    this.button.setAttribute("aria-disabled", String(isBusy || this.possible === false));
  }

  async #submit(event) {
    event.preventDefault();
    if (this.isBusy || this.possible === false) return;
    this.say("");
    this.#busy(true);
    try {
      await this.onSubmit();
    } catch (error) {
      this.say(this.explain(error));
    } finally {
      this.#busy(false);
    }
  }
}
