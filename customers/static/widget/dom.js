/* Building elements. Text only ever becomes text: nothing here parses markup. */

const SVG = "http://www.w3.org/2000/svg";
const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"']+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/giu;
const TRAILING = /[.,;:!?)\]}'"»”]+$/u;

/** An element with attributes (`on…` as listeners, false and null left out) and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** An icon of the sprite; names beside it are the caller's. */
export function icon(name, small = false) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", small ? "icon small" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/** A button that is but an icon; `label` is what it does. */
export function iconButton(label, name, onclick, more = "") {
  return h("button", { type: "button", class: `icon-button ${more}`, "aria-label": label, title: label, onclick }, icon(name, Boolean(more)));
}

/** The address if it leads to the web, else null: no script, no data, no other schemes. */
export function safeUrl(address) {
  try {
    const url = new URL(address, location.origin);
    return ["http:", "https:", "blob:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** A link that opens beside the chat and tells the other page nothing. */
export function outward(href, attributes, ...children) {
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", ...attributes }, ...children);
}

/** Text as nodes, with web and e-mail addresses as links. */
export function linkified(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const words = match[0].replace(TRAILING, "");
    nodes.push(text.slice(end, match.index), linkOf(words));
    end = match.index + words.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

function linkOf(words) {
  if (/^https?:/i.test(words)) return outward(safeUrl(words) ?? "#", {}, words);
  if (/^www\./i.test(words)) return outward(`https://${words}`, {}, words);
  return h("a", { href: `mailto:${words}` }, words);
}

/** One or two letters for a name; a dot where there is none. */
export function initials(name = "") {
  const words = name.trim().split(/[\s@._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toLocaleUpperCase()).join("") || "·";
}

/** Somebody's picture, or their initials while there is none; a `logo` is always shown. */
export function face(user) {
  const circle = h("span", { class: "face", "aria-hidden": "true" }, initials(user?.name));
  const picture = user?.logo ?? ("faceless" in document.body.dataset ? "" : user?.avatar);
  const source = picture && safeUrl(/^[\w-]+(\.[\w-]+)+\//.test(picture) ? `https://${picture}` : picture);
  if (source) {
    const image = h("img", { src: source, alt: "", onerror: () => image.remove() });
    circle.append(image);
  }
  return circle;
}

/** Sets an element's text without touching it when nothing changed. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes `container` hold exactly `elements`, moving and removing as little as possible. */
export function arrange(container, elements) {
  let place = container.firstChild;
  for (const element of elements) {
    if (element === place) place = place.nextSibling;
    else container.insertBefore(element, place);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
