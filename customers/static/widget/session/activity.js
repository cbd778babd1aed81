/* What the other side is doing: typing, looking something up. No sign lasts for ever. */

import { withoutPreviews } from "../conversation.js";

const SIGNS_LAST = 10_000;
const PREVIEW_LASTS = 30_000;

export class Activity {
  /** `{authorId, kind: "typing" | "thinking", title?}`, or null. */
  current = null;

  #core;
  #timers = {};

  constructor(core) {
    this.#core = core;
  }

  /** Forgets what was seen. */
  clear() {
    this.#set(null);
  }

  /** Whoever speaks does nothing else meanwhile. */
  spoke(authorId) {
    if (this.current?.authorId === authorId) this.clear();
  }

  typing({ author_id: authorId, is_typing: on }) {
    if (authorId !== this.#core.customer.id) this.#set(on ? { authorId, kind: "typing" } : null);
  }

  thinking({ author_id: authorId, title }) {
    this.#set({ authorId, kind: "thinking", title });
  }

  /** Who stops writing without sending leaves nothing behind. */
  previewing(authorId) {
    clearTimeout(this.#timers.preview);
    this.#timers.preview = setTimeout(() => {
      this.#core.conversation = withoutPreviews(this.#core.conversation, authorId);
      this.#core.changed();
    }, PREVIEW_LASTS);
  }

  #set(activity) {
    clearTimeout(this.#timers.sign);
    this.current = activity;
    if (activity) this.#timers.sign = setTimeout(() => {
      this.current = null;
      this.#core.changed();
    }, SIGNS_LAST);
  }
}
