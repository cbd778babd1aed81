/* The frame of the admin: the menu's drawer, its finder, and the colours. Works on what is there. */

const side = document.getElementById("frame-side");
const WIDE = matchMedia("(min-width: 1200px)");
const KEY = "admin-menu";
const FOLDED = "admin-menu-folded";

function kept(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The menu is merely open again on the next page.
  }
}

const remembered = () => kept(KEY) !== "closed";
const remember = (open) => keep(KEY, open ? "open" : "closed");

/* Bring the entry of this page into the menu's view. Only the menu scrolls: the page stays. */
function follow() {
  const menu = document.getElementById("frame-menu");
  const current = menu?.querySelector("[aria-current]");
  if (!current) return;
  const [shown, entry] = [menu, current].map((element) => element.getBoundingClientRect());
  if (entry.bottom > shown.bottom) menu.scrollTop += entry.bottom - shown.bottom + entry.height;
  else if (entry.top < shown.top) menu.scrollTop -= shown.top - entry.top;
}

function drawer() {
  const toggle = document.querySelector("[data-side-toggle]");
  if (!side || !toggle) return;
  document.querySelector("[data-without-script]")?.remove();
  document.documentElement.classList.add("has-drawer");
  toggle.hidden = false;

  const set = (open) => {
    side.classList.toggle("closed", !open);
    document.body.classList.toggle("side-over", open && !WIDE.matches);
    toggle.setAttribute("aria-expanded", String(open));
    if (open) follow();
  };
  const isOpen = () => !side.classList.contains("closed");
  const close = () => {
    set(false);
    toggle.focus();
  };

  set(WIDE.matches && remembered());
  WIDE.addEventListener("change", () => set(WIDE.matches && remembered()));
  toggle.addEventListener("click", () => {
    set(!isOpen());
    if (WIDE.matches) remember(isOpen());
    else if (isOpen()) side.querySelector("a, button")?.focus();
  });
  side.querySelector("[data-side-close]")?.addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !WIDE.matches && isOpen()) close();
  });
  document.addEventListener("click", (event) => {
    if (WIDE.matches || !isOpen() || side.contains(event.target)) return;
    if (!toggle.contains(event.target)) set(false);
  });
}

/* Sections of the menu stay folded on the next page, but for the one that page is in. */
function sections() {
  const all = [...document.querySelectorAll("#frame-menu details[data-section]")];
  const folded = new Set(kept(FOLDED).split(" ").filter(Boolean));
  for (const one of all) {
    one.open = !folded.has(one.dataset.section) || Boolean(one.querySelector("[aria-current]"));
    one.querySelector("summary").addEventListener("click", () => {
      // A click comes before what it does.
      if (one.open) folded.add(one.dataset.section);
      else folded.delete(one.dataset.section);
      keep(FOLDED, [...folded].join(" "));
    });
  }
}

/* Mark the menu while more of it lies beneath its edge. */
function edge() {
  const menu = document.getElementById("frame-menu");
  if (!menu) return;
  const mark = () => {
    const rest = menu.scrollHeight - menu.clientHeight - menu.scrollTop;
    menu.toggleAttribute("data-more", rest > 1);
  };
  menu.addEventListener("scroll", mark, { passive: true });
  menu.addEventListener("toggle", mark, true);
  new ResizeObserver(mark).observe(menu);
}

/* In lists: labels begin with a capital, and what is cut short shows itself whole on hover. */
function lists() {
  for (const cell of document.querySelectorAll("#result_list [data-label]")) {
    const label = cell.dataset.label;
    cell.dataset.label = label.slice(0, 1).toLocaleUpperCase() + label.slice(1);
  }
  for (const one of document.querySelectorAll("#result_list :is(a, span.flex-col > *)")) {
    if (one.scrollHeight > one.clientHeight + 1) one.title = one.textContent.trim();
  }
}

function folds() {
  const all = document.querySelectorAll("details[data-fold]");
  document.addEventListener("click", (event) => {
    for (const one of all) if (!one.contains(event.target)) one.open = false;
  });
  for (const one of all) {
    one.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !one.open) return;
      event.stopPropagation();
      one.open = false;
      one.querySelector("summary").focus();
    });
  }
}

function finder() {
  const box = document.querySelector("[data-find]");
  const input = box?.querySelector("input");
  if (!input) return;
  box.hidden = false;
  const status = box.querySelector("[data-found]");
  const items = [...document.querySelectorAll("#frame-menu li")];

  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLocaleLowerCase();
    for (const item of items) {
      item.hidden = !item.textContent.toLocaleLowerCase().includes(wanted);
    }
    for (const section of document.querySelectorAll("[data-menu]")) {
      section.hidden = !section.querySelector("li:not([hidden])");
      if (wanted && !section.hidden) section.open = true;
    }
    status.textContent = items.every((item) => item.hidden) ? status.dataset.none : "";
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      const first = items.find((item) => !item.hidden);
      if (input.value.trim() && first) first.querySelector("a").click();
    }
  });
}

function colours() {
  const choices = document.querySelector("[data-schemes]");
  if (!choices) return;
  choices.hidden = false;
  for (const input of choices.querySelectorAll("input")) {
    input.checked = input.value === window.adminColours.chosen();
    input.addEventListener("change", () => window.adminColours.choose(input.value));
  }
}

finder();
sections();
drawer();
edge();
folds();
lists();
colours();
