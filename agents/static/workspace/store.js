/**
 * What the workspace knows, and how each answer and push changes it. Pure: reduce() takes a state and an
 * action and returns the next state, touching neither page nor network; nothing it returns is changed later.
 *
 * A chat here is { id, users, access, properties, isFollowed, thread, threads, history, last, from }:
 * `thread` is its newest thread without events, `threads` the loaded ones with events, oldest first,
 * `history` says how far back they reach, `last` is the newest event worth showing in a list, `from` who
 * had the chat before it was transferred here.
 */

import { changed, directoryOf, DIRECTORY_PUSHES, EMPTY } from "./directory.js";

const TYPING_SECONDS = 12;
const PEEK_SECONDS = 90;

/** The state before anything is known. */
export function initialState() {
  return {
    connection: { phase: "connecting", retryAt: null, reason: null, everOnline: false },
    me: null,
    license: null,
    lists: {
      active: { status: "loading", next: null },
      archive: { status: "idle", next: null, ids: [] },
    },
    chats: {},
    customers: {},
    agents: {},
    directory: EMPTY,
    search: { status: "idle", query: "", filters: {}, results: [], found: 0, next: null },
    summaries: {},
    isAway: false,
    typing: {},
    peeks: {},
    selected: null,
    missing: null,
    outbox: [],
    uploads: [],
    closing: {},
  };
}

