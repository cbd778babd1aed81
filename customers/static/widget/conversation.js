/*
 * The chat as the server told it: a value, and what each push makes of it.
 *
 * Pure functions. Every push may be applied twice without harm, because after a reconnect pushes
 * that overtook the fresh reading are applied once more.
 */

const SPOKEN = new Set(["message", "file", "rich_message"]);

/** Nothing said yet. `earlier` is the page id of older threads, if there are any. */
export const NOBODY = Object.freeze({ id: null, users: {}, threads: [], previews: {}, earlier: null });

/** Builds the conversation from a `list_chats` entry and a `list_threads` answer. */
export function fromReading(summary, { threads = [], next_page_id: earlier = null }) {
  return {
    id: summary.id,
    users: byId(summary.users ?? []),
    threads: threads.map(toThread).sort(byCreation),
    previews: {},
    earlier,
  };
}

/** Adds an older page of threads in front. */
export function withEarlier(conversation, { threads = [], next_page_id: earlier = null }) {
  const older = threads.map(toThread).filter((thread) => !findThread(conversation, thread.id));
  return { ...conversation, threads: [...older, ...conversation.threads].sort(byCreation), earlier };
}

/** Returns the conversation after a push; unknown pushes leave it as it is. */
export function apply(conversation, action, payload) {
  const change = CHANGES[action];
  if (!change) return conversation;
  if (action !== "incoming_chat" && payload.chat_id !== conversation.id) return conversation;
  return change(conversation, payload);
}

const CHANGES = {
  incoming_chat(conversation, { chat }) {
    const same = chat.id === conversation.id;
    if (!same && conversation.id && !chat.thread?.active) return conversation;
    const base = same ? conversation : { ...NOBODY, id: chat.id };
    const users = { ...base.users, ...byId(chat.users ?? []) };
    return chat.thread ? withThread({ ...base, users }, toThread(chat.thread)) : { ...base, users };
  },
  chat_deactivated: (conversation, { thread_id: id }) =>
    changeThread({ ...conversation, previews: {} }, id, (thread) => ({ ...thread, active: false, queue: null })),
  chat_transferred: (conversation, { thread_id: id, queue }) =>
    changeThread(conversation, id, (thread) => ({ ...thread, queue: queue ?? null })),
  queue_position_updated: (conversation, { thread_id: id, queue }) =>
    changeThread(conversation, id, (thread) => ({ ...thread, queue })),
  user_added_to_chat(conversation, { thread_id: id, user }) {
    const users = { ...conversation.users, [user.id]: { ...conversation.users[user.id], ...user, present: true } };
    const answered = (thread) => (user.type === "agent" ? { ...thread, queue: null } : thread);
    return changeThread({ ...conversation, users }, id, answered);
  },
  user_removed_from_chat: (conversation, { user_id: id }) => changeUser(conversation, id, { present: false }),
  incoming_event(conversation, { thread_id: id, event }) {
    const previews = withoutAuthor(conversation.previews, event);
    const known = findThread(conversation, id) ?? toThread({ id, active: true, created_at: event.created_at });
    const thread = { ...known, events: withEvent(known.events, event) };
    const seen = event.author_id && { events_seen_up_to: event.created_at };
    return changeUser(withThread({ ...conversation, previews }, thread), event.author_id, seen);
  },
  incoming_event_preview: (conversation, { event }) => ({
    ...conversation,
    previews: { ...conversation.previews, [event.custom_id ?? event.author_id]: event },
  }),
  event_updated: (conversation, { thread_id: id, event }) =>
    changeThread(conversation, id, (thread) => ({
      ...thread,
      events: thread.events.map((known) => (known.id === event.id ? { ...known, ...event } : known)),
    })),
  event_deleted: (conversation, { thread_id: id, event_id: eventId }) =>
    changeThread(conversation, id, (thread) => ({
      ...thread,
      events: thread.events.filter((event) => event.id !== eventId),
    })),
  events_marked_as_seen: (conversation, { user_id: id, seen_up_to: seen }) =>
    changeUser(conversation, id, { events_seen_up_to: seen }),
  thread_properties_updated: (conversation, { thread_id: id, properties = {} }) =>
    changeThread(conversation, id, (thread) => ({ ...thread, properties: merged(thread.properties ?? {}, properties) })),
  thread_properties_deleted: (conversation, { thread_id: id, properties = {} }) =>
    changeThread(conversation, id, (thread) => ({ ...thread, properties: reduced(thread.properties ?? {}, properties) })),
};

/** The thread that is going on, or undefined. */
export const activeThread = (conversation) => conversation.threads.find((thread) => thread.active);

/** The newest thread, going on or not, or undefined. */
export const lastThread = (conversation) => conversation.threads.at(-1);

/** Whether an agent, rather than the customer or the system, said something in a thread. */
export const wasAnswered = (conversation, thread) =>
  thread.events.some((event) => isSpoken(event) && conversation.users[event.author_id]?.type === "agent");

/** Forgets what somebody was seen writing. */
export function withoutPreviews(conversation, authorId) {
  return { ...conversation, previews: withoutAuthor(conversation.previews, { author_id: authorId }) };
}

