// A whole conversation through @livechat/lc-sdk-js 4.0.2 (3.4), agents and customers, RTM and Web:
// every method of its four classes is called and its answer checked.

import assert from "node:assert/strict";
import { createRequire } from "node:module";

import { Pushes, counted, facts, methods, refused } from "./sdk.mjs";

const require = createRequire(import.meta.url);
const inside = "@livechat/lc-sdk-js/lib/src";
const AgentRTM = require(`${inside}/agent/rtm.js`).default;
const AgentWeb = require(`${inside}/agent/web.js`).default;
const CustomerRTM = require(`${inside}/customer/rtm.js`).default;
const CustomerWeb = require(`${inside}/customer/web.js`).default;

const KEPT = [
  // what the others are made of
  "call",
  "connect",
  "handlePush",
  "handleResponse",
  "send",
  "subscribePush",
  "unsubscribePush",
  // asks for an address without a scheme, and without a token: no server can answer it
  "uploadFile",
];
const options = { apiUrl: facts.host };
const organization = facts.organization_id;
const [agent, colleague, third] = facts.agents;
const [visitor, another, banned] = facts.customers;
const bearer = (token) => `Bearer ${token}`;
const grant = (token) => () => ({
  accessToken: token,
  organizationID: organization,
  region: "dal",
});

const AGENT_PUSHES = [
  "chat_deactivated",
  "chat_properties_deleted",
  "chat_properties_updated",
  "chat_transferred",
  "customer_banned",
  "event_properties_deleted",
  "event_properties_updated",
  "events_marked_as_seen",
  "incoming_chat",
  "incoming_customer",
  "incoming_event",
  "incoming_multicast",
  "incoming_rich_message_postback",
  "incoming_sneak_peek",
  "incoming_typing_indicator",
  "routing_status_set",
  "thread_properties_deleted",
  "thread_properties_updated",
  "thread_tagged",
  "thread_untagged",
  "user_added_to_chat",
  "user_removed_from_chat",
];
const CUSTOMER_PUSHES = [
  "chat_deactivated",
  "customer_updated",
  "greeting_accepted",
  "greeting_canceled",
  "incoming_chat",
  "incoming_event",
  "incoming_greeting",
  "incoming_typing_indicator",
  "user_added_to_chat",
];

async function connected(client, names) {
  const pushes = new Pushes();
  const [watched, called] = counted(client);
  await watched.connect();
  for (const name of names) watched.on(name, (payload) => pushes.hear(name, payload));
  return [watched, called, pushes];
}
const [rtm, rtmCalled, agentHears] = await connected(new AgentRTM(options), AGENT_PUSHES);
const [customer, customerCalled, customerHears] = await connected(
  new CustomerRTM(organization, options),
  CUSTOMER_PUSHES,
);
const [web, webCalled] = counted(new AgentWeb("client", grant(agent.access_token), options));
const [site, siteCalled] = counted(new CustomerWeb("client", grant(visitor.access_token), options));

const is = assert.equal;
const same = assert.deepEqual;
const nothing = async (answer) => same(await answer, {});
const message = (text, more = {}) => ({ type: "message", text, ...more });
const said = (text) => (push) => push.event.text === text;

// Both log in.
const login = await rtm.login(bearer(agent.access_token));
is(login.my_profile.id, agent.id);
is((await customer.login(bearer(visitor.access_token))).customer.id, visitor.entity_id);
await nothing(rtm.setAwayStatus(false));
await nothing(rtm.changePushNotifications({ firebase_token: "token", platform: "ios", enabled: true }));
for (const client of [rtm, web]) {
  await nothing(client.setRoutingStatus("accepting_chats"));
  const statuses = await client.listRoutingStatuses([0]);
  const own = statuses.find((row) => row.agent_id === agent.id);
  same(own, { agent_id: agent.id, status: "accepting_chats" });
}

