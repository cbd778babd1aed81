/* What scripts add to pages that work without them: copying, tabs, and calls as they come. */

import { addCopying } from "./copying.js";
import { followCalls } from "./calls.js";
import { makeTabs } from "./tabs.js";

for (const tabs of document.querySelectorAll("[data-tabs]")) {
  makeTabs(tabs);
}
for (const text of document.querySelectorAll("[data-copy]")) {
  addCopying(text);
}
for (const calls of document.querySelectorAll("[data-calls]")) {
  followCalls(calls);
}
