/* The panel's beginning: makes session, view and composer, and joins them to the page around. */

import { Composer } from "./composer.js";
import { connectHost, standsAlone } from "./host.js";
import { Session } from "./session.js";
import { Store } from "./storage.js";
import { useTexts } from "./texts.js";
import { View } from "./view.js";

const { organizationId, clientId, groupId } = document.body.dataset;

useTexts(document);
const session = new Session({
  organizationId,
  clientId,
  groupId,
  application: { name: "chatplatform widget", version: "1" },
});
const drafts = new Store(`livechat:${organizationId}`, () => window.sessionStorage);
const composer = new Composer(session, drafts);
const touch = matchMedia("(pointer: coarse)");
const panel = document.getElementById("panel");
const told = {};

const focus = () => (touch.matches ? panel : composer).focus();
const minimize = () => tell({ type: "minimize" });
const view = new View(session, { onMinimize: minimize, onFocus: focus });

/** Tells the host page what it has not heard yet. */
function tellOnce(type, value) {
  const text = JSON.stringify(value);
  if (told[type] === text) return;
  told[type] = text;
  tell({ type, ...value });
}

function report() {
  const { conversation, customer, availability, unread } = session;
  tellOnce("unread", { count: unread });
  if (availability) tellOnce("availability", { availability: availability === "offline" ? "offline" : "online" });
  if (customer.statistics) tellOnce("customer", { customer: publicCustomer() });
  const thread = conversation.threads.at(-1);
  if (thread) tellOnce("chat", { chat: { chatId: conversation.id, threadId: thread.id } });
}

/** What a host page may know of its visitor: what it told us, their id, and where they stand. */
function publicCustomer() {
  const { customer, conversation } = session;
  const thread = conversation.threads.at(-1);
  const chatting = thread?.queue ? "queued" : thread?.active ? "chatting" : "browsing";
  return {
    id: customer.id,
    name: customer.name ?? "",
    email: customer.email ?? "",
    isReturning: (customer.statistics?.visits_count ?? 1) > 1,
    status: chatting,
    sessionVariables: Object.assign({}, ...(customer.session_fields ?? [])),
  };
}

const heard = {
  hello(message) {
    session.setPage(message.page, message.referrer);
    session.setCustomer(message.profile);
    heard.visibility(message);
    tell({ type: "ready" });
    if (message.connect) session.start();
  },
  visibility({ visibility, covering, focus: wanted }) {
    const open = visibility === "maximized";
    panel.setAttribute("aria-modal", covering);
    session.watch(open);
    if (!open) return;
    session.start();
    if (wanted !== undefined) view.toNewest();
    if (wanted) focus();
  },
  page: ({ page }) => session.setPage(page),
  customer: ({ customer }) => session.setCustomer(customer),
};

const tell = connectHost((message) => heard[message.type]?.(message));

session.addEventListener("change", () => {
  view.draw();
  composer.draw();
  report();
});
session.addEventListener("said", () => view.toNewest());
session.addEventListener("spoken", ({ detail: event }) => {
  const mine = event.author_id === session.customer.id;
  const type = mine ? "customer" : event.author_id ? "agent" : "system";
  const at = Date.parse(event.created_at);
  tell({ type: "event", event: { timestamp: at, type: event.type, author: { id: event.author_id, type } } });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !view.dismiss()) minimize();
});

view.draw();
composer.draw();
if (standsAlone()) {
  document.getElementById("minimize").hidden = true;
  session.watch(true);
  session.start();
  composer.focus();
}
