/**
 * Changing what is known of a customer, and turning one away. Commands reject with the server's refusal.
 */

export const BAN_DAYS = { least: 1, most: 36500, usual: 7 };

export class Customers {
  /** @param {import("./workspace.js").Workspace} workspace */
  constructor(workspace) {
    this.workspace = workspace;
  }

  /** Change some of name, email and phone_number; empty text takes a value away. */
  update(id, change) {
    return this.workspace.request("update_customer", { id, ...change });
  }

  /** Turn a customer away for some days; their running chats close at once. */
  ban(id, days) {
    return this.workspace.request("ban_customer", { id, ban: { days } });
  }
}

/** What is wrong with each field of an edited customer, by the name of the text that says so. */
export function problems({ email, phone_number: phone }) {
  const found = {};
  if (email && !/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(email)) found.email = "customer.bad.email";
  if (phone && !/^\+[1-9][0-9]{1,14}$/.test(compact(phone))) found.phone_number = "customer.bad.phone";
  return found;
}

/** A phone number without what people put between its digits. */
export function compact(phone) {
  return phone.replace(/[\s().\-/]/g, "");
}

/** The fields that differ from what is known. */
export function changes(known, given) {
  const entries = Object.entries(given).filter(([name, value]) => value !== (known[name] ?? ""));
  return Object.fromEntries(entries);
}
