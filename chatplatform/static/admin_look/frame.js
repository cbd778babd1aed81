/* The frame of the admin: the menu's drawer, its finder, and the colours. Works on what is there. */

const side = document.getElementById("frame-side");
const WIDE = matchMedia("(min-width: 1200px)");
const KEY = "admin-menu";

function remembered() {
  try {
    return localStorage.getItem(KEY) !== "closed";
  } catch {
    return true;
  }
}

function remember(open) {
  try {
    localStorage.setItem(KEY, open ? "open" : "closed");
  } catch {
    // The menu is merely open again on the next page.
  }
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

document.querySelector("#frame-menu [aria-current]")?.scrollIntoView({ block: "nearest" });
drawer();
folds();
finder();
colours();
