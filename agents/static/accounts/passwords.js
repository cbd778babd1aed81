/* Says in words how strong a password is while it is typed. What counts, the server decides. */

const COMMON = /^(.)\1+$|^(0123|1234|abcd|qwer|asdf|pass|admin|letme|welcome)/i;

/** Return "short", "weak", "fair" or "strong". */
function strength(password) {
  if (password.length < 8) return "short";
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}]/u].filter((kind) => kind.test(password));
  const different = new Set(password).size;
  if (COMMON.test(password) || different < 5 || /^\d+$/.test(password)) return "weak";
  const score = password.length + 2 * kinds.length + different / 2;
  if (score < 17) return "weak";
  return score < 26 ? "fair" : "strong";
}

for (const field of document.querySelectorAll("input[data-strength]")) {
  const words = document.getElementById(field.dataset.strength);
  field.addEventListener("input", () => {
    const found = field.value ? strength(field.value) : "";
    words.dataset.strength = found;
    words.textContent = found ? words.dataset[found] : "";
  });
}
