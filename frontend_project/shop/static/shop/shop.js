// Who is signed in: what of the head is its reader's, on pages that are everybody's. Only pages of which more comes anew bring htmx.
const me = document.querySelector(".me[data-from]");
if (me) {
  fetch(me.dataset.from, { signal: AbortSignal.timeout(10_000) })
    .then(async (answer) => { if (answer.ok) me.innerHTML = await answer.text(); })
    .catch(() => {}); // the link that is there does as well
}

// The time that is left to pay, said aloud a minute before it ends. The server says how long that is: a device's clock
// may be minutes wrong, and only tells how long ago the page came.
const left = document.querySelector("[data-seconds]");
if (left) {
  const shown = left.querySelector(".countdown");
  const warning = left.querySelector(".warning");
  const ends = Date.now() + Number(left.dataset.seconds) * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    shown.textContent = left.dataset.left.replace("{time}", time);
    if (seconds <= 60 && !warning.textContent) warning.textContent = left.dataset.warning;
    // The shop says what became of the seats; until it knows, the page comes once a second and no more often.
    if (ends <= Date.now()) setTimeout(() => location.reload(), 1000);
    else setTimeout(tick, 1000);
  };
  tick();
}

// What happened at no place in particular, by the reader's own clock.
for (const time of document.querySelectorAll("time[data-local]")) {
  const form = { dateStyle: "full", timeStyle: "short" };
  time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, form);
}

// After an error the reader begins there.
document.querySelector(".errors[tabindex]")?.focus();

// Keeps tickets for when there is no network. What it fetches for that comes after what this page shows.
addEventListener("load", () => navigator.serviceWorker?.register("/sw.js").catch(() => {}));
