// The door. Without this module the page is a form. With it codes are scanned, answers are seen and heard, and a showtime
// that was taken along lets people in without a network: what was done then is kept, and told as soon as there is one.
import { digestOf, forgetWhatIsOver, queue, took } from "./door-store.js";

const PATIENCE_MS = 4000;
const AGAIN_MS = 15000;
const AT_ONCE = 50;
const SAME_CODE_MS = 3000;
const TONES = { in: [880, 0.12], used: [440, 0.35], refused: [180, 0.6] };

const door = document.getElementById("door");
const form = document.getElementById("code-form");
const showtime = door.dataset.showtime;
const there = `/admin/booking/door/${showtime}/`;
const [code, named] = [form.elements.code, form.elements.door];
const count = document.getElementById("count");
let sound;
let telling;
let renewed = false;

class Away extends Error {}

named.value ||= localStorage.getItem("door-name") ?? "";
named.addEventListener("change", () => localStorage.setItem("door-name", named.value));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = code.value.trim();
  code.value = "";
  code.focus();
  if (typed) admit(typed);
});
window.addEventListener("online", tell);
window.addEventListener("offline", showNetwork);
document.getElementById("take").addEventListener("click", take);
document.getElementById("drop").addEventListener("click", drop);
document.getElementById("scan").addEventListener("click", scan);

document.getElementById("take").hidden = !("serviceWorker" in navigator);
document.getElementById("scan").hidden = !navigator.mediaDevices?.getUserMedia;
await forgetWhatIsOver();
await showTaken();
await tell();
setInterval(tell, AGAIN_MS);

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`${there}${path}/`, { signal: AbortSignal.timeout(PATIENCE_MS), ...options });
  } catch {
    throw new Away();
  }
  if (answer.status >= 502) throw new Away();
  if (answer.redirected || !answer.headers.get("Content-Type")?.includes("json")) {
    return { result: "refused", said: "You are not signed in any more, or this page is too old: load it again." };
  }
  const told = await answer.json();
  return answer.ok ? told : { result: "refused", said: told.detail || told.title };
}

function post(path, body, token) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function admit(typed) {
  const token = form.elements.csrfmiddlewaretoken.value;
  // One for both ways, so that whoever was let in by an answer that got lost is not let in twice.
  const id = crypto.randomUUID?.();
  let answer;
  try {
    if (!navigator.onLine) throw new Away();
    answer = await post("check-in", { id, code: typed, door: named.value }, token);
    if (answer.result === "in") {
      count.textContent = answer.let_in;
      await note(typed, new Date().toISOString());
    }
  } catch (error) {
    if (!(error instanceof Away)) throw error;
    answer = await admitAlone(typed, id);
  }
  show(answer);
}

// By what was taken along. Whoever is let in is in on this telephone at once, and at the service when it is told.
async function admitAlone(typed, id) {
  const known = await took.get(showtime);
  if (!known) return { result: "refused", said: "No connection, and this showtime was not taken along." };
  const at = await seatsOf(known, typed);
  if (!at) return { result: "refused", said: "Not among what was taken along: no ticket, or sold since." };
  const seats = at.map((index) => known.seats[index]);
  const fresh = seats.filter((seat) => !seat.let_in);
  if (!fresh.length) {
    const { at: moment, door: by } = seats[0].let_in;
    return { result: "used", said: `Already in at ${clock(moment, known)}${by ? `, ${by}` : ""}` };
  }
  const now = new Date().toISOString();
  for (const seat of fresh) seat.let_in = { at: now, door: named.value };
  await queue.put({
    id,
    showtime_id: showtime,
    code: typed,
    at: now,
    door: named.value,
    seats: fresh.map((seat) => seat.id),
  });
  await took.put(known);
  await showTaken();
  return { result: "in", said: `Let in: ${fresh.map((seat) => seat.name).join(", ")}` };
}

async function seatsOf(known, typed) {
  return known.codes[await digestOf(typed)] ?? known.codes[await digestOf(typed.toUpperCase())];
}

// What the service let in while there is a connection is known here too, for when it goes.
async function note(typed, now) {
  const known = await took.get(showtime);
  const at = known && (await seatsOf(known, typed));
  if (!at) return;
  for (const index of at) known.seats[index].let_in ??= { at: now, door: named.value };
  await took.put(known);
  await showTaken();
}

function clock(moment, known) {
  const said = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: known.time_zone || "UTC" };
  return new Date(moment).toLocaleTimeString("en-GB", said);
}

function show({ result, said }) {
  const answer = document.getElementById("answer");
  answer.className = `answer ${result}`;
  answer.textContent = said;
  beep(...TONES[result]);
  navigator.vibrate?.(result === "in" ? 60 : [120, 60, 120]);
}

