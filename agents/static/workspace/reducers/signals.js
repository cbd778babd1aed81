/** What fades by itself: who is typing or thinking, and what the customer is about to say. */

const TYPING_SECONDS = 12;
const PEEK_SECONDS = 90;

export const actions = {
  expire: (state, { now }) => expire(state, now),
};

export const pushes = {
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
};

/** A state without the signals in a chat: all of them, or one author's. */
export function clearTransient(state, chatId, authorId = null) {
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
