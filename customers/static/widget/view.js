/* Everything around the messages: who answers, what is going on, and what can be done about it. */

import { activeThread, allEvents, lastAgent, lastThread, presentAgents, wasAnswered } from "./conversation.js";
import { face, h, icon, say } from "./dom.js";
import { Form, isAddress } from "./forms.js";
import { MessageLog } from "./messages.js";
import { Rating } from "./rating.js";
import { Sheet } from "./sheet.js";
import { duration, t } from "./texts.js";

const NEAR = 48;
const PATIENCE = 1_500;
const STOPS = {
  logged_out_remotely: "stopped_logged_out",
  customer_banned: "stopped_banned",
  identity: "stopped_identity",
  too_many_connections: "stopped_busy",
  license_expired: "stopped_license",
  license_not_found: "stopped_license",
};

const get = (id) => document.getElementById(id);

export class View {
  #session;
  #log;
  #organization = document.body.dataset.organizationName;
  #sheet;
  #rating;
  #drafts;
  #lostSince = 0;
  #drawn = {};
  /** The thread whose rating was asked for, though it goes on. */
  #rated = null;

  /** `onFocus` puts the cursor back to where one writes; `drafts`, a Store, keeps what is in forms. */
  constructor(session, hooks) {
    this.#session = session;
    this.#drafts = hooks.drafts;
    this.#sheet = new Sheet(get("question"), hooks.onFocus);
    this.#rating = new Rating(get("rating"), session);
    const onTakeBack = (event, thread) => this.#takeBack(event, thread);
    this.#log = new MessageLog(get("log"), session, { drafts: hooks.drafts, onTakeBack });
    get("minimize").addEventListener("click", hooks.onMinimize);
    get("try-now").addEventListener("click", () => session.retry());
    get("newest").addEventListener("click", () => {
      this.toNewest();
      hooks.onFocus();
    });
    get("earlier").addEventListener("click", () => this.#loadEarlier());
    get("scroller").addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#menu();
    setInterval(() => this.#tick(), 1_000);
    setInterval(() => this.draw(), 30_000);
    new ResizeObserver(() => this.#stick()).observe(get("scroller"));
    new ResizeObserver(() => this.#stick()).observe(get("log"));
  }

  #following = true;
  #top = 0;

  /** Draws everything from the session's present state. */
  draw() {
    const { broken, connection } = this.#session;
    const ready = this.#session.ready || this.#session.pending().length > 0;
    const failed = broken || connection.phase === "stopped";
    get("skeleton").hidden = ready || failed;
    this.#drawBanner();
    this.#drawHeader();
    this.#drawProblem(failed);
    this.#drawWelcome(ready && !failed);
    this.#drawNote(ready && !failed);
    this.#drawRating(ready && !failed);
    this.#drawAsked(ready && !failed);
    this.#drawActivity();
    this.#drawMenu();
    get("earlier").hidden = !this.#session.conversation.earlier || connection.phase !== "online";
    this.#look();
    const spoken = ready && this.#log.draw();
    if (spoken && !this.#following) get("newest").hidden = false;
    this.#stick();
  }

  /** Shows the newest words and stays with them. */
  toNewest() {
    this.#following = true;
    this.#top = 0;
    get("newest").hidden = true;
    this.#stick();
  }

  /** Closes what is open above the conversation; tells whether there was anything. */
  dismiss() {
    if (this.#sheet.dismiss()) return true;
    if (!get("menu-items").hidden) {
      this.#openMenu(false);
      get("menu-button").focus();
      return true;
    }
    return false;
  }

  #scrolled() {
    const scroller = get("scroller");
    this.#following = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
    if (this.#following) get("newest").hidden = true;
  }

  /** A reader may have scrolled away without the event yet. */
  #look() {
    if (get("scroller").scrollTop < this.#top) this.#scrolled();
  }

  #stick() {
    const scroller = get("scroller");
    this.#look();
    if (this.#following) scroller.scrollTop = scroller.scrollHeight;
    this.#top = scroller.scrollTop;
  }

  /** Older messages appear above; what is being read stays where it is. */
  async #loadEarlier() {
    const scroller = get("scroller");
    const button = get("earlier");
    button.disabled = true;
    try {
      const below = scroller.scrollHeight - scroller.scrollTop;
      await this.#session.loadEarlier();
      this.draw();
      scroller.scrollTop = scroller.scrollHeight - below;
      say(button, t("earlier"));
    } catch {
      say(button, t("earlier_failed"));
    }
    button.disabled = false;
  }

  #drawHeader() {
    const { conversation, reception: { predicted } } = this.#session;
    const active = activeThread(conversation);
    const present = active ? presentAgents(conversation) : [];
    const expected = active?.queue ? null : (lastAgent(conversation) ?? predicted);
    const known = present.length ? present : [expected].filter(Boolean);
    this.#drawFaces(known);
    say(get("title"), titleOf(known, this.#organization));
    const status = this.#status(active, present);
    say(get("status"), status.text);
    get("status").dataset.tone = status.tone;
  }

  #drawFaces(agents) {
    const shown = agents.slice(0, 3);
    const signature = JSON.stringify(shown.map(({ name, avatar }) => [name, avatar]));
    if (this.#drawn.faces === signature) return;
    this.#drawn.faces = signature;
    const faces = shown.length ? shown.map(face) : [face({ name: this.#organization, logo: document.body.dataset.logo })];
    get("faces").replaceChildren(...faces);
  }

  #status(active, present) {
    const { connection, ready, reception: { availability } } = this.#session;
    if (connection.phase === "stopped") return { text: "", tone: "" };
    if (this.#isDown) return { text: t("status_lost"), tone: "" };
    if (active?.queue && availability !== "offline") return { text: t("status_queue", active.queue), tone: "warn" };
    if (active && present.length) return { text: t("status_answering"), tone: "ok" };
    if (!ready || (connection.phase === "connecting" && !availability)) return { text: t("status_connecting"), tone: "" };
    if (availability === "online") return { text: t("status_online"), tone: "ok" };
    if (availability === "online_for_queue") return { text: t("status_busy"), tone: "warn" };
    if (availability === "offline") return { text: t("status_offline"), tone: "" };
    return { text: "", tone: "" };
  }

  #drawProblem(failed) {
    const { connection } = this.#session;
    const stopped = connection.phase === "stopped";
    const key = failed ? (stopped ? connection.reason : "broken") : "";
    if (this.#drawn.problem === key) return;
    this.#drawn.problem = key;
    get("problem").hidden = !failed;
    if (!failed) return;
    get("problem").replaceChildren(
      icon("circle-alert"),
      h("h2", {}, t(stopped ? "stopped_title" : "error_title")),
      h("p", {}, t(stopped ? (STOPS[connection.reason] ?? "stopped_other") : "error_text")),
      h("button", { type: "button", class: "button primary", onclick: () => this.#session.retry() }, t("reload")),
    );
  }

  /** Says that the line is down, once it has been down for longer than a blink. */
  #drawBanner() {
    const { phase, retryAt } = this.#session.connection;
    const down = phase === "waiting" || (phase === "connecting" && this.#lostSince > 0);
    if (!down) this.#lostSince = 0;
    else if (!this.#lostSince) this.#lostSince = Date.now();
    const visible = down && this.#isDown;
    get("banner").hidden = !visible;
    say(get("banner-what"), visible ? t(navigator.onLine ? "reconnecting" : "offline") : "");
    if (!visible) return;
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    say(get("banner-when"), phase === "waiting" ? t("next_try", { seconds: duration(seconds) }) : t("trying"));
    get("try-now").disabled = phase !== "waiting";
  }

  /** Whether the line has been down for longer than a blink. */
  get #isDown() {
    return this.#lostSince > 0 && Date.now() - this.#lostSince >= PATIENCE;
  }

  #tick() {
    if (!["waiting", "connecting"].includes(this.#session.connection.phase)) return;
    this.#drawBanner();
    this.#drawHeader();
  }

  #drawWelcome(possible) {
    const { conversation, asked, greeting, reception: { availability, predicted } } = this.#session;
    const visible = possible && !allEvents(conversation).length && !this.#session.pending().length && !greeting.current;
    get("welcome").hidden = !visible;
    get("welcome").classList.toggle("small", Boolean(asked));
    const online = predicted?.name ? "welcome_agent" : "welcome_online";
    const name = { online_for_queue: "welcome_busy", offline: asked ? "welcome_ticket" : "welcome_offline" }[availability] ?? online;
    const [title, text] = [t("welcome"), t(name, predicted ?? {})];
    const key = [title, text, asked?.type].join();
    if (!visible || this.#drawn.welcome === key) return;
    this.#drawn.welcome = key;
    const mark = predicted ? face(predicted) : icon("message-circle");
    get("welcome").replaceChildren(...(asked ? [] : [mark]), h("h2", {}, title), h("p", {}, text));
  }

  /** What happens next, beneath the last message: the queue, a message left, or an ended chat. */
  #drawNote(possible) {
    const note = possible ? this.#note() : null;
    get("note").hidden = !note;
    const key = JSON.stringify(note);
    if (this.#drawn.note === key) return;
    this.#drawn.note = key;
    get("note").replaceChildren(
      ...(note?.title ? [h("p", { class: "note-title" }, note.title)] : []),
      ...(note?.lines ?? []).map((line) => h("p", {}, line)),
    );
  }

  #note() {
    const { conversation, reception: { availability } } = this.#session;
    const active = activeThread(conversation);
    if (!active) {
      const over = allEvents(conversation).length && !this.#session.pending().length;
      return over ? { lines: [t(this.#session.asked || this.#session.greeting.current ? "ended" : "ended_text")] } : null;
    }
    const answered = presentAgents(conversation).length > 0;
    if (availability === "offline" && !answered && active.events.length) {
      return { title: t("left_title"), lines: [t("left_text")] };
    }
    if (active.queue) {
      const { position, wait_time: wait } = active.queue;
      const own = t("queue_own", { position, minutes: Math.max(1, Math.ceil(wait / 60)) });
      if (own) return { lines: [own] };
      const time = wait > 0 ? [t("queue_wait", { time: duration(wait) })] : [];
      return { title: t("queue_title", { position }), lines: [...time, t("queue_stay")] };
    }
    return null;
  }

  #drawActivity() {
    const { conversation, activity: { current: activity } } = this.#session;
    const name = conversation.users[activity?.authorId]?.name || t("someone");
    const { title } = activity ?? {};
    say(get("activity"), activity ? t(title ? "thinking_about" : activity.kind, { name, title }) : "");
  }

  /** Beneath a chat that is over, and beneath a running one for who asks for it. */
  #drawRating(possible) {
    const { conversation } = this.#session;
    const thread = lastThread(conversation);
    const asked = thread && (!thread.active || this.#rated === thread.id);
    const visible = possible && asked && wasAnswered(conversation, thread);
    get("rating").hidden = !visible;
    if (visible) this.#rating.draw(thread);
  }

  #openRating() {
    this.#rated = lastThread(this.#session.conversation).id;
    this.toNewest();
    this.draw();
    get("rating").scrollIntoView({ block: "nearest" });
    this.#rating.focus();
  }

  /** A form takes the composer's place until it is sent; what is being filled in stays. */
  #drawAsked(possible) {
    const { asked, customer, reception: { groups } } = this.#session;
    const visible = possible && asked;
    const key = visible ? JSON.stringify([asked, groups]) : "";
    get("asked").hidden = !visible;
    if (this.#drawn.asked === key) return;
    const first = !this.#drawn.asked;
    const writing = get("composer").contains(document.activeElement);
    this.#drawn.asked = key;
    this.#asked = null;
    if (!visible) return;
    const ticket = asked.type === "ticket";
    const again = allEvents(this.#session.conversation).length > 0;
    this.#asked = new Form(asked, {
      title: t(ticket ? "ticket_title" : again ? "prechat_again" : "prechat_title"),
      text: ticket ? t("ticket_text") : "",
      submit: t(ticket ? "ticket_send" : "prechat_send"),
      drafts: this.#drafts,
      known: customer,
      statuses: groups,
      onAnswers: (answers) => this.#session.answer(asked, answers),
    });
    get("asked").replaceChildren(this.#asked.element);
    if (first && !again) this.#following = false;
    if (writing) this.#asked.focus();
  }

  #asked = null;

  /** Puts the cursor into the form that is asked; tells whether there is one. */
  focusAsked() {
    this.#asked?.focus();
    return this.#asked !== null;
  }

  #menu() {
    get("menu-button").addEventListener("click", () => this.#openMenu(get("menu-items").hidden));
    get("menu").addEventListener("focusout", (event) => {
      if (event.relatedTarget && !get("menu").contains(event.relatedTarget)) this.#openMenu(false);
    });
    document.addEventListener("pointerdown", (event) => {
      if (!get("menu").contains(event.target)) this.#openMenu(false);
    });
    const acts = { "rate-chat": () => this.#openRating(), "mail-chat": () => this.#mailChat(), "end-chat": () => this.#endChat() };
    for (const [id, act] of Object.entries(acts)) {
      get(id).addEventListener("click", () => {
        get("menu-button").focus();
        this.#openMenu(false);
        act();
      });
    }
  }

  /** Offers what makes sense now. */
  #drawMenu() {
    const { conversation, connection } = this.#session;
    const thread = lastThread(conversation);
    const online = connection.phase === "online";
    get("rate-chat").hidden = !thread || !online || !wasAnswered(conversation, thread);
    get("mail-chat").hidden = !thread || !online;
    get("end-chat").hidden = !activeThread(conversation);
    get("menu").hidden = !this.#offered.length;
  }

  get #offered() {
    return [...get("menu-items").children].filter((item) => !item.hidden);
  }

  #openMenu(open) {
    get("menu-items").hidden = !open;
    get("menu-button").setAttribute("aria-expanded", open);
    if (open) this.#offered[0].focus();
  }

  #endChat() {
    this.#sheet.ask({
      question: t("end_question"),
      yes: t("end_yes"),
      no: t("end_no"),
      danger: true,
      failed: t("end_failed"),
      act: () => this.#session.endChat(),
    });
  }

  #takeBack(event, thread) {
    this.#sheet.ask({
      question: t("take_back_question"),
      yes: t("take_back"),
      no: t("take_back_no"),
      danger: true,
      failed: t("take_back_failed"),
      act: () => this.#session.takeBack(event, thread),
    });
  }

  #mailChat() {
    const control = h("input", { class: "input", id: "mail-address", type: "email", autocomplete: "email", dir: "auto", maxlength: 254, "aria-required": "true" });
    control.value = this.#session.customer.email ?? "";
    const check = () => (control.value.trim() ? (isAddress(control) ? "" : t("bad_email")) : t("need_email"));
    this.#sheet.ask({
      question: t(activeThread(this.#session.conversation) ? "mail_question_later" : "mail_question"),
      yes: t("mail_yes"),
      no: t("cancel"),
      failed: t("mail_failed"),
      input: { control, check, elements: [h("label", { class: "label", for: "mail-address" }, t("mail_address")), control] },
      act: () => this.#session.lastThread.mailTo(control.value.trim()),
    });
  }
}

function titleOf(agents, organization) {
  if (!agents.length) return organization;
  const name = agents[0].name || t("agent");
  return agents.length > 1 ? t("team", { name }) : name;
}
