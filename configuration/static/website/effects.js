/* Says beneath each setting what it will do, while it is being changed. */

function sentence(place, control) {
  const { said, none, zero, standard } = place.dataset;
  const value = control.value.trim() || standard;
  if (!value || value === "off") return none;
  return Number(value) === 0 ? zero : said.replace("{n}", value);
}

for (const place of document.querySelectorAll("[data-effect]")) {
  const control = document.querySelector(`[name="${place.dataset.effect}"]`);
  const describe = () => {
    const text = sentence(place, control);
    if (place.textContent !== text) place.textContent = text;
  };
  control.addEventListener("input", describe);
  control.addEventListener("change", describe);
}
