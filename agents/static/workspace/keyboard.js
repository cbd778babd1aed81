/**
 * Keys. Chords with Ctrl/⌘ always work; single keys only where nobody writes, and only while the agent wants them.
 */

const PREFIX_MS = 1500;

export class Keyboard {
  /**
   * @param {object} options
   * @param {() => boolean} options.singleKeys whether single keys are wanted
   * @param {() => void} options.before what must be settled before any key or chord is carried out
   * @param {Record<string, () => void>} options.keys what a single key does, by KeyboardEvent.key; "g x" for two in a row
   * @param {Record<string, () => void>} options.chords what Ctrl/⌘ with a key does; "shift+m" with Shift
   * @param {() => void} options.escape
   */
  constructor({ singleKeys, before, keys, chords, escape }) {
    this.prefix = null;
    document.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.isComposing) return;
      before();
      if (event.ctrlKey || event.metaKey) this.#chord(event, chords);
      else if (event.key === "Escape" && !document.querySelector("dialog[open]")) escape(event);
      else if (singleKeys() && !event.altKey && !isWriting(event.target)) this.#single(event, keys);
    });
  }

  #chord(event, chords) {
    const name = `${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
    if (!(name in chords) || event.altKey) return;
    event.preventDefault();
    chords[name]();
  }

  #single(event, keys) {
    if (document.querySelector("dialog[open]")) return;
    const now = Date.now();
    const prefixed =
      this.prefix && this.prefix.until > now ? `${this.prefix.key} ${event.key}` : null;
    this.prefix = null;
    if (prefixed && prefixed in keys) {
      event.preventDefault();
      keys[prefixed]();
    } else if (Object.keys(keys).some((name) => name.startsWith(`${event.key} `))) {
      this.prefix = { key: event.key, until: now + PREFIX_MS };
    } else if (event.key in keys) {
      event.preventDefault();
      keys[event.key]();
    }
  }
}

function isWriting(target) {
  return (
    target.closest?.(
      "input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable]",
    ) !== null
  );
}
