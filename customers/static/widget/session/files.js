/* Files on their way: one travels at a time, and what the network lost is tried again. */

import { ConnectionLost, ProtocolError, untilTry } from "../connection.js";
import { freshId } from "../storage.js";

/** What the protocol allows for one file. */
export const MAX_BYTES = 10 * 1024 * 1024;
const TRIES = 6;

export class Files {
  #core;
  #url;
  #delivery;
  /** Oldest first: `{customId, at, file, picture, share, state, problem}`. */
  #uploads = [];

  /** Files go to `url`; `delivery` says in the chat what has arrived. */
  constructor(core, { url, delivery }) {
    this.#core = core;
    this.#url = url;
    this.#delivery = delivery;
  }

  /** What is under way or refused, in the shape of the outbox's items. */
  get items() {
    return this.#uploads.map((upload) => {
      const { file, customId, at, state, problem } = upload;
      return { event: { type: "file", name: file.name, size: file.size, custom_id: customId }, at, state, problem, upload };
    });
  }

  /** Takes a file to be sent. Returns `too_large` when it cannot be. */
  add(file) {
    if (file.size > MAX_BYTES) return "too_large";
    const picture = file.type.startsWith("image/") ? URL.createObjectURL(file) : null;
    const upload = { customId: freshId(), at: Date.now(), file, share: 0, state: "waiting", problem: null, picture };
    this.#uploads = [...this.#uploads, upload];
    this.#core.changed();
    this.sendNext();
    return null;
  }

  /** Sends a refused file once more; tells whether it was one of these. */
  retry(customId) {
    const upload = this.#find(customId);
    if (!upload) return false;
    Object.assign(upload, { state: "waiting", problem: null, share: 0 });
    this.#core.changed();
    this.sendNext();
    return true;
  }

  /** Gives a file up, stopping it if it is under way; tells whether it was one of these. */
  remove(customId) {
    const upload = this.#find(customId);
    if (!upload) return false;
    this.#drop(upload);
    this.#core.changed();
    return true;
  }

  /** Sends the oldest that waits, unless another is under way. */
  async sendNext() {
    const upload = this.#uploads.find((one) => one.state === "waiting");
    if (!upload || !this.#core.line.online || this.#uploads.some((one) => one.state === "uploading")) return;
    Object.assign(upload, { state: "uploading", share: 0, stop: new AbortController() });
    this.#core.changed();
    try {
      const url = await this.#transfer(upload);
      const { file, customId, at } = upload;
      const about = { name: file.name, size: file.size, content_type: file.type, ...(await dimensions(file)) };
      this.#delivery.add({ type: "file", url }, { customId, at, about });
      this.#drop(upload);
    } catch (error) {
      await this.#failed(upload, error);
    }
    this.#core.changed();
    this.sendNext();
  }

  async #transfer(upload, renewed = false) {
    const { accessToken } = await this.#core.tokens.get();
    const onProgress = (share) => {
      upload.share = share;
      this.#core.changed();
    };
    try {
      return await uploadFile({ url: this.#url, token: accessToken, file: upload.file, signal: upload.stop.signal, onProgress });
    } catch (error) {
      if (error.type !== "authentication" || renewed) throw error;
      this.#core.tokens.discard(accessToken);
      return this.#transfer(upload, true);
    }
  }

  /** What may pass is tried again after a while, the rest is shown. */
  async #failed(upload, error) {
    if (error.name === "AbortError") return;
    upload.tries = (upload.tries ?? 0) + 1;
    const passing = !(error instanceof ProtocolError) || error.passing;
    if (passing && upload.tries < TRIES) {
      await untilTry(upload.tries);
      if (upload.state === "uploading") upload.state = "waiting";
    } else {
      const problem = error.type === "entity_too_large" ? "refused_large" : "refused_file";
      Object.assign(upload, { state: "failed", problem: passing ? null : problem, tries: 0 });
    }
  }

  #drop(upload) {
    upload.stop?.abort();
    if (upload.picture) URL.revokeObjectURL(upload.picture);
    this.#uploads = this.#uploads.filter((one) => one !== upload);
  }

  #find(customId) {
    return this.#uploads.find((one) => one.customId === customId);
  }
}

/** A picture's `{width, height}` in pixels, as far as the browser can tell; `{}` for other files. */
async function dimensions(file) {
  if (!file.type.startsWith("image/")) return {};
  try {
    const { width, height } = await createImageBitmap(file);
    return { width, height };
  } catch {
    return {};
  }
}

/**
 * Sends a file's bytes and resolves to its address.
 *
 * Rejects with ProtocolError when it is refused, with ConnectionLost when the network failed, and
 * with an AbortError when `signal` was aborted. `onProgress` hears a share between 0 and 1.
 */
function uploadFile({ url, token, file, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stopped = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onabort = stopped;
    request.onerror = () => reject(new ConnectionLost("upload_file"));
    request.onload = () => {
      const answer = request.response ?? {};
      if (request.status === 200 && answer.url) resolve(answer.url);
      else reject(new ProtocolError(answer.error ?? { type: request.status === 413 ? "entity_too_large" : "internal" }));
    };
    const form = new FormData();
    form.append("file", file, file.name);
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.send(form);
  });
}
