/**
 * The list of chats in its sections. Rows are links to the chat, changed in place, so that focus and scroll
 * stay where they are while chats come and go.
 */

import { avatar, fill, h, hiddenText, icon, reconcile, setText } from "../dom.js";
import {
  isActive,
  lastTime,
  presentAgents,
  queuedAt,
  SECTIONS,
  sections,
  unread,
  urgency,
  waitingSince,
} from "../selectors.js";
import { number, plural, setTime, t, timeElement } from "../text.js";
import { ArchiveView } from "./archive.js";
import { agentName, authorName, customerName, eventLine, groupName } from "./words.js";

/** How often the waiting times of all rows are looked at again. */
const TICK_MS = 5000;

/** Sections that always show a sentence when they are empty. */
const EMPTY_NOTES = { mine: "list.empty.mine", archive: "list.empty.archive" };

export class ListView {
  constructor(root, workspace, preferences) {
    this.root = root;
    this.workspace = workspace;
    this.preferences = preferences;
    this.parts = {};
    this.drawn = new WeakMap();
    for (const name of SECTIONS) this.parts[name] = this.#section(name);
    this.more = this.#moreButton("active");
    this.parts.others.body.append(this.more);
    this.moreArchive = this.#moreButton("archive");
    this.parts.archive.body.append(this.moreArchive);
    const search = h("div", { class: "archive" });
    this.parts.archive.body.prepend(search);
    this.archive = new ArchiveView(search, workspace);
  }

  /** Open the archive and search it for words; for none, wait for some. */
  searchArchive(words = "") {
    const part = this.parts.archive;
    if (part.body.hidden) part.toggle.click();
    if (words) this.archive.searchFor(words);
    else this.archive.focus();
    part.root.scrollIntoView({ block: "start" });
  }

