/* Sections that follow each other, shown one at a time behind tabs. */

/** Turn the sections of `holder` into panels; its `data-tabs` names them all. */
export function makeTabs(holder) {
  const panels = [...holder.querySelectorAll("[data-tab]")];
  const list = document.createElement("div");
  list.className = "tabs";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", holder.dataset.tabs);
  const tabs = panels.map((panel, place) => tabOf(panel, place));
  list.append(...tabs);
  holder.prepend(list);
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) show(tabs.indexOf(tab));
  });
  list.addEventListener("keydown", (event) => {
    const to = target(event.key, tabs.indexOf(document.activeElement), tabs.length);
    if (to === undefined) return;
    event.preventDefault();
    show(to);
    tabs[to].focus();
  });
  show(0);

  function show(chosen) {
    tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === chosen));
      tab.tabIndex = place === chosen ? 0 : -1;
      panels[place].hidden = place !== chosen;
    });
  }
}

function tabOf(panel, place) {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `tab-${place}`;
  tab.setAttribute("role", "tab");
  tab.textContent = panel.dataset.tab;
  panel.id ||= `panel-${place}`;
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  panel.querySelector("h3").hidden = true;
  panel.querySelector("pre").setAttribute("aria-labelledby", tab.id);
  return tab;
}

function target(key, now, count) {
  const forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const back = document.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
  if (key === forward) return (now + 1) % count;
  if (key === back) return (now + count - 1) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return undefined;
}
