// Parts of a page that come anew, each from where it says; where nothing comes, what is there does as well.
async function told(address, options) {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(10_000), ...options });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

// Who is signed in: what of the head is its reader's, on pages that are everybody's.
const me = document.querySelector(".me[data-from]");
if (me) told(me.dataset.from).then((text) => { if (text !== null) me.innerHTML = text; });

// What the seats cost that are chosen in its form: asked for once somebody pauses, and the last answer alone is told.
const price = document.querySelector("#price[data-from]");
let choices = 0;
price?.addEventListener("chosen", () => {
  const choice = ++choices;
  setTimeout(async () => {
    if (choice !== choices) return;
    const body = new URLSearchParams(new FormData(price.closest("form")));
    const text = await told(price.dataset.from, { method: "POST", body });
    if (text !== null && choice === choices) price.innerHTML = text;
  }, 300);
});

// How a booking stands, looked at until it is settled. What has not changed is not said again.
const standing = document.querySelector(".status[data-again]");
if (standing) {
  const look = async () => {
    const text = await told(standing.dataset.again);
    const now = text === null ? null : new DOMParser().parseFromString(text, "text/html").querySelector(".status");
    if (now?.dataset.settled) return location.reload();
    if (now) {
      standing.className = now.className;
      if (now.innerHTML !== standing.innerHTML) standing.innerHTML = now.innerHTML;
      if (!now.dataset.again) return undefined;
      standing.dataset.again = now.dataset.again;
    }
    return setTimeout(look, now ? 1000 : 5000);
  };
  setTimeout(look, 1000);
}

// The time that is left to pay, said aloud a minute before it ends.
const left = document.querySelector("[data-ends]");
if (left) {
  const shown = left.querySelector(".countdown");
  const warning = left.querySelector(".warning");
  const ends = Date.parse(left.dataset.ends);
  const tick = () => {
    const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
    shown.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds <= 60 && !warning.textContent) warning.textContent = left.dataset.warning;
    if (seconds === 0) location.reload();
    else setTimeout(tick, 1000);
  };
  tick();
}

// After an error the reader begins there.
document.querySelector(".errors[tabindex]")?.focus();

// Keeps tickets for when there is no network. What it fetches for that comes after what this page shows.
addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));
