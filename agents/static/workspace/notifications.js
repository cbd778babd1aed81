/**
 * Getting the agent's attention: the number in title and icon, a sound, a desktop notification.
 */

import { customerOf, mySeat, needsMe, transferredFrom } from "./selectors.js";
import { number, t } from "./text.js";
import { customerName, eventLine, placeName } from "./views/words.js";

const REPEAT_MS = 20000;

export class Notifications {
  constructor(workspace, preferences, openChat) {
    this.workspace = workspace;
    this.preferences = preferences;
    this.openChat = openChat;
    this.baseTitle = document.title;
    this.shown = null;
    workspace.pushes.listen((action, payload) => this.#consider(action, payload));
    setInterval(() => this.#repeat(), REPEAT_MS);
  }

  /** Whether the browser lets us show notifications: "granted", "denied", "default" or "unsupported". */
  get permission() {
    return "Notification" in window ? Notification.permission : "unsupported";
  }

  /** Ask the browser for leave; resolves to whether it was given. */
  async ask() {
    if (this.permission === "unsupported") return false;
    return (await Notification.requestPermission()) === "granted";
  }

  /** What a real one would look and sound like. */
  test() {
    this.#ring();
    this.#desktop(t("notify.test.title"), t("notify.test.body"), null, true);
  }

  /** Put the number that needs me into title and icon. */
  render(state) {
    const count = needsMe(state);
    const chat = state.selected ? state.chats[state.selected] : null;
    const title = chat ? `${customerName(chat)} – ${this.baseTitle}` : this.baseTitle;
    const offline = state.connection.everOnline && state.connection.phase !== "online";
    document.title = `${count ? `(${number(count)}) ` : ""}${offline ? `${t("title.offline")} ` : ""}${title}`;
    const signature = `${count}${offline}`;
    if (signature === this.shown) return;
    this.shown = signature;
    const link = document.querySelector("link[rel='icon']");
    this.plainIcon ??= link.href;
    link.href = count || offline ? numberedIcon(count, offline) : this.plainIcon;
  }

  #consider(action, payload) {
    const kind = this.#kindOf(action, payload);
    if (!kind || !this.preferences.get(kind.preference)) return;
    if (document.hasFocus() && !document.hidden && this.workspace.state.selected === kind.chatId)
      return;
    this.#ring();
    if (!document.hasFocus()) this.#desktop(kind.title, kind.body, kind.chatId);
  }

  #kindOf(action, payload) {
    const { chats, me } = this.workspace.state;
    const chatId = payload?.chat_id ?? payload?.chat?.id;
    const chat = chats[chatId];
    if (!chat || !me) return null;
    const name = customerName(chat);
    const isMine = Boolean(mySeat(chat, me));
    if (action === "incoming_event") {
      if (!isMine || payload.event.author_id !== customerOf(chat)?.id) return null;
      return { preference: "notifyMessage", chatId, title: name, body: eventLine(payload.event) };
    }
    const isAssigned =
      (action === "incoming_chat" && isMine && payload.requester_id !== me.id) ||
      (action === "user_added_to_chat" &&
        payload.user.id === me.id &&
        payload.requester_id !== me.id);
    if (isAssigned) {
      const from = transferredFrom(chat);
      const title = from
        ? t("notify.transferred", { name: placeName(this.workspace.state, chat, from) })
        : t("notify.assigned");
      return { preference: "notifyAssigned", chatId, title, body: name };
    }
    if (action === "incoming_chat" && chat.thread?.active && chat.thread.queue) {
      return { preference: "notifyQueued", chatId, title: t("notify.queued"), body: name };
    }
    return null;
  }

  #repeat() {
    if (!this.preferences.get("repeat") || document.hasFocus()) return;
    if (needsMe(this.workspace.state) > 0) this.#ring();
  }

  #ring() {
    if (!this.preferences.get("sound")) return;
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") this.audio.resume();
    const start = this.audio.currentTime + 0.02;
    [660, 880].forEach((pitch, index) => tone(this.audio, pitch, start + index * 0.14));
  }

  #desktop(title, body, chatId, always = false) {
    if (this.permission !== "granted" || (!always && !this.preferences.get("desktop"))) return;
    const note = new Notification(title, {
      body,
      tag: chatId ?? "test",
      renotify: true,
      silent: true,
    });
    note.addEventListener("click", () => {
      window.focus();
      if (chatId) this.openChat(chatId);
      note.close();
    });
  }
}

function tone(audio, pitch, start) {
  const oscillator = audio.createOscillator();
  const gain = audio.createGain();
  oscillator.type = "sine";
  oscillator.frequency.value = pitch;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(0.12, start + 0.015);
  gain.gain.exponentialRampToValueAtTime(0.001, start + 0.22);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.25);
}

/** The page's icon with a number on it, or greyed while the line is down. */
function numberedIcon(count, offline) {
  const style = getComputedStyle(document.documentElement);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const pen = canvas.getContext("2d");
  pen.fillStyle = offline ? "#6b7683" : "#b8231f";
  pen.beginPath();
  pen.roundRect(0, 0, 32, 32, 9);
  pen.fill();
  pen.fillStyle = "#ffffff";
  pen.font = `700 ${count > 9 ? 18 : 22}px ${style.getPropertyValue("--font") || "sans-serif"}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(count ? (count > 99 ? "99" : String(count)) : "–", 16, 17);
  return canvas.toDataURL("image/png");
}
