/**
 * Puts the workspace together: reads what the server rendered into the page, makes the views, draws them whenever
 * the state changes, and knows which chat the address names.
 */

import { useSprite } from "./dom.js";
import { Keyboard } from "./keyboard.js";
import { Notifications } from "./notifications.js";
import { Preferences } from "./preferences.js";
import { isActive, isSupervising, mySeat } from "./selectors.js";
import { refreshTimes, t, useCatalogue } from "./text.js";
import {
  BannerView,
  bindPreferences,
  dialog,
  disclosure,
  StatusView,
  ToastView,
} from "./views/chrome.js";
import { ConversationView } from "./views/conversation.js";
import { BanDialog, CustomerDialog } from "./views/customer.js";
import { DetailsView } from "./views/details.js";
import { Invitation } from "./views/invitation.js";
import { ListView } from "./views/list.js";
import { Palette } from "./views/palette.js";
import { TagsDialog } from "./views/tags.js";
import { TransferDialog } from "./views/transfer.js";
import { agentName, customerName } from "./views/words.js";
import { Workspace } from "./workspace.js";

const CLOCK_MS = 5000;
const MOST_OF_A_NOTE = 500;
const WIDE = matchMedia("(min-width: 1100px)");
const NARROW = matchMedia("(max-width: 719px)");

const byId = (id) => document.getElementById(id);
const rendered = (id) => JSON.parse(byId(id).textContent);

const config = rendered("workspace-config");
useCatalogue(rendered("workspace-catalogue"), document.documentElement.lang);
useSprite(config.spriteUrl);

const preferences = new Preferences(config.accountId);
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const workspace = new Workspace(
  { ...config, rtmUrl: `${scheme}//${location.host}${config.rtmPath}`, apiUrl: config.apiPath },
  preferences,
);

// --- panes ---------------------------------------------------------------------------------------

const panes = byId("panes");

function showPane(name) {
  panes.dataset.pane = name;
}

function showDetails(open) {
  panes.dataset.details = open ? "open" : "closed";
  if (WIDE.matches) preferences.set("details", open);
}

function toggleDetails() {
  const open = panes.dataset.details !== "open";
  showDetails(open);
  if (!WIDE.matches && open) byId("details").querySelector("button")?.focus();
}

function closeDetails() {
  showDetails(false);
  conversation.focusHead();
}

let isFollowing = false;
let shownThread = null;

function openChat(chatId) {
  location.hash = chatId;
  follow();
}

function backToList() {
  location.hash = "";
}

/**
 * The address names the open chat, and perhaps one of its threads: links, back and forward, and a reload all work. The browser tells of a new
 * address a moment late; keys pressed meanwhile are meant for the chat it names, so they come here first.
 */
function follow() {
  const [chatId = null, threadId = null] = decodeURIComponent(location.hash.slice(1))
    .split("/")
    .filter(Boolean);
  const before = workspace.state.selected;
  if (chatId === before && threadId === shownThread && isFollowing) return;
  isFollowing = true;
  const isSought = threadId !== null && threadId !== shownThread;
  shownThread = threadId;
  workspace.select(chatId);
  showPane(chatId ? "conversation" : "list");
  if (!WIDE.matches) showDetails(false);
  draw();
  if (isSought) seek(chatId, threadId);
  if (before === chatId || !NARROW.matches) return;
  if (chatId) conversation.focusHead();
  else list.focusRow(before);
}

/** Show a thread as soon as its chat is there. */
async function seek(chatId, threadId) {
  if (await workspace.history.loaded(chatId)) await conversation.showThread(chatId, threadId);
}

// --- views ---------------------------------------------------------------------------------------

