/* The last calls, read anew for as long as somebody looks. */

const EVERY_MS = 2000;

/** Keep `holder` like what its `data-calls` answers. */
export function followCalls(holder) {
  let shown = holder.innerHTML.trim();
  setInterval(async () => {
    if (document.hidden || holder.contains(document.activeElement)) return;
    const found = await read(holder.dataset.calls);
    if (found === undefined || found === shown) return;
    shown = found;
    holder.replaceChildren(
      ...new DOMParser().parseFromString(found, "text/html").body.childNodes,
    );
  }, EVERY_MS);
}

async function read(address) {
  try {
    const answer = await fetch(address, { redirect: "error" });
    return answer.ok ? (await answer.text()).trim() : undefined;
  } catch {
    return undefined;
  }
}
