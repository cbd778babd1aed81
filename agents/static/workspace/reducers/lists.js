/** The pages of chats that were read, and how the reading goes. */

import { mergeInfos } from "../model/chats.js";

export const actions = {
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
};
