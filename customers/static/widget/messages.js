/*
 * The log: one element per message, built once and kept while its content stays the same, so that
 * nothing jumps and a screen reader hears every message exactly once.
 */

import { allEvents, isSpoken, lastThread, readUpTo } from "./conversation.js";
import { arrange, face, h, icon, iconButton, linkified, outward, safeUrl, say } from "./dom.js";
import { Form } from "./forms.js";
import { RichMessage } from "./rich.js";
import { day, exactly, percent, size, t, when } from "./texts.js";

const PICTURE = { width: 240, height: 160 };

export class MessageLog {
  #element;
  #session;
  #hooks;
  #rows = new Map();

  /**
   * `element` is the `role="log"`; `drafts`, a Store, keeps what is written into forms, and
   * `onTakeBack(event, thread)` asks whether a message shall go.
   */
  constructor(element, session, hooks) {
    this.#element = element;
    this.#session = session;
    this.#hooks = hooks;
  }

  /** Brings the log up to date; tells whether somebody else's words were added at the end. */
  draw() {
    const before = this.#newest;
    const entries = this.#entries();
    const kept = new Map();
    const elements = entries.map((entry) => {
      const row = this.#row(entry);
      kept.set(entry.key, row);
      row.update(entry);
      return row.element;
    });
    arrange(this.#element, elements);
    this.#rows = kept;
    this.#newest = entries.findLast((entry) => entry.kind === "said" && !entry.mine)?.key;
    return this.#newest !== undefined && this.#newest !== before;
  }

  #newest;

  /** Keeps an element as long as its content stands; only its edges and foot change in place. */
  #row(entry) {
    const known = this.#rows.get(entry.key);
    return known && known.content === entry.content ? known : this.#build(entry);
  }