function beep(pitch, seconds) {
  sound ??= new AudioContext();
  const [tone, volume] = [sound.createOscillator(), sound.createGain()];
  tone.frequency.value = pitch;
  volume.gain.value = 0.2;
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + seconds);
}

function tell() {
  telling ??= tellAll().finally(() => {
    telling = undefined;
  });
  return telling;
}

async function tellAll() {
  showNetwork();
  const waiting = (await queue.all()).filter((each) => each.showtime_id === showtime);
  if ((!waiting.length && renewed) || !navigator.onLine) return;
  try {
    const { csrf_token: token } = waiting.length ? await ask("sync") : {};
    for (let first = 0; token && first < waiting.length; first += AT_ONCE) {
      const part = waiting.slice(first, first + AT_ONCE);
      for (const by of new Set(part.map((each) => each.door))) {
        const scans = part.filter((each) => each.door === by);
        const told = await post("sync", { door: by, scans: scans.map(({ id, code, at, seats }) => ({ id, code, at, seats })) }, token);
        for (const each of told.settled ?? []) await settled(each);
      }
    }
    await refresh();
    renewed = true;
  } catch (error) {
    if (!(error instanceof Away)) throw error;
  }
  showNetwork();
}

async function settled({ id, code: why, said }) {
  const scanned = (await queue.all()).find((each) => each.id === id);
  await queue.drop(id);
  if (!why) return;
  const line = document.createElement("li");
  line.textContent = `${said}; here at ${clock(scanned.at, (await took.get(showtime)) ?? {})}`;
  const told = document.getElementById("told");
  told.querySelector("ul").prepend(line);
  told.hidden = false;
  show({ result: "refused", said });
}

async function refresh() {
  if (!(await took.get(showtime))) return;
  const along = await ask("codes");
  if (along.seats) await took.put(along);
  await showTaken();
}

async function take() {
  try {
    const along = await ask("codes");
    if (!along.seats) return show(along);
    await navigator.serviceWorker.register(door.dataset.worker);
    await navigator.serviceWorker.ready;
    const pages = await caches.open("door-1");
    await pages.addAll([there, "/admin/booking/door/"]);
    await pages.addAll(performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => new URL(name).pathname.startsWith("/static/")));
    await took.put(along);
    await navigator.storage?.persist?.();
  } catch (error) {
    if (!(error instanceof Away)) throw error;
    show({ result: "refused", said: "No connection: nothing was taken along." });
  }
  await showTaken();
}

async function drop() {
  await took.drop(showtime);
  await (await caches.open("door-1")).delete(there);
  await showTaken();
}

async function showTaken() {
  const known = await took.get(showtime);
  document.getElementById("drop").hidden = !known;
  document.getElementById("taken").textContent = known
    ? `Taken along at ${clock(known.made_at, known)}: ${known.seats.length} seats, ${known.seats.filter((seat) => seat.let_in).length} let in.`
    : "";
  await showNetwork();
}

async function showNetwork() {
  const network = document.getElementById("network");
  network.hidden = navigator.onLine;
  network.textContent = "no connection";
  const waiting = (await queue.all()).filter((each) => each.showtime_id === showtime).length;
  const shown = document.getElementById("waiting");
  shown.hidden = !waiting;
  shown.textContent = `${waiting} still to be told`;
}

async function scan() {
  const camera = document.getElementById("camera");
  try {
    camera.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return show({ result: "refused", said: "The camera is not to be had. Type the code." });
  }
  camera.hidden = false;
  document.getElementById("scan").hidden = true;
  await camera.play();
  const read = await reader();
  let last = { code: "", at: 0 };
  const look = async () => {
    const found = await read(camera);
    if (found && (found !== last.code || Date.now() - last.at > SAME_CODE_MS)) {
      last = { code: found, at: Date.now() };
      await admit(found);
    }
    requestAnimationFrame(look);
  };
  look();
}

// The browser's own, or else the vendored one on what the camera shows.
async function reader() {
  if ("BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async (camera) => (await detector.detect(camera))[0]?.rawValue;
  }
  const { default: jsQR } = await import(door.dataset.reader);
  const canvas = document.createElement("canvas");
  const drawn = canvas.getContext("2d", { willReadFrequently: true });
  return async (camera) => {
    const [width, height] = [camera.videoWidth, camera.videoHeight];
    if (!width) return undefined;
    Object.assign(canvas, { width, height });
    drawn.drawImage(camera, 0, 0);
    return jsQR(drawn.getImageData(0, 0, width, height).data, width, height)?.data;
  };
}
