/**
 * How people, events and refusals are put into words. Used by every view, so that one thing has one name.
 */

import { customerOf, userOf } from "../selectors.js";
import { number, t } from "../text.js";

/** The name of a customer, or what stands for one who gave none. */
export function customerName(chat) {
  const customer = customerOf(chat);
  return customer?.name || customer?.email || t("customer.unnamed");
}

/** Who wrote an event: my own words are "You". */
export function authorName(chat, authorId, me) {
  if (!authorId) return t("author.system");
  if (authorId === me?.id) return t("author.you");
  const user = userOf(chat, authorId);
  if (user?.type === "customer") return customerName(chat);
  return user?.name || authorId;
}

/** The name of an agent: as the chat has it, else as the directory, else the id. */
export function agentName(state, chat, id) {
  const name = chat && userOf(chat, id)?.name;
  return name || state.directory.agents[id]?.name || id;
}

/** The name of a group, or its number where nobody told the name. */
export function groupName(state, id) {
  return state.directory.groups[id] ?? (id === 0 ? t("group.general") : number(id));
}

/** Whom something came from or went to: `{agent_ids, group_ids}` in names. */
export function placeName(state, chat, { agent_ids: agents = [], group_ids: groups = [] }) {
  const names = agents?.length
    ? agents.map((id) => agentName(state, chat, id))
    : (groups ?? []).map((id) => groupName(state, id));
  return names.join(", ");
}

/** A system message with whatever placeholders it still carries filled in. */
export function systemText(event) {
  const values = event.text_vars ?? {};
  return (event.text || event.system_message_type || "").replace(/%(\w+)%/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );
}

/** The summary of a running thread that an event for programs carries, or null for any other. */
export function summaryOf(event) {
  if (event.type !== "system" || event.subtype !== "thread_summary") return null;
  try {
    return JSON.parse(event.details).text || null;
  } catch {
    return null;
  }
}

/** An event in one line of plain text, for lists and notifications. */
export function eventLine(event) {
  if (event.deleted) return t("event.deleted");
  switch (event.type) {
    case "message":
      return event.text;
    case "file":
      return t("event.file", { name: event.name ?? "" });
    case "rich_message":
      return event.elements?.find(({ title }) => title)?.title ?? t("event.rich_message");
    case "form":
      return t("event.form");
    case "filled_form":
      return t("event.filled_form");
    case "system_message":
      return systemText(event);
    case "custom":
      return t("event.custom");
    case "system":
      return summaryOf(event) ?? t("event.other");
    default:
      return t("event.other");
  }
}

/** Why what was asked for was refused: in the words of `kind` of question, where it has its own. */
export function refusal(kind, { type }) {
  const own = `refused.${kind}.${type}`;
  const known = t(own);
  return known === own ? errorText(type) : known;
}

/** Why something did not happen, in a sentence. */
export function errorText(type) {
  const known = t(`error.${type}`);
  return known === `error.${type}` ? t("error.internal") : known;
}
