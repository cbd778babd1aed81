/**
 * Small helpers over the DOM. Text only ever enters the page as text nodes, never as markup.
 */

const SVG = "http://www.w3.org/2000/svg";
let sprite = "";

/** Name the sprite that icon() refers to. Call once, before the first view is drawn. */
export function useSprite(url) {
  sprite = url;
}

/**
 * Make an element. Attributes named on… become listeners, `class`, `dataset` and `style` are set as such
 * (style properties through the object model, which a strict content policy allows), true and false
 * set or leave out a boolean attribute, null leaves any attribute out.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") {
      for (const [property, amount] of Object.entries(value))
        element.style.setProperty(property, amount);
    } else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

function nodes(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false);
}

/** An icon of the sprite. It says nothing by itself: the control around it carries the name. */
export function icon(name, size = 20) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon icon-${size}`);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows only an icon; `label` is its name and its tooltip. */
export function iconButton(name, label, attributes = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, ...attributes },
    icon(name),
  );
}

/** Words for screen readers alone. */
export function hiddenText(text) {
  return h("span", { class: "visually-hidden" }, text);
}

/** Replace what a container holds. */
export function fill(container, ...children) {
  container.replaceChildren(...nodes(children));
}

/** Set the text of an element only when it differs, so that nothing is announced twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make the children of `container` match `items`, keeping the element of an item whose key stays.
 *
 * Every item has a `key`; `create(item)` builds its element and `update(element, item)` changes one in
 * place. Without `update`, an element is rebuilt when the item's `signature` changes; focus inside
 * it moves to the rebuilt element's counterpart (same data-focus value).
 */
export function reconcile(container, items, create, update = null) {
  const existing = new Map();
  for (const child of [...container.children]) {
    if (child.dataset.key === undefined) child.remove();
    else existing.set(child.dataset.key, child);
  }
  let cursor = container.firstElementChild;
  for (const item of items) {
    let element = existing.get(item.key);
    existing.delete(item.key);
    if (!element) {
      element = make(item, create);
    } else if (update) {
      update(element, item);
    } else if (element.dataset.signature !== item.signature) {
      const rebuilt = make(item, create);
      if (cursor === element) cursor = rebuilt;
      replaceKeepingFocus(element, rebuilt);
      element = rebuilt;
    }
    if (element === cursor) cursor = cursor.nextElementSibling;
    else container.insertBefore(element, cursor);
  }
  for (const element of existing.values()) {
    if (element === cursor) cursor = cursor.nextElementSibling;
    element.remove();
  }
}

function make(item, create) {
  const element = create(item);
  element.dataset.key = item.key;
  if (item.signature !== undefined) element.dataset.signature = item.signature;
  return element;
}

function replaceKeepingFocus(before, after) {
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const name = focused?.dataset.focus;
  before.replaceWith(after);
  if (!focused) return;
  const counterpart = name ? after.querySelector(`[data-focus="${CSS.escape(name)}"]`) : null;
  (counterpart ?? after).focus({ preventScroll: true });
}

/**
 * Up to two letters that stand for a name where no picture is shown; one in scripts whose letters join or stand
 * for whole words.
 */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const joins = /[^\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]/u.test(
    [...name.trim()][0] ?? "",
  );
  const letters =
    words.length > 1 && !joins ? [words[0], words[words.length - 1]] : words.slice(0, 1);
  return (
    letters
      .map((word) => [...word][0] ?? "")
      .join("")
      .toLocaleUpperCase() || "?"
  );
}

/** A round mark with initials; decoration beside a name that is written out. */
export function avatar(name, kind = "customer") {
  return h("span", { class: `avatar avatar-${kind}`, "aria-hidden": "true" }, initials(name));
}
