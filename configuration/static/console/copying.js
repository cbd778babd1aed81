/* A button that copies what stands beside it. */

const SAID_MS = 2000;

/** Add a button to `text`, named by its `data-copy`. */
export function addCopying(text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = text.closest("pre") ? "button button-primary copy" : "button copy";
  button.textContent = text.dataset.copy;
  const said = document.createElement("span");
  said.className = "visually-hidden";
  said.setAttribute("role", "status");
  button.addEventListener("click", () => copy(text, button, said));
  const block = text.closest("pre") ?? text;
  block.after(button, said);
}

async function copy(text, button, said) {
  if (!(await written(text.textContent))) {
    select(text);
    return;
  }
  const copied = document.querySelector("[data-copied]").dataset.copied;
  said.textContent = `${text.dataset.copy}: ${copied}`;
  button.textContent = `${text.dataset.copy} ✓`;
  setTimeout(() => {
    said.textContent = "";
    button.textContent = text.dataset.copy;
  }, SAID_MS);
}

/** Only pages over https, or of this machine, may write to the clipboard. */
async function written(words) {
  try {
    await navigator.clipboard.writeText(words);
    return true;
  } catch {
    return false;
  }
}

/** Select the words, so that one key copies them. */
function select(text) {
  getSelection().selectAllChildren(text);
}
