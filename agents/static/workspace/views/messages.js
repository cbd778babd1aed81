/**
 * From a chat to the rows of its conversation: separators, messages, system lines, what is still on its way.
 * items() is pure; build() turns one item into an element.
 */

import { h, hiddenText, icon, iconButton } from "../dom.js";
import { customerOf, pendingIn, ratingOf, uploadsIn, userOf } from "../selectors.js";
import { clock, dayKey, dayName, exact, fileSize, plural, t, timeElement } from "../text.js";
import { ratingMark } from "./marks.js";
import {
  authorName,
  customerName,
  errorText,
  eventLine,
  summaryOf,
  systemText,
} from "./words.js";

const GROUP_SECONDS = 60;
const RASTER = /^image\/(png|jpeg|gif|webp|avif)$/;
const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/gi;

/** The rows of a conversation, oldest first. Each has a key and a signature by which it is kept or rebuilt. */
export function items(state, chat) {
  const rows = [];
  const confirmed = new Set();
  let day = null;
  let before = null;
  let closing = null;
  chat.threads.forEach((thread, index) => {
    rows.push(separator(thread, closing, chat.threads, index));
    day = dayKey(thread.created_at);
    before = null;
    const last = thread.events.at(-1);
    closing = !thread.active && last?.type === "system_message" ? last : null;
    for (const event of thread.events) {
      if (event.custom_id) confirmed.add(event.custom_id);
      if (event === closing && index < chat.threads.length - 1) continue;
      if (event.type === "system" && !summaryOf(event)) continue;
      if (dayKey(event.created_at) !== day) {
        day = dayKey(event.created_at);
        rows.push({
          kind: "day",
          key: `day-${day}-${thread.id}`,
          signature: dayName(event.created_at),
          at: event.created_at,
        });
        before = null;
      }
      const row = eventRow(event, before, chat, state);
      rows.push(row);
      before = row.kind === "message" ? event : null;
    }
    if (thread.restricted_access) {
      rows.push({
        kind: "note",
        key: `restricted-${thread.id}`,
        signature: "",
        text: t("thread.restricted"),
      });
    }
  });
  markDelivery(rows, state, chat);
  return [...rows, ...onTheirWay(state, chat, confirmed, before), ...ghost(state, chat)];
}

/**
 * Above a thread: why the one before closed and what the customer thought of it; when this one began and, unless
 * the head says so, how it is tagged.
 */
function separator(thread, closing, threads, index) {
  const reason = closing ? systemText(closing) : "";
  const rating = index ? ratingOf(threads[index - 1]) : {};
  const tags = index < threads.length - 1 ? (thread.tags ?? []) : [];
  return {
    kind: "thread",
    key: `thread-${thread.id}`,
    signature: JSON.stringify([thread.created_at, reason, index, rating, tags]),
    at: thread.created_at,
    rating,
    tags,
    reason,
    closedAt: closing?.created_at ?? null,
  };
}

function eventRow(event, before, chat, state) {
  if (event.type === "system") {
    return { kind: "summary", key: event.id, signature: summaryOf(event), event };
  }
  if (event.type === "system_message") {
    return { kind: "system", key: event.id, signature: systemText(event), event };
  }
  const isMine = event.author_id === state.me?.id;
  const isGrouped =
    before !== null &&
    before.author_id === event.author_id &&
    before.visibility === event.visibility &&
    (Date.parse(event.created_at) - Date.parse(before.created_at)) / 1000 < GROUP_SECONDS;
  const author = authorName(chat, event.author_id, state.me);
  return {
    kind: "message",
    key: event.custom_id ? `custom-${event.custom_id}` : event.id,
    signature: JSON.stringify([event, isGrouped, author]),
    event,
    author,
    isMine,
    isGrouped,
    isCustomer: userOf(chat, event.author_id)?.type === "customer",
    delivery: null,
  };
}

/** Under my last words to the customer: whether they were seen. */
function markDelivery(rows, state, chat) {
  const mine = rows.filter(
    (row) => row.kind === "message" && row.isMine && row.event.visibility !== "agents",
  );
  const last = mine.at(-1);
  if (!last) return;
  const seenUpTo = customerOf(chat)?.events_seen_up_to;
  last.delivery = seenUpTo && seenUpTo >= last.event.created_at ? "seen" : "sent";
  last.signature += last.delivery;
}

