// A whole conversation of a visitor through @livechat/customer-sdk 4.0.2 (3.5), in a browser, with
// the identity that @livechat/customer-auth inside it gets; the agent uses the protocol itself.
// Every method the client offers is called.

import { Pushes, counted } from "./pushes.mjs";

const EVENTS = [
  "availability_updated",
  "chat_deactivated",
  "chat_properties_deleted",
  "chat_properties_updated",
  "chat_transferred",
  "connected",
  "customer_id",
  "customer_updated",
  "disconnected",
  "event_properties_deleted",
  "event_properties_updated",
  "event_updated",
  "events_marked_as_seen",
  "greeting_accepted",
  "greeting_canceled",
  "incoming_chat",
  "incoming_event",
  "incoming_greeting",
  "incoming_multicast",
  "incoming_rich_message_postback",
  "incoming_typing_indicator",
  "queue_position_updated",
  "thread_properties_deleted",
  "thread_properties_updated",
  "user_added_to_chat",
  "user_removed_from_chat",
];
const API = "api.livechatinc.com/v3.6/agent";

function same(actual, expected, what = "") {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what} is ${is} and should be ${should}`);
}

async function refused(answer, code) {
  const error = await answer.then(
    () => undefined,
    (reason) => reason,
  );
  same(error?.code, code, "the error");
}

/** An agent on a socket of the protocol's own. */
class Agent {
  #asked = new Map();
  pushes = new Pushes();

  constructor({ access_token, id }) {
    this.id = id;
    this.token = `Bearer ${access_token}`;
  }

  async enter() {
    this.socket = new WebSocket(`wss://${API}/rtm/ws`);
    this.socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "push") this.pushes.hear(frame.action, frame.payload);
      else this.#asked.get(frame.request_id)(frame);
    };
    await new Promise((opened) => (this.socket.onopen = opened));
    await this.ask("login", { token: this.token, customer_monitoring_level: "highest_available" });
    await this.ask("set_routing_status", { status: "accepting_chats" });
    return this;
  }

  async ask(action, payload) {
    const request_id = crypto.randomUUID();
    const answered = new Promise((take) => this.#asked.set(request_id, take));
    this.socket.send(JSON.stringify({ action, payload, request_id }));
    const answer = await answered;
    if (!answer.success) throw new Error(`${action}: ${JSON.stringify(answer.payload)}`);
    return answer.payload;
  }
}

/** A connected client; every event it emits is kept. */
async function visitor(facts, options = {}) {
  const sdk = CustomerSDK.init({
    organizationId: facts.organization_id,
    clientId: facts.client_id,
    page: { url: location.href, title: "Shop" },
    referrer: "https://search.example.com/?q=parcels",
    customerDataProvider: () => ({ sessionFields: { order: "42" } }),
    ...options,
  });
  const heard = new Pushes();
  const [watched, called] = counted({ ...sdk });
  for (const name of EVENTS) {
    watched.on(name, (payload) => heard.hear(name, payload));
  }
  return [watched, heard, called];
}

const message = (text) => ({ type: "message", text });
const texts = (events) => events.filter((e) => e.type === "message").map((e) => e.text);

