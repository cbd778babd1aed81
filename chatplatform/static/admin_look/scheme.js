/*
 * In which time zone the person is, for the pages to come; and
 * light or dark, before anything is drawn: what the person chose here, else what the system says.
 * Runs on its own in the head, so that no page flashes in the other colours.
 */
(() => {
  const KEY = "admin-colours";
  const system = matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      return localStorage.getItem(KEY) ?? "auto";
    } catch {
      return "auto";
    }
  };

  const show = () => {
    const choice = chosen();
    const dark = choice === "dark" || (choice !== "light" && system.matches);
    const root = document.documentElement;
    root.classList.toggle("dark", dark);
    root.classList.toggle("light", !dark);
    root.dataset.theme = dark ? "dark" : "light";
  };

  system.addEventListener("change", show);
  addEventListener("storage", (event) => event.key === KEY && show());
  window.adminColours = {
    chosen,
    choose(choice) {
      try {
        localStorage.setItem(KEY, choice);
      } catch {
        // Without storage the choice cannot be kept; the system's colours stay.
      }
      show();
    },
  };
  show();

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";
  document.cookie = `admin-zone=${zone}; path=/admin/; max-age=31536000; samesite=lax`;
})();
