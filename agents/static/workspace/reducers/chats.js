/** Chats: which there are, who is in them, who may see them, which one is on screen. */

import { updateThread } from "../model/chat.js";
import { mergeChat, updateChat } from "../model/chats.js";
import { dropProperties, mergeProperties } from "../model/properties.js";
import { patchUser, upsertUser } from "../model/users.js";
import { withoutResults } from "./search.js";
import { clearTransient } from "./signals.js";

export const actions = {
  chat: (state, { chat }) => mergeChat(state, chat),

  select: (state, { chatId }) =>
    state.selected === chatId ? state : { ...state, selected: chatId, missing: null },

  missing: (state, { chatId, error }) =>
    state.selected === chatId ? { ...state, missing: error } : state,

  forget: (state, { chatId }) => withoutChat(state, chatId),

  closing: (state, { chatId, until }) => {
    const closing = { ...state.closing };
    if (until) closing[chatId] = until;
    else delete closing[chatId];
    return { ...state, closing };
  },
};

export const pushes = {
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
      return user.type === "agent" && user.visibility !== "agents"
        ? updateThread(joined, thread_id ?? chat.thread?.id, { queue: null })
        : joined;
    }),

  user_removed_from_chat: (state, { chat_id, user_id }) =>
    updateChat(state, chat_id, (chat) => ({
      ...chat,
      isFollowed: chat.isFollowed && user_id !== state.me?.id,
      users: patchUser(chat.users, user_id, { present: false }),
    })),

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
};

function withoutChat(state, id) {
  if (!state.chats[id]) return state;
  const chats = { ...state.chats };
  delete chats[id];
  return clearTransient({ ...state, chats }, id);
}
