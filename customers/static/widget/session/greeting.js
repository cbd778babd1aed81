/* What the visitor is greeted with, until they answer, close it, or are in a chat. */

export class Greeting {
  /** As the server tells it, with `accepted`, or null. */
  current = null;

  #core;

  constructor(core) {
    this.#core = core;
  }

  set(greeting) {
    this.current = greeting;
    this.#core.changed();
  }

  /** Closes it for good. */
  dismiss() {
    if (this.current) this.#core.quietly("cancel_greeting", { unique_id: this.current.unique_id });
    this.set(null);
  }

  /** Notes that the visitor has seen it. */
  accept() {
    if (!this.current || this.current.accepted) return;
    const { id, unique_id: uniqueId } = this.current;
    this.#core.quietly("accept_greeting", { greeting_id: id, unique_id: uniqueId });
    this.set({ ...this.current, accepted: true });
  }

  /** Tells the server which button of a greeting was pressed. */
  press({ unique_id: uniqueId }, button) {
    this.#core.quietly("send_greeting_button_clicked", { greeting_unique_id: uniqueId, button_id: button.button_id });
  }

  /** Another tab has seen it, or closed it. */
  hear(action, { unique_id: uniqueId }) {
    if (this.current?.unique_id !== uniqueId) return;
    this.set(action === "greeting_accepted" ? { ...this.current, accepted: true } : null);
  }
}
