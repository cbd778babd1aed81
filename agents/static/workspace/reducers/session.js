/** Who is here and how: the line, my profile, the statuses of agents. */

import { mergeInfos } from "../model/chats.js";

export const actions = {
  connection: (state, { connection }) => ({
    ...state,
    connection: {
      ...connection,
      everOnline: state.connection.everOnline || connection.phase === "online",
    },
  }),

  login: (state, { payload }) => {
    const next = {
      ...state,
      me: payload.my_profile,
      license: payload.license ?? null,
      agents: { ...state.agents, [payload.my_profile.id]: payload.my_profile.routing_status },
      typing: {},
      peeks: {},
    };
    return mergeInfos(next, payload.chats_info ?? []);
  },

  statuses: (state, { statuses }) => ({
    ...state,
    agents: Object.fromEntries(statuses.map(({ agent_id, status }) => [agent_id, status])),
  }),

  away: (state, { isAway }) => (state.isAway === isAway ? state : { ...state, isAway }),
};

export const pushes = {
  routing_status_set: (state, { agent_id, status }) => ({
    ...state,
    agents: { ...state.agents, [agent_id]: status },
    me: agent_id === state.me?.id ? { ...state.me, routing_status: status } : state.me,
  }),
};