// What a customer's page asks for.
for (const client of [customer, site]) {
  const fields = [{ order: "42" }];
  await nothing(client.setCustomerSessionFields(fields));
  await client.updateCustomer({ name: "Thomas", email: "thomas@example.com" });
  const me = await client.getCustomer();
  same([me.name, me.email, me.session_fields], ["Thomas", "thomas@example.com", fields]);
  is((await client.listGroupStatuses(true)).groups_status["0"], "online");
  same((await client.listGroupStatuses([0])).groups_status, { 0: "online" });
  const { form, enabled } = await client.getForm(0, "prechat");
  same([enabled, form.id], [true, facts.forms.prechat]);
  assert.ok((await client.getPredictedAgent()).agent.name);
  await refused(client.getURLInfo("http://127.0.0.1/"), "not_found");
}
const { config_version, localization_version } = await site.getDynamicConfiguration({
  group_id: 0,
  organization_id: organization,
});
assert.ok(Array.isArray((await site.getConfiguration(0, config_version)).buttons));
assert.ok(await site.getLocalization(0, "en", localization_version));
await nothing(site.requestEmailVerification("https://shop.example.com/verified"));
assert.ok(await site.listLicenseProperties());
assert.ok(await site.listGroupProperties(0));
// The SDK offers these over RTM, where the protocol has no such actions.
await refused(customer.listLicenseProperties(), "not_found");
await refused(customer.listGroupProperties(0), "not_found");
await refused(
  customer.checkGoals([{ order: "42" }], 0, `${facts.website}/thanks`),
  "not_found",
);
const [away] = counted(new CustomerWeb("client", grant(another.access_token), options));
await nothing(away.checkGoals([{ order: "42" }], 0, `${facts.website}/thanks`));
siteCalled.add("checkGoals");

// Greetings: shown on a page, accepted, cancelled.
for (const [client, page] of [
  [customer, "/offers"],
  [site, "/news"],
]) {
  await customer.send("update_customer_page", { url: facts.website + page, title: "Shop" });
  const shown = await customerHears.next("incoming_greeting");
  is(shown.id, facts.greetings[page.slice(1)]);
  await nothing(client.acceptGreeting(shown.id, shown.unique_id));
  is((await customerHears.next("greeting_accepted")).unique_id, shown.unique_id);
  await nothing(client.cancelGreeting(shown.unique_id));
  is((await customerHears.next("greeting_canceled")).unique_id, shown.unique_id);
}

// A chat starts; everybody talks, over RTM and the Web.
const started = await customer.startChat({ chat: { thread: { events: [message("Hello")] } } });
const { chat_id, thread_id } = started;
const came = await agentHears.next("incoming_chat", (push) => push.chat.id === chat_id);
is(came.chat.thread.events[0].text, "Hello");
for (const [client, text, hears] of [
  [rtm, "How can I help?", customerHears],
  [web, "I am here", customerHears],
  [customer, "My parcel is late", agentHears],
  [site, "Very late", agentHears],
]) {
  const { event_id } = await client.sendEvent(chat_id, message(text));
  is((await hears.next("incoming_event", said(text))).event.id, event_id);
}
await web.sendEvent(chat_id, message("Between us", { visibility: "agents" }));
await agentHears.next("incoming_event", said("Between us"));
for (const client of [customer, site]) {
  await nothing(client.sendSneakPeek(chat_id, "tha"));
}
is((await agentHears.next("incoming_sneak_peek")).sneak_peek.text, "tha");
for (const client of [rtm, web]) {
  await nothing(client.sendTypingIndicator(chat_id, true, "all"));
}
is((await customerHears.next("incoming_typing_indicator")).typing_indicator.is_typing, true);

// A rich message, seen, and its button pressed by everybody.
const button = { text: "Yes", postback_id: "yes", user_ids: [], value: "yes", type: "message" };
const rich = await rtm.sendEvent(chat_id, {
  type: "rich_message",
  template_id: "quick_replies",
  elements: [{ title: "Is it urgent?", buttons: [button] }],
});
const { event: asked } = await customerHears.next("incoming_event", (push) => push.event.elements);
is(asked.id, rich.event_id);
for (const client of [customer, site, rtm, web]) {
  await nothing(client.markEventsAsSeen(chat_id, asked.created_at));
}
const seen = await agentHears.next("events_marked_as_seen");
same([seen.user_id, seen.seen_up_to], [visitor.entity_id, asked.created_at]);
for (const client of [rtm, web, customer, site]) {
  const toggled = client === rtm || client === customer;
  await nothing(
    client.sendRichMessagePostback({
      chat_id,
      thread_id,
      event_id: rich.event_id,
      postback: { id: "yes", toggled },
    }),
  );
}
await agentHears.next("incoming_rich_message_postback", (push) => push.postback.id === "yes");

// Properties of chats, threads and events.
const properties = { test: { string_property: "value" } };
const names = { test: ["string_property"] };
for (const client of [rtm, web, customer, site]) {
  const places = {
    Chat: [chat_id],
    Thread: [chat_id, thread_id],
    Event: [chat_id, thread_id, rich.event_id],
  };
  for (const [place, ids] of Object.entries(places)) {
    await nothing(client[`update${place}Properties`](...ids, properties));
    const push = `${place.toLowerCase()}_properties`;
    const ours = (told) => told.properties.test;
    same((await agentHears.next(`${push}_updated`, ours)).properties, properties);
    await nothing(client[`delete${place}Properties`](...ids, names));
    same((await agentHears.next(`${push}_deleted`)).properties, names);
  }
}

