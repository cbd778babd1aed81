/**
 * What frames the panes: the status switch, the banner of a lost line, short-lived notes, the menu, the dialogs.
 */

import { fill, h, icon, iconButton, setText } from "../dom.js";
import { duration, t } from "../text.js";
import { customerName, errorText, placeName } from "./words.js";

const TOAST_MS = 6000;
const TOAST_MS_PER_LETTER = 80;

/** Whether new chats are routed to me: never claims more than the server knows. */
export class StatusView {
  constructor(button, workspace) {
    this.button = button;
    this.words = button.querySelector(".status-words");
    this.workspace = workspace;
    button.addEventListener("click", () => this.toggle());
  }

  toggle() {
    const { me, connection } = this.workspace.state;
    if (connection.phase !== "online" || !me) return;
    const accepts = me.routing_status === "accepting_chats";
    this.workspace.session.setRoutingStatus(accepts ? "not_accepting_chats" : "accepting_chats");
  }

  render({ me, connection, isAway }) {
    const isOnline = connection.phase === "online" && me;
    const accepts = Boolean(isOnline && me.routing_status === "accepting_chats");
    const name = isOnline
      ? accepts
        ? "accepting"
        : isAway
          ? "away"
          : "not_accepting"
      : connection.everOnline || connection.phase === "stopped"
        ? "offline"
        : "connecting";
    if (this.button.dataset.status === name) return;
    this.button.dataset.status = name;
    this.button.setAttribute("aria-checked", String(accepts));
    this.button.setAttribute("aria-disabled", String(!isOnline));
    this.button.title = t(`status.${name}.hint`);
    setText(this.words, t(`status.${name}`));
  }
}

/** The quiet line above the panes while there is no connection: what happened and when the next try comes. */
export class BannerView {
  constructor(root, workspace, config) {
    this.root = root;
    this.workspace = workspace;
    this.config = config;
    this.kind = null;
    setInterval(() => this.#count(), 500);
  }

  render({ connection }) {
    const kind = bannerKind(connection);
    const signature = `${kind}|${connection.reason}`;
    if (signature === this.kind) return;
    this.kind = signature;
    this.root.dataset.kind = kind ?? "";
    if (!kind) {
      fill(this.root);
      return;
    }
    this.seconds = h("span", { class: "banner-seconds", "aria-hidden": "true" });
    fill(
      this.root,
      icon("wifi-off", 16),
      h("span", {}, bannerText(kind, connection)),
      this.seconds,
      this.#remedy(kind, connection),
    );
    this.#count();
  }

  #remedy(kind, connection) {
    if (kind === "connecting") return null;
    if (kind === "waiting") {
      return h(
        "button",
        { type: "button", class: "link-button", onclick: () => this.workspace.session.reconnect() },
        t("banner.try_now"),
      );
    }
    if (
      [
        "signed_out",
        "authentication",
        "access_token_revoked",
        "agent_logged_out_remotely",
      ].includes(connection.reason)
    ) {
      return h("a", { href: this.config.signinUrl }, t("banner.sign_in"));
    }
    if (["session_changed", "unsupported_version"].includes(connection.reason)) {
      return h(
        "button",
        { type: "button", class: "link-button", onclick: () => location.reload() },
        t("banner.reload"),
      );
    }
    return h(
      "button",
      { type: "button", class: "link-button", onclick: () => this.workspace.session.reconnect() },
      t("banner.connect_here"),
    );
  }

  #count() {
    const { phase, retryAt } = this.workspace.state.connection;
    if (phase !== "waiting" || !this.seconds) return;
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    setText(this.seconds, t("banner.next_try", { time: duration(seconds) }));
  }
}

function bannerKind({ phase, everOnline }) {
  if (phase === "online") return null;
  if (phase === "connecting") return everOnline ? "connecting" : null;
  return phase;
}

function bannerText(kind, { reason }) {
  if (kind === "stopped") {
    const known = t(`stopped.${reason}`);
    return known === `stopped.${reason}` ? t("stopped.other") : known;
  }
  return t(kind === "connecting" ? "banner.connecting" : "banner.offline");
}

