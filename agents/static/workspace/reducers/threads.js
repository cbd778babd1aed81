/** Threads: how far back they are loaded, their tags, summaries and properties, and those that were deleted. */

import { mergeHistory, threadOf, updateThread, withoutThreads } from "../model/chat.js";
import { updateChat, updateChats } from "../model/chats.js";
import { dropProperties, mergeProperties } from "../model/properties.js";
import { withoutResults } from "./search.js";

export const actions = {
  "history-status": (state, { chatId, status }) =>
    updateChat(state, chatId, (chat) => ({ ...chat, history: { ...chat.history, status } })),

  history: (state, { chatId, threads, next, ...reach }) =>
    updateChat(state, chatId, (chat) => mergeHistory(chat, threads, next ?? null, reach)),

  summary: (state, { threadId, status }) => withSummary(state, threadId, status),
};

export const pushes = {
  thread_deleted: (state, { chat_id, thread_id }) =>
    updateChat(
      withoutResults(state, ({ thread }) => thread.id === thread_id),
      chat_id,
      (chat) => withoutThreads(chat, ({ id }) => id === thread_id),
    ),

  threads_deleted: (state, limits) => {
    const isGone = (thread) => !thread.active && isWithin(thread, limits);
    const found = withoutResults(state, ({ thread }) => isGone(thread));
    return updateChats(found, (chat) => withoutThreads(chat, isGone));
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

  thread_properties_updated: (state, { chat_id, thread_id, properties }) =>
    changeThreadProperties(state, chat_id, thread_id, (old) => mergeProperties(old, properties)),

  thread_properties_deleted: (state, { chat_id, thread_id, properties }) =>
    changeThreadProperties(state, chat_id, thread_id, (old) => dropProperties(old, properties)),
};

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
    const thread = threadOf(chat, threadId);
    return updateThread(chat, threadId, { tags: change(thread?.tags ?? []) });
  });
}

function changeThreadProperties(state, chatId, threadId, change) {
  return updateChat(state, chatId, (chat) => {
    const thread = threadOf(chat, threadId);
    return updateThread(chat, threadId, { properties: change(thread?.properties) });
  });
}

/** A state in which a summary is asked for, failed, or neither of both. */
export function withSummary(state, threadId, status) {
  if ((state.summaries[threadId] ?? null) === status) return state;
  const summaries = { ...state.summaries };
  if (status) summaries[threadId] = status;
  else delete summaries[threadId];
  return { ...state, summaries };
}
