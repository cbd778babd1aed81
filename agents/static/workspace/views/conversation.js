/**
 * The open chat: its head with what can be done, the log of its messages, and the foot in which one writes,
 * joins or reopens. Scrolling is only ever moved for a reader who is at the end.
 */

import { fill, h, icon, iconButton, reconcile, setText } from "../dom.js";
import {
  answeringAgents,
  customerOf,
  isActive,
  isSupervising,
  mySeat,
  presentAgents,
  sectionOf,
  transferredFrom,
} from "../selectors.js";
import { number, plural, t } from "../text.js";
import { Composer } from "./composer.js";
import { build, items } from "./messages.js";
import { tagList } from "./marks.js";
import { agentName, authorName, customerName, errorText, placeName } from "./words.js";

const END_SLACK = 60;

export class ConversationView {
  /**
   * @param {HTMLElement} root
   * @param {import("../workspace.js").Workspace} workspace
   * @param {import("../preferences.js").Preferences} preferences
   * @param {{back: () => void, toggleDetails: () => void, transfer: (id: string) => void, tag: (id: string) => void}}
   *   navigation what the head asks others for
   */
  constructor(root, workspace, preferences, navigation) {
    this.root = root;
    this.workspace = workspace;
    this.navigation = navigation;
    this.shown = null;
    this.unseen = 0;
    this.composer = new Composer(workspace, preferences);
    this.actions = {
      retry: (id) => workspace.outbox.retry(id),
      discard: (id) => workspace.outbox.remove(id),
      retryUpload: (id) => workspace.uploads.retry(id),
      cancelUpload: (id) => workspace.uploads.cancel(id),
    };
    this.#frame();
  }

  #frame() {
    this.name = h("h2", { class: "head-name", tabindex: "-1", dir: "auto" });
    this.about = h("p", { class: "head-about" });
    this.tags = h("div", { class: "head-tags" });
    this.buttons = h("div", { class: "head-actions" });
    this.head = h(
      "header",
      { class: "head" },
      iconButton("arrow-left", t("back"), {
        class: "icon-button head-back",
        onclick: this.navigation.back,
      }),
      h(
        "div",
        { class: "head-words" },
        h("div", { class: "head-line" }, this.name, this.tags),
        this.about,
      ),
      this.buttons,
    );
    this.older = h("div", { class: "older" });
    this.rows = h("div", { class: "messages" });
    this.log = h(
      "div",
      {
        class: "log",
        role: "log",
        tabindex: "0",
        "aria-live": "off",
        "aria-relevant": "additions",
      },
      this.older,
      this.rows,
    );
    this.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.jump = h(
      "button",
      { type: "button", class: "jump", hidden: true, onclick: () => this.#toEnd(true) },
      h("span", {}),
      icon("arrow-down", 16),
    );
    this.typing = h("p", { class: "typing", role: "status" });
    this.foot = h("footer", { class: "foot" });
    this.empty = h("div", { class: "placeholder" });
    this.drop = h(
      "div",
      { class: "drop", "aria-hidden": "true" },
      icon("paperclip"),
      t("composer.drop"),
    );
    this.body = h(
      "div",
      { class: "conversation-body" },
      this.head,
      h("div", { class: "log-frame" }, this.log, this.jump),
      this.typing,
      this.foot,
      this.drop,
    );
    this.body.hidden = true;
    this.root.append(this.body, this.empty);
    this.#acceptDrops();
    const sizes = new ResizeObserver(() => {
      if (this.atEnd) this.#toEnd(false);
    });
    sizes.observe(this.log);
    sizes.observe(this.rows);
  }

