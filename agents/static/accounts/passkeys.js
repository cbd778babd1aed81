/*
 * Passkeys: asks the browser for one, puts what it answered into the form, and sends the form.
 *
 * A form says what it is for: data-passkey="get" proves who one is, data-passkey="create" makes one.
 * What to ask stands in a data block (data-options) or is fetched (data-options-from).
 */

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const known = (credentials) => (credentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

/** Return what the server asks as the browser wants it: bytes instead of text. */
function asked({ publicKey }) {
  const options = { ...publicKey, challenge: bytes(publicKey.challenge) };
  if (publicKey.user) options.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  if (publicKey.excludeCredentials) options.excludeCredentials = known(publicKey.excludeCredentials);
  if (publicKey.allowCredentials) options.allowCredentials = known(publicKey.allowCredentials);
  return { publicKey: options };
}

/** Return what a passkey answered as the server wants it: text instead of bytes. */
function answered(credential) {
  const { response } = credential;
  const part = { clientDataJSON: text(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) part[name] = text(response[name]);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: part,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function options(form) {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const response = await fetch(form.dataset.optionsFrom, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error("no options");
  return response.json();
}

async function use(form) {
  const refusal = form.querySelector('[role="alert"]');
  const button = form.querySelector('[type="submit"]');
  refusal.hidden = true;
  button.disabled = true;
  try {
    const wanted = asked(await options(form));
    const credential = await navigator.credentials[form.dataset.passkey](wanted);
    form.elements.credential.value = JSON.stringify(answered(credential));
    form.submit();
  } catch {
    refusal.hidden = false;
    button.disabled = false;
    button.focus();
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!form.elements.name || form.elements.name.value.trim()) use(form);
      else form.elements.name.focus();
    });
  }
}
