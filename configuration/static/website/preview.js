/*
 * Previews beside a form: the real widget in a frame, which follows what is typed. Each change is
 * drawn in a frame behind the one that is seen, and takes its place once it stands, so that nothing
 * flickers. A field that is only seen in one scene turns to it. Nothing is sent but the query of the preview's own page.
 */

import { contentOf } from "./content.js";

const PATIENCE = 250;
const SETTLES = 400;

const place = document.querySelector("[data-preview]");
const form = place && document.getElementById(place.dataset.previewForm);
const stage = place?.querySelector("[data-stage]");
const chosen = (name) => place.querySelector(`[name="preview-${name}"]:checked`)?.value;

let timer = 0;
let drawn = "";
let turn = 0;

/** The preview's address for the form as it stands. */
function address() {
  const query = new URLSearchParams({ scheme: chosen("scheme") });
  if (chosen("scene")) query.set("scene", chosen("scene"));
  for (const [name, value] of Object.entries(contentOf(place.dataset.previewOf, form))) query.set(name, JSON.stringify(value));
  return `${place.dataset.preview}?${query}`;
}

function draw() {
  stage.dataset.width = chosen("width");
  const next = address();
  if (next === drawn) return;
  drawn = next;
  turn += 1;
  const mine = turn;
  const frame = document.createElement("iframe");
  frame.title = stage.dataset.title;
  frame.className = "coming";
  frame.src = next;
  frame.addEventListener("load", () => {
    setTimeout(() => {
      if (mine !== turn) return frame.remove();
      for (const other of [...stage.children]) if (other !== frame) other.remove();
      frame.className = "";
    }, SETTLES);
  });
  stage.append(frame);
}

/** Shows the scene in which what is being written can be seen. */
function turnTo({ target }) {
  const scene = place.querySelector(`[name="preview-scene"][value="${target.dataset.previewScene}"]`);
  if (!scene || scene.checked) return;
  scene.checked = true;
  draw();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(draw, PATIENCE);
}

if (form) {
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("click", later);
  form.addEventListener("focusin", turnTo);
  form.addEventListener("reset", () => setTimeout(later));
  place.addEventListener("change", draw);
  const reset = form.querySelector("[data-reset]");
  if (reset) reset.hidden = false;
  place.hidden = false;
  draw();
}
