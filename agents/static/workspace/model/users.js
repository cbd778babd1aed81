/**
 * Who is in a chat, as a value: a list of users, each with what is known of them.
 */

export function upsertUser(users, user) {
  return users.some(({ id }) => id === user.id)
    ? users.map((known) => (known.id === user.id ? { ...known, ...user } : known))
    : [...users, user];
}

export function patchUser(users, id, change) {
  return users.map((user) => (user.id === id ? { ...user, ...change } : user));
}

/** What somebody has seen only ever grows. */
export function advanceSeen(users, id, time) {
  return users.map((user) =>
    user.id === id && !(user.events_seen_up_to >= time)
      ? { ...user, events_seen_up_to: time }
      : user,
  );
}
