/* Where the visitor is, where from, and what the page around us knows of them. */

export class Visit {
  #core;
  #onMoved;
  #page = { url: location.href, title: document.title };
  #referrer = "";
  #profile = {};

  /** `onMoved` hears what the server says to a new page. */
  constructor(core, onMoved) {
    this.#core = core;
    this.#onMoved = onMoved;
  }

  /** What the login tells of the visit. */
  get login() {
    return {
      ...(Object.keys(this.#profile).length ? { customer: this.#profile } : {}),
      customer_page: this.#page,
      referrer: this.#referrer,
      is_mobile: matchMedia("(pointer: coarse) and (max-width: 480px)").matches,
    };
  }

  /** The host page the visitor is on. */
  setPage(page, referrer = this.#referrer) {
    const moved = page.url !== this.#page.url;
    this.#page = page;
    this.#referrer = referrer;
    if (moved && this.#core.line.online) this.#core.request("update_customer_page", page).then(this.#onMoved, () => {});
  }

  /** Name, e-mail and session fields the host page knows. */
  setCustomer(values) {
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
    if (!Object.keys(given).length) return;
    Object.assign(this.#profile, given);
    this.#core.quietly("update_customer", given);
  }
}
