// What the conversations through the official clients share in Node.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export { Pushes, counted } from "./pushes.mjs";

/** What the test says about the server and its people: one JSON file, named by the last argument. */
export const facts = JSON.parse(readFileSync(process.argv.at(-1), "utf8"));

/** Every method of a class, its own and inherited from anything but Object; `kept` are left out. */
export function methods(type, kept = []) {
  const names = [];
  for (let at = type.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    names.push(...Object.getOwnPropertyNames(at));
  }
  return names.filter((name) => name !== "constructor" && !kept.includes(name)).sort();
}

/** Check that something is refused with an error of this type. */
export async function refused(answer, type) {
  await assert.rejects(answer, (error) => {
    assert.equal((error.error ?? error.payload?.error ?? error).type, type);
    return true;
  });
}
