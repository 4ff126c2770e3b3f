// The map is a form that works without this. With it the hall is one stop of the tabulator with arrows inside, and what
// was chosen is said.
const form = document.getElementById("map");
const seats = [...form.querySelectorAll("input[name=seat]")].map((input) => ({
  input,
  x: Number(input.dataset.x),
  y: Number(input.dataset.y),
}));

if (seats.length) {
  stopAt(seats[0]);
  form.addEventListener("keydown", move);
  form.addEventListener("change", say);
  form.addEventListener("focusin", (event) => {
    const at = seats.find((seat) => seat.input === event.target);
    if (at) stopAt(at);
  });
}

function say() {
  const chosen = seats.filter((seat) => seat.input.checked);
  document.getElementById("chosen").textContent = chosen
    .map(({ input }) => `${input.dataset.name} (${input.dataset.said})`)
    .join(" · ");
}

function stopAt(at) {
  for (const seat of seats) seat.input.tabIndex = seat === at ? 0 : -1;
}

function move(event) {
  const at = seats.find((seat) => seat.input === event.target);
  const to = at && goal(event.key, at);
  if (!to) return;
  event.preventDefault();
  to.input.focus();
  to.input.closest("label").scrollIntoView({ block: "nearest", inline: "nearest" });
}

function goal(key, at) {
  const row = seats.filter((seat) => seat.y === at.y);
  const near = (found) =>
    found.sort((a, b) => Math.abs(a.y - at.y) - Math.abs(b.y - at.y) || Math.abs(a.x - at.x) - Math.abs(b.x - at.x))[0];
  switch (key) {
    case "ArrowLeft": return row[row.indexOf(at) - 1];
    case "ArrowRight": return row[row.indexOf(at) + 1];
    case "Home": return row[0];
    case "End": return row[row.length - 1];
    case "ArrowUp": return near(seats.filter((seat) => seat.y < at.y));
    case "ArrowDown": return near(seats.filter((seat) => seat.y > at.y));
    default: return undefined;
  }
}
