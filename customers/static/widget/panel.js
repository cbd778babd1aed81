/* The panel's beginning: makes session, view and composer, and joins them to the page around. */

import { Composer } from "./composer.js";
import { Greeting } from "./greeting.js";
import { connectHost, standsAlone } from "./host.js";
import { Session } from "./session.js";
import { Store } from "./storage.js";
import { reword, useTexts } from "./texts.js";
import { View } from "./view.js";

const { organizationId, clientId, groupId, apart, greets, sounds, texts } = document.body.dataset;

useTexts(document);
/* A preview brings a session that talks to nobody. */
const prefix = `livechat:${organizationId}${apart ? `:${apart}` : ""}`;
/** Whom the host page vouches for, if it does; else whoever this browser is known as. */
const visitor = window.visitor ?? { store: new Store(prefix), drafts: new Store(prefix, () => window.sessionStorage) };
const { drafts } = visitor;
const session = window.sample ?? new Session({
  organizationId,
  clientId,
  groupId,
  apart,
  ...visitor,
  application: { name: "chatplatform widget", version: "1" },
});
const composer = new Composer(session, drafts);
const touch = matchMedia("(pointer: coarse)");
const panel = document.getElementById("panel");
const told = {};
let open = false;
/** The group whose words are said. */
let worded = session.reception.group;

/** Where one writes next; on touch a cursor there would bring up the keyboard unasked. */
function focus() {
  if (touch.matches) panel.focus();
  else if (!view.focusAsked()) composer.focus();
}
const minimize = () => tell({ type: "minimize" });
const view = new View(session, { onMinimize: minimize, onFocus: focus, drafts });
const greeting = new Greeting(session, {
  onOpen: () => tell({ type: "maximize" }),
  onChange: (name, about) => happened(name, about),
  onSize: (height, text) => tellOnce("greeting", { height, text }),
});

/** Says things in the words of the visitor's group. */
async function useWordsOf(group) {
  if (group === worded) return;
  worded = group;
  const answer = await fetch(`${texts}&group_id=${group}`).catch(() => null);
  if (!answer?.ok || worded !== group) return;
  reword(await answer.json());
  session.dispatchEvent(new Event("change"));
}

/** Tells the host page what it has not heard yet. */
function tellOnce(type, value) {
  const text = JSON.stringify(value);
  if (told[type] === text) return;
  told[type] = text;
  tell({ type, ...value });
}

/** Lets the host page's own code know, under the names it listens to. */
const happened = (name, data) => tell({ type: "happened", name, data });

function report() {
  const { conversation, customer, attention: { unread }, reception: { availability } } = session;
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
    session.visit.setPage(message.page, message.referrer);
    session.visit.setCustomer(message.profile);
    heard.visibility(message);
    tell({ type: "ready" });
    if (message.connect || greets) session.start();
  },
  visibility({ visibility, covering, focus: wanted }) {
    open = visibility === "maximized";
    panel.setAttribute("aria-modal", covering);
    greeting.draw(open);
    session.attention.watch(open);
    if (!open) return;
    session.greeting.accept();
    session.start();
    if (wanted !== undefined) view.toNewest();
    if (wanted) focus();
  },
  identity: visitor.hear,
  page: ({ page }) => session.visit.setPage(page),
  leaving() {
    greeting.leaving();
    greeting.draw(open);
  },
  customer: ({ customer }) => session.visit.setCustomer(customer),
};

const tell = connectHost((message) => heard[message.type]?.(message));
visitor.tell = tell;

session.addEventListener("change", () => {
  if (open) session.greeting.accept();
  view.draw();
  composer.draw();
  greeting.draw(open);
  report();
  useWordsOf(session.reception.group);
});
session.addEventListener("said", () => {
  if (!open) tell({ type: "maximize" });
  view.toNewest();
});
session.addEventListener("happened", ({ detail }) => happened(...detail));
session.addEventListener("spoken", ({ detail: event }) => {
  const mine = event.author_id === session.customer.id;
  const type = mine ? "customer" : event.author_id ? "agent" : "system";
  if (type === "agent" && sounds && (!open || document.hidden)) import(sounds).then(({ chime }) => chime());
  const at = Date.parse(event.created_at);
  tell({ type: "event", event: { timestamp: at, type: event.type, author: { id: event.author_id, type } } });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (greeting.isShown) session.greeting.dismiss();
  else if (!view.dismiss()) minimize();
});

view.draw();
composer.draw();
if (standsAlone()) {
  document.getElementById("minimize").hidden = true;
  open = true;
  session.attention.watch(true);
  session.start();
  composer.focus();
}
