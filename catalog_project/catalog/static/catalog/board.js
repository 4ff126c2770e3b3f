/* The plan board: a showtime is dragged to another time, day or screen, a click chooses it, and one on an empty place
   plans a film there. What becomes of it the server says, and it draws the board anew: nothing stays where it may not. */

const STEP = 5; // minutes
const FAR = 5; // pixels, before a press is a drag
const EDGE = 50; // pixels from the window's edge, where it scrolls along

const board = () => document.getElementById("board");
let drag = null;
let dragged = false; // the click that ends a drag is none

// What fails is said by the events below.
const ask = (verb, address, how) => htmx.ajax(verb, address, { swap: "outerHTML", ...how }).catch(() => {});

function placeAt(x, y, left) {
  const lane = document.elementsFromPoint(x, y).find((each) => each.classList.contains("lane"));
  if (!lane) return null;
  const { opens, minutes } = board().dataset;
  const area = lane.getBoundingClientRect();
  const minute = Number(opens) + ((x - left - area.left) / area.width) * Number(minutes);
  return { lane, day: lane.closest(".day"), minute: Math.max(0, Math.round(minute / STEP) * STEP) };
}

function clock(place) {
  const moment = new Date(Date.parse(place.day.dataset.begins) + place.minute * 60_000);
  const shown = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: board().dataset.zone };
  return new Intl.DateTimeFormat("en-GB", shown).format(moment);
}

function begin() {
  drag.ghost = drag.item.cloneNode(true);
  drag.ghost.classList.add("dragged");
  drag.ghost.style.setProperty("--track", 0);
  document.body.classList.add("dragging");
}

function follow(event) {
  if (!drag) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < FAR) return;
    begin();
  }
  if (event.clientY < EDGE) window.scrollBy(0, -EDGE / 2);
  if (event.clientY > window.innerHeight - EDGE) window.scrollBy(0, EDGE / 2);
  drag.place = placeAt(event.clientX, event.clientY, drag.left);
  if (!drag.place) return drag.ghost.remove();
  drag.ghost.style.setProperty("--at", drag.place.minute);
  drag.ghost.querySelector("button").firstChild.data = `${clock(drag.place)} `;
  if (drag.ghost.parentNode !== drag.place.lane) drag.place.lane.append(drag.ghost);
}

function end() {
  drag?.ghost?.remove();
  document.body.classList.remove("dragging");
  drag = null;
}

function drop() {
  if (!drag) return;
  const { button, place, ghost } = drag;
  dragged = Boolean(ghost);
  setTimeout(() => (dragged = false));
  if (dragged && place) {
    const values = {
      do: "move",
      showtime: button.value,
      revision: button.dataset.revision,
      screen: place.lane.dataset.screen,
      day: place.day.dataset.day,
      minute: place.minute,
      csrfmiddlewaretoken: board().querySelector("[name=csrfmiddlewaretoken]").value,
    };
    ask("POST", board().dataset.panel, { target: "#board", values });
  }
  end();
}

document.addEventListener("pointerdown", (event) => {
  const button = event.target.closest?.("button[data-revision]");
  // A finger scrolls; it moves showtimes by the form.
  if (!button || event.button !== 0 || event.pointerType === "touch") return;
  const item = button.closest(".showtime");
  drag = { button, item, x: event.clientX, y: event.clientY, left: event.clientX - item.getBoundingClientRect().left };
});
document.addEventListener("pointermove", follow);
document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", end);
document.addEventListener("keydown", (event) => event.key === "Escape" && end());

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#board .showtime button");
  if (button) {
    event.preventDefault();
    if (dragged) return;
    const { panel, showtime } = board().dataset;
    const address = `${showtime}${panel.slice(panel.indexOf("?"))}&showtime=${button.value}`;
    ask("GET", address, { target: "#chosen" });
  } else if (event.target.classList?.contains("lane") && !dragged && board().dataset.plan) {
    const place = placeAt(event.clientX, event.clientY, 0);
    const asked = { day: place.day.dataset.day, screen: place.lane.dataset.screen, minute: place.minute };
    const address = new URL(board().dataset.plan, location);
    Object.entries(asked).forEach(([name, value]) => address.searchParams.set(name, value));
    location.assign(address);
  }
});

// Who is not signed in any more is led to the form, and that belongs to the whole page.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!new URL(event.detail.xhr.responseURL).pathname.includes("/panels/")) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
document.addEventListener("htmx:afterSettle", () => {
  document.querySelector("#board [data-focus]")?.focus({ preventScroll: true });
});
for (const failed of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failed, () => {
    const said = document.createElement("p");
    said.className = "errornote";
    said.textContent = "No answer came: load the page again to see what is so.";
    board().querySelector(".outcome").replaceChildren(said);
  });
}
