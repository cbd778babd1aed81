/**
 * All chats of a state, by id.
 */

import { emptyChat, withInfo, withThread } from "./chat.js";
import { advanceSeen } from "./users.js";

/** A state in which one chat changed; an unknown chat changes nothing. */
export function updateChat(state, id, change) {
  const chat = state.chats[id];
  return chat ? { ...state, chats: { ...state.chats, [id]: change(chat) } } : state;
}

/** A state in which every chat may have changed. */
export function updateChats(state, change) {
  const chats = Object.values(state.chats).map((chat) => [chat.id, change(chat)]);
  return { ...state, chats: Object.fromEntries(chats) };
}

/** Take in chats as listings carry them. */
export function mergeInfos(state, infos) {
  if (!infos.length) return state;
  const chats = { ...state.chats };
  for (const info of infos) chats[info.id] = withInfo(chats[info.id] ?? emptyChat(info.id), info);
  return { ...state, chats };
}

/** Take in a chat with one thread, as get_chat and incoming_chat carry it. */
export function mergeChat(state, given) {
  const known = state.chats[given.id] ?? emptyChat(given.id);
  return { ...state, chats: { ...state.chats, [given.id]: withThread(known, given) } };
}

/** Somebody has seen a chat up to a time. */
export function markSeen(state, chatId, userId, time) {
  return updateChat(state, chatId, (chat) => ({
    ...chat,
    users: advanceSeen(chat.users, userId, time),
  }));
}
