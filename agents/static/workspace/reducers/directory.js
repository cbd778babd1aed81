/** Names of agents, groups and tags. */

import { changed, directoryOf, DIRECTORY_PUSHES } from "../directory.js";
import { updateChats } from "../model/chats.js";
import { patchUser } from "../model/users.js";

export const actions = {
  directory: (state, { directory }) => ({ ...state, directory: directoryOf(directory) }),
};

export const pushes = Object.fromEntries(
  DIRECTORY_PUSHES.map((action) => [action, (state, payload) => renamed(state, action, payload)]),
);

/** What became of an agent, group or tag; agents have their new name in chats, too. */
function renamed(state, action, payload) {
  const directory = changed(state.directory, action, payload);
  const next = { ...state, directory };
  if (!payload.name || !/^(agent|bot)_updated$/.test(action)) return next;
  return updateChats(next, (chat) =>
    chat.users.some(({ id }) => id === payload.id)
      ? { ...chat, users: patchUser(chat.users, payload.id, { name: payload.name }) }
      : chat,
  );
}
