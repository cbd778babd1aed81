/**
 * The search of the archives at the top of the list's last section: a field, filters, and what was found.
 */

import { fill, h, icon, reconcile, setText } from "../dom.js";
import { excerpt } from "../archive.js";
import { tagsSeen } from "../directory.js";
import { plural, t, timeElement } from "../text.js";
import { agentName, customerName, errorText } from "./words.js";

const TYPING_MS = 300;

export class ArchiveView {
  /**
   * @param {HTMLElement} root what it fills
   * @param {import("../workspace.js").Workspace} workspace
   */
  constructor(root, workspace) {
    this.root = root;
    this.workspace = workspace;
    this.#frame();
  }

  #frame() {
    this.query = h("input", {
      type: "search",
      class: "archive-query",
      "aria-label": t("archive.query"),
      placeholder: t("archive.query"),
      maxlength: "1000",
      autocomplete: "off",
      enterkeyhint: "search",
      oninput: () => this.#soon(),
    });
    this.from = dateField("archive-from");
    this.to = dateField("archive-to");
    this.agent = h("select", { id: "archive-agent" });
    this.tag = h("select", { id: "archive-tag" });
    for (const field of [this.from, this.to, this.agent, this.tag])
      field.addEventListener("change", () => this.#ask());
    this.filters = h(
      "div",
      { class: "archive-filters", id: "archive-filters", hidden: true },
      labelled(t("archive.from"), this.from),
      labelled(t("archive.to"), this.to),
      labelled(t("archive.agent"), this.agent),
      labelled(t("archive.tag"), this.tag),
      h(
        "button",
        { type: "button", class: "button button-small", onclick: () => this.clear() },
        t("archive.clear"),
      ),
    );
    this.toggle = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": t("archive.filters"),
        title: t("archive.filters"),
        "aria-expanded": "false",
        "aria-controls": "archive-filters",
        onclick: () => this.#openFilters(this.filters.hidden),
      },
      icon("list-filter", 16),
    );
    this.form = h(
      "form",
      {
        class: "archive-form",
        role: "search",
        "aria-label": t("archive.query"),
        onsubmit: (event) => {
          event.preventDefault();
          this.#ask();
        },
        onkeydown: (event) => this.#key(event),
      },
      h("div", { class: "archive-line" }, icon("search", 16), this.query, this.toggle),
      this.filters,
    );
    this.state = h("p", { class: "section-note", role: "status" });
    this.rows = h("ul", { class: "rows archive-results" });
    this.more = h(
      "button",
      {
        type: "button",
        class: "button button-plain section-more",
        hidden: true,
        onclick: () => this.workspace.archive.more(),
      },
      t("list.more"),
    );
    fill(this.root, this.form, this.state, this.rows, this.more);
  }

  /** Search for words, as if they had been typed. */
  searchFor(words) {
    this.query.value = words;
    this.focus();
    this.#ask();
  }

  focus() {
    this.query.focus();
  }

  clear() {
    for (const field of [this.query, this.from, this.to, this.agent, this.tag]) field.value = "";
    this.#ask();
    this.focus();
  }

  #openFilters(open) {
    this.filters.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    if (open) this.from.focus();
  }

  #key(event) {
    if (event.key !== "Escape") return;
    if (!this.filters.hidden && this.filters.contains(event.target)) {
      event.stopPropagation();
      event.preventDefault();
      this.#openFilters(false);
      this.toggle.focus();
    } else if (this.query.value) {
      event.stopPropagation();
      event.preventDefault();
      this.clear();
    }
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), TYPING_MS);
  }

  #ask() {
    clearTimeout(this.timer);
    const given = [this.from, this.to, this.agent, this.tag].map((field) => field.value);
    const [from, to, agent, tag] = given;
    const filtered = given.filter(Boolean).length;
    this.toggle.classList.toggle("archive-filtered", filtered > 0);
    this.toggle.setAttribute(
      "aria-label",
      filtered ? plural("archive.filters.on", filtered) : t("archive.filters"),
    );
    this.workspace.archive.search(this.query.value, { from, to, agent, tag });
  }

  render(state) {
    this.#choices(state);
    const { status, results, found, next, error } = state.search;
    this.root.classList.toggle("archive-searching", status !== "idle");
    this.rows.setAttribute("aria-busy", String(status === "loading"));
    this.more.hidden = !next || status !== "ready";
    if (status === "error") this.#failed(error);
    else {
      this.failed = null;
      const words = {
        idle: "",
        loading: t("archive.searching"),
        "loading-more": t("archive.searching"),
        ready: found ? plural("archive.found", found) : t("archive.nothing"),
      };
      setText(this.state, words[status]);
    }
    const rows = results.map((result) => ({
      key: result.thread.id,
      signature: JSON.stringify([result, state.selected === result.id, state.directory.agents]),
      result,
    }));
    reconcile(this.rows, rows, ({ result }) => this.#result(result, state));
  }

  #failed(error) {
    if (this.failed === error) return;
    this.failed = error;
    fill(
      this.state,
      t("archive.error"),
      " ",
      errorText(error),
      " ",
      h(
        "button",
        { type: "button", class: "button button-small", onclick: () => this.workspace.archive.again() },
        t("retry"),
      ),
    );
  }

  #result(chat, state) {
    const { thread } = chat;
    const answered = chat.users.filter(
      ({ id, type }) => type === "agent" && thread.user_ids?.includes(id),
    );
    return h(
      "li",
      {},
      h(
        "a",
        {
          class: "row row-result",
          href: `#${chat.id}/${thread.id}`,
          "aria-current": state.selected === chat.id ? "true" : null,
        },
        h(
          "span",
          { class: "row-main" },
          h(
            "span",
            { class: "row-line" },
            h("span", { class: "row-name", dir: "auto" }, customerName(chat)),
            h("span", { class: "row-when" }, timeElement(thread.created_at, "date")),
          ),
          h(
            "span",
            { class: "row-excerpt", dir: "auto" },
            excerpt(thread).map(({ text, found }) => (found ? h("mark", {}, text) : text)),
          ),
          h(
            "span",
            { class: "row-line row-foot" },
            h(
              "span",
              { class: "row-words", dir: "auto" },
              answered.map(({ id }) => agentName(state, chat, id)).join(", "),
            ),
            (thread.tags ?? []).slice(0, 3).map((tag) => h("span", { class: "mark" }, tag)),
          ),
        ),
      ),
    );
  }

  /** Agents and tags to choose from; what is chosen stays. */
  #choices(state) {
    const agents = Object.entries(state.directory.agents)
      .map(([id, { name }]) => [id, name || id])
      .sort(([, a], [, b]) => a.localeCompare(b));
    const known = (state.directory.tags ?? []).map(({ name }) => name);
    const tags = [...new Set([...known, ...tagsSeen(state)])].sort((a, b) => a.localeCompare(b));
    const signature = JSON.stringify([agents, tags]);
    if (signature === this.chosenFrom) return;
    this.chosenFrom = signature;
    offer(this.agent, agents);
    offer(
      this.tag,
      tags.map((tag) => [tag, tag]),
    );
  }
}

function offer(select, options) {
  const { value } = select;
  fill(
    select,
    h("option", { value: "" }, t("archive.any")),
    options.map(([key, text]) => h("option", { value: key }, text)),
  );
  select.value = options.some(([key]) => key === value) ? value : "";
}

function dateField(id) {
  return h("input", { type: "date", id });
}

function labelled(text, field) {
  return h("div", { class: "archive-filter" }, h("label", { for: field.id }, text), field);
}
