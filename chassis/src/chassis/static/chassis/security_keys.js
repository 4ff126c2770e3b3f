// A security key in the place of a code: forms with data-key, "get" where one signs in, "create" where one is added.

const HOW = { get: "parseRequestOptionsFromJSON", create: "parseCreationOptionsFromJSON" };

// Why a browser gave no answer, as far as it tells.
const SAID = {
  InvalidStateError: "This key was added before.",
  SecurityError: "Security keys work at the house's own address alone.",
};

async function toldBy(form) {
  const body = new FormData(form);
  body.set("ask-key", "yes");
  const answer = await fetch(form.dataset.keyAsk ?? form.action, { method: "POST", body });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.said);
  return told;
}

async function ask(form) {
  const how = form.dataset.key;
  const publicKey = PublicKeyCredential[HOW[how]](await toldBy(form));
  const credential = await navigator.credentials[how]({ publicKey });
  form.elements.key.value = JSON.stringify(credential);
  form.submit();
}

function sayOf(error) {
  if (error instanceof DOMException) return SAID[error.name] ?? "No key answered: try again, or give a code.";
  return error instanceof SyntaxError || error instanceof TypeError ? "That did not work: try again." : error.message;
}

for (const form of document.querySelectorAll("form[data-key]")) {
  if (!window.PublicKeyCredential?.[HOW[form.dataset.key]]) continue;
  const button = form.querySelector("[data-key-ask]");
  const said = form.querySelector("[data-key-said]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    button.disabled = said.hidden = true;
    try {
      await ask(form);
    } catch (error) {
      said.textContent = sayOf(error);
      said.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}