const dialogs = {
  transfer: new TransferDialog(workspace),
  tags: new TagsDialog(workspace),
  customer: new CustomerDialog(workspace),
  ban: new BanDialog(workspace),
};
const transfer = (chatId) => dialogs.transfer.open(chatId);
const tag = (chatId) => dialogs.tags.open(chatId);
const list = new ListView(byId("list"), workspace, preferences);
const conversation = new ConversationView(byId("conversation"), workspace, preferences, {
  back: backToList,
  toggleDetails,
  transfer,
  tag,
});
const details = new DetailsView(byId("details"), workspace, {
  close: closeDetails,
  edit: (chatId) => dialogs.customer.open(chatId),
  ban: (chatId) => dialogs.ban.open(chatId),
  tag,
});
const status = new StatusView(byId("status"), workspace);
const banner = new BannerView(byId("banner"), workspace, config);
const toasts = new ToastView(byId("toasts"), workspace, (chatId) => {
  const chat = workspace.state.chats[chatId];
  return chat ? customerName(chat) : chatId;
});
const notifications = new Notifications(workspace, preferences, openChat);
const invitation = new Invitation(byId("invite"), preferences, notifications, () =>
  settings.showModal(),
);
const views = [list, conversation, details, status, banner, toasts, notifications];

let isDrawing = false;

function draw() {
  isDrawing = false;
  for (const view of views) view.render(workspace.state);
}

workspace.store.subscribe(() => {
  if (isDrawing) return;
  isDrawing = true;
  if (document.hidden) setTimeout(draw, 50);
  else requestAnimationFrame(draw);
});

document.addEventListener("visibilitychange", () => {
  if (isDrawing) draw();
});

// --- menu and dialogs ----------------------------------------------------------------------------

const settings = dialog(byId("settings"));
const shortcuts = dialog(byId("shortcuts"));
const closeMenu = disclosure(byId("menu-button"), byId("menu"));
bindPreferences(document, preferences);

byId("open-settings").addEventListener("click", () => {
  closeMenu(true);
  settings.showModal();
});
byId("open-shortcuts").addEventListener("click", () => {
  closeMenu(true);
  shortcuts.showModal();
});
byId("test-notification").addEventListener("click", () => notifications.test());
byId("desktop-choice").addEventListener("change", ({ target }) => invitation.desktopChosen(target));
byId("signout").addEventListener("submit", async (event) => {
  event.preventDefault();
  await workspace.session.logout();
  event.target.submit();
});

workspace.pushes.listen((action, { author_id: author, content } = {}) => {
  if (action !== "incoming_multicast") return;
  const text = typeof content === "string" ? content : content?.text;
  if (typeof text !== "string" || !text.trim()) return;
  const name = author ? agentName(workspace.state, null, author) : t("author.system");
  workspace.notice("notice.multicast", { name, words: text.trim().slice(0, MOST_OF_A_NOTE) });
});

function commands(query = "") {
  const { selected, chats, me, connection, closing } = workspace.state;
  const chat = selected ? chats[selected] : null;
  const accepts = me?.routing_status === "accepting_chats";
  const isMember = chat && isActive(chat) && mySeat(chat, me);
  const all = [
    [
      connection.phase === "online",
      accepts ? "command.pause" : "command.accept",
      "circle-dot",
      () => status.toggle(),
    ],
    [isMember, "command.reply", "pencil", () => conversation.focusFoot(), "r"],
    [
      isMember && !isSupervising(chat, me) && !closing[selected],
      "command.close",
      "archive",
      () => closeSelected(),
      "e",
    ],
    [chat && isActive(chat) && !closing[selected], "command.transfer", "arrow-right-left", transferSelected, "t"],
    [chat?.thread, "command.tag", "tag", tagSelected, "a"],
    [chat?.thread, "command.summarise", "sparkles", summariseSelected],
    [chat?.thread, "command.copy", "copy", () => details.copy(selected)],
    [chat?.thread, "command.download", "download", () => details.download(selected)],
    [chat, "command.edit", "pencil", () => dialogs.customer.open(selected)],
    [chat, "command.ban", "ban", () => dialogs.ban.open(selected)],
    [isMember, "command.leave", "log-out", () => workspace.seats.leave(selected)],
    [
      chat && isActive(chat) && (!mySeat(chat, me) || isSupervising(chat, me)),
      "command.join",
      "log-in",
      () => workspace.seats.join(selected),
    ],
    [
      chat && isActive(chat) && !mySeat(chat, me),
      "command.supervise",
      "eye",
      () => workspace.seats.join(selected, "agents"),
    ],
    [chat, "command.details", "panel-right", toggleDetails, "d"],
    [true, "command.settings", "settings", () => settings.showModal()],
    [true, "command.shortcuts", "keyboard", () => shortcuts.showModal(), "?"],
    [true, "command.sign_out", "log-out", () => byId("signout").requestSubmit()],
  ];
  const possible = all
    .filter(([isPossible]) => isPossible)
    .map(([, name, mark, run, keys]) => ({ name: t(name), icon: mark, run, keys }));
  const search = {
    name: query ? t("command.search", { query }) : t("command.archive"),
    icon: "search",
    keys: query ? null : "/",
    always: Boolean(query),
    run: () => searchArchive(query),
  };
  return [...possible, search];
}

