// SockJS's own client, over each of its ways: a login, a message there and a push back, a logout.

import assert from "node:assert/strict";

import SockJS from "sockjs-client";

import { Pushes, facts } from "./sdk.mjs";

async function converse(transport) {
  const url = `https://${facts.host}/v3.6/agent/rtm/sjs?organization_id=${facts.organization_id}`;
  const socket = new SockJS(url, undefined, { transports: [transport] });
  const frames = new Pushes();
  socket.onmessage = ({ data }) => {
    const { action, type, ...frame } = JSON.parse(data);
    frames.hear(type === "push" ? action : `${action} answered`, frame);
  };
  await new Promise((opened, closed) => {
    socket.onopen = opened;
    socket.onclose = closed;
  });
  assert.equal(socket.transport, transport);
  const closed = new Promise((told) => (socket.onclose = told));

  const ask = (action, payload) => {
    socket.send(JSON.stringify({ action, payload }));
    return frames.next(`${action} answered`);
  };
  const token = `Bearer ${facts.agents[0].access_token}`;
  const login = await ask("login", { token });
  assert.equal(login.success, true);
  const started = await ask("start_chat", { active: true });
  assert.equal(started.success, true, JSON.stringify(started));
  const { chat_id } = started.payload;
  await frames.next("incoming_chat", ({ payload }) => payload.chat.id === chat_id);
  const text = `Grüße über ${transport} 👋`;
  await ask("send_event", { chat_id, event: { type: "message", text } });
  await frames.next("incoming_event", ({ payload }) => payload.event.text === text);
  await ask("deactivate_chat", { id: chat_id });
  await ask("logout", {});
  assert.equal((await closed).code, 1000);
}

for (const transport of ["websocket", "xhr-streaming", "xhr-polling"]) {
  await converse(transport);
}
process.exit(0);
