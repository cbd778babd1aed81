/**
 * How people, events and refusals are put into words. Used by every view, so that one thing has one name.
 */

import { customerOf, userOf } from "../selectors.js";
import { t } from "../text.js";

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

/** A system message with whatever placeholders it still carries filled in. */
export function systemText(event) {
  const values = event.text_vars ?? {};
  return (event.text || event.system_message_type || "").replace(/%(\w+)%/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );
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
    default:
      return t("event.other");
  }
}

/** Why something did not happen, in a sentence. */
export function errorText(type) {
  const known = t(`error.${type}`);
  return known === `error.${type}` ? t("error.internal") : known;
}
