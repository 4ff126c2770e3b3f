// The seat map. Without this module the same form is a list of checkboxes, and the server says what does not fit;
// with it the map is one tab stop with arrows, rules are told while choosing, and seats go while one looks.

const POLL_MS = 5000;
const RETRY_MS = [1000, 2000, 5000, 15000];
const SIZES = [1.5, 1.75, 2.1, 2.6, 3.2];

const form = document.getElementById("seats");
if (form) {
  const texts = JSON.parse(document.getElementById("seat-texts").textContent);
  const map = new SeatMap(form, texts);
  follow(form.dataset.showtime, form.dataset.version, (changes) => map.change(changes));
  zoom(document.getElementById("house"), texts);
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function SeatMap(form, texts) {
  const said = document.getElementById("said");
  const offer = document.getElementById("offer");
  const price = document.getElementById("price");
  const seats = [...form.querySelectorAll("input[name=seat]")].map((input) => ({
    id: input.value,
    input,
    box: input.closest("label"),
    x: Number(input.dataset.x),
    y: Number(input.dataset.y),
    name: input.dataset.name,
    category: input.dataset.category,
    status: input.dataset.status,
    spoken: input.dataset.label,
  }));
  const byId = new Map(seats.map((seat) => [seat.id, seat]));
  const halves = coupleHalves(seats);
  // In the order in which they were chosen: the first one goes when there is one too many.
  let chosen = seats.filter((seat) => seat.input.checked);

  let stop = chosen[0] || seats.find((seat) => seat.status === "available") || seats[0];

  for (const seat of seats) {
    if (seat !== stop) seat.input.tabIndex = -1;
    if (seat.status === "available") continue;
    // Seats that cannot be had can be read all the same.
    seat.input.disabled = false;
    seat.input.setAttribute("aria-disabled", "true");
  }
  form.addEventListener("click", (event) => {
    const seat = of(event);
    if (!seat || seat.status === "available") return;
    event.preventDefault();
    say(seat.input.getAttribute("aria-label"));
  });
  form.addEventListener("change", (event) => {
    const seat = of(event);
    if (seat) choose(seat, seat.input.checked);
  });
  form.addEventListener("focusin", (event) => {
    const seat = of(event);
    if (seat) stopAt(seat);
  });
  form.addEventListener("keydown", (event) => move(event));
  document.getElementById("numbers")?.addEventListener("change", (event) => count(event.target));
  document.getElementById("promo_code")?.addEventListener("change", ask);

  // The seat whose box it happened in.
  function of(event) {
    return event.target.name === "seat" ? byId.get(event.target.value) : undefined;
  }

  function wanted() {
    return [...form.querySelectorAll("input[type=hidden][name^=type-]")].reduce((sum, each) => sum + Number(each.value), 0);
  }

  function choose(seat, taken) {
    const pair = withHalf(seat).filter((each) => each.status === "available");
    const both = taken ? pair : pair.filter((each) => chosen.includes(each));
    const changed = taken && wanted() < pair.length ? [seat] : both;
    chosen = chosen.filter((each) => !changed.includes(each));
    if (taken) {
      chosen.push(...changed);
      while (chosen.length > Math.max(wanted(), changed.length)) letGo(chosen[0]);
    }
    for (const each of seats) each.input.checked = chosen.includes(each);
    const state = taken ? texts.chosen : texts.not_chosen;
    say([fill(state, { seat: names(changed), count: chosen.length, wanted: wanted() }), ...complaints()].join(" "));
    ask();
  }

  // A couple seat comes with its other half.
  function withHalf(seat) {
    return [seat, byId.get(halves.get(seat.id))].filter(Boolean);
  }

  function letGo(seat) {
    const gone = withHalf(seat);
    chosen = chosen.filter((each) => !gone.includes(each));
  }

  // What the server would refuse, told before.
  function complaints() {
    const ids = new Set(chosen.map((seat) => seat.id));
    const told = [];
    if (chosen.some((seat) => halves.has(seat.id) && !ids.has(halves.get(seat.id)))) told.push(texts.couple);
    const places = chosen.filter((seat) => seat.category === "accessible").length;
    if (chosen.some((seat) => seat.category === "companion") && !places) told.push(texts.companion);
    if (form.dataset.orphans && chosen.length === wanted()) {
      const alone = singlesLeft(seats, ids);
      if (alone.length) told.push(fill(texts.orphan, { seat: names(alone) }));
    }
    return told;
  }

  function say(text) {
    said.textContent = text;
  }

  function ask() {
    price.dispatchEvent(new CustomEvent("chosen"));
  }

  function count(select) {
    let kept = form.querySelector(`input[type=hidden][name="${select.name}"]`);
    if (!kept) {
      kept = Object.assign(document.createElement("input"), { type: "hidden", name: select.name });
      form.prepend(kept);
    }
    kept.value = select.value;
    while (chosen.length > wanted()) letGo(chosen[chosen.length - 1]);
    for (const each of seats) each.input.checked = chosen.includes(each);
    ask();
  }

  function stopAt(seat) {
    stop.input.tabIndex = -1;
    stop = seat;
    stop.input.tabIndex = 0;
  }

  function move(event) {
    const at = of(event);
    if (!at || event.ctrlKey || event.altKey || event.metaKey) return;
    const to = goal(event.key, at);
    if (!to) return;
    event.preventDefault();
    to.input.focus();
    to.box.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function goal(key, at) {
    const row = seats.filter((seat) => seat.y === at.y).sort((a, b) => a.x - b.x);
    const near = (found) => found.sort((a, b) => Math.abs(a.y - at.y) - Math.abs(b.y - at.y) || Math.abs(a.x - at.x) - Math.abs(b.x - at.x))[0];
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

  function show(seat) {
    const free = seat.status === "available";
    for (const status of ["available", "held", "sold", "blocked"]) seat.box.classList.toggle(status, status === seat.status);
    seat.input.setAttribute("aria-label", free ? seat.spoken : `${seat.spoken}, ${texts.statuses[seat.status] || ""}`);
    if (free) seat.input.removeAttribute("aria-disabled");
    else seat.input.setAttribute("aria-disabled", "true");
  }

  // changes: [{id, status}]. What is chosen and still there stays.
  this.change = (changes) => {
    const gone = [];
    for (const { id, status } of changes) {
      const seat = byId.get(id);
      if (!seat || seat.status === status) continue;
      seat.status = status;
      show(seat);
      if (status !== "available" && chosen.includes(seat)) gone.push(seat);
    }
    document.getElementById("free").textContent = fill(texts.free, {
      count: seats.filter((seat) => seat.status === "available").length,
    });
    if (gone.length) lost(gone);
  };

  function lost(gone) {
    for (const seat of gone) letGo(seat);
    for (const each of seats) each.input.checked = chosen.includes(each);
    say(fill(chosen.length ? texts.gone : texts.all_gone, { seat: names(gone), kept: names(chosen) }));
    const instead = nearest(gone[0]);
    offer.replaceChildren();
    if (instead) {
      const textContent = fill(texts.instead, { seat: names(withHalf(instead)) });
      const button = Object.assign(document.createElement("button"), { type: "button", textContent });
      button.addEventListener("click", () => {
        offer.replaceChildren();
        choose(instead, true);
        instead.input.focus();
      });
      offer.append(button);
    }
    ask();
  }

  function nearest(seat) {
    const far = (each) => (each.category === seat.category ? 0 : 1000) + Math.hypot(each.x - seat.x, 2 * (each.y - seat.y));
    const fits = (each) => each.status === "available" && !chosen.includes(each);
    return seats
      .filter((each) => halves.has(each.id) === halves.has(seat.id) && withHalf(each).every(fits))
      .filter((each) => !["accessible", "companion"].includes(each.category) || each.category === seat.category)
      .sort((a, b) => far(a) - far(b))[0];
  }
}

function names(seats) {
  return [...seats].sort((a, b) => a.y - b.y || a.x - b.x).map((seat) => seat.name).join(", ");
}

// Stretches of seats side by side.
function runs(seats) {
  const found = [];
  for (const seat of [...seats].sort((a, b) => a.y - b.y || a.x - b.x)) {
    const last = found.at(-1)?.at(-1);
    if (last && last.y === seat.y && last.x + 1 === seat.x) found.at(-1).push(seat);
    else found.push([seat]);
  }
  return found;
}

function coupleHalves(seats) {
  const halves = new Map();
  for (const run of runs(seats.filter((seat) => seat.category === "couple"))) {
    for (let left = 0; left + 1 < run.length; left += 2) {
      halves.set(run[left].id, run[left + 1].id);
      halves.set(run[left + 1].id, run[left].id);
    }
  }
  return halves;
}

// Single seats that a choice would leave although it need not.
function singlesLeft(seats, ids) {
  return runs(seats.filter((seat) => seat.status === "available")).flatMap((run) => {
    const taken = run.filter((seat) => ids.has(seat.id)).length;
    if (!taken || run.length - taken === 1) return [];
    return runs(run.filter((seat) => !ids.has(seat.id))).filter((alone) => alone.length === 1).flat();
  });
}

// Changes as they happen, by a socket; by asking every few seconds where there is none.
function follow(showtime, version, changed) {
  const address = `/api/showtimes/${showtime}/seats`;
  let socket = null;
  let failures = 0;
  let waiting = 0;

  async function look() {
    try {
      const answer = await fetch(address, { cache: "no-cache", headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const told = await answer.json();
      if (told.version !== version) {
        version = told.version;
        changed(told.seats);
      }
    } catch {
      // The next look will tell.
    }
  }

  // Whoever comes with the version at hand is told what became of it since.
  function connect() {
    clearTimeout(waiting);
    socket?.close();
    const mine = new WebSocket(`${location.origin.replace(/^http/, "ws")}${address}/live?version=${encodeURIComponent(version)}`);
    socket = mine;
    mine.addEventListener("open", () => { failures = 0; });
    mine.addEventListener("message", (event) => {
      if (mine !== socket) return;
      const told = JSON.parse(event.data);
      if (told.type === "delta" && told.from !== version) {
        connect();
        return;
      }
      version = told.version;
      changed(told.seats);
    });
    mine.addEventListener("close", () => {
      if (mine !== socket) return;
      const wait = RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)];
      waiting = setTimeout(connect, wait * (0.5 + Math.random()));
    });
  }

  setInterval(() => { if (!document.hidden && socket.readyState !== WebSocket.OPEN) look(); }, POLL_MS);
  // A device that slept may not know yet that its socket has ended.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) connect(); });
  connect();
}

function zoom(house, texts) {
  let size = 1;
  let apart = 0;
  const bar = document.getElementById("zoom");
  for (const [step, sign, label] of [[-1, "−", texts.smaller], [1, "+", texts.larger]]) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: sign });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => set(size + step));
    bar.append(button);
  }

  function set(to) {
    size = Math.max(0, Math.min(SIZES.length - 1, to));
    house.style.setProperty("--seat", `${SIZES[size]}rem`);
  }
  const distance = (touches) => Math.hypot(touches[0].clientX - touches[1].clientX, touches[0].clientY - touches[1].clientY);
  house.addEventListener("touchstart", (event) => { apart = event.touches.length === 2 ? distance(event.touches) : 0; }, { passive: true });
  house.addEventListener("touchmove", (event) => {
    if (!apart || event.touches.length !== 2) return;
    event.preventDefault();
    const ratio = distance(event.touches) / apart;
    if (ratio > 1.25 || ratio < 0.8) {
      set(size + (ratio > 1 ? 1 : -1));
      apart = distance(event.touches);
    }
  }, { passive: false });
}
