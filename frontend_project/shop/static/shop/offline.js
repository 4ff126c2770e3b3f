// Lists the pages of bookings that this device has kept.
const list = document.querySelector("#kept");
const tickets = await caches.open("tickets");
for (const request of await tickets.keys()) {
  const path = new URL(request.url).pathname;
  if (path.endsWith("/bookings/")) continue;
  const kept = await tickets.match(request);
  const page = new DOMParser().parseFromString(await kept.text(), "text/html");
  const link = document.createElement("a");
  link.href = path;
  link.textContent = page.querySelector("h1")?.textContent || path;
  const item = document.createElement("li");
  item.append(link);
  list.append(item);
}
document.querySelector("#nothing-kept").hidden = list.children.length > 0;