  #acceptDrops() {
    let depth = 0;
    const carriesFiles = (event) =>
      event.dataTransfer?.types.includes("Files") && this.composer.isOpen;
    const set = (value) => {
      depth = value;
      this.body.classList.toggle("dropping", depth > 0);
    };
    this.body.addEventListener("dragenter", (event) => carriesFiles(event) && set(depth + 1));
    this.body.addEventListener(
      "dragleave",
      (event) => carriesFiles(event) && set(Math.max(0, depth - 1)),
    );
    this.body.addEventListener(
      "dragover",
      (event) => carriesFiles(event) && event.preventDefault(),
    );
    this.body.addEventListener("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      set(0);
      this.composer.takeFiles(event.dataTransfer.files);
    });
  }

  /** Move the focus to the place where one writes, or else to what can be done instead. */
  focusFoot() {
    if (this.composer.isOpen) this.composer.focus();
    else this.foot.querySelector("button")?.focus();
  }

  focusHead() {
    this.name.focus();
  }

  render(state) {
    const chat = state.selected ? state.chats[state.selected] : null;
    this.body.hidden = !chat;
    this.empty.hidden = Boolean(chat);
    if (!chat) {
      this.shown = null;
      this.#placeholder(state);
      return;
    }
    const isNew = this.shown !== chat.id;
    if (isNew) this.#open(chat);
    this.#renderHead(state, chat);
    this.#renderLog(state, chat, isNew);
    this.#renderTyping(state, chat);
    this.#renderFoot(state, chat);
    this.#seen(state, chat);
  }

  /** Bring a thread of the open chat into view, however old. */
  async showThread(chatId, threadId) {
    const found = await this.workspace.history.reach(chatId, threadId);
    if (this.shown !== chatId) return;
    if (!found) {
      this.workspace.notice("notice.thread_missing");
      return;
    }
    this.render(this.workspace.state);
    const line = this.rows.querySelector(`[data-key="${CSS.escape(`thread-${threadId}`)}"]`);
    this.atEnd = false;
    line?.scrollIntoView({ block: "start" });
    line?.classList.add("thread-sought");
    this.log.focus({ preventScroll: true });
    this.#scrolled();
  }

  #open(chat) {
    this.shown = chat.id;
    this.unseen = 0;
    this.atEnd = true;
    this.settled = false;
    this.lastKey = null;
    this.lastTop = 0;
    this.lastShape = "";
    this.log.setAttribute("aria-live", "off");
    this.log.setAttribute("aria-label", t("log.label", { name: customerName(chat) }));
    fill(this.rows);
  }

  // --- nothing open ------------------------------------------------------------------------------

  #placeholder(state) {
    const kind = placeholderKind(state);
    const isLost = ["chat_deleted", "missing_access", "authorization", "not_found"];
    const signature = `${kind}|${state.missing}|${Boolean(state.selected)}`;
    if (this.empty.dataset.kind === signature) return;
    this.empty.dataset.kind = signature;
    if (kind === "loading") fill(this.empty, state.selected ? headSkeleton() : null, skeleton());
    else if (kind === "missing") {
      fill(
        this.empty,
        icon("circle-alert"),
        h("p", { class: "placeholder-title", role: "alert" }, t("chat.missing")),
        h("p", {}, errorText(state.missing)),
        isLost.includes(state.missing)
          ? null
          : h(
              "button",
              { type: "button", class: "button", onclick: () => this.workspace.history.reload() },
              t("retry"),
            ),
      );
    } else {
      fill(
        this.empty,
        icon("message-square"),
        h("p", { class: "placeholder-title" }, t(`placeholder.${kind}.title`)),
        h("p", {}, t(`placeholder.${kind}.hint`)),
        kind === "paused" ? this.#acceptButton() : null,
      );
    }
  }

  #acceptButton() {
    const accept = () => {
      this.root.focus();
      this.workspace.session.setRoutingStatus("accepting_chats");
    };
    return h(
      "button",
      { type: "button", class: "button button-primary", onclick: accept },
      t("command.accept"),
    );
  }

  // --- head --------------------------------------------------------------------------------------

  #renderHead(state, chat) {
    setText(this.name, customerName(chat));
    setText(this.about, aboutLine(state, chat));
    this.#renderTags(chat);
    const kinds = actionKinds(state, chat);
    const signature = JSON.stringify([chat.id, kinds, document.documentElement.lang]);
    if (this.buttons.dataset.signature === signature) return;
    this.buttons.dataset.signature = signature;
    const hadFocus = this.buttons.contains(document.activeElement);
    fill(
      this.buttons,
      kinds.map((kind) => this.#headAction(kind, chat)),
      iconButton("panel-right", t("details.toggle"), {
        class: "icon-button",
        "aria-controls": "details",
        onclick: this.navigation.toggleDetails,
      }),
    );
    if (hadFocus) this.buttons.querySelector("button")?.focus();
  }

  #headAction(kind, chat) {
    const { workspace } = this;
    const commands = {
      transfer: () => this.navigation.transfer(chat.id),
      tag: () => this.navigation.tag(chat.id),
      join: () => workspace.seats.join(chat.id),
      leave: () => workspace.seats.leave(chat.id),
      close: () => workspace.closing.begin(chat.id),
      undo: () => workspace.closing.undo(chat.id),
    };
    const marks = {
      transfer: "arrow-right-left",
      tag: "tag",
      join: "log-in",
      leave: "log-out",
      close: "archive",
      undo: "undo-2",
    };
    if (kind === "tag") {
      return iconButton("tag", t("tags.change"), {
        onclick: commands.tag,
        "aria-keyshortcuts": "a",
      });
    }
    return h(
      "button",
      { type: "button", class: `button head-${kind}`, onclick: commands[kind] },
      icon(marks[kind], 16),
      h("span", { class: "button-words" }, t(`action.${kind}`)),
    );
  }

  #renderTags(chat) {
    const tags = chat.thread?.tags ?? [];
    const signature = JSON.stringify(tags);
    if (this.tags.dataset.signature === signature) return;
    this.tags.dataset.signature = signature;
    fill(this.tags, tags.length ? tagList(tags) : null);
  }

  // --- log ---------------------------------------------------------------------------------------

  #renderLog(state, chat, isNew) {
    const loaded = chat.threads.length > 0;
    const anchor = this.atEnd ? null : this.#anchor();
    const rows = items(state, chat);
    this.#renderOlder(chat, loaded);
    reconcile(this.rows, rows, (row) => build(row, this.actions));
    this.#countNew(rows, state, isNew);
    if (this.atEnd) this.#toEnd(false);
    else if (anchor) this.#restore(anchor);
    if (loaded && chat.history.status === "ready" && !this.settled) {
      this.settled = true;
      requestAnimationFrame(() => this.log.setAttribute("aria-live", "polite"));
    }
  }

  #renderOlder(chat, loaded) {
    const { status, next } = chat.history;
    const kind =
      !loaded && status !== "error" ? "skeleton" : status === "ready" && !next ? "start" : status;
    if (this.older.dataset.kind === `${chat.id}${kind}`) return;
    this.older.dataset.kind = `${chat.id}${kind}`;
    if (kind === "skeleton") fill(this.older, skeleton());
    else if (kind === "loading-older" || kind === "loading")
      fill(this.older, h("p", { class: "faint" }, t("loading")));
    else if (kind.startsWith("error")) {
      const again =
        kind === "error" ? () => this.workspace.history.reload() : () => this.#retryOlder(chat.id);
      fill(
        this.older,
        h(
          "p",
          { class: "faint failed" },
          h("span", { role: "alert" }, t("history.error")),
          h("button", { type: "button", class: "button", onclick: again }, t("retry")),
        ),
      );
    } else if (kind === "ready") {
      fill(
        this.older,
        h(
          "button",
          {
            type: "button",
            class: "button button-plain",
            onclick: () => this.workspace.history.loadOlder(chat.id),
          },
          t("history.older"),
        ),
      );
    } else fill(this.older);
  }

  #retryOlder(chatId) {
    this.workspace.store.dispatch({ type: "history-status", chatId, status: "ready" });
    this.workspace.history.loadOlder(chatId);
  }

  #countNew(rows, state, isNew) {
    const last = rows.filter((row) => row.kind === "message").at(-1);
    const arrived = last && last.key !== this.lastKey && !last.isMine;
    if (last?.isMine && last.key !== this.lastKey && !isNew) this.atEnd = true;
    if (arrived && !isNew && !this.atEnd && this.lastKey !== null) this.unseen += 1;
    this.lastKey = last?.key ?? this.lastKey;
    this.#showJump();
  }

  #showJump() {
    this.jump.hidden = this.atEnd;
    setText(
      this.jump.firstElementChild,
      this.unseen ? plural("log.new", this.unseen) : t("log.to_end"),
    );
    this.jump.classList.toggle("jump-new", this.unseen > 0);
  }

  #anchor() {
    const top = this.log.getBoundingClientRect().top;
    for (const row of this.rows.children) {
      const box = row.getBoundingClientRect();
      if (box.bottom > top) return { key: row.dataset.key, offset: box.top };
    }
    return null;
  }

  #restore({ key, offset }) {
    const row = this.rows.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (row) this.log.scrollTop += row.getBoundingClientRect().top - offset;
  }

  #toEnd(smoothly) {
    this.log.scrollTo({
      top: this.log.scrollHeight,
      behavior: smoothly && !reducedMotion() ? "smooth" : "instant",
    });
  }

  /** A window that changes its shape scrolls, too; only readers leave the end. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight, clientWidth } = this.log;
    const isNearEnd = scrollHeight - scrollTop - clientHeight < END_SLACK;
    const shape = `${clientWidth} ${clientHeight} ${scrollHeight}`;
    const isByReader = shape === this.lastShape;
    if (isNearEnd) this.atEnd = true;
    else if (isByReader && scrollTop < this.lastTop) this.atEnd = false;
    this.lastTop = scrollTop;
    this.lastShape = shape;
    if (this.atEnd) this.unseen = 0;
    this.#showJump();
    if (scrollTop < 200 && this.settled && !this.atEnd) this.workspace.history.loadOlder(this.shown);
    if (this.atEnd) this.#seen(this.workspace.state, this.workspace.state.chats[this.shown]);
  }

  #seen(state, chat) {
    if (chat && this.atEnd && !document.hidden && document.hasFocus())
      this.workspace.watching.markSeen(chat.id);
  }

  // --- foot --------------------------------------------------------------------------------------

  #renderTyping(state, chat) {
    const busy = Object.entries(state.typing[chat.id] ?? {});
    const nameOf = ([id]) => authorName(chat, id, state.me);
    const names = busy.filter(([, { thought }]) => thought === undefined).map(nameOf);
    const thoughts = busy
      .filter(([, { thought }]) => thought !== undefined)
      .map((one) => thinking(nameOf(one), one[1].thought));
    const typing = names.length
      ? [plural("typing", names.length, { names: names.join(", ") })]
      : [];
    setText(this.typing, [...typing, ...thoughts].join(" "));
  }

  /**
   * What replaces a focused control takes the focus over: the composer after joining; but the head, which no
   * stray Enter can press, when the chat is closed under one's hands.
   */
  #renderFoot(state, chat) {
    const kind = footKind(state, chat);
    const hadFocus = this.foot.contains(document.activeElement);
    if (kind === "composer" || kind === "whisper") {
      this.composer.open(chat, kind === "whisper");
      this.foot.dataset.kind = "composer";
      if (this.composer.root.parentNode === this.foot) return;
      fill(this.foot, this.composer.root);
      if (hadFocus) this.composer.focus();
      return;
    }
    this.composer.shut();
    const signature = `${kind}-${chat.id}`;
    if (this.foot.dataset.kind === signature) return;
    this.foot.dataset.kind = signature;
    fill(this.foot, this.#offer(kind, chat));
    if (hadFocus) this.focusHead();
  }

  #offer(kind, chat) {
    const { workspace } = this;
    const button = (name, primary, action, label = t(`action.${name}`)) =>
      h(
        "button",
        { type: "button", class: `button ${primary ? "button-primary" : ""}`, onclick: action },
        label,
      );
    const choices = {
      pick: [button("pick", true, () => workspace.seats.join(chat.id))],
      watch: [
        button("join", true, () => workspace.seats.join(chat.id)),
        button("supervise", false, () => workspace.seats.join(chat.id, "agents")),
      ],
      closed: [button("resume", false, () => workspace.seats.resume(chat.id))],
    };
    return h(
      "div",
      { class: "offer" },
      h("p", {}, t(`foot.${kind}`)),
      h("div", { class: "offer-buttons" }, choices[kind]),
    );
  }
}

