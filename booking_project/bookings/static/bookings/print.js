// The page can be printed without this: the button only saves the way through the browser's menu.
const button = document.getElementById("print");
button.hidden = false;
button.addEventListener("click", () => window.print());
