/**
 * Searching the archives: what is asked, the pages of what is found, and where in a text the sought words are.
 *
 * The server is asked to put two characters around each find that no keyboard and no text has; a text is cut
 * at them and never read as markup.
 */

export const MARK_BEGIN = "\uE0F1";
export const MARK_END = "\uE0F2";
const PAGE = 20;
const AROUND = 48;

export class Archive {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
    this.asked = 0;
  }

  /**
   * Search anew. `filters` are `{from, to}` (days as the reader's calendar has them), `agent` and `tag`, each
   * left out or empty when it does not matter. Nothing at all asked for ends the search.
   */
  async search(query, filters = {}) {
    const turn = ++this.asked;
    if (!query.trim() && !Object.values(filters).some(Boolean)) {
      this.#change({ status: "idle", query: "", filters: {}, results: [], found: 0, next: null });
      return;
    }
    this.#change({ status: "loading", query, filters, results: [], found: 0, next: null });
    await this.#page(turn, { filters: asFilters(query, filters), limit: PAGE }, []);
  }

  /** The results after those shown. */
  async more() {
    const { next, status, results } = this.workspace.state.search;
    if (!next || status !== "ready") return;
    this.#change({ status: "loading-more" });
    await this.#page(++this.asked, { page_id: next }, results);
  }

  /** Ask again for what failed, or is out of date. */
  again() {
    const { query, filters, status } = this.workspace.state.search;
    return status === "idle" ? null : this.search(query, filters);
  }

  async #page(turn, request, before) {
    const highlights = { pre_tag: MARK_BEGIN, post_tag: MARK_END };
    try {
      const answer = await this.workspace.ask("list_archives", { ...request, highlights });
      if (turn !== this.asked) return;
      this.#change({
        status: "ready",
        results: [...before, ...answer.chats],
        found: answer.found_chats,
        next: answer.next_page_id ?? null,
      });
    } catch (error) {
      if (turn === this.asked) this.#change({ status: "error", error: error.type });
    }
  }

  #change(change) {
    this.workspace.store.dispatch({ type: "search", change });
  }
}

/** The protocol's filters: a day ends when the next one begins. */
export function asFilters(query, { from, to, agent, tag }) {
  return {
    ...(query.trim() ? { query: query.trim() } : {}),
    ...moment("from", from, "T00:00:00"),
    ...moment("to", to, "T23:59:59.999"),
    ...(agent ? { agents: { values: [agent] } } : {}),
    ...(tag ? { tags: { values: [tag] } } : {}),
  };
}

/** A moment of a day of the reader's calendar; none for days no calendar has. */
function moment(name, day, time) {
  const date = new Date(`${day}${time}`);
  return day && !Number.isNaN(date.getTime()) ? { [name]: date.toISOString() } : {};
}

/** A text in pieces `{text, found}`. Marks without their counterpart are dropped. */
export function pieces(text) {
  const found = [];
  for (const part of text.split(MARK_BEGIN)) {
    const end = part.indexOf(MARK_END);
    const isFirst = !found.length && !text.startsWith(MARK_BEGIN);
    if (end < 0 || isFirst) found.push({ text: part.replaceAll(MARK_END, ""), found: false });
    else {
      found.push({ text: part.slice(0, end), found: true });
      found.push({ text: part.slice(end + 1).replaceAll(MARK_END, ""), found: false });
    }
  }
  return found.filter((piece) => piece.text);
}

/** The line of a thread that best shows why it was found: the first with a find in it, cut around that. */
export function excerpt(thread) {
  const texts = (thread.events ?? []).flatMap(textsOf).filter(Boolean);
  const best = texts.find((text) => text.includes(MARK_BEGIN));
  if (best === undefined) return pieces(cut(texts[0] ?? "", 0));
  return pieces(cut(best, best.indexOf(MARK_BEGIN)));
}

function cut(text, at) {
  const one = text.replace(/\s+/g, " ");
  const place = at ? one.indexOf(MARK_BEGIN) : 0;
  if (place <= AROUND) return one.slice(0, 4 * AROUND);
  const begin = one.lastIndexOf(" ", place - AROUND / 2) + 1 || place;
  return `…${one.slice(begin, begin + 4 * AROUND)}`;
}

function textsOf(event) {
  if (event.type === "message") return [event.text];
  if (event.type === "file") return [event.name];
  if (event.type === "rich_message") {
    return (event.elements ?? []).flatMap(({ title, subtitle }) => [title, subtitle]);
  }
  if (event.type !== "filled_form") return [];
  return (event.fields ?? []).map(({ answer }) => (typeof answer === "string" ? answer : ""));
}
