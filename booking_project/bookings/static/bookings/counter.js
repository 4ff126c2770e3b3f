// The sale is a form that works without this. With it the change is said while it is typed, and a button sells once.
const sale = document.getElementById("sale");
const { total, decimals, currency } = sale.dataset;
const handed = sale.elements.handed;

function say() {
  const inCash = sale.elements.method.value === "cash";
  const left = Math.round(Number(handed.value) * 10 ** decimals) - Number(total);
  const known = inCash && handed.value !== "";
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const shown = (Math.abs(left) / 10 ** decimals).toLocaleString("en", digits);
  document.getElementById("change").textContent = known ? `${left < 0 ? "Missing" : "Change"}: ${shown} ${currency}` : "";
}

if (handed) {
  sale.addEventListener("input", say);
  say();
}
sale.addEventListener("submit", (event) => {
  if (sale.dataset.sent) event.preventDefault();
  sale.dataset.sent = "yes";
});
// Whoever comes back by the browser's button may look, and sells nothing twice: the form has one key.
addEventListener("pageshow", () => delete sale.dataset.sent);
