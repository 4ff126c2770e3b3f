// What customers do, for k6 (https://k6.io): see docs/load-testing.md.
//
//   k6 run -e BASE_URL=https://tickets.example -e VUS=50 -e DURATION=5m bench/journey.js
//
// Every virtual customer has an account of their own.

import { check, fail, group, sleep } from "k6";
import http from "k6/http";
import { Counter, Rate, Trend } from "k6/metrics";

const BASE_URL = (__ENV.BASE_URL || "http://127.0.0.1:8080").replace(/\/$/, "");
const VUS = Number(__ENV.VUS || 10);
const DURATION = __ENV.DURATION || "1m";
// Visits begun per second, whatever the answers take; without it each customer begins when they are done.
const RATE = Number(__ENV.RATE || 0);
const THINK_SECONDS = Number(__ENV.THINK_SECONDS || 1);
// Of a hundred visits: how many buy, and how many of those who bought cancel.
const BUY = Number(__ENV.BUY || 60);
const CANCEL = Number(__ENV.CANCEL || 10);
// One showtime that everybody wants, for the evening of a premiere.
const SHOWTIME_ID = __ENV.SHOWTIME_ID || "";
const CONFIRM_SECONDS = 30;
const POLL_SECONDS = 0.1;
const TRIES = 5;
const AT_ONCE = 8;

const HABITS = [
  { weight: 45, book: bookPickedSeats },
  { weight: 30, book: bookBestSeats },
  { weight: 25, book: bookThenPay },
];

const confirmation = new Trend("confirmation_time", true);
const confirmed = new Counter("bookings_confirmed");
const cancelled = new Counter("bookings_cancelled");
const taken = new Counter("seats_taken_by_others");
const refusedOtherwise = new Counter("bookings_refused_otherwise");
const soldOut = new Counter("visits_without_free_seats");
const bought = new Rate("purchases_completed");

const customers = RATE
  ? { executor: "constant-arrival-rate", rate: RATE, duration: DURATION, preAllocatedVUs: VUS, maxVUs: VUS }
  : { executor: "constant-vus", vus: VUS, duration: DURATION };

export const options = {
  setupTimeout: "10m",
  scenarios: { customers: { ...customers, gracefulStop: `${CONFIRM_SECONDS + 5}s` } },
  thresholds: {
    checks: ["rate>0.99"],
    http_req_failed: ["rate<0.01"],
    purchases_completed: ["rate>0.99"],
    "http_req_duration{name:GET seat map}": ["p(95)<500"],
    "http_req_duration{name:POST bookings}": ["p(95)<1000"],
    confirmation_time: ["p(95)<5000"],
  },
  summaryTrendStats: ["min", "med", "avg", "p(95)", "p(99)", "max"],
};

// A seat that somebody else took and a card that is declined are answers, not failures of the system.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }, 402, 409));

// The account of this virtual customer, from one visit to the next.
let session = null;

// Everybody has an account before the clock starts: people who buy tickets do not all register in the same second.
export function setup() {
  const accounts = Array.from({ length: VUS }, newAccount);
  register(accounts);
  signIn(accounts);
  return accounts;
}

export default function visit(accounts) {
  session = session || accounts[(__VU - 1) % accounts.length];
  if (Date.now() > session.renewAt) {
    signIn([session]);
  }
  const showtime = browse();
  if (showtime === null || !chance(BUY)) {
    return;
  }
  group("buy", () => buy(showtime));
}

function browse() {
  return group("browse", () => {
    const movies = get("/api/movies?page_size=20", "GET movies").results;
    think();
    if (movies.length) {
      get(`/api/movies/${pick(movies).id}`, "GET movie");
      think();
    }
    const found = SHOWTIME_ID
      ? [get(`/api/showtimes/${SHOWTIME_ID}`, "GET showtime")]
      : get("/api/showtimes?page_size=50", "GET showtimes").results;
    const open = found.filter((each) => each.available_seats > 0 && Date.parse(each.starts_at) > Date.now());
    if (!open.length) {
      soldOut.add(1);
      return null;
    }
    think();
    return pick(open);
  });
}

function buy(showtime) {
  const total = HABITS.reduce((sum, habit) => sum + habit.weight, 0);
  let left = Math.random() * total;
  const habit = HABITS.find((each) => (left -= each.weight) < 0);
  const booking = habit.book(showtime);
  if (booking === null) {
    soldOut.add(1);
    return;
  }
  const ticketed = awaitTicket(booking);
  bought.add(ticketed !== null);
  if (ticketed === null) {
    return;
  }
  think();
  check(ticketed, {
    "the ticket is signed": (each) => each.ticket.split(".").length === 3,
    "the ticket costs what was asked": (each) => each.total.amount === booking.total.amount,
  });
  if (chance(CANCEL)) {
    cancel(ticketed);
  }
}

// Three ways to a booking. Each returns it, or null when the seats were always somebody else's.

function bookPickedSeats(showtime) {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const seats = neighbours(get(`/api/showtimes/${showtime.id}/seats`, "GET seat map").seats, 1 + (attempt + __ITER) % 3);
    if (seats === null) {
      continue;
    }
    think();
    const booking = post("/api/bookings", "POST bookings", {
      showtime_id: showtime.id,
      seat_ids: seats.map((seat) => seat.id),
      payment_method: { token: "tok_visa" },
    });
    if (booking.status === 201) {
      return booking.json();
    }
    refused(booking);
  }
  return null;
}

