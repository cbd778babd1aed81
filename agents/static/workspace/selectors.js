/**
 * Questions asked of the state: which section a chat belongs to, what is unread, who waits since when.
 */

export const SECTIONS = ["mine", "queued", "unassigned", "others", "archive"];

/** How long a customer may wait for words before a row turns to warning, then to danger. In seconds. */
export const WAIT_WARN = 120;
export const WAIT_DANGER = 300;

export function customerOf(chat) {
  return chat.users.find(({ type }) => type === "customer") ?? null;
}

export function agentsOf(chat) {
  return chat.users.filter(({ type }) => type === "agent");
}

export function presentAgents(chat) {
  return agentsOf(chat).filter(({ present }) => present);
}

/** The agents the customer talks with: those who only whisper keep nobody from waiting. */
export function answeringAgents(chat) {
  return presentAgents(chat).filter(({ visibility }) => visibility !== "agents");
}

export function userOf(chat, id) {
  return chat.users.find((user) => user.id === id) ?? null;
}

/** My own seat in the chat while I am present in it, or null. */
export function mySeat(chat, me) {
  return chat.users.find(({ id, present }) => id === me?.id && present) ?? null;
}

/** Whether I am in the chat only to whisper, unseen by the customer. */
export function isSupervising(chat, me) {
  return mySeat(chat, me)?.visibility === "agents";
}

export function isActive(chat) {
  return Boolean(chat.thread?.active);
}

export function sectionOf(chat, me) {
  if (!isActive(chat)) return "archive";
  if (mySeat(chat, me)) return "mine";
  if (answeringAgents(chat).length) return "others";
  return chat.thread.queue ? "queued" : "unassigned";
}

/**
 * The chats of every section in the order they are shown. Nothing moves when a message arrives: queued and
 * unassigned chats stand longest waiting first, mine and others newest first; archived ones by their last words.
 */
export function sections(state) {
  const groups = Object.fromEntries(SECTIONS.map((name) => [name, []]));
  for (const chat of Object.values(state.chats)) groups[sectionOf(chat, state.me)].push(chat);
  groups.queued.sort((a, b) => order(queuedAt(a), queuedAt(b)));
  groups.unassigned.sort((a, b) => order(begun(a), begun(b)));
  groups.mine.sort((a, b) => order(begun(b), begun(a)));
  groups.others.sort((a, b) => order(begun(b), begun(a)));
  groups.archive.sort((a, b) => order(lastTime(b), lastTime(a)));
  return groups;
}

function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function begun(chat) {
  return `${chat.thread?.created_at ?? ""}${chat.id}`;
}

export function lastTime(chat) {
  return chat.last?.created_at ?? chat.thread?.created_at ?? "";
}

export function queuedAt(chat) {
  return chat.thread?.queue?.queued_at ?? chat.thread?.created_at ?? "";
}

/** The events of the newest thread that are loaded, or null when none are. */
function newestEvents(chat) {
  const thread = chat.threads.find(({ id }) => id === chat.thread?.id);
  return thread ? thread.events : null;
}

/** How many messages of the customer I have not seen in a chat I am in. */
export function unread(chat, me) {
  const seat = mySeat(chat, me);
  const customer = customerOf(chat);
  if (!seat || !customer || !isActive(chat)) return 0;
  const seen = seat.events_seen_up_to ?? "";
  const isUnread = (event) =>
    event.author_id === customer.id && event.created_at > seen && !event.deleted;
  const events = newestEvents(chat);
  if (events) return events.filter(isUnread).length;
  return chat.last && isUnread(chat.last) ? 1 : 0;
}

/** Since when the customer waits for an answer, or null when the last word is ours. */
export function waitingSince(chat) {
  const customer = customerOf(chat);
  if (!customer || !isActive(chat)) return null;
  const events = newestEvents(chat);
  if (!events) return chat.last?.author_id === customer.id ? chat.last.created_at : null;
  let since = null;
  for (const event of events) {
    if (event.deleted) continue;
    if (event.author_id === customer.id) since ??= event.created_at;
    else if (event.author_id && event.visibility !== "agents") since = null;
  }
  return since;
}

/** "", "warn" or "danger", by how long the waiting has lasted. */
export function urgency(since, now) {
  const seconds = (now - Date.parse(since)) / 1000;
  if (seconds >= WAIT_DANGER) return "danger";
  return seconds >= WAIT_WARN ? "warn" : "";
}

/** The number that needs me: my chats with unseen words of a customer. */
export function needsMe(state) {
  return Object.values(state.chats).filter((chat) => unread(chat, state.me) > 0).length;
}

/** What the customer thought of a thread: `{score, comment}`, either absent; a score is 1 or 0. */
export function ratingOf(thread) {
  const { score, comment } = thread.properties?.rating ?? {};
  const given = score === null || score === undefined ? {} : { score: Number(score) };
  return comment ? { ...given, comment } : given;
}

/** Who had the chat before it was transferred, or null. */
export function transferredFrom(chat) {
  return chat.from && chat.from.threadId === chat.thread?.id ? chat.from : null;
}

/** What waits to be sent, or is on its way, in one chat. */
export function pendingIn(state, chatId) {
  return state.outbox.filter((item) => item.chatId === chatId);
}

export function uploadsIn(state, chatId) {
  return state.uploads.filter((item) => item.chatId === chatId);
}

/** The time of the newest event of somebody else: seen up to there once it was on screen. */
export function newestForeign(chat, me) {
  const events = newestEvents(chat) ?? [];
  return events.filter(({ author_id }) => author_id !== me?.id).at(-1)?.created_at ?? null;
}

/** Chats whose customer's name, address or last words contain every word of a query. */
export function searchChats(state, query) {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return Object.values(state.chats)
    .filter((chat) => {
      const customer = customerOf(chat);
      const text = [
        customer?.name,
        customer?.email,
        customer?.phone_number,
        chat.last?.text,
        chat.id,
      ]
        .filter(Boolean)
        .join(" ")
        .toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => Number(isActive(b)) - Number(isActive(a)) || order(lastTime(b), lastTime(a)));
}
