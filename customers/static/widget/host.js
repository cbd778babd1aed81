/*
 * The line to the page around us. The loader hands over one end of a MessageChannel; whoever holds
 * the other end is our parent, and nobody else can speak on it.
 */

/**
 * `onMessage` hears the loader, first its `hello`; what is returned tells the loader something, and
 * keeps for it what is said too early.
 */
export function connectHost(onMessage) {
  let port = null;
  let early = [];
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.data?.type !== "hello" || !event.ports[0]) return;
    port = event.ports[0];
    port.onmessage = (message) => onMessage(message.data);
    for (const message of early) port.postMessage(message);
    early = [];
    onMessage(event.data);
  });
  return (message) => (port ? port.postMessage(message) : early.push(message));
}

/** Whether the panel is a page of its own, with no loader around it. */
export const standsAlone = () => window.parent === window;