export async function converse(facts) {
  const agent = await new Agent(facts.agents[0]).enter();
  const colleague = await new Agent(facts.agents[1]).enter();
  const [sdk, heard, called] = await visitor(facts);

  // It connects as somebody new.
  const connected = await heard.next("connected");
  const me = connected.customer.id;
  same(await heard.next("customer_id"), me, "the customer's id");
  same(connected.availability, "online", "availability");
  same(connected.__unsafeChats, [], "chats");
  same(connected.customer.sessionFields, { order: "42" }, "session fields");
  same(connected.customer.statistics.visitsCount, 1, "visits");
  await agent.pushes.next("incoming_customer", (push) => push.id === me);
  same((await sdk.auth.getToken()).entityId, me, "the token's customer");
  same((await sdk.auth.getFreshToken()).entityId, me, "the fresh token's customer");

  // What surrounds a conversation.
  await sdk.updateCustomer({ name: "Thomas", email: "thomas@example.com" });
  const updated = await heard.next("customer_updated", (push) => push.name === "Thomas");
  same(updated.email, "thomas@example.com", "e-mail");
  await sdk.setCustomerSessionFields({ sessionFields: { order: "43" } });
  const customer = await sdk.getCustomer();
  same([customer.name, customer.sessionFields], ["Thomas", { order: "43" }], "the customer");
  same((await sdk.listGroupStatuses())["0"], "online", "the group");
  same(await sdk.listGroupStatuses({ groupIds: [0] }), { 0: "online" }, "the group's status");
  const { form, enabled } = await sdk.getForm({ groupId: 0, type: "prechat" });
  same([enabled, form.id], [true, facts.forms.prechat], "the form");
  await refused(sdk.getUrlInfo({ url: "http://127.0.0.1/" }), "NOT_FOUND");
  const predicted = await sdk.getPredictedAgent({ groupId: 0 });
  same([predicted.agent.type, predicted.queue], ["agent", false], "the predicted agent");

  // Greetings come with pages.
  for (const [page, subtype] of [
    ["/offers", "greeting"],
    ["/news", "announcement"],
  ]) {
    sdk.updateCustomerPage({ url: facts.website + page, title: "Shop" });
    const greeting = await heard.next("incoming_greeting");
    same([greeting.id, greeting.subtype], [facts.greetings[page.slice(1)], subtype], "greeting");
    await sdk.acceptGreeting({ greetingId: greeting.id, uniqueId: greeting.uniqueId });
    same((await heard.next("greeting_accepted")).uniqueId, greeting.uniqueId, "accepted");
    await sdk.cancelGreeting({ uniqueId: greeting.uniqueId });
    same((await heard.next("greeting_canceled")).uniqueId, greeting.uniqueId, "cancelled");
  }

  // A chat, with the pre-chat form filled in.
  const answer = { id: "a", label: "Parcels" };
  const filled = {
    type: "filled_form",
    formId: form.id,
    formType: "prechat",
    fields: [{ id: "topic", type: "radio", label: "Topic", answer }],
  };
  const { chat } = await sdk.startChat({ chat: { thread: { events: [filled, message("Hello")] } } });
  const threadId = chat.thread.id;
  same(texts(chat.thread.events), ["Hello"], "the first messages");
  const chatId = chat.id;
  await agent.pushes.next("incoming_chat", (push) => push.chat.id === chatId);
  const own = await sdk.sendEvent({ chatId, event: { ...message("My parcel is late"), customId: "1" } });
  same([own.text, own.authorId, own.customId], ["My parcel is late", me, "1"], "my message");
  await agent.pushes.next("incoming_event", (push) => push.event.text === own.text);

  // The agent answers, types, whispers.
  const say = (text, more = {}) =>
    agent.ask("send_event", { chat_id: chatId, event: { ...message(text), ...more } });
  await agent.ask("send_typing_indicator", { chat_id: chatId, is_typing: true, visibility: "all" });
  same((await heard.next("incoming_typing_indicator")).typingIndicator.isTyping, true, "typing");
  await say("Between us", { visibility: "agents" });
  await say("How can I help?");
  const theirs = await heard.next("incoming_event", (push) => push.event.type === "message" && push.event.authorId !== me);
  same(theirs.event.text, "How can I help?", "the agent's first words");
  sdk.setSneakPeek({ chatId, sneakPeekText: "tha" });
  const peek = await agent.pushes.next("incoming_sneak_peek");
  same(peek.sneak_peek.text, "tha", "the sneak peek");
  await sdk.markEventsAsSeen({ chatId, seenUpTo: theirs.event.createdAt });
  await agent.pushes.next("events_marked_as_seen", (push) => push.user_id === me);

  // A file there, another back.
  const picture = Uint8Array.from(atob(facts.picture), (letter) => letter.charCodeAt(0));
  const file = new File([picture], "parcel.png", { type: "image/png" });
  const steps = [];
  const { url } = await sdk.uploadFile({ file, onProgress: (step) => steps.push(step) }).promise;
  const sent = await sdk.sendEvent({ chatId, event: { type: "file", url } });
  same([sent.type, sent.contentType, sent.name], ["file", "image/png", "parcel.png"], "the file");
  same(steps.at(-1), 1, "the progress");

  // A rich message and its button.
  const button = { text: "Yes", postback_id: "yes", user_ids: [], value: "yes", type: "message" };
  const elements = [{ title: "Is it urgent?", buttons: [button] }];
  const rich = { type: "rich_message", template_id: "quick_replies", elements };
  await agent.ask("send_event", { chat_id: chatId, event: rich });
  const { event } = await heard.next("incoming_event", (push) => push.event.type === "rich_message");
  same(event.elements[0].buttons[0].postbackId, "yes", "the button");
  await sdk.sendRichMessagePostback({
    chatId,
    threadId,
    eventId: event.id,
    postback: { id: "yes", toggled: true },
  });
  const pressed = await agent.pushes.next("incoming_rich_message_postback");
  same([pressed.user_id, pressed.postback.id], [me, "yes"], "the button pressed");

  // Properties, and a rating among them.
  const properties = { test: { string_property: "value" } };
  const names = { test: ["string_property"] };
  for (const [place, ids] of [
    ["Chat", { id: chatId }],
    ["Thread", { chatId, threadId }],
    ["Event", { chatId, threadId, eventId: own.id }],
  ]) {
    await sdk[`update${place}Properties`]({ ...ids, properties });
    const changed = await heard.next(`${place.toLowerCase()}_properties_updated`);
    same([changed.chatId, changed.properties], [chatId, properties], `${place}'s properties`);
    await sdk[`delete${place}Properties`]({ ...ids, properties: names });
    const gone = await heard.next(`${place.toLowerCase()}_properties_deleted`);
    same(gone.properties, names, `${place}'s deleted properties`);
  }
  const rating = { score: 1, comment: "Quick!" };
  await sdk.rateChat({ chatId, rating });
  const rated = await agent.pushes.next("thread_properties_updated", (push) => push.properties.rating);
  same(rated.properties, { rating }, "the rating");
  await sdk.cancelRate({ chatId, properties: ["score", "comment"] });
  await agent.pushes.next("thread_properties_deleted", (push) => push.properties.rating);

  // It moves to a colleague.
  await agent.ask("transfer_chat", { id: chatId, target: { type: "agent", ids: [colleague.id] } });
  const moved = await heard.next("chat_transferred");
  same([moved.chatId, moved.reason], [chatId, "manual"], "the transfer");
  same((await heard.next("user_added_to_chat")).user.type, "agent", "who came");
  await heard.next("user_removed_from_chat");
  await colleague.ask("send_event", { chat_id: chatId, event: message("I have it here") });
  await heard.next("incoming_event", (push) => push.event.text === "I have it here");

  // Everything is there to be read, but for the whisper.
  const conversation = ["Hello", "My parcel is late", "How can I help?", "I have it here"];
  same(texts((await sdk.getChat({ chatId, threadId })).thread.events), conversation, "the thread");
  const { threads } = await sdk.listThreads({ chatId, limit: 10 });
  same(
    threads.map(({ id }) => id),
    [threadId],
    "threads",
  );
  const { chatsSummary } = await sdk.listChats({ limit: 10 });
  same([chatsSummary[0].id, chatsSummary[0].active], [chatId, true], "the list");
  same(chatsSummary[0].lastEventsPerType.message.text, "I have it here", "the last message");
  const page = await sdk.getChatHistory({ chatId }).next();
  same(texts(page.value.threads[0].events), conversation, "the history");

  // It ends, begins again, and ends from the other side.
  await sdk.deactivateChat({ id: chatId });
  await heard.next("chat_deactivated");
  const resumed = await sdk.resumeChat({ chat: { id: chatId, thread: { events: [message("Again")] } } });
  same(texts(resumed.chat.thread.events), ["Again"], "the second thread");
  await colleague.pushes.next("incoming_chat", (push) => push.chat.thread.id === resumed.chat.thread.id);
  await colleague.ask("deactivate_chat", { id: chatId, ignore_requester_presence: true });
  await heard.next("chat_deactivated");

  // It leaves, and comes back as the same.
  sdk.disconnect();
  sdk.connect();
  const back = await heard.next("connected");
  same([back.customer.id, back.__unsafeChats[0].id], [me, chatId], "who came back");
  same(back.__unsafeChats[0].active, false, "the chat");
  sdk.once("connected", () => {});
  sdk.off("connected", () => {});
  sdk.destroy();

  // Nothing was left out.
  const methods = Object.keys(sdk).filter((name) => typeof sdk[name] === "function");
  same(
    methods.filter((name) => !called.has(name)),
    [],
    "what was not called",
  );
  await checkGoals(facts, me);
  return me;
}

