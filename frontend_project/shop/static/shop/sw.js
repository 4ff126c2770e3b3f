// Without a network: the pages of bookings that this device has looked at, and for all else a page that lists them.
const TICKETS = "tickets";
const FRAME = "frame";
const BOOKING = /^\/([a-z]{2})\/bookings\/([0-9a-f-]{36}\/)?$/;
// Who comes or goes there is another reader from then on.
const ANOTHER = /^\/[a-z]{2}\/(sign-in|sign-out|register|reset|who)\/$/;
const MOST_TICKETS = 20;
// What is kept under an address is what is asked for by it, whatever its headers say of others.
const ANY = { ignoreVary: true };
const LANGUAGES = ["en", "vi", "de", "ja"];

const offline = (language) => `/${LANGUAGES.includes(language) ? language : "en"}/offline/`;

self.addEventListener("install", (event) => {
  event.waitUntil(keepOffline("en").then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && ANOTHER.test(url.pathname)) {
    event.respondWith(caches.delete(TICKETS).then(() => fetch(request)));
  } else if (request.method === "GET" && request.mode === "navigate") {
    event.respondWith(page(request, url, event));
  } else if (request.method === "GET" && url.pathname.startsWith("/static/frontend/") && url.searchParams.has("v")) {
    event.respondWith(file(request));
  }
});

async function page(request, url, event) {
  const booking = BOOKING.test(url.pathname) && !url.search;
  try {
    const answer = await fetch(request);
    if (booking) event.waitUntil(keepTicket(url.pathname, answer.clone()));
    event.waitUntil(keepOffline(url.pathname.split("/")[1]));
    return answer;
  } catch (error) {
    const kept = booking && (await (await caches.open(TICKETS)).match(url.pathname, ANY));
    const asked = await caches.match(offline(url.pathname.split("/")[1]), ANY);
    return kept || asked || (await caches.match(offline("en"), ANY)) || Response.error();
  }
}

async function keepTicket(path, answer) {
  // Sent away to sign in: whose tickets these were has gone.
  if (answer.type === "opaqueredirect" || answer.status === 401) return caches.delete(TICKETS);
  if (!answer.ok) return undefined;
  const tickets = await caches.open(TICKETS);
  await tickets.put(path, answer);
  const known = await tickets.keys();
  return Promise.all(known.slice(0, Math.max(0, known.length - MOST_TICKETS)).map((old) => tickets.delete(old)));
}

async function keepOffline(language) {
  const frame = await caches.open(FRAME);
  const address = offline(language);
  if (await frame.match(address, ANY)) return;
  const answer = await fetch(address, { credentials: "omit" });
  if (!answer.ok) return;
  const text = await answer.clone().text();
  await frame.put(address, answer);
  const files = [...text.matchAll(/(?:href|src)="(\/static\/frontend\/[^"]+\?v=[0-9a-f]+)"/g)].map((found) => found[1]);
  await Promise.all(files.map((path) => frame.add(path)));
}

async function file(request) {
  const kept = await caches.match(request, ANY);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(FRAME)).put(request, answer.clone());
  return answer;
}