/** An event as it will be once the customer has pressed a button, before the server says so. */
export function pressed(event, postbackId, userId) {
  const press = (button) =>
    button.postback_id === postbackId ? { ...button, user_ids: [...new Set([...(button.user_ids ?? []), userId])] } : button;
  const elements = (event.elements ?? []).map((element) => ({ ...element, buttons: element.buttons?.map(press) }));
  return { ...event, elements };
}

/** Every event in the order it happened. */
export const allEvents = (conversation) => conversation.threads.flatMap((thread) => thread.events);

/** The custom ids of everything stored. */
export const customIds = (conversation) =>
  new Set(allEvents(conversation).map((event) => event.custom_id).filter(Boolean));

/** Agents who are in the chat now. */
export const presentAgents = (conversation) =>
  Object.values(conversation.users).filter((user) => user.type === "agent" && user.present);

/** The agent who last said something, present or not. */
export function lastAgent(conversation) {
  const authors = allEvents(conversation).map((event) => conversation.users[event.author_id]);
  return authors.filter((user) => user?.type === "agent").at(-1) ?? null;
}

/** How many words of others the customer has not seen. */
export function unreadCount(conversation, customerId) {
  const seen = conversation.users[customerId]?.events_seen_up_to ?? "";
  return spokenByOthers(conversation, customerId).filter((event) => event.created_at > seen).length;
}

/** Until when (RFC 3339) somebody on the other side has read. */
export function readUpTo(conversation, customerId) {
  const others = Object.values(conversation.users).filter((user) => user.id !== customerId);
  return others.reduce((latest, user) => maximum(latest, user.events_seen_up_to), "");
}

/** Whether an event is somebody's words rather than a note of the system. */
export const isSpoken = (event) => SPOKEN.has(event.type);

/** Marks everything up to the last event as seen by the customer, before the server says so. */
export function markedSeen(conversation, customerId, seen) {
  return changeUser(conversation, customerId, { events_seen_up_to: seen });
}

/** The newest part of a conversation, for keeping over a reload. */
export function excerpt(conversation, count) {
  const thread = conversation.threads.at(-1);
  return thread ? { ...conversation, threads: [{ ...thread, events: thread.events.slice(-count) }], previews: {} } : conversation;
}

function spokenByOthers(conversation, customerId) {
  return allEvents(conversation).filter(
    (event) => isSpoken(event) && event.author_id && event.author_id !== customerId,
  );
}

function toThread({ id, active = false, created_at: createdAt, events = [], queue = null, properties = {} }) {
  return { id, active, createdAt, queue, properties, events: events.reduce(withEvent, []) };
}

/** Replaces the event of the same id, or puts it where its time belongs (mostly the end). */
function withEvent(events, event) {
  const known = events.findIndex((other) => other.id === event.id);
  if (known >= 0) return [...events.slice(0, known), event, ...events.slice(known + 1)];
  let place = events.length;
  while (place > 0 && events[place - 1].created_at > event.created_at) place -= 1;
  return [...events.slice(0, place), event, ...events.slice(place)];
}

/** Adds or replaces a thread; the answer to an earlier reading never hides events already known. */
function withThread(conversation, thread) {
  const known = findThread(conversation, thread.id);
  const events = known ? known.events.reduce(withMissing, thread.events) : thread.events;
  const others = conversation.threads.filter((other) => other.id !== thread.id);
  const closed = thread.active ? others.map((other) => ({ ...other, active: false })) : others;
  return { ...conversation, threads: [...closed, { ...thread, events }].sort(byCreation) };
}

const withMissing = (events, event) =>
  events.some((other) => other.id === event.id) ? events : withEvent(events, event);

function changeThread(conversation, id, change) {
  const threads = conversation.threads.map((thread) => (thread.id === id ? change(thread) : thread));
  return { ...conversation, threads };
}

function changeUser(conversation, id, changes) {
  const user = conversation.users[id];
  if (!user || !changes) return conversation;
  const seen = maximum(user.events_seen_up_to, changes.events_seen_up_to);
  return { ...conversation, users: { ...conversation.users, [id]: { ...user, ...changes, events_seen_up_to: seen } } };
}

const findThread = (conversation, id) => conversation.threads.find((thread) => thread.id === id);
const byId = (users) => Object.fromEntries(users.map((user) => [user.id, user]));
const byCreation = (one, other) => ((one.createdAt ?? "") < (other.createdAt ?? "") ? -1 : 1);
const maximum = (one, other) => ((other ?? "") > (one ?? "") ? other : one);
const select = (record, fits) => Object.fromEntries(Object.entries(record).filter(([name, value]) => fits(name, value)));

/** Previews without those that the event, or its author's next words, take the place of. */
const withoutAuthor = (previews, event) =>
  select(previews, (key, preview) => key !== event.custom_id && preview.author_id !== event.author_id);

/** Properties with others on top, namespace by namespace. */
const merged = (properties, more) =>
  Object.entries(more).reduce((all, [space, values]) => ({ ...all, [space]: { ...all[space], ...values } }), properties);

/** Properties without those named, namespace by namespace. */
const reduced = (properties, names) =>
  Object.entries(names).reduce(
    (all, [space, gone]) => ({ ...all, [space]: select(all[space] ?? {}, (name) => !gone.includes(name)) }),
    properties,
  );