  #build(entry) {
    if (entry.kind === "said") return new Said(entry, this.#session, this.#hooks);
    if (entry.kind === "form") return new Asked(entry, this.#session, this.#hooks);
    if (entry.kind === "ghost") return new Ghost(entry);
    return new Note(entry);
  }

  /** Everything to show, in order, with what each needs to know of its neighbours. */
  #entries() {
    const { conversation, customer } = this.#session;
    const stored = conversation.threads.flatMap((thread, index) => [
      ...(index ? [{ kind: "thread", key: `thread:${thread.id}`, date: new Date(thread.createdAt) }] : []),
      ...thread.events.filter((event) => isShown(event) && this.#isAsked(event, thread)).map((event) => this.#stored(event, thread)),
    ]);
    const known = new Set(allEvents(conversation).map((event) => event.custom_id));
    const pending = this.#session
      .pending()
      .filter((item) => !known.has(item.event.custom_id))
      .map((item) => this.#pendingEntry(item));
    const ghosts = Object.entries(conversation.previews).map(([id, event]) => this.#ghost(id, event));
    const said = [...stored, ...this.#greeting(), ...pending];
    const entries = [...withDays(said.filter(unlessAnswered(said))), ...ghosts];
    markGroups(entries);
    markAnswered(entries);
    markDelivery(entries, readUpTo(conversation, customer.id));
    return entries;
  }

  /** What the visitor is greeted with stands where the chat will begin with it. */
  #greeting() {
    const { current: greeting } = this.#session.greeting;
    if (!greeting) return [];
    const { agent, event, unique_id: id } = greeting;
    return [{ ...this.#stored(event, {}), key: `greeting:${id}`, greeting, author: agent, authorId: agent?.id }];
  }

  /** Whether a form is still asked: in the last thread, while its answer matters, unless skipped. */
  #isAsked({ id, type, form_type: kind }, thread) {
    if (type !== "form") return true;
    const { conversation } = this.#session;
    const matters = kind === "ask_for_email" ? thread.active : thread === lastThread(conversation);
    return matters && !this.#session.reception.isSkipped(id);
  }

  #ghost(id, { author_id: authorId, text = "" }) {
    return { kind: "ghost", key: `ghost:${id}`, content: "", author: this.#session.conversation.users[authorId], text };
  }

  #stored(event, thread) {
    const date = new Date(event.created_at);
    if (event.type === "system_message") {
      const text = told(event);
      return { kind: "system", key: event.id, date, text, content: text };
    }
    if (event.type === "form") return { kind: "form", key: event.id, date, event, thread, content: event.form_id };
    const mine = event.author_id === this.#session.customer.id;
    return {
      kind: "said",
      key: (mine && event.custom_id) || event.id || event.custom_id,
      content: contentOf(event),
      event,
      thread,
      mine,
      author: this.#session.conversation.users[event.author_id],
      authorId: event.author_id,
      date,
      createdAt: event.created_at,
      state: "sent",
    };
  }

  #pendingEntry(item) {
    const event = { ...item.about, ...item.event };
    return {
      kind: "said",
      key: event.custom_id,
      content: item.upload ? `upload:${item.upload.state}` : contentOf(event),
      event,
      mine: true,
      authorId: this.#session.customer.id,
      date: new Date(item.at),
      state: this.#stateOf(item),
      problem: item.problem,
      upload: item.upload,
    };
  }

  #stateOf(item) {
    if (item.state === "failed" || item.state === "uploading") return item.state;
    if (item.state === "acked") return "sent";
    return this.#session.connection.phase === "online" ? "sending" : "waiting";
  }
}

/** What happened in words for customers; what they did is told to them as such. */
const HAPPENINGS = {
  manual_archived_agent: ({ agent: name }) => t("agent_ended", { name }),
  manual_archived_customer: () => t("you_ended"),
  "rating.chat_rated": ({ score }) => t(score === "good" ? "you_rated_good" : "you_rated_bad"),
  "rating.chat_commented": ({ comment }) => t("you_commented", { comment }),
  "rating.rating_canceled": () => t("you_unrated"),
  transcript_requested: ({ email }) => t("transcript_asked", { email }),
  transcript_sent: ({ email }) => t("transcript_sent", { email }),
};

const told = ({ system_message_type: type, text = "", text_vars: values = {} }) => HAPPENINGS[type]?.(values) ?? text;

/** What the log shows; events we do not know are left out. */
const isShown = (event) => isSpoken(event) || ["system_message", "filled_form", "form"].includes(event.type);

/** A form is asked until it is answered, which a chat that is over does not wait for. */
function unlessAnswered(entries) {
  const answered = new Set(entries.filter(({ event }) => event?.type === "filled_form").map(({ event }) => event.form_id));
  return ({ kind, event }) => kind !== "form" || !answered.has(event.form_id);
}

/** What a message's body is made from; while this is equal the element stays. */
function contentOf(event) {
  const { type, text, url, width, height, elements, fields } = event;
  if (type === "message") return `message:${text}`;
  if (type === "file") return `file:${url}:${width}:${height}`;
  return `${type}:${JSON.stringify(elements ?? fields ?? null, (key, value) => (key === "user_ids" ? undefined : value))}`;
}

/** Adds a line where the day changes; one where a thread begins already says the day. */
function withDays(entries) {
  const rows = [];
  let last = "";
  for (const entry of entries) {
    const today = entry.date.toDateString();
    if (today !== last) rows.push({ kind: "day", key: `day:${today}`, date: entry.date, content: "" });
    if (entry.kind !== "thread" || today === last) rows.push(entry);
    last = today;
  }
  return rows;
}

/** One author within one minute speaks as one. */
function markGroups(entries) {
  const minute = (entry) => Math.floor(entry.date / 60_000);
  const together = (one, other) =>
    one?.kind === "said" && other?.kind === "said" && one.authorId === other.authorId && minute(one) === minute(other);
  entries.forEach((entry, index) => {
    entry.first = !together(entries[index - 1], entry);
    entry.last = !together(entry, entries[index + 1]);
  });
}

/** Quick replies are offered until the visitor says something. */
function markAnswered(entries) {
  const last = entries.findLastIndex((entry) => entry.kind === "said" && entry.mine);
  entries.forEach((entry, index) => {
    entry.answered = index < last;
  });
}

/** The newest of one's own words that was read says so; earlier ones need not. */
function markDelivery(entries, readUntil) {
  const own = entries.filter((entry) => entry.kind === "said" && entry.mine);
  const seen = own.findLast((entry) => entry.createdAt && entry.createdAt <= readUntil);
  if (seen) seen.state = "seen";
  for (const entry of own) {
    entry.tells = entry === own.at(-1) || entry === seen || entry.state !== "sent";
  }
}

/** A day, the start of a thread, or a word of the system: small and centred. */
class Note {
  constructor(entry) {
    this.content = entry.content;
    this.element = h("div", { class: `row ${entry.kind}` }, h("p", { dir: "auto" }));
  }

