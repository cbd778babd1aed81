/**
 * Who the customer is: what the server knows of the person, the visit and the chat, kept current by pushes.
 */

import { avatar, fill, h, hiddenText, icon, iconButton } from "../dom.js";
import { agentsOf, customerOf, ratingOf } from "../selectors.js";
import { dayName, number, plural, t, timeElement } from "../text.js";
import { ratingMark, tagList } from "./marks.js";
import { agentName, customerName, groupName, refusal, summaryOf } from "./words.js";

const PAGES_SHOWN = 6;

export class DetailsView {
  /**
   * @param {HTMLElement} root
   * @param {import("../workspace.js").Workspace} workspace
   * @param {{close: () => void, edit: (id: string) => void, ban: (id: string) => void, tag: (id: string) => void}}
   *   commands what the view asks others for; each of the chat with that id
   */
  constructor(root, workspace, commands) {
    this.root = root;
    this.workspace = workspace;
    this.commands = commands;
    this.signature = null;
    this.shown = null;
  }

  render(state) {
    const chat = state.selected ? state.chats[state.selected] : null;
    this.root.classList.toggle("details-empty", !chat);
    if (!chat) {
      if (this.signature !== "") fill(this.root);
      this.signature = "";
      return;
    }
    const known = customerOf(chat);
    const customer = { ...known, ...state.customers[known?.id], present: known?.present };
    const signature = JSON.stringify([
      customer,
      chat.thread,
      chat.access,
      agentsOf(chat),
      state.agents,
      state.directory,
      newest(chat)?.tags,
      newest(chat)?.summary,
      newest(chat)?.properties,
      state.summaries[chat.thread?.id],
      runningSummary(chat),
      ratings(chat),
    ]);
    if (signature === this.signature) return;
    this.signature = signature;
    this.#draw(state, chat, customer);
  }

  #draw(state, chat, customer) {
    const focused = this.root.contains(document.activeElement) ? document.activeElement : null;
    const scroll = this.shown === chat.id ? this.root.scrollTop : 0;
    this.shown = chat.id;
    fill(
      this.root,
      h(
        "div",
        { class: "details-head" },
        h("h2", { class: "details-title" }, t("details.title")),
        iconButton("x", t("details.close"), {
          class: "icon-button details-close",
          dataset: { focus: "close" },
          onclick: this.commands.close,
        }),
      ),
      h(
        "div",
        { class: "person" },
        avatar(customerName(chat)),
        h(
          "div",
          {},
          h("p", { class: "person-name", dir: "auto" }, customerName(chat)),
          h("p", { class: "person-state" }, presence(customer)),
        ),
        iconButton("pencil", t("customer.edit"), {
          class: "icon-button person-edit",
          dataset: { focus: "edit" },
          onclick: () => this.commands.edit(chat.id),
        }),
      ),
      contact(customer),
      this.#threadBlock(chat),
      this.#summaryBlock(state, chat),
      ratingBlock(chat),
      block(t("details.visit"), visit(customer)),
      pages(customer),
      block(
        t("details.fields"),
        (customer.session_fields ?? []).flatMap((field) => Object.entries(field)),
      ),
      block(t("details.history"), history(customer)),
      block(t("details.chat"), chatFacts(chat, state)),
      this.#lastBlock(chat, customer),
      customer.isLoading ? h("p", { class: "faint" }, t("loading")) : null,
    );
    this.root.scrollTop = scroll;
    if (focused) this.#refocus(focused.dataset.focus);
  }

  #refocus(name) {
    const same = name && this.root.querySelector(`[data-focus="${CSS.escape(name)}"]`);
    (same || this.root.querySelector("button"))?.focus({ preventScroll: true });
  }

  #threadBlock(chat) {
    if (!chat.thread) return null;
    const tags = newest(chat)?.tags ?? [];
    return h(
      "section",
      { class: "block" },
      h("h3", {}, t("tags.label")),
      tags.length ? tagList(tags) : null,
      h(
        "button",
        {
          type: "button",
          class: "button button-small",
          dataset: { focus: "tag" },
          onclick: () => this.commands.tag(chat.id),
        },
        icon("tag", 16),
        t(tags.length ? "tags.change" : "tags.add"),
      ),
    );
  }

  #summaryBlock(state, chat) {
    const thread = newest(chat);
    if (!thread) return null;
    const status = state.summaries[thread.id];
    const text = thread.summary?.text ?? runningSummary(chat);
    const isFinal = Boolean(thread.summary?.text) && !thread.active;
    return h(
      "section",
      { class: "block", "aria-busy": String(status === "asked") },
      h("h3", {}, t("summary.label")),
      text ? h("p", { class: "summary-text", dir: "auto" }, text) : null,
      h(
        "p",
        { class: "summary-state" },
        status === "asked" ? t("summary.asked") : status === "failed" ? t("summary.failed") : "",
      ),
      isFinal
        ? null
        : h(
            "button",
            {
              type: "button",
              class: "button button-small",
              "aria-disabled": String(status === "asked"),
              dataset: { focus: "summary" },
              onclick: () => this.summarise(chat.id),
            },
            icon("sparkles", 16),
            t(text ? "summary.again" : "summary.ask"),
          ),
    );
  }

  #lastBlock(chat, customer) {
    const button = (name, mark, action, kind = "") =>
      h(
        "button",
        {
          type: "button",
          class: `button button-small ${kind}`,
          dataset: { focus: name },
          onclick: action,
        },
        icon(mark, 16),
        t(`action.${name}`),
      );
    return h(
      "section",
      { class: "block block-actions" },
      h("h3", {}, t("details.actions")),
      button("copy", "copy", () => this.copy(chat.id)),
      button("download", "download", () => this.download(chat.id)),
      customer.ban
        ? h("p", { class: "banned" }, icon("ban", 16), plural("ban.banned", customer.ban.days))
        : button("ban", "ban", () => this.commands.ban(chat.id), "button-warning"),
    );
  }

  /** Have the newest thread of a chat summed up. */
  async summarise(chatId) {
    const { chats, summaries } = this.workspace.state;
    const thread = chats[chatId]?.thread;
    if (!thread || summaries[thread.id] === "asked") return;
    try {
      await this.workspace.threads.summarise(chatId, thread.id);
    } catch (error) {
      this.workspace.notice("notice.failed", { text: refusal("summary", error) });
    }
  }

  /** Put what was said in the newest thread of a chat on the clipboard. */
  async copy(chatId) {
    await this.#take(chatId, async (transcript) => {
      await navigator.clipboard.writeText(transcript);
      this.workspace.notice("notice.copied");
    });
  }

  /** Save what was said in the newest thread of a chat as a text file. */
  async download(chatId) {
    await this.#take(chatId, (transcript) => {
      const address = URL.createObjectURL(new Blob([transcript], { type: "text/plain" }));
      const day = this.workspace.state.chats[chatId]?.thread?.created_at.slice(0, 10) ?? "";
      h("a", { href: address, download: `${chatId} ${day}.txt` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    });
  }

  async #take(chatId, use) {
    const thread = this.workspace.state.chats[chatId]?.thread;
    if (!thread) return;
    try {
      await use(await this.workspace.threads.transcript(chatId, thread.id));
    } catch (error) {
      const text = refusal("transcript", error.type ? error : { type: "clipboard" });
      this.workspace.notice("notice.failed", { text });
    }
  }
}