/** A store around reduce(): `state`, `dispatch(action)` and `subscribe(listener)`. */
export function createStore(state = initialState()) {
  const listeners = new Set();
  return {
    get state() {
      return state;
    },
    dispatch(action) {
      const before = state;
      state = reduce(state, action);
      if (state !== before) for (const listener of listeners) listener(state, before, action);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The state after an action. An action nobody knows changes nothing. */
export function reduce(state, action) {
  if (action.type === "push") {
    const handler = PUSHES[action.action];
    return handler ? handler(state, action.payload, action.now) : state;
  }
  const handler = ACTIONS[action.type];
  return handler ? handler(state, action) : state;
}

const ACTIONS = {
  connection: (state, { connection }) => ({
    ...state,
    connection: {
      ...connection,
      everOnline: state.connection.everOnline || connection.phase === "online",
    },
  }),

  login: (state, { payload }) => {
    const next = {
      ...state,
      me: payload.my_profile,
      license: payload.license ?? null,
      agents: { ...state.agents, [payload.my_profile.id]: payload.my_profile.routing_status },
      typing: {},
      peeks: {},
    };
    return mergeInfos(next, payload.chats_info ?? []);
  },

  "list-status": (state, { scope, status }) => ({
    ...state,
    lists: { ...state.lists, [scope]: { ...state.lists[scope], status } },
  }),

  "list-page": (state, { scope, chats, next, first }) => {
    const merged = mergeInfos(state, chats);
    const list = { ...merged.lists[scope], status: "ready", next: next ?? null };
    if (scope === "archive") {
      const known = first ? [] : list.ids;
      list.ids = [...new Set([...known, ...chats.map((chat) => chat.id)])];
    }
    return { ...merged, lists: { ...merged.lists, [scope]: list } };
  },

  chat: (state, { chat }) => mergeChat(state, chat),

  "history-status": (state, { chatId, status }) =>
    updateChat(state, chatId, (chat) => ({ ...chat, history: { ...chat.history, status } })),

  history: (state, { chatId, threads, next, ...reach }) =>
    updateChat(state, chatId, (chat) => mergeHistory(chat, threads, next ?? null, reach)),

  statuses: (state, { statuses }) => ({
    ...state,
    agents: Object.fromEntries(statuses.map(({ agent_id, status }) => [agent_id, status])),
  }),

  customer: (state, { customer }) => mergeCustomer(state, customer),

  directory: (state, { directory }) => ({ ...state, directory: directoryOf(directory) }),

  search: (state, { change }) => ({ ...state, search: { ...state.search, ...change } }),

  summary: (state, { threadId, status }) => withSummary(state, threadId, status),

  away: (state, { isAway }) => (state.isAway === isAway ? state : { ...state, isAway }),

  select: (state, { chatId }) =>
    state.selected === chatId ? state : { ...state, selected: chatId, missing: null },

  missing: (state, { chatId, error }) =>
    state.selected === chatId ? { ...state, missing: error } : state,

  forget: (state, { chatId }) => withoutChat(state, chatId),

  outbox: (state, { items }) => ({ ...state, outbox: items }),

  uploads: (state, { items }) => ({ ...state, uploads: items }),

  closing: (state, { chatId, until }) => {
    const closing = { ...state.closing };
    if (until) closing[chatId] = until;
    else delete closing[chatId];
    return { ...state, closing };
  },

  "seen-locally": (state, { chatId, seenUpTo }) =>
    state.me ? markSeen(state, chatId, state.me.id, seenUpTo) : state,

  expire: (state, { now }) => expire(state, now),
};

const PUSHES = {
  incoming_chat: (state, { chat, transferred_from: from }) =>
    updateChat(mergeChat(clearTransient(state, chat.id), chat), chat.id, (known) => ({
      ...known,
      from: from ? { ...from, threadId: chat.thread?.id } : known.from,
    })),

  chat_deactivated: (state, { chat_id, thread_id }) =>
    updateChat(clearTransient(state, chat_id), chat_id, (chat) =>
      updateThread(chat, thread_id, { active: false, queue: null }),
    ),

  chat_deleted: (state, { chat_id }) => {
    const missing = state.selected === chat_id ? "chat_deleted" : state.missing;
    const found = withoutResults(state, ({ id }) => id === chat_id);
    return { ...withoutChat(found, chat_id), missing };
  },

  thread_deleted: (state, { chat_id, thread_id }) =>
    updateChat(
      withoutResults(state, ({ thread }) => thread.id === thread_id),
      chat_id,
      (chat) => withoutThreads(chat, ({ id }) => id === thread_id),
    ),

  threads_deleted: (state, limits) => {
    const isGone = (thread) => !thread.active && isWithin(thread, limits);
    const found = withoutResults(state, ({ thread }) => isGone(thread));
    const chats = Object.values(found.chats).map((chat) => [chat.id, withoutThreads(chat, isGone)]);
    return { ...found, chats: Object.fromEntries(chats) };
  },

  thread_tagged: (state, { chat_id, thread_id, tag }) =>
    changeTags(state, chat_id, thread_id, (tags) => [...tags.filter((one) => one !== tag), tag]),

  thread_untagged: (state, { chat_id, thread_id, tag }) =>
    changeTags(state, chat_id, thread_id, (tags) => tags.filter((one) => one !== tag)),

  thread_summary_set: (state, { chat_id, thread_id, summary }) =>
    updateChat(withSummary(state, thread_id, null), chat_id, (chat) =>
      updateThread(chat, thread_id, { summary }),
    ),

  incoming_error: (state, { action, thread_id }) =>
    action === "request_thread_summary" ? withSummary(state, thread_id, "failed") : state,

  chat_access_updated: (state, { id, access }) =>
    updateChat(state, id, (chat) => ({ ...chat, access })),

  chat_transferred: (state, { chat_id, thread_id, transferred_to, queue }) =>
    updateChat(state, chat_id, (chat) => ({
      ...updateThread(chat, thread_id ?? chat.thread?.id, { queue: queue ?? null }),
      access: transferred_to?.group_ids ? { group_ids: transferred_to.group_ids } : chat.access,
    })),

  user_added_to_chat: (state, { chat_id, thread_id, user }) =>
    updateChat(state, chat_id, (chat) => {
      const joined = { ...chat, users: upsertUser(chat.users, { present: true, ...user }) };
      return user.type === "agent"
        ? updateThread(joined, thread_id ?? chat.thread?.id, { queue: null })
        : joined;
    }),

  user_removed_from_chat: (state, { chat_id, user_id }) =>
    updateChat(state, chat_id, (chat) => ({
      ...chat,
      isFollowed: chat.isFollowed && user_id !== state.me?.id,
      users: patchUser(chat.users, user_id, { present: false }),
    })),

  incoming_event: (state, { chat_id, thread_id, event }) => {
    const arrived = updateChat(state, chat_id, (chat) => addEvent(chat, thread_id, event));
    if (event.type === "system") return withSummary(arrived, thread_id, null);
    return clearTransient(arrived, chat_id, event.author_id);
  },

  event_updated: (state, { chat_id, thread_id, event }) =>
    updateChat(state, chat_id, (chat) => replaceEvent(chat, thread_id, event.id, () => event)),

  event_deleted: (state, { chat_id, thread_id, event_id }) =>
    updateChat(state, chat_id, (chat) =>
      replaceEvent(chat, thread_id, event_id, (event) => deleted(event, state.me)),
    ),

  incoming_sneak_peek: (state, { chat_id, sneak_peek }, now) => {
    const peeks = { ...state.peeks };
    if (sneak_peek.text) peeks[chat_id] = { ...sneak_peek, until: now + PEEK_SECONDS * 1000 };
    else delete peeks[chat_id];
    return { ...state, peeks };
  },

  incoming_typing_indicator: (state, { chat_id, typing_indicator }, now) => {
    const { author_id, is_typing, visibility } = typing_indicator;
    if (author_id === state.me?.id) return state;
    const inChat = { ...state.typing[chat_id] };
    if (is_typing) inChat[author_id] = { visibility, until: now + TYPING_SECONDS * 1000 };
    else delete inChat[author_id];
    return { ...state, typing: { ...state.typing, [chat_id]: inChat } };
  },

  incoming_thinking_indicator: (state, { chat_id, author_id, title }, now) => {
    if (author_id === state.me?.id) return state;
    const thought = { thought: title ?? "", until: now + TYPING_SECONDS * 1000 };
    const inChat = { ...state.typing[chat_id], [author_id]: thought };
    return { ...state, typing: { ...state.typing, [chat_id]: inChat } };
  },

  events_marked_as_seen: (state, { chat_id, user_id, seen_up_to }) =>
    markSeen(state, chat_id, user_id, seen_up_to),

  chat_unfollowed: (state, { chat_id }) =>
    updateChat(state, chat_id, (chat) => ({ ...chat, isFollowed: false })),

  queue_positions_updated: (state, entries) =>
    entries.reduce(
      (next, { chat_id, thread_id, queue }) =>
        updateChat(next, chat_id, (chat) =>
          updateThread(chat, thread_id, { queue: { ...chat.thread?.queue, ...queue } }),
        ),
      state,
    ),

  routing_status_set: (state, { agent_id, status }) => ({
    ...state,
    agents: { ...state.agents, [agent_id]: status },
    me: agent_id === state.me?.id ? { ...state.me, routing_status: status } : state.me,
  }),

  incoming_customers: (state, { customers }) => (customers ?? []).reduce(mergeCustomer, state),
  incoming_customer: (state, customer) => mergeCustomer(state, customer),
  customer_updated: (state, customer) => mergeCustomer(state, customer),
  customer_left: (state, { id }) =>
    state.customers[id] ? mergeCustomer(state, { id, online: false }) : state,

  customer_page_updated: (state, { customer_id, opened_at, url, title }) => {
    const known = state.customers[customer_id];
    if (!known) return state;
    const pages = [...(known.visit?.last_pages ?? []), { opened_at, url, title }].slice(-20);
    return mergeCustomer(state, {
      id: customer_id,
      online: true,
      visit: { ...known.visit, last_pages: pages },
    });
  },

  customer_statistics_updated: (state, { customer_id, statistics }) => {
    const known = state.customers[customer_id];
    if (!known) return state;
    const merged = { ...known.statistics, ...statistics };
    return mergeCustomer(state, { id: customer_id, statistics: merged });
  },

  customer_banned: (state, { customer_id, ban }) =>
    state.customers[customer_id]
      ? mergeCustomer(state, { id: customer_id, online: false, ban })
      : state,

  chat_properties_updated: (state, { chat_id, properties }) =>
    updateChat(state, chat_id, (chat) => ({
      ...chat,
      properties: mergeProperties(chat.properties, properties),
    })),

  chat_properties_deleted: (state, { chat_id, properties }) =>
    updateChat(state, chat_id, (chat) => ({
      ...chat,
      properties: dropProperties(chat.properties, properties),
    })),

  thread_properties_updated: (state, { chat_id, thread_id, properties }) =>
    changeThreadProperties(state, chat_id, thread_id, (old) => mergeProperties(old, properties)),

  thread_properties_deleted: (state, { chat_id, thread_id, properties }) =>
    changeThreadProperties(state, chat_id, thread_id, (old) => dropProperties(old, properties)),

  ...Object.fromEntries(
    DIRECTORY_PUSHES.map((action) => [action, (state, payload) => renamed(state, action, payload)]),
  ),
};

/** What became of an agent, group or tag; agents have their new name in chats, too. */
function renamed(state, action, payload) {
  const directory = changed(state.directory, action, payload);
  const next = { ...state, directory };
  if (!payload.name || !/^(agent|bot)_updated$/.test(action)) return next;
  const chats = Object.values(state.chats).map((chat) => [
    chat.id,
    chat.users.some(({ id }) => id === payload.id)
      ? { ...chat, users: patchUser(chat.users, payload.id, { name: payload.name }) }
      : chat,
  ]);
  return { ...next, chats: Object.fromEntries(chats) };
}

// --- chats ---------------------------------------------------------------------------------------

function emptyChat(id) {
  return {
    id,
    users: [],
    access: {},
    properties: {},
    isFollowed: false,
    thread: null,
    threads: [],
    history: { status: "idle", next: null, reached: false },
    last: null,
    from: null,
  };
}

function updateChat(state, id, change) {
  const chat = state.chats[id];
  return chat ? { ...state, chats: { ...state.chats, [id]: change(chat) } } : state;
}

function withoutChat(state, id) {
  if (!state.chats[id]) return state;
  const chats = { ...state.chats };
  delete chats[id];
  return clearTransient({ ...state, chats }, id);
}

function withoutResults(state, isGone) {
  const results = state.search.results.filter((result) => !isGone(result));
  const gone = state.search.results.length - results.length;
  if (!gone) return state;
  return { ...state, search: { ...state.search, results, found: state.search.found - gone } };
}

function withoutThreads(chat, isGone) {
  return chat.threads.some(isGone)
    ? { ...chat, threads: chat.threads.filter((thread) => !isGone(thread)) }
    : chat;
}

/** Whether a thread is one of those `threads_deleted` is about; what it does not name did not limit it. */
function isWithin(thread, { date_from: from, date_to: to, tag }) {
  const begun = Date.parse(thread.created_at);
  return (
    (!from || begun >= Date.parse(from)) &&
    (!to || begun <= Date.parse(to)) &&
    (!tag || (thread.tags ?? []).includes(tag))
  );
}

function changeTags(state, chatId, threadId, change) {
  return updateChat(state, chatId, (chat) => {
    const thread = chat.threads.find(({ id }) => id === threadId) ?? chat.thread;
    return updateThread(chat, threadId, { tags: change(thread?.tags ?? []) });
  });
}

function withSummary(state, threadId, status) {
  if ((state.summaries[threadId] ?? null) === status) return state;
  const summaries = { ...state.summaries };
  if (status) summaries[threadId] = status;
  else delete summaries[threadId];
  return { ...state, summaries };
}

function mergeInfos(state, infos) {
  if (!infos.length) return state;
  const chats = { ...state.chats };
  for (const info of infos) {
    const known = chats[info.id] ?? emptyChat(info.id);
    const { last_event_per_type: lastEvents, ...thread } = info.last_thread_info ?? {};
    chats[info.id] = {
      ...known,
      users: info.users ?? known.users,
      access: info.access ?? known.access,
      properties: info.properties ?? known.properties,
      isFollowed: info.is_followed ?? known.isFollowed,
      thread: thread.id ? { queue: null, ...thread } : known.thread,
      last: newest(
        known.last,
        lastShown(Object.values(lastEvents ?? {}).map((entry) => entry.event)),
      ),
    };
  }
  return { ...state, chats };
}

/** Take in a chat with one thread, as get_chat and incoming_chat carry it. */
function mergeChat(state, given) {
  const known = state.chats[given.id] ?? emptyChat(given.id);
  const { events = [], ...thread } = given.thread ?? {};
  const isNewest = !known.thread || !thread.id || thread.created_at >= known.thread.created_at;
  let chat = {
    ...known,
    users: given.users ?? known.users,
    access: given.access ?? known.access,
    properties: given.properties ?? known.properties,
    isFollowed: given.is_followed ?? known.isFollowed,
    thread: thread.id && isNewest ? { queue: null, ...thread } : known.thread,
  };
  if (thread.id) chat = mergeThreads(chat, [{ ...thread, events }]);
  return { ...state, chats: { ...state.chats, [given.id]: chat } };
}

function mergeThreads(chat, threads) {
  const byId = new Map(chat.threads.map((thread) => [thread.id, thread]));
  for (const { events = [], ...thread } of threads) {
    const known = byId.get(thread.id);
    byId.set(thread.id, { ...known, ...thread, events: mergeEvents(known?.events ?? [], events) });
  }
  const sorted = [...byId.values()].sort((a, b) => compare(a.created_at, b.created_at));
  const last = newest(chat.last, lastShown(sorted.flatMap((thread) => thread.events)));
  return { ...chat, threads: sorted, last };
}

/**
 * A page of history, newest threads first. `older` pages extend what is loaded. A first page extends it only
 * when `continuous`: it reached a thread that was loaded before it was asked for; otherwise there may be
 * threads in between that nobody has read yet, and what is loaded below the page is dropped.
 */
function mergeHistory(chat, threads, next, { older = false, continuous = false }) {
  const oldest = threads.map((thread) => thread.created_at).sort()[0] ?? "";
  const extend = older || continuous;
  const kept = extend
    ? chat.threads
    : chat.threads.filter(({ created_at }) => created_at >= oldest);
  return {
    ...mergeThreads({ ...chat, threads: kept }, threads),
    history: {
      status: "ready",
      next: continuous && !older && chat.history.reached ? chat.history.next : next,
      reached: true,
    },
  };
}

function updateThread(chat, threadId, change) {
  return {
    ...chat,
    thread:
      chat.thread && chat.thread.id === threadId ? { ...chat.thread, ...change } : chat.thread,
    threads: chat.threads.map((thread) =>
      thread.id === threadId ? { ...thread, ...change } : thread,
    ),
  };
}

function changeThreadProperties(state, chatId, threadId, change) {
  return updateChat(state, chatId, (chat) => {
    const thread = chat.threads.find(({ id }) => id === threadId) ?? chat.thread;
    return updateThread(chat, threadId, { properties: change(thread?.properties) });
  });
}

// --- events --------------------------------------------------------------------------------------

/** A new event. Who writes has seen everything before it. */
function addEvent(chat, threadId, event) {
  let next = chat;
  if (chat.threads.some((thread) => thread.id === threadId)) {
    next = mergeThreads(chat, [{ id: threadId, events: [event] }]);
  } else if (chat.thread?.id === threadId) {
    next = mergeThreads(chat, [{ ...chat.thread, events: [event] }]);
  }
  next = { ...next, last: newest(next.last, lastShown([event])) };
  return { ...next, users: advanceSeen(next.users, event.author_id, event.created_at) };
}

function mergeEvents(known, incoming) {
  if (!incoming.length) return known;
  const byId = new Map(known.map((event) => [event.id, event]));
  for (const event of incoming) byId.set(event.id, event);
  return [...byId.values()].sort(compareEvents);
}

function compareEvents(a, b) {
  return compare(a.created_at, b.created_at) || compare(counter(a.id), counter(b.id));
}

function counter(id) {
  const match = /_(\d+)$/.exec(id);
  return match ? Number(match[1]) : 0;
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function replaceEvent(chat, threadId, eventId, change) {
  const swap = (event) => (event.id === eventId ? change(event) : event);
  return {
    ...chat,
    threads: chat.threads.map((thread) =>
      thread.id === threadId ? { ...thread, events: thread.events.map(swap) } : thread,
    ),
    last: chat.last?.id === eventId ? change(chat.last) : chat.last,
  };
}

/** What is left of an event its author took back: administrators may still read it, others see a stub. */
function deleted(event, me) {
  const isAdministrator = me?.permission && me.permission !== "normal";
  if (isAdministrator) return { ...event, deleted: true };
  const { id, type, created_at, visibility, author_id, custom_id } = event;
  const stub = { id, type, created_at, visibility, author_id, deleted: true };
  return custom_id ? { ...stub, custom_id } : stub;
}

/** The newest of events that people wrote; where there is none, the newest the system wrote. */
function lastShown(events) {
  const given = events.filter(
    (event) => event?.id && !event.restricted_access && event.type !== "system",
  );
  const written = given.filter((event) => event.author_id && event.type !== "system_message");
  return (written.length ? written : given).sort(compareEvents).at(-1) ?? null;
}

function newest(known, other) {
  if (!known || !other) return known ?? other;
  if (known.id === other.id) return other;
  if (isWritten(known) !== isWritten(other)) return isWritten(known) ? known : other;
  return compareEvents(known, other) > 0 ? known : other;
}

function isWritten(event) {
  return Boolean(event.author_id) && event.type !== "system_message";
}

// --- users, customers, properties ----------------------------------------------------------------

function upsertUser(users, user) {
  return users.some(({ id }) => id === user.id)
    ? users.map((known) => (known.id === user.id ? { ...known, ...user } : known))
    : [...users, user];
}

function patchUser(users, id, change) {
  return users.map((user) => (user.id === id ? { ...user, ...change } : user));
}

function advanceSeen(users, id, time) {
  return users.map((user) =>
    user.id === id && !(user.events_seen_up_to >= time)
      ? { ...user, events_seen_up_to: time }
      : user,
  );
}

function markSeen(state, chatId, userId, time) {
  return updateChat(state, chatId, (chat) => ({
    ...chat,
    users: advanceSeen(chat.users, userId, time),
  }));
}

function mergeCustomer(state, customer) {
  if (!customer?.id) return state;
  const chats = { ...state.chats };
  for (const chat of Object.values(state.chats)) {
    if (!chat.users.some(({ id }) => id === customer.id)) continue;
    const { present, events_seen_up_to, ...profile } = customer;
    chats[chat.id] = { ...chat, users: patchUser(chat.users, customer.id, profile) };
  }
  const merged = { ...state.customers[customer.id], ...customer };
  return { ...state, chats, customers: { ...state.customers, [customer.id]: merged } };
}

function mergeProperties(known = {}, change = {}) {
  const merged = { ...known };
  for (const [namespace, values] of Object.entries(change)) {
    merged[namespace] = { ...merged[namespace], ...values };
  }
  return merged;
}

function dropProperties(known = {}, names = {}) {
  const rest = { ...known };
  for (const [namespace, gone] of Object.entries(names)) {
    rest[namespace] = Object.fromEntries(
      Object.entries(rest[namespace] ?? {}).filter(([name]) => !gone.includes(name)),
    );
  }
  return rest;
}

// --- transient signals ---------------------------------------------------------------------------

function clearTransient(state, chatId, authorId = null) {
  const typing = { ...state.typing };
  const peeks = { ...state.peeks };
  if (authorId === null) {
    delete typing[chatId];
    delete peeks[chatId];
  } else {
    if (typing[chatId]) {
      typing[chatId] = { ...typing[chatId] };
      delete typing[chatId][authorId];
    }
    if (peeks[chatId]?.author_id === authorId) delete peeks[chatId];
  }
  return { ...state, typing, peeks };
}

function expire(state, now) {
  let changed = false;
  const peeks = {};
  for (const [chatId, peek] of Object.entries(state.peeks)) {
    if (peek.until > now) peeks[chatId] = peek;
    else changed = true;
  }
  const typing = {};
  for (const [chatId, authors] of Object.entries(state.typing)) {
    const alive = Object.entries(authors).filter(([, { until }]) => until > now);
    if (alive.length !== Object.keys(authors).length) changed = true;
    if (alive.length) typing[chatId] = Object.fromEntries(alive);
  }
  return changed ? { ...state, peeks, typing } : state;
}
