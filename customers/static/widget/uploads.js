/* Sending a file's bytes, with progress and a way to stop. */

import { ProtocolError, ConnectionLost } from "./connection.js";

/** What the protocol allows for one file. */
export const MAX_BYTES = 10 * 1024 * 1024;

/** A picture's `{width, height}` in pixels, as far as the browser can tell; `{}` for other files. */
export async function dimensions(file) {
  if (!file.type.startsWith("image/")) return {};
  try {
    const { width, height } = await createImageBitmap(file);
    return { width, height };
  } catch {
    return {};
  }
}

/**
 * Uploads `file` and resolves to its address.
 *
 * Rejects with ProtocolError when it is refused, with ConnectionLost when the network failed, and
 * with an AbortError when `signal` was aborted. `onProgress` hears a share between 0 and 1.
 */
export function uploadFile({ url, token, file, signal, onProgress }) {
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
      else reject(new ProtocolError(answer.error ?? { type: "internal", message: "" }));
    };
    const form = new FormData();
    form.append("file", file, file.name);
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.send(form);
  });
}
