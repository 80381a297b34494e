/* Menus are <details>: they close when one clicks elsewhere or presses Escape. Pieces of the page that are being used
 * (`data-waits-while-used`: an open menu, a focused field) are not replaced under somebody's hands by live news.
 * Also here, because it belongs to every page: words for a server that cannot be reached, and selects that submit. */

const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const piece = event.detail.target;
  if (!piece?.matches?.("[data-waits-while-used]")) return;
  if (piece.querySelector("details[open]")) event.detail.shouldSwap = false;
});

const say = (words) => {
  const line = document.createElement("p");
  line.className = "notice notice--error";
  line.textContent = words;
  document.getElementById("messages")?.replaceChildren(line);
};

const isAct = (event) => event.detail.requestConfig?.verb === "post";

document.addEventListener("htmx:sendError", (event) => {
  if (isAct(event)) say(document.getElementById("messages").dataset.offline);
});

document.addEventListener("htmx:responseError", (event) => {
  if (!isAct(event)) return;
  const words = document.getElementById("messages").dataset;
  say(event.detail.xhr.status === 413 ? words.tooLarge : words.offline);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});

document.documentElement.classList.add("has-script");
