/**
 * Asks once whether the agent wants to be called by sound and desktop notifications.
 */

import { fill, h, icon } from "../dom.js";
import { t } from "../text.js";

export class Invitation {
  constructor(root, preferences, notifications, openSettings) {
    this.root = root;
    this.preferences = preferences;
    this.notifications = notifications;
    this.openSettings = openSettings;
    this.note = document.getElementById("desktop-note");
  }

  render() {
    this.#explain();
    if (this.preferences.get("asked")) return;
    const answer = (action) => async () => {
      this.preferences.set("asked", true);
      this.root.hidden = true;
      this.root.parentElement.focus();
      await action?.();
    };
    fill(
      this.root,
      h("p", {}, icon("bell", 16), t("invite.question")),
      h(
        "div",
        { class: "invite-buttons" },
        h(
          "button",
          { type: "button", class: "button", onclick: answer(() => this.#accept()) },
          t("invite.yes"),
        ),
        h(
          "button",
          { type: "button", class: "button button-plain", onclick: answer() },
          t("invite.no"),
        ),
      ),
    );
    this.root.hidden = false;
  }

  async #accept() {
    this.preferences.set("sound", true);
    this.preferences.set("desktop", await this.notifications.ask());
    this.notifications.test();
    this.#explain();
    this.openSettings();
  }

  /** The desktop choice was switched: the browser has the last word. */
  async desktopChosen(box) {
    if (box.checked && !(await this.notifications.ask())) this.preferences.set("desktop", false);
    this.#explain();
  }

  #explain() {
    const { permission } = this.notifications;
    const isRefused = permission === "denied" || permission === "unsupported";
    this.note.textContent = isRefused ? t(`notify.${permission}`) : "";
  }
}
