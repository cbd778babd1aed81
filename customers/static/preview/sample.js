/*
 * A session for previews: sample content, in the place of what `session.js` would fetch. It talks to
 * nobody and keeps nothing, so looking at a preview makes neither customers nor chats.
 */

import * as chat from "../widget/conversation.js";

const ME = "sample-customer";
const THEM = "sample-agent";
const CHAT = "SAMPLECHAT";
const THREAD = "SAMPLETHRD";

/** Nothing that is tried out here is remembered. */
Storage.prototype.setItem = () => {};

const { scene, agent, words, greeting } = JSON.parse(document.getElementById("sample").textContent);
const nothing = () => {};

const event = (place, author, text, ago) => ({
  id: `${THREAD}_${place}`,
  type: "message",
  author_id: author,
  text,
  created_at: new Date(Date.now() - ago * 60_000).toISOString(),
});

/** What was said, where the scene is a chat. */
function conversation() {
  if (scene !== "chat") return chat.NOBODY;
  const now = new Date().toISOString();
  const users = [{ id: ME, type: "customer", present: true, events_seen_up_to: now }, { ...agent, id: THEM, type: "agent", present: true, events_seen_up_to: now }];
  const events = [event(1, ME, words.question, 3), event(2, THEM, words.answer, 2), event(3, ME, words.thanks, 1)];
  const threads = [{ id: THREAD, active: true, created_at: events[0].created_at, events }];
  return chat.fromReading({ id: CHAT, users }, { threads });
}

class Sample extends EventTarget {
  conversation = conversation();
  customer = { id: ME };
  connection = { phase: "online" };
  ready = true;
  broken = false;
  asked = null;
  activity = { current: null };
  attention = { unread: 0, watch: nothing, typing: nothing };
  visit = { setPage: nothing, setCustomer: nothing };
  lastThread = { rate: nothing, comment: nothing, mailTo: nothing };
  reception = {
    group: 0,
    groups: {},
    availability: scene === "away" ? "offline" : "online",
    predicted: scene === "away" ? null : agent,
    isSkipped: () => false,
    skip: nothing,
  };
  greeting = {
    current: greeting && { ...greeting, agent },
    dismiss: () => this.#greeted(null),
    accept: nothing,
    press: nothing,
  };

  pending = () => [];
  start = () => this.#changed();
  retry = nothing;
  attach = () => null;
  again = nothing;
  discard = nothing;
  answer = nothing;
  press = nothing;
  takeBack = async () => {};
  endChat = async () => {};
  loadEarlier = async () => {};

  /** Shows what is typed as it would look when sent. */
  say(text) {
    const said = text.trim();
    if (!said) return null;
    const thread = this.conversation.threads[0];
    const next = event((thread?.events.length ?? 0) + 1, ME, said, 0);
    const users = { ...this.conversation.users, [ME]: { id: ME, type: "customer", present: true } };
    this.conversation = chat.apply({ ...this.conversation, id: CHAT, users }, "incoming_event", { chat_id: CHAT, thread_id: THREAD, event: next });
    this.#changed();
    return null;
  }

  #greeted(current) {
    this.greeting.current = current;
    this.#changed();
  }

  #changed() {
    queueMicrotask(() => this.dispatchEvent(new Event("change")));
  }
}

window.sample = new Sample();
