/**
 * Tells the page that opened this window, or holds this frame, how its authorization ended.
 * Only pages of the client's own origin hear it; the browser sees to that.
 */

const { origin, message } = JSON.parse(document.getElementById("envelope").textContent);
const framed = window.parent !== window;
const waiting = framed ? window.parent : window.opener;

if (waiting) {
  waiting.postMessage(message, origin);
  if (!framed) window.close();
} else {
  document.getElementById("answered").hidden = true;
  document.getElementById("unheard").hidden = false;
}