function onTheirWay(state, chat, confirmed, before) {
  const outgoing = pendingIn(state, chat.id)
    .filter((item) => !confirmed.has(item.id))
    .map((item) => ({
      kind: "message",
      key: `custom-${item.id}`,
      signature: JSON.stringify([item.state, item.error, item.event]),
      event: { ...item.event, created_at: item.createdAt },
      author: t("author.you"),
      isMine: true,
      isCustomer: false,
      isGrouped: before?.author_id === state.me?.id && before?.visibility === item.event.visibility,
      delivery: item.state === "sent" ? "sent" : item.state === "failed" ? "failed" : "sending",
      pending: item,
    }));
  const files = uploadsIn(state, chat.id).map((item) => ({
    kind: "upload",
    key: item.id,
    signature: JSON.stringify([item.error, Math.round(item.progress * 100)]),
    upload: item,
  }));
  return [...outgoing, ...files];
}

function ghost(state, chat) {
  const peek = state.peeks[chat.id];
  return peek
    ? [
        {
          kind: "peek",
          key: "peek",
          signature: peek.text,
          text: peek.text,
          name: customerName(chat),
        },
      ]
    : [];
}

/**
 * The element of a row. `actions` are what a row may ask for: retry(id), discard(id), retryUpload(id),
 * cancelUpload(id).
 */
export function build(row, actions) {
  switch (row.kind) {
    case "thread":
      return threadSeparator(row);
    case "day":
      return h(
        "div",
        { class: "day" },
        h("span", {}, h("time", { datetime: row.at, title: exact(row.at) }, dayName(row.at))),
      );
    case "system":
      return h(
        "div",
        { class: "system", dir: "auto" },
        systemText(row.event),
        " ",
        timeElement(row.event.created_at, "clock"),
      );
    case "summary":
      return h(
        "div",
        { class: "message-summary" },
        h(
          "p",
          { class: "message-head" },
          icon("sparkles", 16),
          h("span", { class: "message-author" }, t("summary.label")),
          timeElement(row.event.created_at, "clock"),
        ),
        h("p", { class: "words", dir: "auto" }, summaryOf(row.event)),
      );
    case "note":
      return h("div", { class: "system" }, row.text);
    case "peek":
      return peekBubble(row);
    case "upload":
      return uploadCard(row.upload, actions);
    default:
      return message(row, actions);
  }
}

function threadSeparator({ at, reason, closedAt, rating, tags }) {
  const isRated = rating.score !== undefined;
  return h(
    "div",
    { class: "thread-line" },
    reason || isRated
      ? h(
          "p",
          { class: "thread-closed", dir: "auto" },
          reason ? [reason, " ", timeElement(closedAt, "clock"), " "] : null,
          isRated ? ratingMark(rating.score) : null,
        )
      : null,
    h(
      "p",
      { class: "thread-begun" },
      h("span", {}, t("thread.begun", { day: dayName(at), time: clock(at) })),
      tags.map((tag) => h("span", { class: "tag tag-quiet", dir: "auto" }, tag)),
    ),
  );
}

function peekBubble({ text, name }) {
  return h(
    "div",
    { class: "message message-customer message-peek", "aria-live": "off" },
    h(
      "p",
      { class: "message-head" },
      h("span", { class: "message-author", dir: "auto" }, t("peek.by", { name })),
    ),
    h("div", { class: "bubble bubble-peek", dir: "auto" }, text),
  );
}

function message(row, actions) {
  const { event, isMine, isGrouped, isCustomer } = row;
  const whisper = event.visibility === "agents";
  const classes = ["message", isCustomer ? "message-customer" : "message-agent"];
  if (isMine) classes.push("message-mine");
  if (whisper) classes.push("message-whisper");
  if (isGrouped) classes.push("message-grouped");
  if (row.delivery === "sending") classes.push("message-sending");
  if (event.deleted) classes.push("message-deleted");
  return h(
    "div",
    { class: classes.join(" ") },
    isGrouped
      ? hiddenText(`${row.author}: `)
      : h(
          "p",
          { class: "message-head" },
          h("span", { class: "message-author", dir: "auto" }, row.author),
          whisper
            ? h("span", { class: "whisper-mark" }, icon("lock", 16), t("whisper.mark"))
            : null,
          automatic(event),
          " ",
          timeElement(event.created_at, "clock"),
        ),
    h(
      "div",
      { class: `bubble bubble-${event.type}`, title: isGrouped ? exact(event.created_at) : null },
      body(event),
    ),
    row.delivery ? delivery(row, actions) : null,
  );
}

