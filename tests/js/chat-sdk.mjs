// A whole conversation of an agent through @livechat/chat-sdk 0.2.0, which speaks SockJS and 3.4 to
// hosts it names itself; the customer writes over the Web.

import assert from "node:assert/strict";

import ChatSDK from "@livechat/chat-sdk";

import { Pushes, facts, refused } from "./sdk.mjs";

const PUSHES = [
  "chat_deactivated",
  "customer_updated",
  "event_properties_updated",
  "incoming_chat",
  "incoming_event",
  "incoming_sneak_peek",
  "incoming_typing_indicator",
  "chat_transferred",
  "thread_tagged",
  "user_added_to_chat",
];
const [agent, colleague] = facts.agents;
const pushes = new Pushes();

async function web(api, token, action, payload) {
  const query = `?organization_id=${facts.organization_id}`;
  const answer = await fetch(`https://${facts.host}/v3.4/${api}/action/${action}${query}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(payload),
  });
  const body = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(body));
  return body;
}
const customer = (action, payload) => web("customer", facts.customer.access_token, action, payload);

function connected(heard, credentials) {
  const made = new ChatSDK({ debug: false });
  for (const name of PUSHES) {
    made.on(name, (message) => heard.hear(name, message.payload));
  }
  const ready = new Promise((told) => made.once("ready", () => told(made)));
  made.init(credentials);
  return ready;
}
const ask = (action, payload) => sdk.methodFactory({ action, payload });

// It logs in by itself, with a personal access token.
const basic = Buffer.from(`${agent.account_id}:${agent.pat}`).toString("base64");
assert.throws(() => new ChatSDK({}).init({}), /missing token/);
const sdk = await connected(pushes, { personal_access_token: basic });
const details = await sdk.getAgentDetails();
assert.equal(details.my_profile.id, agent.id);
assert.equal(details.license.organization_id ?? facts.organization_id, facts.organization_id);
await ask("set_routing_status", { status: "accepting_chats" });

// A customer comes, both talk.
const { chat_id, thread_id } = await customer("start_chat", {
  chat: { thread: { events: [{ type: "message", text: "Hello" }] } },
});
const came = await pushes.next("incoming_chat", (push) => push.chat.id === chat_id);
assert.deepEqual(
  came.chat.thread.events.map((event) => event.text),
  ["Hello"],
);
const sent = await sdk.sendMessage(chat_id, "How can I help?");
const own = await pushes.next("incoming_event", (push) => push.event.text === "How can I help?");
assert.equal(own.event.id, sent.event_id);
await sdk.sendMessage(chat_id, "Between us", "agents");
await pushes.next("incoming_event", (push) => push.event.text === "Between us");
await customer("send_event", { chat_id, event: { type: "message", text: "My parcel is late" } });
const heard = await pushes.next("incoming_event", (push) => push.event.text.endsWith("late"));
assert.equal(heard.event.author_id, facts.customer.entity_id);
await customer("send_sneak_peek", { chat_id, sneak_peek_text: "tha" });
await pushes.next("incoming_sneak_peek", (push) => push.sneak_peek.text === "tha");
await customer("update_customer", { name: "Thomas" });
await pushes.next("customer_updated", (push) => push.name === "Thomas");

// What the agent does around it.
await ask("send_typing_indicator", { chat_id, is_typing: true, visibility: "all" });
await ask("mark_events_as_seen", { chat_id, seen_up_to: heard.event.created_at });
const properties = { translation: { target_lang_code: "en" } };
await ask("update_event_properties", { chat_id, thread_id, event_id: sent.event_id, properties });
const changed = await pushes.next("event_properties_updated");
assert.deepEqual(changed.properties, properties);
await ask("tag_thread", { chat_id, thread_id, tag: "parcel" });
await pushes.next("thread_tagged", (push) => push.tag === "parcel");
await ask("add_user_to_chat", {
  chat_id,
  user_id: colleague.id,
  user_type: "agent",
  visibility: "all",
});
const added = await pushes.next("user_added_to_chat");
assert.equal(added.user.id, colleague.id);
await ask("remove_user_from_chat", { chat_id, user_id: colleague.id, user_type: "agent" });
const chat = await ask("get_chat", { chat_id });
assert.deepEqual(chat.thread.tags, ["parcel"]);
await refused(ask("get_chat", { chat_id: "NOSUCHCHAT" }), "not_found");
await refused(ask("no_such_action", {}), "not_found");

// A colleague, with an access token, takes it over.
const theirs = new Pushes();
const other = await connected(theirs, { access_token: colleague.access_token });
await ask("transfer_chat", { id: chat_id, target: { type: "agent", ids: [colleague.id] } });
const moved = await pushes.next("chat_transferred");
assert.deepEqual(moved.transferred_to.agent_ids, [colleague.id]);
await theirs.next("chat_transferred");
await other.sendMessage(chat_id, "I have it here");

// The customer ends it; a whisper stayed one.
await customer("deactivate_chat", { id: chat_id });
await theirs.next("chat_deactivated", (push) => push.thread_id === thread_id);
const { thread } = await customer("get_chat", { chat_id, thread_id });
const messages = thread.events.filter((event) => event.type === "message");
assert.deepEqual(
  messages.map((event) => event.text),
  ["Hello", "How can I help?", "My parcel is late", "I have it here"],
);
sdk.destroy();
other.destroy();
process.exit(0);