/** The newest thread, as it is loaded with its events where it is. */
function newest(chat) {
  return chat.threads.find(({ id }) => id === chat.thread?.id) ?? chat.thread;
}

/** The last summary of the newest thread that came while it runs. */
function runningSummary(chat) {
  const events = newest(chat)?.events ?? [];
  return events.map(summaryOf).filter(Boolean).at(-1) ?? null;
}

/** The ratings of the threads that are loaded, newest first. */
function ratings(chat) {
  return chat.threads
    .map((thread) => ({ at: thread.created_at, ...ratingOf(thread) }))
    .filter(({ score, comment }) => score !== undefined || comment)
    .reverse();
}

function ratingBlock(chat) {
  const given = ratings(chat);
  if (!given.length) return null;
  return h(
    "section",
    { class: "block" },
    h("h3", {}, t("rating.label")),
    h(
      "ul",
      { class: "ratings" },
      given.map(({ at, score, comment }) =>
        h(
          "li",
          {},
          ratingMark(score),
          h("time", { datetime: at }, dayName(at)),
          comment ? h("q", { class: "rating-comment", dir: "auto" }, comment) : null,
        ),
      ),
    ),
  );
}

function presence(customer) {
  const isHere = customer.online ?? customer.present;
  return [
    h("span", { class: `dot ${isHere ? "dot-on" : ""}`, "aria-hidden": "true" }),
    isHere ? t("details.here") : t("details.gone"),
  ];
}

function block(title, entries) {
  const given = entries.filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  if (!given.length) return null;
  return h(
    "section",
    { class: "block" },
    h("h3", {}, title),
    h(
      "dl",
      {},
      given.map(([name, value]) =>
        h("div", {}, h("dt", { dir: "auto" }, name), h("dd", { dir: "auto" }, value)),
      ),
    ),
  );
}

