/**
 * What the workspace knows, and how each answer and push changes it. Pure: reduce() takes a state and an
 * action and returns the next state, touching neither page nor network; nothing it returns is changed later.
 *
 * Each module of `reducers/` answers for one part: its `actions` are what this page did or was answered, its
 * `pushes` what the server told. `model/` has the values they work on.
 */

import { EMPTY } from "./directory.js";
import * as chats from "./reducers/chats.js";
import * as customers from "./reducers/customers.js";
import * as directory from "./reducers/directory.js";
import * as events from "./reducers/events.js";
import * as lists from "./reducers/lists.js";
import * as responses from "./reducers/responses.js";
import * as search from "./reducers/search.js";
import * as session from "./reducers/session.js";
import * as signals from "./reducers/signals.js";
import * as threads from "./reducers/threads.js";

const PARTS = [session, lists, search, chats, threads, events, signals, customers, directory, responses];
const ACTIONS = Object.assign({}, ...PARTS.map(({ actions }) => actions));
const PUSHES = Object.assign({}, ...PARTS.map(({ pushes }) => pushes));

/** The state before anything is known. */
export function initialState() {
  return {
    connection: { phase: "connecting", retryAt: null, reason: null, everOnline: false },
    me: null,
    license: null,
    lists: {
      active: { status: "loading", next: null },
      archive: { status: "idle", next: null, ids: [] },
    },
    chats: {},
    customers: {},
    agents: {},
    directory: EMPTY,
    responses: [],
    search: { status: "idle", query: "", filters: {}, results: [], found: 0, next: null },
    summaries: {},
    isAway: false,
    typing: {},
    peeks: {},
    selected: null,
    missing: null,
    outbox: [],
    uploads: [],
    closing: {},
  };
}

/** A store around reduce(): `state`, `dispatch(action)` and `subscribe(listener)`. */
export function createStore(state = initialState()) {
  const listeners = new Set();
  return {
    get state() {
      return state;
    },
    dispatch(action) {
      const before = state;
      state = reduce(state, action);
      if (state !== before) for (const listener of listeners) listener(state, before, action);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The state after an action. An action nobody knows changes nothing. */
export function reduce(state, action) {
  if (action.type === "push") {
    const handler = PUSHES[action.action];
    return handler ? handler(state, action.payload, action.now) : state;
  }
  const handler = ACTIONS[action.type];
  return handler ? handler(state, action) : state;
}
