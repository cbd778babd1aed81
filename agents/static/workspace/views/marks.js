/** Small marks that several views show: tags and ratings. */

import { h, icon } from "../dom.js";
import { t } from "../text.js";

/** Tags as a list of marks; with `onRemove(tag)` each can be taken off. */
export function tagList(tags, onRemove = null) {
  return h(
    "ul",
    { class: "tags", "aria-label": t("tags.label") },
    tags.map((tag) =>
      h(
        "li",
        { class: "tag" },
        h("span", { class: "tag-name", dir: "auto" }, tag),
        onRemove ? removal(tag, onRemove) : null,
      ),
    ),
  );
}

function removal(tag, onRemove) {
  return h(
    "button",
    {
      type: "button",
      class: "tag-remove",
      "aria-label": t("tags.remove", { tag }),
      title: t("tags.remove", { tag }),
      onclick: () => onRemove(tag),
    },
    icon("x", 16),
  );
}

/** What a customer thought of a thread: a thumb with its word. Without a score there is only a comment. */
export function ratingMark(score) {
  if (score === undefined) return h("span", { class: "rating" }, t("rating.comment"));
  const kind = score ? "good" : "bad";
  return h(
    "span",
    { class: `rating rating-${kind}` },
    icon(score ? "thumbs-up" : "thumbs-down", 16),
    t(`rating.${kind}`),
  );
}
