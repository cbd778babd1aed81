/* The bar above the composer that asks before something happens: one question at a time. */

import { h, say } from "./dom.js";

let count = 0;

export class Sheet {
  #place;
  #onDone;
  #return = null;

  /** Opens in `place`, hidden as long as nothing is asked; `onDone` puts the cursor back. */
  constructor(place, onDone) {
    this.#place = place;
    this.#onDone = onDone;
  }

  get isOpen() {
    return !this.#place.hidden;
  }

  /**
   * Asks a question. `act` does what `yes` says; should it reject, `failed` is said. `input` is for
   * a question that takes words: `{control, elements, check}`, of which `check` returns what is wrong.
   */
  ask({ question, yes, no, danger = false, failed, act, input = null }) {
    const heading = h("p", { id: `sheet-${(count += 1)}`, class: "sheet-title" }, question);
    const error = h("p", { class: "form-error", id: `${heading.id}-error`, role: "alert", hidden: true });
    const accept = h("button", { type: "submit", class: danger ? "button danger" : "button primary" }, yes);
    const refuse = h("button", { type: "button", class: "button", onclick: () => this.dismiss() }, no);
    const submit = async (event) => {
      event.preventDefault();
      const wrong = input?.check() ?? "";
      complain(error, wrong, input?.control);
      if (wrong) return;
      accept.disabled = true;
      try {
        await act();
        this.#close();
        this.#onDone();
      } catch {
        complain(error, failed);
        accept.disabled = false;
      }
    };
    const form = h("form", { class: "sheet", novalidate: true, onsubmit: submit }, heading, error, ...(input?.elements ?? []), h("div", { class: "sheet-actions" }, accept, refuse));
    this.#return = document.activeElement;
    this.#place.setAttribute("aria-labelledby", heading.id);
    this.#place.replaceChildren(form);
    this.#place.hidden = false;
    (input?.control ?? accept).focus();
  }

  /** Closes without doing anything, the cursor where it was; tells whether there was a question. */
  dismiss() {
    if (!this.isOpen) return false;
    this.#close();
    if (this.#return?.isConnected && this.#return.offsetParent) this.#return.focus();
    else this.#onDone();
    return true;
  }

  #close() {
    this.#place.hidden = true;
    this.#place.replaceChildren();
  }
}

/** Says what is wrong, at the control it is about if there is one; or nothing any more. */
function complain(error, text, control) {
  error.hidden = !text;
  say(error, text);
  if (!control) return;
  control.setAttribute("aria-invalid", Boolean(text));
  control.setAttribute("aria-describedby", error.id);
  if (text) control.focus();
}