// Tags, people, messages to colleagues.
for (const client of [rtm, web]) {
  await nothing(client.tagThread(chat_id, thread_id, "parcel"));
  is((await agentHears.next("thread_tagged")).tag, "parcel");
  await nothing(client.untagThread(chat_id, thread_id, "parcel"));
  is((await agentHears.next("thread_untagged")).tag, "parcel");
  await nothing(client.addUserToChat(chat_id, colleague.id, "agent", "all", false));
  await agentHears.next("user_added_to_chat", (push) => push.user.id === colleague.id);
  await nothing(client.removeUserFromChat(chat_id, colleague.id, false));
  await agentHears.next("user_removed_from_chat", (push) => push.user_id === colleague.id);
  await nothing(client.multicast({ agents: { ids: [agent.id] } }, { hello: "all" }, "greetings"));
  same((await agentHears.next("incoming_multicast")).content, { hello: "all" });
  assert.ok(Array.isArray(await client.listAgentsForTransfer(chat_id)));
}
const [onlookerWeb] = counted(new AgentWeb("client", grant(third.access_token), options));
const [onlooker] = await connected(new AgentRTM(options), []);
await onlooker.login({ token: bearer(third.access_token) });
for (const client of [onlooker, onlookerWeb]) {
  await nothing(client.followChat(chat_id));
  await nothing(client.unfollowChat(chat_id));
}
for (const called of [rtmCalled, webCalled]) {
  called.add("followChat").add("unfollowChat");
}

// Customers as agents see and change them; following them ended with 3.3.
for (const client of [rtm, web]) {
  is((await client.getCustomer(visitor.entity_id)).name, "Thomas");
  await client.updateCustomer(visitor.entity_id, { name: "Thomas A." });
  const { customer_id } = await client.createCustomer({ name: "Nadia" });
  is((await client.getCustomer(customer_id)).name, "Nadia");
  await client.updateCustomer(visitor.entity_id, { name: "Thomas" });
  assert.ok((await client.listCustomers({ limit: 10 })).customers.length > 0);
  await nothing(client.banCustomer(banned.entity_id, 1));
  await refused(client.followCustomer(visitor.entity_id), "not_found");
  await refused(client.unfollowCustomer(visitor.entity_id), "not_found");
}
await agentHears.next("customer_banned");

// Everybody reads; the whisper stayed one.
for (const client of [rtm, web, customer, site]) {
  is((await client.getChat(chat_id, thread_id)).thread.id, thread_id);
  const { threads } = await client.listThreads(chat_id, { limit: 5 });
  same(
    threads.map((thread) => thread.id),
    [thread_id],
  );
  same(
    (await client.listChats()).chats_summary.map((chat) => chat.id),
    [chat_id],
  );
}
const texts = (thread) => thread.events.filter((e) => e.type === "message").map((e) => e.text);
const open = ["Hello", "How can I help?", "I am here", "My parcel is late", "Very late"];
same(texts((await site.getChat(chat_id)).thread), open);
same(texts((await web.getChat(chat_id)).thread), [...open, "Between us"]);

// It moves to a colleague who is there, and back.
for (const [client, there] of [
  [rtm, third],
  [web, agent],
]) {
  const target = { target: { type: "agent", ids: [there.id] }, ignore_requester_presence: true };
  await nothing(client.transferChat(chat_id, target));
  same((await agentHears.next("chat_transferred")).transferred_to.agent_ids, [there.id]);
}

// It closes and opens from every side.
for (const [closing, opening] of [
  [rtm, customer],
  [customer, rtm],
  [web, site],
  [site, web],
]) {
  await nothing(closing.deactivateChat(chat_id));
  await agentHears.next("chat_deactivated");
  const { thread_id: again } = await opening.resumeChat({ chat: { id: chat_id } });
  await agentHears.next("incoming_chat", (push) => push.chat.thread.id === again);
}
for (const client of [rtm, web]) {
  assert.ok((await client.startChat({ active: false })).chat_id);
  const archived = await client.listArchives({ filters: { query: "late" } });
  assert.ok(Array.isArray(archived.chats));
}
const next = await away.startChat({ chat: { thread: { events: [message("Me too")] } } });
assert.ok(next.chat_id);
siteCalled.add("startChat");

await nothing(rtm.logout());

// Nothing was left out.
for (const [type, called] of [
  [AgentRTM, rtmCalled],
  [AgentWeb, webCalled],
  [CustomerRTM, customerCalled],
  [CustomerWeb, siteCalled],
]) {
  same(
    methods(type, KEPT).filter((name) => !called.has(name)),
    [],
  );
}
process.exit(0);
