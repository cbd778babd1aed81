/** Events: what was said, changed, taken back and seen, and what of mine is still on its way. */

import { addEvent, replaceEvent } from "../model/chat.js";
import { markSeen, updateChat } from "../model/chats.js";
import { deleted } from "../model/events.js";
import { clearTransient } from "./signals.js";
import { withSummary } from "./threads.js";

export const actions = {
  outbox: (state, { items }) => ({ ...state, outbox: items }),

  uploads: (state, { items }) => ({ ...state, uploads: items }),

  "seen-locally": (state, { chatId, seenUpTo }) =>
    state.me ? markSeen(state, chatId, state.me.id, seenUpTo) : state,
};

export const pushes = {
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

  events_marked_as_seen: (state, { chat_id, user_id, seen_up_to }) =>
    markSeen(state, chat_id, user_id, seen_up_to),
};
