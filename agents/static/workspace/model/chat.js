/**
 * One chat as a value, and what can become of it. Nothing given is altered.
 *
 * A chat here is { id, users, access, properties, isFollowed, thread, threads, history, last, from }:
 * `thread` is its newest thread without events, `threads` the loaded ones with events, oldest first,
 * `history` says how far back they reach, `last` is the newest event worth showing in a list, `from` who
 * had the chat before it was transferred here.
 */

import { compare, lastShown, mergeEvents, newest } from "./events.js";
import { advanceSeen } from "./users.js";

/** A chat of which only the id is known. */
export function emptyChat(id) {
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

/** A chat with what a listing tells of it. */
export function withInfo(known, info) {
  const { last_event_per_type: lastEvents, ...thread } = info.last_thread_info ?? {};
  return {
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

/** A chat with what came with one of its threads, as get_chat and incoming_chat carry it. */
export function withThread(known, given) {
  const { events = [], ...thread } = given.thread ?? {};
  const isNewest = !known.thread || !thread.id || thread.created_at >= known.thread.created_at;
  const chat = {
    ...known,
    users: given.users ?? known.users,
    access: given.access ?? known.access,
    properties: given.properties ?? known.properties,
    isFollowed: given.is_followed ?? known.isFollowed,
    thread: thread.id && isNewest ? { queue: null, ...thread } : known.thread,
  };
  return thread.id ? mergeThreads(chat, [{ ...thread, events }]) : chat;
}

/** One of a chat's threads, whether its events are loaded or not. */
export function threadOf(chat, threadId) {
  return chat.threads.find(({ id }) => id === threadId) ?? chat.thread;
}

/** A chat with these threads, and these of their events, beside those that are loaded. */
export function mergeThreads(chat, threads) {
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
export function mergeHistory(chat, threads, next, { older = false, continuous = false }) {
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

export function updateThread(chat, threadId, change) {
  return {
    ...chat,
    thread:
      chat.thread && chat.thread.id === threadId ? { ...chat.thread, ...change } : chat.thread,
    threads: chat.threads.map((thread) =>
      thread.id === threadId ? { ...thread, ...change } : thread,
    ),
  };
}

export function withoutThreads(chat, isGone) {
  return chat.threads.some(isGone)
    ? { ...chat, threads: chat.threads.filter((thread) => !isGone(thread)) }
    : chat;
}

/** A new event. Who writes has seen everything before it. */
export function addEvent(chat, threadId, event) {
  let next = chat;
  if (chat.threads.some((thread) => thread.id === threadId)) {
    next = mergeThreads(chat, [{ id: threadId, events: [event] }]);
  } else if (chat.thread?.id === threadId) {
    next = mergeThreads(chat, [{ ...chat.thread, events: [event] }]);
  }
  next = { ...next, last: newest(next.last, lastShown([event])) };
  return { ...next, users: advanceSeen(next.users, event.author_id, event.created_at) };
}

export function replaceEvent(chat, threadId, eventId, change) {
  const swap = (event) => (event.id === eventId ? change(event) : event);
  return {
    ...chat,
    threads: chat.threads.map((thread) =>
      thread.id === threadId ? { ...thread, events: thread.events.map(swap) } : thread,
    ),
    last: chat.last?.id === eventId ? change(chat.last) : chat.last,
  };
}
