/*
 * What the browser keeps for one organisation, and who of several tabs may act on it.
 *
 * Where storage is blocked, values live in memory: everything works, but not beyond a reload.
 */

/** A named corner of localStorage (or sessionStorage) holding JSON values. */
export class Store {
  #area;
  #prefix;
  #memory = new Map();

  /** Every key begins with `prefix`; `open` gives the storage, and may throw where it is blocked. */
  constructor(prefix, open = () => window.localStorage) {
    this.#prefix = `${prefix}:`;
    try {
      this.#area = open();
      this.#area.getItem(this.#prefix);
    } catch {
      this.#area = null;
    }
  }

  /** The value under `key`, or null. */
  get(key) {
    const text = this.#memory.get(key) ?? this.#area?.getItem(this.#prefix + key);
    try {
      return JSON.parse(text ?? "null");
    } catch {
      return null;
    }
  }

  /** Keeps `value`; when the storage is full, memory keeps it for this page's life. */
  set(key, value) {
    const text = JSON.stringify(value);
    try {
      this.#area.setItem(this.#prefix + key, text);
      this.#memory.delete(key);
    } catch {
      this.remove(key);
      this.#memory.set(key, text);
    }
  }

  remove(key) {
    this.#memory.delete(key);
    this.#area?.removeItem(this.#prefix + key);
  }

  keys(start) {
    const kept = Object.keys(this.#area ?? {}).filter((key) => key.startsWith(this.#prefix));
    const names = [...this.#memory.keys(), ...kept.map((key) => key.slice(this.#prefix.length))];
    return names.filter((key) => key.startsWith(start));
  }

  /** Calls `listener(key)` when another tab changes a key; returns how to stop. */
  watch(listener) {
    const heard = (event) => {
      if (event.storageArea === this.#area && event.key?.startsWith(this.#prefix)) {
        listener(event.key.slice(this.#prefix.length));
      }
    };
    window.addEventListener("storage", heard);
    return () => window.removeEventListener("storage", heard);
  }
}

/**
 * Runs `work` while no other tab runs work of the same name.
 *
 * Web Locks need a secure page and storage that is not blocked; without them tabs are not kept
 * apart, and the server's handling of repeats by `custom_id` remains as the guard.
 */
export async function exclusively(name, work) {
  let begun = false;
  try {
    return await navigator.locks.request(name, () => {
      begun = true;
      return work();
    });
  } catch (error) {
    if (begun) throw error;
    return work();
  }
}

/** An unguessable id; unlike crypto.randomUUID it also exists on plain http. */
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
