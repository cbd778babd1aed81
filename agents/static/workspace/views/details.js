/**
 * Who the customer is: what the server knows of the person, the visit and the chat, kept current by pushes.
 */

import { avatar, fill, h, hiddenText, icon, iconButton } from "../dom.js";
import { agentsOf, customerOf } from "../selectors.js";
import { number, t, timeElement } from "../text.js";
import { customerName } from "./words.js";

const PAGES_SHOWN = 6;

export class DetailsView {
  constructor(root, workspace, { close }) {
    this.root = root;
    this.workspace = workspace;
    this.close = close;
    this.signature = null;
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
    ]);
    if (signature === this.signature) return;
    this.signature = signature;
    this.#draw(state, chat, customer);
  }

  #draw(state, chat, customer) {
    const hadFocus = this.root.contains(document.activeElement);
    const scroll = this.root.scrollTop;
    fill(
      this.root,
      h(
        "div",
        { class: "details-head" },
        h("h2", { class: "details-title" }, t("details.title")),
        iconButton("x", t("details.close"), {
          class: "icon-button details-close",
          onclick: this.close,
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
      ),
      contact(customer),
      block(t("details.visit"), visit(customer)),
      pages(customer),
      block(
        t("details.fields"),
        (customer.session_fields ?? []).flatMap((field) => Object.entries(field)),
      ),
      block(t("details.history"), history(customer)),
      block(t("details.chat"), chatFacts(chat, state)),
      state.customers[customer.id] ? null : h("p", { class: "faint" }, t("loading")),
    );
    this.root.scrollTop = scroll;
    if (hadFocus) this.root.querySelector("button")?.focus();
  }
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
  return [
    [t("details.visits"), count(statistics.visits_count)],
    [t("details.chats"), count(statistics.threads_count ?? statistics.chats_count)],
    [t("details.page_views"), count(statistics.page_views_count)],
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
            agents.map((agent) => agentLine(agent, state)),
          )
        : null,
    ],
    [
      t("details.groups"),
      groups.map((id) => (id === 0 ? t("group.general") : number(id))).join(", "),
    ],
    [t("details.id"), h("code", {}, chat.id)],
  ];
}

function agentLine(agent, state) {
  const name = agent.id === state.me?.id ? t("author.you") : (agent.name ?? agent.id);
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
