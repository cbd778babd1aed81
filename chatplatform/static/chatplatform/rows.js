/*
 * Rows of a form (chatplatform/admin/rows.py): adding, taking away and moving them.
 *
 * What is sent stays what a page without this script sends, as if its rows had always stood so:
 * one that is taken away leaves the page, and the others are numbered anew. Controls elsewhere that
 * name a row by its number follow.
 */

const ROW = "[data-rows-row]";
/* The attributes in which a row's number stands. */
const NAMING = ["name", "id", "for", "aria-describedby"];

class Rows {
  constructor(root) {
    this.root = root;
    this.prefix = root.dataset.rows;
    this.most = Number(root.dataset.rowsMost);
    this.list = root.querySelector("ol");
    this.template = root.querySelector("template");
    this.total = root.querySelector(`[name="${this.prefix}-TOTAL_FORMS"]`);
    root.querySelector(`[name="${this.prefix}-INITIAL_FORMS"]`).value = "0";
    this.adder = root.querySelector("[data-rows-add]");
    this.adder.hidden = false;
    this.adder.addEventListener("click", () => this.add());
    this.list.addEventListener("click", (event) => this.clicked(event));
    for (const row of this.rows()) this.equip(row);
    this.settle([...this.list.querySelectorAll(`:scope > ${ROW}[hidden]`), ...this.emptyLast()]);
  }

  rows() {
    return [...this.list.querySelectorAll(`:scope > ${ROW}`)];
  }

  /* The number in the names of a row's controls; people count from one. */
  numberOf(row) {
    const { name } = row.querySelector(`[name^="${this.prefix}-"]`);
    return Number.parseInt(name.slice(this.prefix.length + 1), 10);
  }

  /* The controls that name one of these rows. */
  referring() {
    const found = this.root.closest("form").querySelectorAll(`[data-rows-number-of="${this.prefix}"]`);
    return [...found].filter((control) => !control.closest("[data-rows-empty]"));
  }

  equip(row) {
    for (const label of row.querySelectorAll("[data-rows-order], [data-rows-delete]")) {
      label.hidden = true;
    }
    for (const button of row.querySelectorAll(".rows-tools button")) button.hidden = false;
  }

  /* The empty row is for pages without a script; here there is a button. */
  emptyLast() {
    const last = this.rows().at(-1);
    if (!last?.hasAttribute("data-rows-empty")) return [];
    const number = String(this.numberOf(last) + 1);
    return this.referring().some((control) => control.value === number) ? [] : [last];
  }

  add() {
    const number = Number(this.total.value);
    const markup = this.template.innerHTML.replaceAll("__prefix__", String(number));
    this.list.insertAdjacentHTML("beforeend", markup);
    const row = this.list.lastElementChild;
    row.removeAttribute("data-rows-empty");
    this.equip(row);
    this.settle();
    this.root.dispatchEvent(new CustomEvent("rows:added", { bubbles: true, detail: { row } }));
    row.querySelector("input:not([type=hidden]), select, textarea")?.focus();
  }

  clicked(event) {
    const button = event.target.closest("button");
    const row = button?.closest(ROW);
    if (!row) return;
    if (button.matches("[data-rows-remove]")) this.remove(row);
    if (button.matches("[data-rows-up]")) this.move(row, -1, button);
    if (button.matches("[data-rows-down]")) this.move(row, 1, button);
  }

  remove(row) {
    const at = this.rows().indexOf(row);
    this.settle([row]);
    const next = this.rows()[at] ?? this.rows()[at - 1];
    (next?.querySelector("[data-rows-remove]") ?? this.adder).focus();
    this.changed();
  }

  move(row, by, button) {
    const rows = this.rows();
    const other = rows[rows.indexOf(row) + by];
    if (!other) return;
    if (by < 0) other.before(row);
    else other.after(row);
    this.settle();
    const opposite = row.querySelector(by < 0 ? "[data-rows-down]" : "[data-rows-up]");
    (button.disabled ? opposite : button).focus();
    this.changed();
  }

  /* Take rows away, number the others as they stand, and say which way each can move. */
  settle(gone = []) {
    const numbers = new Map(gone.map((row) => [this.numberOf(row), null]));
    for (const row of gone) row.remove();
    const rows = this.rows();
    rows.forEach((row, at) => {
      numbers.set(this.numberOf(row), at);
      this.rename(row, at);
      row.querySelector("[data-rows-number]").textContent = String(at + 1);
      const place = row.querySelector("[data-rows-order] input");
      if (place) place.value = String(at + 1);
      const [up, down] = ["up", "down"].map((way) => row.querySelector(`[data-rows-${way}]`));
      if (up) up.disabled = at === 0;
      if (down) down.disabled = at === rows.length - 1;
    });
    for (const control of this.referring()) {
      const now = numbers.get(Number(control.value) - 1);
      if (now !== undefined) control.value = now === null ? "" : String(now + 1);
    }
    this.total.value = String(rows.length);
    this.adder.disabled = rows.length >= this.most;
  }

  rename(row, number) {
    const old = new RegExp(`${this.prefix}-\\d+-`, "g");
    for (const element of row.querySelectorAll("*")) {
      for (const name of NAMING) {
        const said = element.getAttribute(name);
        if (said !== null) element.setAttribute(name, said.replace(old, `${this.prefix}-${number}-`));
      }
    }
  }

  changed() {
    this.root.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

for (const root of document.querySelectorAll("[data-rows]")) new Rows(root);
