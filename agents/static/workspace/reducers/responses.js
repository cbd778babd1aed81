/** Canned responses. */

export const actions = {
  responses: (state, { responses }) => ({ ...state, responses }),
};

export const pushes = {
  canned_response_created: withResponse,
  canned_response_updated: withResponse,
  canned_response_deleted: (state, { id }) => ({
    ...state,
    responses: state.responses.filter((response) => response.id !== id),
  }),
};

/** One that is updated may be new here: it may have come from another group. */
function withResponse(state, response) {
  const others = state.responses.filter(({ id }) => id !== response.id);
  return { ...state, responses: [...others, response] };
}
