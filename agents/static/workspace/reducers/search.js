/** What was found in the archives. */

export const actions = {
  search: (state, { change }) => ({ ...state, search: { ...state.search, ...change } }),
};

/** A state without those results: what they showed is gone. */
export function withoutResults(state, isGone) {
  const results = state.search.results.filter((result) => !isGone(result));
  const gone = state.search.results.length - results.length;
  if (!gone) return state;
  return { ...state, search: { ...state.search, results, found: state.search.found - gone } };
}