  update(entry) {
    const words = { day: () => day(entry.date), thread: () => t("new_chat", { time: when(entry.date) }), system: () => entry.text };
    say(this.element.firstChild, words[entry.kind]());
    if (entry.kind !== "day") this.element.firstChild.title = exactly(entry.date);
  }
}

/** What somebody is writing: seen, but said only when it is sent. */
class Ghost {
  content = "";
  #words = h("div", { class: "bubble", dir: "auto" });

  constructor({ author }) {
    this.element = h("div", { class: "row said theirs ghost first last", "aria-hidden": "true" }, face(author), h("div", { class: "stack" }, h("p", { class: "author" }, author?.name || t("agent")), this.#words));
  }

  update({ text }) {
    say(this.#words, text);
  }
}

const FORM_TEXTS = {
  ask_for_email: ["email_form_title", "email_form_text"],
  postchat: ["postchat_title", ""],
};

/** A form that somebody asks in the conversation. */
class Asked {
  constructor({ content, event, thread }, session, { drafts }) {
    this.content = content;
    const { form_id: id, form_type: type, fields = [] } = event;
    const [title, text] = FORM_TEXTS[type] ?? ["form_title", ""];
    const form = new Form(
      { id, fields },
      {
        title: t(title),
        text: text && t(text),
        submit: t("form_send"),
        drafts,
        known: session.customer,
        statuses: session.reception.groups,
        onAnswers: (answers) => session.answer({ id, type }, answers, { attach: !thread.active }),
        onSkip: () => session.reception.skip(event.id),
      },
    );
    this.element = h("div", { class: "row asked" }, form.element);
  }

  update() {}
}

/** Somebody's words, with who and when, and for one's own whether they arrived. */
class Said {
  #time = h("span", { "aria-hidden": "true" });
  #exact = h("span", { class: "visually-hidden" });
  #stamp = h("time", {}, this.#time, this.#exact);
  #state = h("span", { class: "state" });
  #actions = h("span", { class: "actions" });
  #progress = null;
  #session;
  #hooks;
  #body;
  #takeBack = null;
  #entry;

  constructor(entry, session, hooks) {
    this.#session = session;
    this.#hooks = hooks;
    this.content = entry.content;
    const { mine, author } = entry;
    const name = author?.name || t("agent");
    const label = mine ? t("you_said") : t("they_said", { name });
    this.#body = entry.upload ? this.#uploading(entry.upload) : BODIES[entry.event.type]?.(entry, session);
    const body = this.#body?.element ?? this.#body;
    if (mine && !entry.upload) this.#takeBack = this.#offerToTakeBack();
    this.element = h(
      "div",
      {},
      mine ? null : face(author),
      h(
        "div",
        { class: "stack" },
        h("p", { class: "author" }, mine ? label : h("span", { "aria-hidden": "true" }, name), mine ? null : h("span", { class: "visually-hidden" }, label)),
        h("div", { class: "bubble-line" }, this.#takeBack, body ?? h("div", { class: "bubble" }, t("file"))),
        h("p", { class: "foot" }, this.#stamp, this.#state, this.#actions),
      ),
    );
  }

  update(entry) {
    this.#entry = entry;
    if (this.#body instanceof RichMessage) this.#body.update(entry);
    if (this.#takeBack) this.#takeBack.hidden = !entry.event.id;
    const classes = ["row", "said", entry.mine ? "mine" : "theirs"];
    if (entry.first) classes.push("first");
    if (entry.last) classes.push("last");
    if (entry.tells) classes.push("tells");
    this.element.className = [...classes, entry.state].join(" ");
    const iso = entry.date.toISOString();
    if (this.#stamp.dateTime !== iso) {
      this.#stamp.dateTime = iso;
      this.#stamp.title = exactly(entry.date);
      say(this.#exact, exactly(entry.date));
    }
    say(this.#time, when(entry.date));
    say(this.#state, entry.mine ? this.#stateText(entry) : "");
    this.#state.ariaHidden = entry.state === "uploading"; // the progress bar tells it when asked
    this.#offer(entry);
    if (this.#progress && entry.upload) this.#progress.value = entry.upload.share;
  }

  #stateText({ state, problem, upload }) {
    if (state === "failed") return problem ? `${t("failed")}. ${t(problem)}` : t("failed");
    if (state === "uploading") return t("uploading", { percent: percent(upload.share) });
    return t(state);
  }

  /** Seen on hover and focus, and where there is no pointer after a tap on the message. */
  #offerToTakeBack() {
    return iconButton(t("take_back"), "trash-2", () => this.#hooks.onTakeBack(this.#entry.event, this.#entry.thread), "take-back");
  }

  /** What can be done about a refused message. */
  #offer({ state, event }) {
    const failed = state === "failed";
    if (failed === this.#actions.hasChildNodes()) return;
    const id = event.custom_id;
    const button = (key, act) => h("button", { type: "button", class: "text-button", onclick: act }, t(key));
    this.#actions.replaceChildren(
      ...(failed
        ? [button("retry", () => this.#session.again(id)), button("discard", () => this.#session.discard(id))]
        : []),
    );
  }

  #uploading({ customId, file, picture: source, state }) {
    const cancel = () => this.#session.discard(customId);
    const moving = state !== "failed";
    if (moving) this.#progress = h("progress", { max: 1, value: 0, "aria-label": file.name });
    return h(
      "div",
      { class: "bubble file" },
      source ? h("img", { class: "thumb", src: source, alt: "" }) : icon("file-text"),
      fileWords(file, this.#progress),
      moving ? iconButton(t("cancel_upload", { name: file.name }), "x", cancel) : null,
    );
  }
}

const BODIES = {
  message: ({ event }) => h("div", { class: "bubble", dir: "auto" }, ...linkified(event.text ?? "")),
  file: ({ event }) => (event.content_type?.startsWith("image/") ? picture(event) : card(event)),
  rich_message: (entry, session) => new RichMessage(entry, session),
  filled_form: ({ event }) =>
    h("dl", { class: "bubble answers" }, ...(event.fields ?? []).flatMap((field) => [h("dt", {}, field.label ?? ""), h("dd", { dir: "auto" }, answerOf(field))])),
};

/** A picture at its own proportions, so that the place is there before the bytes are. */
function picture(event) {
  const href = safeUrl(event.url);
  const source = safeUrl(event.thumbnail2x_url ?? event.thumbnail_url ?? event.url);
  const name = event.alternative_text || event.name || t("file");
  const { width = PICTURE.width, height = PICTURE.height } = event;
  const image = h("img", { src: source, width, height, alt: t("image", { name }), loading: "lazy", decoding: "async" });
  if (!event.width) image.classList.add("cropped");
  image.addEventListener("error", () => link.replaceWith(card(event)));
  const link = outward(href, { class: "bubble picture" }, image, h("span", { class: "visually-hidden" }, ` (${t("new_window")})`));
  return link;
}

function card(event) {
  const name = event.name || decodeURIComponent((event.url ?? "").split("/").at(-1));
  return outward(
    safeUrl(event.url),
    { class: "bubble file", "aria-label": t("download", { name }) },
    icon("file-text"),
    fileWords({ name, size: event.size }),
    icon("download"),
  );
}

const fileWords = ({ name, size: bytes }, ...more) =>
  h("span", { class: "file-words" }, h("span", { class: "file-name", dir: "auto" }, name), bytes ? h("span", { class: "file-size" }, size(bytes)) : null, ...more);

function answerOf({ answer, answers }) {
  const list = answers ?? (answer === undefined || answer === null ? [] : [answer]);
  return list.map((one) => one.label ?? String(one)).join(", ") || "—";
}
