/*
 * Loaded before the panel where the host page vouches for its visitor, or has just stopped to.
 *
 * It leaves in `window.visitor` what a `Session` needs to know of the visitor. What is kept of one
 * who signed in lives in this tab alone; a sign-out takes away whatever the browser was known by.
 */

import { Store } from "../widget/storage.js";
import { SignedIn } from "./signed_in.js";

const ANSWER_WITHIN = 15_000;
const LEFT = "left";
const wanted = new URLSearchParams(location.search);
const { organizationId, clientId, apart } = document.body.dataset;
const prefix = `livechat:${organizationId}`;
const tab = () => window.sessionStorage;
/** What this tab keeps of who is signed in. */
const here = new Store(`${prefix}:signed-in`, tab);
/** What all tabs keep of whom nobody vouches for, and tell each other. */
const browser = new Store(prefix);
const ownGroup = apart ? new Store(`${prefix}:${apart}`) : browser;

function clear(store) {
  for (const key of store.keys("")) store.remove(key);
}

/** Forgets everything in `store`, and ends the token that was there. */
async function revoke(store) {
  const { accessToken } = store.get("token") ?? {};
  clear(store);
  if (!accessToken) return;
  const headers = { Authorization: `Bearer ${accessToken}` };
  await fetch("/v2/customer/token", { method: "DELETE", headers });
}

/** Has this browser be nobody known: the next token is of somebody new. */
const leave = (path) => fetch(`/v2/customer/${path}browser`, { method: "DELETE", credentials: "include" });

/** Takes away all that is known of who was here, and gives nobody a token before that is done. */
function signedOut() {
  const ends = [revoke(here), revoke(ownGroup), revoke(browser), leave("")];
  if (apart) ends.push(leave(`${organizationId}/${apart}/`));
  const drafts = new Store(prefix, tab);
  clear(drafts);
  browser.set(LEFT, Date.now());
  return { store: ownGroup, drafts, before: Promise.allSettled(ends) };
}

/** Asks the host page who its visitor is, as often as a token is needed. */
function signedIn(own) {
  const questions = new Map();
  const ask = (what) =>
    new Promise((resolve, reject) => {
      const id = questions.size + 1;
      questions.set(id, resolve);
      setTimeout(reject, ANSWER_WITHIN, new Error(what));
      visitor.tell({ type: "identity", id, ask: what });
    });
  const startAgain = () => {
    clear(here);
    location.reload();
  };
  const onFail = (data) => visitor.tell({ type: "happened", name: "identity_failed", data });
  const tokens = new SignedIn({ own, organizationId, clientId, store: here, ask, startAgain, onFail });
  browser.watch((key) => key === LEFT && startAgain());
  const visitor = { store: here, drafts: here, tokens, hear: ({ id, value }) => questions.get(id)?.(value) };
  return visitor;
}

window.visitor = wanted.has("sign_out") ? signedOut() : signedIn(wanted.get("identity") === "object");