/** Without a connection the client only says which page is open. */
async function checkGoals(facts, me) {
  const [, heard] = await visitor(facts, {
    autoConnect: false,
    page: { url: `${facts.website}/thanks`, title: "Thanks" },
  });
  same(await heard.next("customer_id"), me, "the customer");
}

/** Another visit of the same browser, its storage emptied but for cookies. */
export async function comeAgain(facts) {
  localStorage.clear();
  const [sdk, heard] = await visitor(facts);
  const { customer } = await heard.next("connected");
  sdk.destroy();
  return [customer.id, customer.name];
}

/** Who the visitor is with an identity for each of the groups, and with one for all of them. */
export async function beApart(facts) {
  const found = [];
  for (const groupId of [...facts.groups, undefined]) {
    const apart = groupId === undefined ? {} : { groupId, uniqueGroups: true };
    const [sdk, heard] = await visitor(facts, apart);
    const me = (await heard.next("connected")).customer.id;
    same((await sdk.auth.getFreshToken()).entityId, me, "the fresh token's customer");
    sdk.disconnect();
    found.push(me);
  }
  return found;
}

/** Whom the page's own functions vouch for; what the SDK asked of them, and who it then is. */
export async function beVouchedFor(facts) {
  const asked = [];
  const token = {
    accessToken: facts.token.access_token,
    entityId: facts.token.entity_id,
    expiresIn: facts.token.expires_in * 1_000,
    tokenType: facts.token.token_type,
    creationDate: Date.now(),
    organizationId: facts.organization_id,
  };
  const provider = {
    getToken: async () => (asked.push("getToken"), token),
    getFreshToken: async () => (asked.push("getFreshToken"), token),
    hasToken: async () => true,
    invalidate: async () => {},
  };
  const [sdk, heard] = await visitor(facts, { identityProvider: () => provider });
  const me = (await heard.next("connected")).customer.id;
  await sdk.updateCustomer({ name: "Thomas" });
  same((await sdk.getCustomer()).name, "Thomas", "the name");
  sdk.disconnect();
  return [me, asked.length > 0];
}
