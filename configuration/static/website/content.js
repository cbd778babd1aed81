/* What a preview shows of a form: the values as the server takes them. */

const LEFT_OUT = new Set(["logo", "remove_logo"]);

const valueOf = (control) => {
  if (control.type === "checkbox") return control.checked;
  return control.type === "number" ? Number(control.value) : control.value;
};

function look(form) {
  const controls = [...form.elements].filter(({ name, type }) => name && type !== "file" && type !== "hidden" && !LEFT_OUT.has(name));
  return { look: Object.fromEntries(controls.map((control) => [control.name, valueOf(control)])) };
}

/** The rows of one of the form's lists, without those taken away, in their order. */
function rows(form, prefix) {
  const names = new Map();
  for (const control of form.elements) {
    const [, number, name] = control.name?.match(new RegExp(`^${prefix}-(\\d+)-(\\w+)$`)) ?? [];
    if (number === undefined) continue;
    const row = names.get(number) ?? {};
    names.set(number, { ...row, [name]: valueOf(control) });
  }
  const all = [...names.values()].filter((row) => !row.DELETE);
  return all.sort((one, other) => (Number(one.ORDER) || 1e6) - (Number(other.ORDER) || 1e6));
}

function card({ title, subtitle, image_url: url, image_alt: alt }) {
  const image = url ? { image: { url, ...(alt ? { alternative_text: alt } : {}) } } : {};
  return { ...(title ? { title } : {}), ...(subtitle ? { subtitle } : {}), ...image };
}

function button({ text, action, value }, place) {
  return { text, postback_id: `button-${place}`, ...(action ? { type: action, value: value || "" } : {}) };
}

function greeting(form) {
  const plain = form.elements.message?.value ?? "";
  const kind = form.elements.says?.value ?? "text";
  if (kind === "text") return { greeting: { text: plain } };
  const cards = rows(form, "cards").map(card);
  if (!cards.length) cards.push({});
  rows(form, "buttons").filter(({ text }) => text).forEach((row, place) => {
    const of = cards[Math.min(Math.max(Number(row.card) || 1, 1), cards.length) - 1];
    of.buttons = [...(of.buttons ?? []), button(row, place)];
  });
  const elements = cards.filter((shown) => Object.keys(shown).length);
  return { greeting: { rich_message: { template_id: kind, elements: elements.length ? elements : [{}] } } };
}

const READERS = { look, greeting };

/** The query's values, by name, for a form of a kind: `look` or `greeting`. */
export const contentOf = (kind, form) => READERS[kind](form);
