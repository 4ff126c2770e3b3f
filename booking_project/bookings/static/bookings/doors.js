// Which showtimes this telephone has taken along: the way to them when there is no network.
import { forgetWhatIsOver, took } from "./door-store.js";

await forgetWhatIsOver();
const section = document.getElementById("taken-along");
for (const each of await took.all()) {
  const link = Object.assign(document.createElement("a"), { href: `./${each.showtime_id}/`, textContent: each.title });
  const line = document.createElement("li");
  line.append(link);
  section.querySelector("ul").append(line);
  section.hidden = false;
}