/** That nobody typed it: a greeting the customer answered, or the welcome message. */
function automatic({ properties }) {
  const marks = properties?.lc2 ?? {};
  if (marks.greeting_id) return h("span", { class: "mark" }, t("event.greeting"));
  return marks.welcome_message ? h("span", { class: "mark" }, t("event.welcome")) : null;
}

function delivery({ delivery: kind, pending, event }, actions) {
  if (kind === "failed") {
    return h(
      "p",
      { class: "delivery delivery-failed" },
      icon("circle-alert", 16),
      h("span", {}, t("delivery.failed", { reason: errorText(pending.error) })),
      h(
        "button",
        {
          type: "button",
          class: "link-button",
          dataset: { focus: "retry" },
          onclick: () => actions.retry(pending.id),
        },
        t("retry"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "link-button",
          dataset: { focus: "discard" },
          onclick: () => actions.discard(pending.id),
        },
        t("discard"),
      ),
    );
  }
  const marks = { sending: "clock", sent: "check", seen: "check-check" };
  return h(
    "p",
    { class: `delivery delivery-${kind}`, title: exact(event.created_at) },
    icon(marks[kind], 16),
    t(pending?.state === "queued" ? "delivery.waiting" : `delivery.${kind}`),
  );
}

// --- what an event says ---------------------------------------------------------------------------

function body(event) {
  if (!event.deleted) return content(event);
  const stub = h("p", { class: "stub" }, icon("trash-2", 16), t("event.deleted"));
  const isKept = event.text || event.url || event.elements || event.fields || event.content;
  return isKept ? [stub, h("div", { class: "deleted-original" }, content(event))] : stub;
}

function content(event) {
  switch (event.type) {
    case "message":
      return h("p", { class: "words", dir: "auto" }, linked(event.text));
    case "file":
      return RASTER.test(event.content_type ?? "") ? picture(event) : fileCard(event);
    case "rich_message":
      return richMessage(event);
    case "form":
    case "filled_form":
      return form(event);
    case "custom":
      return h(
        "details",
        { class: "custom" },
        h("summary", {}, t("event.custom")),
        h("pre", {}, JSON.stringify(event.content ?? {}, null, 2)),
      );
    default:
      return h("p", { class: "faint" }, eventLine(event));
  }
}

/** Text with its addresses as links that leak nothing about this page. */
function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(end, match.index), link(match[0]));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

function link(url, text = url) {
  return h(
    "a",
    {
      href: url,
      target: "_blank",
      rel: "noopener noreferrer nofollow",
      title: t("link.opens", { host: hostOf(url) }),
    },
    text,
  );
}

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

function isSafe(url) {
  return /^(https?:\/\/|\/(?!\/))/i.test(url ?? "");
}

function picture(event) {
  if (!isSafe(event.url)) return fileCard(event);
  const name = event.alternative_text || event.name || t("event.picture");
  const image = h("img", {
    src: thumbnail(event),
    srcset: isSafe(event.thumbnail2x_url)
      ? `${thumbnail(event)} 1x, ${event.thumbnail2x_url} 2x`
      : null,
    alt: name,
    loading: "lazy",
    decoding: "async",
    referrerpolicy: "no-referrer",
  });
  if (event.width && event.height) {
    image.width = event.width;
    image.height = event.height;
  }
  const picture = h(
    "a",
    {
      class: "picture",
      href: event.url,
      target: "_blank",
      rel: "noopener noreferrer",
      title: name,
    },
    image,
  );
  image.addEventListener("error", () => picture.replaceWith(fileCard(event)));
  return picture;
}