/** Ways to reach the person: an icon each, named for those who do not see it. */
function contact({ email, phone_number: phone, address }) {
  const place = Object.values(address ?? {})
    .filter(Boolean)
    .join(", ");
  const ways = [
    email && ["mail", t("details.email"), h("a", { href: `mailto:${email}` }, email)],
    phone && ["phone", t("details.phone"), h("a", { href: `tel:${phone}` }, phone)],
    place && ["map-pin", t("details.address"), h("span", { dir: "auto" }, place)],
  ].filter(Boolean);
  if (!ways.length) return null;
  return h(
    "ul",
    { class: "contact", "aria-label": t("details.contact") },
    ways.map(([mark, name, value]) => h("li", {}, icon(mark, 16), hiddenText(`${name}: `), value)),
  );
}

function visit(customer) {
  const { geolocation: place = {}, ...rest } = customer.visit ?? {};
  return [
    [t("details.place"), [place.city, place.region, place.country].filter(Boolean).join(", ")],
    [t("details.local_time"), localTime(place.timezone)],
    [t("details.came_from"), rest.referrer ? shortUrl(rest.referrer) : null],
    [t("details.browser"), browser(rest.user_agent)],
    [t("details.address_ip"), rest.ip],
    [t("details.since"), rest.started_at ? timeElement(rest.started_at, "ago") : null],
  ];
}

function localTime(timezone) {
  if (!timezone) return null;
  try {
    return new Intl.DateTimeFormat(document.documentElement.lang, {
      timeStyle: "short",
      timeZone: timezone,
    }).format();
  } catch {
    return null;
  }
}

function pages(customer) {
  const seen = (customer.visit?.last_pages ?? []).slice(-PAGES_SHOWN).reverse();
  if (!seen.length) return null;
  return h(
    "section",
    { class: "block" },
    h("h3", {}, t("details.pages")),
    h(
      "ol",
      { class: "pages" },
      seen.map((page) =>
        h(
          "li",
          {},
          /^https?:/i.test(page.url)
            ? h(
                "a",
                {
                  href: page.url,
                  target: "_blank",
                  rel: "noopener noreferrer nofollow",
                  title: page.url,
                  dir: "auto",
                },
                page.title || shortUrl(page.url),
              )
            : h("span", { dir: "auto" }, page.title || page.url),
          timeElement(page.opened_at, "short"),
        ),
      ),
    ),
  );
}

function history(customer) {
  const statistics = customer.statistics ?? {};
  const count = (value) => (value === undefined ? null : number(value));
  const some = (value) => (value ? number(value) : null);
  return [
    [t("details.visits"), count(statistics.visits_count)],
    [t("details.chats"), count(statistics.threads_count ?? statistics.chats_count)],
    [t("details.page_views"), count(statistics.page_views_count)],
    [t("details.greetings"), some(statistics.greetings_accepted_count)],
    [t("details.tickets"), some(statistics.tickets_count)],
    [t("details.orders"), some(statistics.orders_count)],
    [t("details.first_seen"), customer.created_at ? timeElement(customer.created_at, "ago") : null],
  ];
}

function chatFacts(chat, state) {
  const groups = (chat.thread?.access ?? chat.access)?.group_ids ?? [];
  const agents = agentsOf(chat).filter(({ present }) => present);
  return [
    [t("details.begun"), chat.thread ? timeElement(chat.thread.created_at, "ago") : null],
    [
      t("details.agents"),
      agents.length
        ? h(
            "ul",
            { class: "people" },
            agents.map((agent) => agentLine(agent, chat, state)),
          )
        : null,
    ],
    [
      t("details.groups"),
      groups.map((id) => groupName(state, id)).join(", "),
    ],
    [t("details.id"), h("code", {}, chat.id)],
  ];
}

function agentLine(agent, chat, state) {
  const name = agent.id === state.me?.id ? t("author.you") : agentName(state, chat, agent.id);
  return h(
    "li",
    {},
    agent.visibility === "agents" ? [icon("eye", 16), t("details.supervises", { name })] : name,
  );
}

function shortUrl(url) {
  try {
    const { host, pathname } = new URL(url);
    return host + (pathname === "/" ? "" : pathname);
  } catch {
    return url;
  }
}

/** "Firefox on Windows": enough to help somebody, without a table of every browser. */
function browser(userAgent) {
  if (!userAgent) return null;
  const names = [
    [/Edg\//, "Edge"],
    [/OPR\//, "Opera"],
    [/SamsungBrowser\//, "Samsung Internet"],
    [/Firefox\/|FxiOS\//, "Firefox"],
    [/Chrome\/|CriOS\//, "Chrome"],
    [/Safari\//, "Safari"],
  ];
  const systems = [
    [/Android/, "Android"],
    [/iPhone|iPad/, "iOS"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "macOS"],
    [/Linux/, "Linux"],
  ];
  const find = (table) => table.find(([pattern]) => pattern.test(userAgent))?.[1];
  const [name, system] = [find(names), find(systems)];
  if (!name) return userAgent;
  return system ? t("details.browser_on", { browser: name, system }) : name;
}
