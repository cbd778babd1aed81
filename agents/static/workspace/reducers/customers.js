/** Customers: what is known of them, their visit and their counts. In chats they have the same names. */

import { patchUser } from "../model/users.js";

export const actions = {
  customer: (state, { customer }) => mergeCustomer(state, customer),
};

export const pushes = {
  incoming_customers: (state, { customers }) => (customers ?? []).reduce(mergeCustomer, state),

  incoming_customer: (state, customer) => mergeCustomer(state, customer),

  customer_updated: (state, customer) => mergeCustomer(state, customer),

  customer_left: (state, { id }) =>
    state.customers[id] ? mergeCustomer(state, { id, online: false }) : state,

  customer_page_updated: (state, { customer_id, opened_at, url, title }) => {
    const known = state.customers[customer_id];
    if (!known) return state;
    const pages = [...(known.visit?.last_pages ?? []), { opened_at, url, title }].slice(-20);
    return mergeCustomer(state, {
      id: customer_id,
      online: true,
      visit: { ...known.visit, last_pages: pages },
    });
  },

  customer_statistics_updated: (state, { customer_id, statistics }) => {
    const known = state.customers[customer_id];
    if (!known) return state;
    const merged = { ...known.statistics, ...statistics };
    return mergeCustomer(state, { id: customer_id, statistics: merged });
  },

  customer_banned: (state, { customer_id, ban }) =>
    state.customers[customer_id]
      ? mergeCustomer(state, { id: customer_id, online: false, ban })
      : state,
};

function mergeCustomer(state, customer) {
  if (!customer?.id) return state;
  const chats = { ...state.chats };
  for (const chat of Object.values(state.chats)) {
    if (!chat.users.some(({ id }) => id === customer.id)) continue;
    const { present, events_seen_up_to, ...profile } = customer;
    chats[chat.id] = { ...chat, users: patchUser(chat.users, customer.id, profile) };
  }
  const merged = { ...state.customers[customer.id], ...customer };
  return { ...state, chats, customers: { ...state.customers, [customer.id]: merged } };
}
