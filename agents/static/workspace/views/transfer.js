/**
 * Handing a chat on: to an agent who is here, to whoever is free, to a group. Says what will happen before it
 * does, and what went wrong where it did.
 */

import { avatar, h, setText } from "../dom.js";
import { answeringAgents } from "../selectors.js";
import { plural, t } from "../text.js";
import { Choices } from "./choices.js";
import { Modal } from "./modal.js";
import { agentName, customerName, groupName, refusal } from "./words.js";

/** The group everybody belongs to. */
const GENERAL = 0;

export class TransferDialog {
  constructor(workspace) {
    this.workspace = workspace;
    this.modal = new Modal({
      submit: t("action.transfer"),
      onSubmit: () => this.#submit(),
      explain: (error) => refusal("transfer", error),
    });
    this.choices = new Choices({
      label: t("transfer.to"),
      hint: t("transfer.hint"),
      none: t("transfer.none"),
      onMove: () => this.#explain(),
      onPick: () => this.#explain(),
    });
    this.what = h("p", { class: "modal-note", role: "status", dir: "auto" });
    this.wait = h("input", { type: "checkbox", onchange: () => this.#explain() });
    this.waiting = h("label", { class: "choice" }, this.wait, h("span", {}, t("transfer.wait")));
  }

  /** Ask where a chat should go. */
  async open(chatId) {
    const chat = this.workspace.state.chats[chatId];
    if (!chat) return;
    this.chatId = chatId;
    this.agents = null;
    this.wait.checked = false;
    this.choices.clear();
    this.modal.open(
      t("transfer.title", { name: customerName(chat) }),
      this.choices.root,
      this.waiting,
      this.what,
    );
    this.#offer();
    this.choices.focus();
    try {
      const agents = await this.workspace.threads.agentsFor(chatId);
      if (this.chatId !== chatId || !this.modal.isOpen) return;
      this.agents = agents;
    } catch (error) {
      this.agents = [];
      this.modal.say(refusal("transfer", error));
    }
    this.#offer();
  }

  #offer() {
    const { state } = this.workspace;
    const chat = state.chats[this.chatId];
    const here = new Set(answeringAgents(chat).map(({ id }) => id));
    const agents = (this.agents ?? [])
      .filter(({ agent_id: id }) => !here.has(id))
      .map((agent) => agentChoice(state, chat, agent));
    const groups = Object.entries(state.directory.groups)
      .map(([id, name]) => ({ id: Number(id), name: groupName(state, Number(id)) || name }))
      .map(({ id, name }) => ({
        key: `group-${id}`,
        text: name,
        icon: "users",
        group: t("transfer.groups"),
        target: { type: "group", ids: [id] },
        waits: true,
      }));
    const anybody = {
      key: "anybody",
      text: t("transfer.anybody"),
      icon: "inbox",
      note: this.agents === null ? t("loading") : "",
      target: null,
      waits: true,
    };
    this.choices.offer([...agents, { ...anybody, group: t("transfer.others") }, ...groups]);
  }

  #explain() {
    const choice = this.choices.current;
    const chat = this.workspace.state.chats[this.chatId];
    this.modal.allow(Boolean(choice));
    this.waiting.hidden = !choice?.waits;
    if (!chat) return;
    setText(this.what, choice ? `${arrives(choice, this.wait.checked)} ${this.#leaves(chat)}` : "");
  }

  #leaves(chat) {
    const { me, directory } = this.workspace.state;
    const others = answeringAgents(chat).filter(({ id }) => id !== me?.id);
    const isMine = answeringAgents(chat).some(({ id }) => id === me?.id);
    const names = others.map((agent) => agentName({ directory }, chat, agent.id)).join(", ");
    if (isMine) return names ? t("transfer.leaves.all", { names }) : t("transfer.leaves.me");
    return names ? t("transfer.leaves.others", { names }) : "";
  }

  async #submit() {
    const choice = this.choices.current;
    const chat = this.workspace.state.chats[this.chatId];
    const mayWait = choice.waits && this.wait.checked;
    await this.workspace.threads.transfer(this.chatId, choice.target, { mayWait });
    this.modal.close();
    this.workspace.notice("notice.transferred", { chat, to: choice.target, name: choice.text });
  }
}

function agentChoice(state, chat, { agent_id: id, total_active_chats: load }) {
  const status = state.agents[id];
  const name = agentName(state, chat, id);
  const accepts = status === "accepting_chats";
  return {
    key: `agent-${id}`,
    text: name,
    sought: id,
    mark: h("span", { class: "choice-agent" }, avatar(name, "agent"), dot(accepts)),
    note: `${t(accepts ? "transfer.accepts" : "transfer.accepts_not")} · ${plural("transfer.load", load)}`,
    group: t("transfer.agents"),
    target: { type: "agent", ids: [id] },
    accepts,
  };
}

function dot(isOn) {
  return h("span", { class: `dot ${isOn ? "dot-on" : ""}`, "aria-hidden": "true" });
}

function arrives({ target, text: name, accepts }, mayWait) {
  if (target?.type === "agent")
    return t(accepts ? "transfer.does.agent" : "transfer.does.busy", { name });
  const whom = !target ? "anybody" : target.ids[0] === GENERAL ? "general" : "group";
  return t(`transfer.does.${whom}${mayWait ? ".wait" : ""}`, { name });
}
