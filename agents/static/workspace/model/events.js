/**
 * Events as values: their order, merging what is known with what came, and which of them stands for a chat in a list.
 */

export function mergeEvents(known, incoming) {
  if (!incoming.length) return known;
  const byId = new Map(known.map((event) => [event.id, event]));
  for (const event of incoming) byId.set(event.id, event);
  return [...byId.values()].sort(compareEvents);
}

function compareEvents(a, b) {
  return compare(a.created_at, b.created_at) || compare(counter(a.id), counter(b.id));
}

function counter(id) {
  const match = /_(\d+)$/.exec(id);
  return match ? Number(match[1]) : 0;
}

/** The order of two times, or of two numbers. */
export function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What is left of an event its author took back: administrators may still read it, others see a stub. */
export function deleted(event, me) {
  const isAdministrator = me?.permission && me.permission !== "normal";
  if (isAdministrator) return { ...event, deleted: true };
  const { id, type, created_at, visibility, author_id, custom_id } = event;
  const stub = { id, type, created_at, visibility, author_id, deleted: true };
  return custom_id ? { ...stub, custom_id } : stub;
}

/** The newest of events that people wrote; where there is none, the newest the system wrote. */
export function lastShown(events) {
  const given = events.filter(
    (event) => event?.id && !event.restricted_access && event.type !== "system",
  );
  const written = given.filter((event) => event.author_id && event.type !== "system_message");
  return (written.length ? written : given).sort(compareEvents).at(-1) ?? null;
}

/** The one of two events a list shows: people's words before the system's, then the later. */
export function newest(known, other) {
  if (!known || !other) return known ?? other;
  if (known.id === other.id) return other;
  if (isWritten(known) !== isWritten(other)) return isWritten(known) ? known : other;
  return compareEvents(known, other) > 0 ? known : other;
}

function isWritten(event) {
  return Boolean(event.author_id) && event.type !== "system_message";
}
