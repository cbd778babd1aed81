/**
 * Names of what the Chat API names by id alone: agents, groups, tags. Read at every login, kept right by
 * pushes. Pure.
 */

/** A directory before it was read: nothing is known, and `tags` is null because there may be any. */
export const EMPTY = { agents: {}, groups: {}, tags: null };

/** The directory out of the server's answer. */
export function directoryOf({ agents, groups, tags }) {
  return {
    agents: Object.fromEntries(agents.map(({ id, ...agent }) => [id, agent])),
    groups: Object.fromEntries(groups.map(({ id, name }) => [id, name])),
    tags,
  };
}

const CHANGES = {
  agent_created: (directory, { id, name }) => withAgent(directory, id, { name, bot: false }),
  agent_updated: (directory, { id, name }) => (name ? withAgent(directory, id, { name }) : directory),
  agent_deleted: (directory, { id }) => withoutAgent(directory, id),
  bot_created: (directory, { id, name }) => withAgent(directory, id, { name, bot: true }),
  bot_updated: (directory, { id, name }) => (name ? withAgent(directory, id, { name }) : directory),
  bot_deleted: (directory, { id }) => withoutAgent(directory, id),
  group_created: (directory, { id, name }) => withGroup(directory, id, name),
  group_updated: (directory, { id, name }) => (name ? withGroup(directory, id, name) : directory),
  group_deleted: (directory, { id }) => {
    const groups = { ...directory.groups };
    delete groups[id];
    return { ...directory, groups };
  },
  tag_created: (directory, { name, group_ids }) => withTag(directory, { name, group_ids }),
  tag_updated: (directory, { name, group_ids }) => withTag(directory, { name, group_ids }),
  tag_deleted: (directory, { name }) => ({
    ...directory,
    tags: directory.tags?.filter((tag) => tag.name !== name) ?? null,
  }),
};

/** The pushes that change a directory. */
export const DIRECTORY_PUSHES = Object.keys(CHANGES);

/** The directory after a push. */
export function changed(directory, action, payload) {
  return CHANGES[action](directory, payload);
}

function withAgent(directory, id, change) {
  const agents = { ...directory.agents, [id]: { ...directory.agents[id], ...change } };
  return { ...directory, agents };
}

function withoutAgent(directory, id) {
  const agents = { ...directory.agents };
  delete agents[id];
  return { ...directory, agents };
}

function withGroup(directory, id, name) {
  return { ...directory, groups: { ...directory.groups, [id]: name } };
}

function withTag(directory, tag) {
  if (directory.tags === null) return directory;
  const others = directory.tags.filter(({ name }) => name !== tag.name);
  return { ...directory, tags: [...others, tag] };
}

/** Tags that can be put on a thread: those seen anywhere, known to fit its groups, and not on it yet. */
export function tagsFor(state, thread) {
  const has = new Set(thread.tags ?? []);
  const groups = thread.access?.group_ids ?? [];
  const fits = ({ group_ids: ids }) => ids.includes(0) || ids.some((id) => groups.includes(id));
  const known = state.directory.tags;
  const names = known ? known.filter(fits).map(({ name }) => name) : tagsSeen(state);
  return [...new Set(names)].filter((name) => !has.has(name)).sort((a, b) => a.localeCompare(b));
}

/** Every tag on a thread that is loaded or was found in the archives. */
export function tagsSeen(state) {
  const threads = [
    ...Object.values(state.chats).flatMap((chat) => [...chat.threads, chat.thread]),
    ...state.search.results.map(({ thread }) => thread),
  ];
  return [...new Set(threads.flatMap((thread) => thread?.tags ?? []))];
}
