// What the templates and scripts of Django's admin draw without a name gets one, whenever it is drawn.

const SCROLLING = ".inline-group, .results";

// select2 names its box by what was chosen alone, which may be nothing.
function nameChoice(box) {
  if (box.hasAttribute("aria-owns")) box.setAttribute("aria-controls", box.getAttribute("aria-owns"));
  const label = box.closest(".select2-container").previousElementSibling?.labels?.[0];
  if (!label || box.dataset.named) return;
  label.id ||= `${label.htmlFor}-label`;
  const chosen = box.querySelector(".select2-selection__rendered");
  chosen.setAttribute("aria-labelledby", label.id);
  box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
  box.dataset.named = "yes";
}

// Its list is drawn at the end of the page, beside all that has a place there.
function nameList(list) {
  const place = list.closest(".select2-container");
  place.setAttribute("role", "region");
  for (const part of [list, place]) part.setAttribute("aria-label", "Choices");
}

function nameColumn(heading) {
  const words = document.createElement("span");
  words.className = "visually-hidden";
  words.textContent = heading.matches(".original") ? "Row" : "Remove";
  heading.append(words);
}

// What scrolls sideways does so by keyboard, too.
function reach(part) {
  if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
  else part.removeAttribute("tabindex");
}

const reachAll = () => document.querySelectorAll(SCROLLING).forEach(reach);

function nameAll() {
  const all = (selector) => document.querySelectorAll(selector);
  all(".select2-selection").forEach(nameChoice);
  all(".select2-search__field:not([aria-label])").forEach((field) => field.setAttribute("aria-label", "Search"));
  all(".select2-results__options:not([aria-label])").forEach(nameList);
  all(".help-tooltip[aria-label]:not([role])").forEach((sign) => sign.setAttribute("role", "img"));
  all(".inline-group th:empty").forEach(nameColumn);
  all("#searchbar:not([aria-label])").forEach((field) => field.setAttribute("aria-label", "Search"));
  reachAll();
}

nameAll();
new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", reachAll);