function bookBestSeats(showtime, method = { token: "tok_visa" }) {
  get(`/api/showtimes/${showtime.id}/seats`, "GET seat map");
  think();
  const booking = post("/api/bookings", "POST bookings", {
    showtime_id: showtime.id,
    quantity: 1 + Math.floor(Math.random() * 4),
    ...(method && { payment_method: method }),
  });
  if (booking.status === 201) {
    return booking.json();
  }
  refused(booking);
  return null;
}

function bookThenPay(showtime) {
  const booking = bookBestSeats(showtime, null);
  if (booking === null) {
    return null;
  }
  think();
  if (chance(20)) {
    const declined = pay(booking, "tok_insufficient_funds");
    check(declined, { "a declined card may be followed by another": (each) => each.status === 402 });
    think();
  }
  // The same key until it is settled, as good clients do: nothing is paid twice.
  const key = newKey();
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const paid = pay(booking, "tok_visa", key);
    if (paid.status !== 202 && paid.status !== 503) {
      check(paid, { "the card was charged": (each) => each.status === 201 });
      break;
    }
    sleep(Number(paid.headers["Retry-After"] || 1));
  }
  return booking;
}

function pay(booking, token, key = newKey()) {
  return post("/api/payments", "POST payments", { booking_id: booking.id, payment_method: { token } }, key);
}

function awaitTicket(booking) {
  const began = Date.now();
  while (Date.now() - began < CONFIRM_SECONDS * 1000) {
    const now = get(`/api/bookings/${booking.id}`, "GET booking");
    if (now.status === "CONFIRMED" && now.ticket) {
      confirmation.add(Date.now() - began);
      confirmed.add(1);
      return now;
    }
    if (!["PENDING", "CONFIRMED"].includes(now.status)) {
      break;
    }
    sleep(POLL_SECONDS);
  }
  return null;
}

function cancel(booking) {
  think();
  const answer = http.del(`${BASE_URL}/api/bookings/${booking.id}`, null, request("DELETE booking"));
  // A theater takes no ticket back when the showtime is near.
  const closed = answer.status === 409 && answer.json("code") === "cancellation_closed";
  check(answer, { "a ticket is given back": (each) => closed || each.json("status") === "CANCELLED" });
  if (!closed) {
    cancelled.add(1);
  }
}

function refused(answer) {
  check(answer, { "a booking is refused for its seats alone": (each) => each.status === 409 });
  // Otherwise: a choice that leaves a single seat where the theater forbids it, say.
  (answer.json("code") === "seat_unavailable" ? taken : refusedOtherwise).add(1);
}

// Seats side by side that are free now, somewhere in the hall, or null.
function neighbours(seats, count) {
  // Couple seats are sold in twos, companions with a wheelchair place.
  const single = ["standard", "premium"];
  const free = seats.filter((seat) => seat.status === "available" && single.includes(seat.category));
  const at = new Map(free.map((seat) => [`${seat.y}/${seat.x}`, seat]));
  const runs = free
    .map((seat) => Array.from({ length: count }, (_, step) => at.get(`${seat.y}/${seat.x + step}`)))
    .filter((run) => run.every(Boolean));
  return runs.length ? pick(runs) : null;
}

function newAccount() {
  const username = `load-${Date.now().toString(36)}-${newKey().slice(0, 8)}`;
  return { username, password: `${newKey()}${newKey()}`, token: "", renewAt: 0 };
}

// Signs all of them in. Several at once, for a password takes the server its time on purpose.
function signIn(accounts) {
  for (let first = 0; first < accounts.length; first += AT_ONCE) {
    const few = accounts.slice(first, first + AT_ONCE);
    const asked = few.map(({ username, password }) => call("/api/auth/token", "POST token", { username, password }));
    http.batch(asked).forEach((answer, index) => {
      if (answer.status !== 200) {
        fail(`${few[index].username} cannot sign in: ${answer.status} ${answer.body}`);
      }
      few[index].token = answer.json("access_token");
      few[index].renewAt = Date.now() + (answer.json("expires_in") - 2 * CONFIRM_SECONDS) * 1000;
    });
  }
}

function register(accounts) {
  for (let first = 0; first < accounts.length; first += AT_ONCE) {
    const few = accounts.slice(first, first + AT_ONCE);
    const asked = few.map(({ username, password }) =>
      call("/api/auth/register", "POST register", { username, password, email: `${username}@load.example` }),
    );
    for (const answer of http.batch(asked)) {
      if (answer.status !== 201) {
        fail(`no account was made: ${answer.status} ${answer.body}`);
      }
    }
  }
}

function call(path, name, body) {
  return ["POST", `${BASE_URL}${path}`, JSON.stringify(body), request(name)];
}

function get(path, name) {
  const answer = http.get(`${BASE_URL}${path}`, request(name));
  if (answer.status !== 200) {
    fail(`${name}: ${answer.status} ${answer.body}`);
  }
  return answer.json();
}

function post(path, name, body, key = newKey()) {
  return http.post(`${BASE_URL}${path}`, JSON.stringify(body), request(name, { "Idempotency-Key": key }));
}

function request(name, headers = {}) {
  const token = session && session.token ? { Authorization: `Bearer ${session.token}` } : {};
  return { headers: { "Content-Type": "application/json", ...token, ...headers }, tags: { name } };
}

function newKey() {
  return Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 8)).join("");
}

function pick(things) {
  return things[Math.floor(Math.random() * things.length)];
}

function chance(percent) {
  return Math.random() * 100 < percent;
}

// Half to one and a half of the average, so that customers do not walk in step.
function think() {
  sleep(THINK_SECONDS * (0.5 + Math.random()));
}
