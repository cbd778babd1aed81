/**
 * What this browser remembers for one agent: choices, drafts and how far the page had got. Everything works,
 * only forgetfully, where storage is refused.
 */

const DEFAULTS = {
  sound: true,
  desktop: false,
  notifyAssigned: true,
  notifyMessage: true,
  notifyQueued: false,
  repeat: false,
  singleKeys: true,
  awayMinutes: 0,
  theme: "system",
  details: true,
  asked: false,
  openSections: {},
};

export class Preferences {
  constructor(
    accountId,
    local = safeStorage("localStorage"),
    session = safeStorage("sessionStorage"),
  ) {
    this.prefix = `workspace.${accountId}.`;
    this.local = local;
    this.session = session;
    this.values = { ...DEFAULTS, ...parse(local?.getItem(`${this.prefix}preferences`)) };
    this.listeners = new Set();
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    this.values = { ...this.values, [name]: value };
    this.local?.setItem(`${this.prefix}preferences`, JSON.stringify(this.values));
    for (const listener of this.listeners) listener(name, value);
  }

  subscribe(listener) {
    this.listeners.add(listener);
  }

  /** The draft of a chat: { text, whisper }. */
  draft(chatId) {
    return {
      text: "",
      whisper: false,
      ...parse(this.local?.getItem(`${this.prefix}draft.${chatId}`)),
    };
  }

  keepDraft(chatId, draft) {
    const key = `${this.prefix}draft.${chatId}`;
    if (draft.text || draft.whisper) this.local?.setItem(key, JSON.stringify(draft));
    else this.local?.removeItem(key);
  }

  hasDraft(chatId) {
    return Boolean(this.draft(chatId).text.trim());
  }

  /** A value that lives as long as the tab. */
  remember(name, value) {
    this.session?.setItem(this.prefix + name, JSON.stringify(value));
  }

  recall(name, fallback) {
    return parse(this.session?.getItem(this.prefix + name)) ?? fallback;
  }
}

function safeStorage(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

function parse(text) {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
