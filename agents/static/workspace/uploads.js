/**
 * Files on their way to the server, with progress and cancel. A finished upload becomes a file event in the outbox.
 */

export const MAX_BYTES = 10 * 1024 * 1024;

export class Uploads {
  /**
   * @param {object} options
   * @param {string} options.url the upload_file action of the Web API
   * @param {(renew?: boolean) => Promise<string>} options.getToken
   * @param {(chatId: string, event: object) => void} options.onDone a file event to send
   * @param {(items: object[]) => void} options.onChange items {id, chatId, name, size, progress 0–1, error}
   */
  constructor({ url, getToken, onDone, onChange }) {
    this.url = url;
    this.getToken = getToken;
    this.onDone = onDone;
    this.onChange = onChange;
    this.items = [];
    this.requests = new Map();
    this.files = new Map();
  }

  /** Begin to upload one file for a chat; `visibility` is that of the event it will become. */
  add(chatId, file, visibility) {
    const id = `upload-${Date.now()}-${Math.random().toString(36).slice(2)}`;
    const item = {
      id,
      chatId,
      name: file.name,
      size: file.size,
      visibility,
      progress: 0,
      error: null,
    };
    this.files.set(id, file);
    this.#set([...this.items, item]);
    if (file.size > MAX_BYTES) this.#patch(id, { error: "entity_too_large" });
    else this.#send(id, false);
    return id;
  }

  retry(id) {
    this.#patch(id, { error: null, progress: 0 });
    this.#send(id, false);
  }

  /** Stop an upload, or put away one that failed. */
  cancel(id) {
    this.requests.get(id)?.abort();
    this.#forget(id);
  }

  async #send(id, renew) {
    let token;
    try {
      token = await this.getToken(renew);
    } catch {
      this.#patch(id, { error: "authentication" });
      return;
    }
    const item = this.items.find((known) => known.id === id);
    if (!item) return;
    const body = new FormData();
    body.append("file", this.files.get(id), item.name);
    const request = new XMLHttpRequest();
    this.requests.set(id, request);
    request.open("POST", this.url);
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) =>
      this.#patch(id, { progress: total ? loaded / total : 0 }),
    );
    request.addEventListener("load", () => this.#finish(id, request, renew));
    request.addEventListener("error", () => this.#patch(id, { error: "disconnected" }));
    request.send(body);
  }

  #finish(id, request, renewed) {
    const item = this.items.find((known) => known.id === id);
    if (!item) return;
    if (request.status === 200) {
      this.#forget(id);
      this.onDone(item.chatId, {
        type: "file",
        url: request.response.url,
        visibility: item.visibility,
      });
    } else if (request.status === 401 && !renewed) {
      this.#send(id, true);
    } else {
      const type = request.response?.error?.type;
      this.#patch(id, {
        error: type ?? (request.status === 413 ? "entity_too_large" : "internal"),
      });
    }
  }

  #forget(id) {
    this.requests.delete(id);
    this.files.delete(id);
    this.#set(this.items.filter((item) => item.id !== id));
  }

  #patch(id, change) {
    this.#set(this.items.map((item) => (item.id === id ? { ...item, ...change } : item)));
  }

  #set(items) {
    this.items = items;
    this.onChange(items);
  }
}
