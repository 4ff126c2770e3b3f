// A page of the desk is put together from panels, each of which its own service answers.

const isSignIn = (xhr) => new URL(xhr.responseURL || location.href).pathname.endsWith("/login/");

function say(panel, words, link) {
  const said = document.createElement("p");
  said.className = "desk-away";
  said.textContent = words;
  if (link) {
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = link;
    said.append(" ", again);
  }
  panel.replaceChildren(said);
}

function leaveGap({ target }) {
  if (target.dataset.away) say(target, target.dataset.away, "Try again");
}

// Who was signed out meanwhile reads so, and gets no form in the middle of a page.
function keepSignInOut({ target, detail }) {
  if (!isSignIn(detail.xhr)) return;
  detail.shouldSwap = false;
  say(target, "You are signed out.", "Sign in");
}

function failed({ target, detail }) {
  if (detail.xhr.status === 403) (target.closest("section") ?? target).remove();
  else leaveGap({ target });
}

const moment = (step) => Date.parse(step.querySelector("time").dateTime);

// What happened at several services, in the order in which it did.
function intoOneLine({ target }) {
  const line = document.querySelector("[data-timeline]");
  if (!line || !target.matches("[data-steps]")) return;
  const steps = [...line.children, ...target.querySelectorAll("li")];
  steps.sort((one, other) => moment(one) - moment(other));
  line.append(...steps);
  target.remove();
}

document.addEventListener("htmx:beforeSwap", keepSignInOut);
document.addEventListener("htmx:responseError", failed);
for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, leaveGap);
document.addEventListener("htmx:afterSwap", intoOneLine);