const palette = new Palette(dialog(byId("palette")), workspace, commands, openChat);
byId("open-palette").addEventListener("click", () => palette.open());

function searchArchive(words) {
  if (NARROW.matches) backToList();
  showPane(NARROW.matches ? "list" : panes.dataset.pane);
  list.searchArchive(words);
}

// --- keyboard ------------------------------------------------------------------------------------

/** The address names chats, so these links only move the focus; on a phone, to the pane they name. */
function skip(event) {
  event.preventDefault();
  const { hash } = event.currentTarget;
  if (hash === "#list" && NARROW.matches) {
    backToList();
    follow();
  }
  document.querySelector(hash).focus();
}

for (const link of document.querySelectorAll(".skip-link")) link.addEventListener("click", skip);

function closeSelected() {
  const { selected, chats, me } = workspace.state;
  const chat = selected && chats[selected];
  if (chat && isActive(chat) && mySeat(chat, me) && !isSupervising(chat, me))
    workspace.closing.begin(selected);
}

function transferSelected() {
  const { selected, chats, closing } = workspace.state;
  if (chats[selected] && isActive(chats[selected]) && !closing[selected]) transfer(selected);
}

/** The summary shows in the details, so they open. */
function summariseSelected() {
  showDetails(true);
  details.summarise(workspace.state.selected);
}

function tagSelected() {
  const { selected, chats } = workspace.state;
  if (chats[selected]?.thread) tag(selected);
}

function undoLastClose() {
  const last = Object.keys(workspace.state.closing).at(-1);
  if (last) workspace.closing.undo(last);
}

function escape(event) {
  if (panes.dataset.details === "open" && !WIDE.matches) closeDetails();
  else if (byId("conversation").contains(event.target))
    list.focusRow(workspace.state.selected ?? "");
}

new Keyboard({
  singleKeys: () => preferences.get("singleKeys"),
  before: follow,
  keys: {
    j: () => list.move(1),
    k: () => list.move(-1),
    r: () => conversation.focusFoot(),
    e: closeSelected,
    z: undoLastClose,
    t: transferSelected,
    a: tagSelected,
    "/": () => searchArchive(""),
    d: toggleDetails,
    "?": () => shortcuts.showModal(),
    "g m": () => list.goTo("mine"),
    "g q": () => list.goTo("queued"),
    "g u": () => list.goTo("unassigned"),
    "g o": () => list.goTo("others"),
    "g a": () => list.goTo("archive"),
  },
  chords: {
    k: () => palette.open(),
    "shift+m": () => conversation.composer.toggleWhisper(),
  },
  escape,
});

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of document.querySelectorAll("kbd")) {
    key.textContent = key.textContent.replace("Ctrl", "⌘").replace("Shift", "⇧");
  }
}

// --- start ---------------------------------------------------------------------------------------

showDetails(WIDE.matches && preferences.get("details"));
WIDE.addEventListener("change", () => showDetails(WIDE.matches && preferences.get("details")));
addEventListener("hashchange", follow);
byId("list").addEventListener("click", ({ target }) => {
  const hash = target.closest("a.row-result")?.hash;
  if (hash && hash === location.hash) seek(workspace.state.selected, shownThread);
});
addEventListener("focus", draw);
setInterval(() => {
  refreshTimes(document.body);
  list.render(workspace.state);
}, CLOCK_MS);
invitation.render();
workspace.start();
follow();