function thumbnail(event) {
  const { thumbnail_url: small, thumbnail2x_url: large, url } = event;
  return [small, large, url].find(isSafe);
}

function fileCard(event) {
  const inner = [
    icon("file-text"),
    h(
      "span",
      { class: "file-words" },
      h("span", { class: "file-name", dir: "auto" }, event.name ?? t("event.unnamed_file")),
      h(
        "span",
        { class: "file-kind" },
        [fileKind(event), event.size ? fileSize(event.size) : null].filter(Boolean).join(" · "),
      ),
    ),
  ];
  if (!isSafe(event.url)) return h("span", { class: "file" }, inner);
  return h(
    "a",
    {
      class: "file",
      href: event.url,
      target: "_blank",
      rel: "noopener noreferrer",
      download: event.name ?? "",
    },
    inner,
    icon("download", 16),
  );
}

/** What people call a kind of file: the ending of its name, else what the server says of it. */
function fileKind({ name, content_type: type }) {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(name ?? "");
  return ending ? ending[1].toUpperCase() : type;
}

function richMessage(event) {
  return h(
    "div",
    { class: `rich rich-${event.template_id}` },
    (event.elements ?? []).map((element) =>
      h(
        "div",
        { class: "rich-card" },
        isSafe(element.image?.url)
          ? h("img", {
              src: element.image.url,
              alt: element.image.alternative_text ?? "",
              loading: "lazy",
              referrerpolicy: "no-referrer",
              width: element.image.width ?? null,
              height: element.image.height ?? null,
            })
          : null,
        element.title ? h("p", { class: "rich-title", dir: "auto" }, element.title) : null,
        element.subtitle ? h("p", { class: "rich-subtitle", dir: "auto" }, element.subtitle) : null,
        element.buttons?.length
          ? h(
              "ul",
              { class: "rich-buttons", "aria-label": t("rich.buttons") },
              element.buttons.map(richButton),
            )
          : null,
      ),
    ),
  );
}

function richButton(button) {
  const pressed = button.user_ids?.length ?? 0;
  return h(
    "li",
    { class: pressed ? "rich-button rich-button-pressed" : "rich-button", dir: "auto" },
    button.text,
    pressed ? [icon("check", 16), hiddenText(plural("rich.pressed", pressed))] : null,
  );
}

function form(event) {
  const titles = ["prechat", "postchat", "ask_for_email"];
  const title = titles.includes(event.form_type) ? t(`form.${event.form_type}`) : eventLine(event);
  return [
    h("p", { class: "form-title" }, icon("file-text", 16), title),
    h(
      "dl",
      { class: "form-answers" },
      (event.fields ?? [])
        .filter(({ type }) => type !== "header")
        .map((field) => [
          h("dt", { dir: "auto" }, field.label ?? field.id),
          h("dd", { dir: "auto" }, event.type === "form" ? t("form.asked") : answer(field)),
        ]),
    ),
  ];
}

function answer(field) {
  const given = field.answers ?? (field.answer === undefined ? [] : [field.answer]);
  const words = given
    .map((one) => (typeof one === "object" ? one.label : String(one)))
    .filter(Boolean);
  return words.join(", ") || "–";
}

function uploadCard(upload, actions) {
  const percent = Math.round(upload.progress * 100);
  return h(
    "div",
    { class: "message message-agent message-mine" },
    h(
      "div",
      { class: "bubble upload" },
      icon("file-text"),
      h(
        "span",
        { class: "file-words" },
        h("span", { class: "file-name", dir: "auto" }, upload.name),
        upload.error
          ? h("span", { class: "upload-error" }, errorText(upload.error))
          : h("progress", {
              max: "100",
              value: String(percent),
              "aria-label": t("upload.progress", { name: upload.name }),
            }),
      ),
      upload.error && upload.error !== "entity_too_large"
        ? iconButton("rotate-ccw", t("retry"), {
            dataset: { focus: "retry" },
            onclick: () => actions.retryUpload(upload.id),
          })
        : null,
      iconButton("x", t("upload.cancel", { name: upload.name }), {
        dataset: { focus: "cancel" },
        onclick: () => actions.cancelUpload(upload.id),
      }),
    ),
  );
}