  #section(name) {
    const root = this.root.querySelector(`[data-section="${name}"]`);
    const part = {
      root,
      toggle: root.querySelector(".section-toggle"),
      count: root.querySelector(".section-count"),
      body: root.querySelector(".section-body"),
      rows: root.querySelector(".rows"),
      note: root.querySelector(".section-note"),
    };
    const open = this.preferences.get("openSections")[name];
    if (open !== undefined) this.#open(part, open);
    part.toggle.addEventListener("click", () => {
      const opened = part.toggle.getAttribute("aria-expanded") !== "true";
      this.#open(part, opened);
      this.preferences.set("openSections", {
        ...this.preferences.get("openSections"),
        [name]: opened,
      });
      if (name === "archive" && opened) this.#fetchArchive();
      this.render(this.workspace.state);
    });
    return part;
  }

  #open(part, open) {
    part.toggle.setAttribute("aria-expanded", String(open));
    part.body.hidden = !open;
  }

  #moreButton(scope) {
    return h(
      "button",
      {
        type: "button",
        class: "button button-plain section-more",
        hidden: true,
        onclick: () =>
          scope === "active" ? this.workspace.lists.loadActive() : this.workspace.lists.loadArchive(),
      },
      t("list.more"),
    );
  }

  #fetchArchive() {
    if (this.workspace.state.lists.archive.status === "idle") {
      this.workspace.lists.loadArchive({ first: true });
    }
  }

  /** Open a section and move the focus to its first row. */
  goTo(name) {
    const part = this.parts[name];
    if (part.body.hidden) part.toggle.click();
    (part.rows.querySelector("a") ?? part.toggle).focus();
  }

  /** Move the focus by `step` rows, from the focused row or else from the open chat. */
  move(step) {
    const rows = [...this.root.querySelectorAll("a.row")].filter(
      (row) => row.offsetParent !== null,
    );
    if (!rows.length) return;
    const from = rows.findIndex((row) => row === document.activeElement);
    const current = from >= 0 ? from : rows.findIndex((row) => row.ariaCurrent === "true");
    const to = current < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, current + step));
    rows[to].focus();
  }

  /** Move the focus to the row of a chat. */
  focusRow(chatId) {
    this.root.querySelector(`a.row[data-chat="${CSS.escape(chatId)}"]`)?.focus();
  }

  render(state) {
    const groups = sections(state);
    const loading = state.lists.active.status === "loading" && !state.me;
    if (loading) return;
    const isArchiveOpen = !this.parts.archive.body.hidden;
    if (isArchiveOpen && state.me) {
      this.#fetchArchive();
      this.archive.render(state);
    }
    for (const name of SECTIONS) this.#renderSection(name, groups[name], state);
  }

  #renderSection(name, chats, state) {
    const part = this.parts[name];
    const isArchive = name === "archive";
    part.root.hidden = !chats.length && !EMPTY_NOTES[name];
    setText(part.count, isArchive || !chats.length ? "" : number(chats.length));
    part.root.classList.toggle("section-urgent", name === "queued" && chats.length > 0);
    if (part.body.hidden) return;
    if (isArchive) {
      const isSearching = state.search.status !== "idle";
      part.rows.hidden = part.note.hidden = isSearching;
      this.moreArchive.hidden = true;
      if (isSearching) return;
    }
    const now = Date.now();
    reconcile(
      part.rows,
      chats.map((chat) => ({ key: chat.id, chat })),
      ({ chat }) => this.#row(chat, name, state, now),
      (element, { chat }) => this.#update(element, chat, name, state, now),
    );
    const scope = isArchive ? "archive" : "active";
    const list = state.lists[scope];
    if (isArchive) this.moreArchive.hidden = !list.next || !chats.length;
    if (name === "others") this.more.hidden = !list.next;
    this.#note(part, name, chats, list);
  }

  #note(part, name, chats, list) {
    const retry = (action) =>
      h("button", { type: "button", class: "button", onclick: action }, t("retry"));
    if (list.status === "error" && (name === "archive" || name === "mine")) {
      if (part.noteKind === "error") return;
      part.noteKind = "error";
      const action =
        name === "archive"
          ? () => this.workspace.lists.loadArchive({ first: true })
          : () => this.workspace.sync.retry();
      fill(part.note, h("span", { role: "alert" }, t("list.error")), retry(action));
      return;
    }
    part.noteKind = "text";
    const isLoading = list.status === "loading" && name === "archive";
    const text = isLoading ? t("loading") : chats.length ? "" : t(EMPTY_NOTES[name] ?? "");
    if (part.note.textContent !== text) fill(part.note, text);
  }

  #row(chat, section, state, now) {
    const item = h(
      "li",
      {},
      h(
        "a",
        { class: "row", href: `#${chat.id}`, dataset: { chat: chat.id } },
        avatar(customerName(chat)),
        h(
          "span",
          { class: "row-main" },
          h(
            "span",
            { class: "row-line" },
            h("span", { class: "row-name", dir: "auto" }),
            h("span", { class: "row-when" }),
          ),
          h(
            "span",
            { class: "row-line" },
            h("span", { class: "row-words", dir: "auto" }),
            h("span", { class: "row-marks" }),
          ),
        ),
      ),
    );
    this.#update(item, chat, section, state, now);
    return item;
  }

  /** Bring a row up to date. One whose sources are the same objects as last time has not changed. */
  #update(item, chat, section, state, now) {
    const isOpen = state.selected === chat.id;
    const sources = [
      chat,
      section,
      isOpen,
      state.me,
      state.directory,
      state.peeks[chat.id],
      state.typing[chat.id],
      document.hasFocus(),
      Math.floor(now / TICK_MS),
    ];
    const before = this.drawn.get(item);
    if (before && sources.every((source, index) => source === before[index])) return;
    this.drawn.set(item, sources);
    const row = item.firstElementChild;
    const name = customerName(chat);
    if (isOpen) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    const count = isOpen && document.hasFocus() ? 0 : unread(chat, state.me);
    row.classList.toggle("row-unread", count > 0);
    const nameElement = row.querySelector(".row-name");
    if (nameElement.textContent !== name) {
      nameElement.textContent = name;
      row.querySelector(".avatar").replaceWith(avatar(name));
    }
    this.#when(row.querySelector(".row-when"), chat, section, now);
    this.#words(row.querySelector(".row-words"), chat, state);
    this.#marks(row.querySelector(".row-marks"), state, chat, section, count);
  }

  #when(element, chat, section, now) {
    const since =
      section === "queued" ? queuedAt(chat) : section === "archive" ? null : waitingSince(chat);
    const shown = since || lastTime(chat);
    if (!shown) return;
    const level = since ? urgency(since, now) || "calm" : "";
    if (element.dataset.level !== level || !element.firstElementChild) {
      element.dataset.level = level;
      fill(
        element,
        since ? [icon("hourglass", 16), hiddenText(`${t("list.waiting")} `)] : null,
        timeElement(shown, since ? "waiting" : "short"),
      );
    } else {
      setTime(element.querySelector("time"), shown);
    }
  }

  #words(element, chat, state) {
    const peek = state.peeks[chat.id];
    const typing = Object.keys(state.typing[chat.id] ?? {}).length > 0;
    let text = "";
    let kind = "";
    if (peek || typing) {
      text = t("list.typing");
      kind = "typing";
    } else if (chat.last) {
      const mine = chat.users.find(({ id }) => id === chat.last.author_id)?.type === "agent";
      const line = eventLine(chat.last);
      const author = mine ? firstName(authorName(chat, chat.last.author_id, state.me)) : null;
      kind = chat.last.visibility === "agents" ? "whisper" : "";
      text = author ? t(kind ? "list.whispered" : "list.by", { author, words: line }) : line;
    }
    element.dataset.kind = kind;
    setText(element, text);
  }

  #marks(element, state, chat, section, count) {
    const marks = [];
    const groups = (chat.thread?.access ?? chat.access)?.group_ids ?? [];
    const agents = presentAgents(chat);
    if (section === "others")
      marks.push(["agent", agents.map(({ id }) => firstName(agentName(state, chat, id))).join(", ")]);
    if (groups.length && !groups.includes(0)) {
      marks.push(["group", groups.map((id) => groupName(state, id)).join(", ")]);
    }
    const position = isActive(chat) ? chat.thread.queue?.position : null;
    if (section === "queued" && position)
      marks.push(["position", t("list.position", { position: number(position) })]);
    if (count) marks.push(["unread", count]);
    const signature = JSON.stringify(marks);
    if (element.dataset.signature === signature) return;
    element.dataset.signature = signature;
    fill(
      element,
      marks.map(([kind, value]) => mark(kind, value)),
    );
  }
}

function mark(kind, value) {
  if (kind !== "unread") return h("span", { class: `mark mark-${kind}` }, value);
  return h(
    "span",
    { class: "mark mark-unread" },
    h("span", { "aria-hidden": "true" }, number(value)),
    hiddenText(plural("list.unread", value)),
  );
}

function firstName(name) {
  return name.split(/[\s@]/)[0];
}