/** Notes that come and go, and the way back from closing a chat. */
export class ToastView {
  constructor(root, workspace, nameOf) {
    this.root = root;
    this.workspace = workspace;
    this.nameOf = nameOf;
    this.closing = new Map();
    workspace.onNotice((name, values) => this.show(...noticeOf(workspace.state, name, values)));
    workspace.onFailure((failure, error) =>
      this.show(`${t(failure)} ${errorText(error.type)}`, "danger"),
    );
  }

  show(text, kind = "plain") {
    const toast = h(
      "div",
      { class: `toast toast-${kind}` },
      kind === "danger" ? icon("circle-alert") : null,
      h("p", {}, text),
      iconButton("x", t("dismiss"), { onclick: () => toast.remove() }),
    );
    this.root.append(toast);
    setTimeout(() => toast.remove(), Math.max(TOAST_MS, TOAST_MS_PER_LETTER * text.length));
  }

  render({ closing }) {
    for (const [chatId, toast] of this.closing) {
      if (closing[chatId]) continue;
      const hadFocus = toast.contains(document.activeElement);
      toast.remove();
      if (hadFocus) document.getElementById("conversation").focus();
      this.closing.delete(chatId);
    }
    for (const [chatId, until] of Object.entries(closing)) {
      if (this.closing.has(chatId)) continue;
      const toast = h(
        "div",
        { class: "toast toast-undo" },
        icon("archive"),
        h("p", {}, t("closing", { name: this.nameOf(chatId) })),
        h(
          "button",
          { type: "button", class: "link-button", onclick: () => this.workspace.closing.undo(chatId) },
          t("action.undo"),
        ),
        h("kbd", {}, "z"),
      );
      toast.style.setProperty("--left", `${Math.max(0, until - Date.now())}ms`);
      this.root.append(toast);
      this.closing.set(chatId, toast);
    }
  }
}

/** The words of a notice, and of what kind it is. */
function noticeOf(state, name, { chat, to, text, ...values }) {
  if (name === "notice.failed") return [text, "danger"];
  const customer = chat ? customerName(chat) : "";
  const place = to ? placeName(state, chat, idsOf(to)) : (values.name ?? "");
  const wording = !to && name === "notice.transferred" ? "notice.handed_on" : name;
  return [t(wording, { ...values, customer, place }), "plain"];
}

/** A target of a transfer as who was named: `{type, ids}` or `{agent_ids, group_ids}`. */
function idsOf(to) {
  if (!to.type) return to;
  return to.type === "agent" ? { agent_ids: to.ids } : { group_ids: to.ids };
}

/** A button that opens a small panel below itself; Escape and a click elsewhere close it. */
export function disclosure(button, panel) {
  const close = (refocus) => {
    if (panel.hidden) return;
    panel.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (refocus) button.focus();
  };
  button.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) panel.querySelector("button, a")?.focus();
  });
  document.addEventListener("pointerdown", ({ target }) => {
    if (!panel.contains(target) && !button.contains(target)) close(false);
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close(true);
    }
  });
  panel.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !panel.contains(relatedTarget) && relatedTarget !== button) close(false);
  });
  return close;
}

/** Let every [data-close] and a click on the backdrop close a dialog. The browser gives focus back. */
export function dialog(element) {
  element.addEventListener("click", (event) => {
    if (event.target === element || event.target.closest("[data-close]")) element.close();
  });
  return element;
}

/** Tie the controls of the dialogs to the preferences they change. */
export function bindPreferences(root, preferences) {
  const boxes = [...root.querySelectorAll("input[data-preference]")];
  const lists = [...root.querySelectorAll("select[data-preference]")];
  const radios = [...root.querySelectorAll("input[name='theme']")];
  const show = () => {
    for (const box of boxes) box.checked = preferences.get(box.dataset.preference);
    for (const list of lists) list.value = String(preferences.get(list.dataset.preference));
    for (const radio of radios) radio.checked = radio.value === preferences.get("theme");
    const theme = preferences.get("theme");
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  for (const box of boxes) {
    box.addEventListener("change", () => preferences.set(box.dataset.preference, box.checked));
  }
  for (const list of lists) {
    list.addEventListener("change", () =>
      preferences.set(list.dataset.preference, Number(list.value)),
    );
  }
  for (const radio of radios)
    radio.addEventListener("change", () => preferences.set("theme", radio.value));
  preferences.subscribe(show);
  show();
}
