/**
 * Canned responses: read at every login, kept right by pushes, and found by what is typed after `#` or `/`.
 */

const PAGE = 1000;
const MOST_SHOWN = 20;
const TRIGGER = /(?:^|\s)([#/])([^\s#/]*)$/u;

export class Responses {
  #reading = false;
  #again = false;

  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
    workspace.pushes.listen((action, payload) => this.#heard(action, payload));
  }

  /** Read them all. What is told meanwhile makes the answer old, so that they are read once more. */
  async read() {
    this.#again = this.#reading;
    if (this.#reading) return;
    this.#reading = true;
    try {
      const responses = await this.#pages();
      if (!this.#again) this.workspace.store.dispatch({ type: "responses", responses });
    } catch {
      // They stay as they were until the next login.
    }
    this.#reading = false;
    if (this.#again) this.read();
  }

  async #pages() {
    const found = [];
    let page = { include_private: true, limit: PAGE };
    while (page) {
      const answer = await this.workspace.configuration.ask("list_canned_responses", page);
      found.push(...answer.canned_responses);
      page = answer.next_page_id ? { page_id: answer.next_page_id } : null;
    }
    return found;
  }

  #heard(action, payload) {
    const isMine = action === "agent_updated" && payload.id === this.workspace.state.me?.id;
    if (action === "group_deleted" || (isMine && payload.groups)) this.read();
    else if (action.startsWith("canned_response_") && this.#reading) this.#again = true;
  }
}

/** Where a response is being looked for: `{start, query}` of the word before the caret, or null. */
export function soughtAt(text, caret) {
  const match = TRIGGER.exec(text.slice(0, caret));
  if (!match) return null;
  return { start: caret - match[2].length - 1, query: match[2] };
}

/**
 * The responses that fit what was typed: by tag before by text, those of the chat's groups before others. `groups`
 * are numbers.
 */
export function fitting(responses, query, groups = []) {
  const sought = folded(query);
  return responses
    .map((response) => ({ response, rank: rankOf(response, sought) }))
    .filter(({ rank }) => rank !== null)
    .sort(
      (one, other) =>
        one.rank - other.rank ||
        groups.includes(other.response.group_id) - groups.includes(one.response.group_id) ||
        labelOf(one.response).localeCompare(labelOf(other.response)) ||
        one.response.id - other.response.id,
    )
    .slice(0, MOST_SHOWN)
    .map(({ response }) => response);
}

/** How well a response fits: the lower the better, null not at all. */
function rankOf({ tags, text }, sought) {
  const names = tags.map(folded);
  if (names.includes(sought)) return 0;
  if (names.some((name) => name.startsWith(sought))) return 1;
  if (!sought) return 2;
  if (names.some((name) => name.includes(sought))) return 2;
  return folded(text).includes(sought) ? 3 : null;
}

const labelOf = ({ tags, text }) => tags[0] ?? text;

/** A text in which case and accents do not count. */
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