function thinking(name, thought) {
  return thought ? t("thinking.of", { name, thought }) : t("thinking", { name });
}

function placeholderKind(state) {
  if (state.selected && state.missing) return "missing";
  if (state.selected || (!state.me && state.connection.phase !== "stopped")) return "loading";
  if (Object.values(state.chats).some(isActive)) return "choose";
  const isPaused = state.connection.phase === "online" && state.me.routing_status !== "accepting_chats";
  return isPaused ? "paused" : "quiet";
}

function aboutLine(state, chat) {
  const customer = { ...customerOf(chat), ...state.customers[customerOf(chat)?.id] };
  const section = sectionOf(chat, state.me);
  const parts = [];
  if (isSupervising(chat, state.me)) parts.push(t("about.supervising"));
  else if (isActive(chat) && chat.isFollowed && !mySeat(chat, state.me))
    parts.push(t("about.following"));
  if (section === "queued")
    parts.push(t("about.queued", { position: number(chat.thread.queue.position ?? 1) }));
  else if (section === "archive") parts.push(t("about.closed"));
  else if (section === "unassigned") parts.push(t("about.unassigned"));
  const from = transferredFrom(chat);
  if (from && section !== "archive")
    parts.push(t("about.from", { name: placeName(state, chat, from) }));
  const others = presentAgents(chat).filter(({ id }) => id !== state.me?.id);
  if (others.length && section !== "archive") {
    parts.push(
      t("about.with", { names: others.map(({ id }) => agentName(state, chat, id)).join(", ") }),
    );
  }
  const page = customer.visit?.last_pages?.at(-1);
  if (page && section !== "archive") parts.push(t("about.page", { page: page.title || page.url }));
  else if (customer.email && customer.name) parts.push(customer.email);
  return parts.join(" · ");
}

function actionKinds(state, chat) {
  if (!isActive(chat)) return ["tag"];
  if (state.closing[chat.id]) return ["undo"];
  if (!mySeat(chat, state.me)) return ["tag", "transfer"];
  const rest = isSupervising(chat, state.me) ? ["join", "leave"] : ["leave", "close"];
  return ["tag", "transfer", ...rest];
}

function footKind(state, chat) {
  if (!isActive(chat)) return "closed";
  if (mySeat(chat, state.me)) return isSupervising(chat, state.me) ? "whisper" : "composer";
  return answeringAgents(chat).length ? "watch" : "pick";
}

function headSkeleton() {
  return h(
    "div",
    { class: "head head-skeleton", "aria-hidden": "true" },
    h("span", { class: "bone" }),
    h("span", { class: "bone" }),
  );
}

function skeleton() {
  return h(
    "div",
    { class: "log-skeleton", role: "img", "aria-label": t("loading") },
    ["customer", "customer", "agent", "customer", "agent"].map((side) =>
      h("span", { class: `bone bone-${side}` }),
    ),
  );
}

function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
