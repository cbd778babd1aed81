/* Buttons that copy what stands on the page. */

for (const button of document.querySelectorAll("[data-copy]")) {
  const said = document.querySelector("[data-copy-said]");
  const text = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      said.textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(text);
    }
  });
}
