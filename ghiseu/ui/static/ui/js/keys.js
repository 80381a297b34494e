/* One key, one act: whatever carries `data-key` is clicked, `data-key-focus` is focused. Never while somebody types. */

const PAUSE = 1200; // ms in which the second key of two must come

let first = "";
let timer = 0;

const types = (element) =>
  element.isContentEditable || element.matches("input, textarea, select, [contenteditable]");

const act = (keys) => {
  const name = CSS.escape(keys);
  const field = document.querySelector(`[data-key-focus="${name}"]`);
  if (field) return field.focus(), true;
  const target = document.querySelector(`[data-key="${name}"]`);
  if (!target) return false;
  target.click();
  if (target.matches("summary")) target.parentElement.querySelector("select, button, input, a")?.focus();
  return true;
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (types(event.target) || document.querySelector("dialog[open]")) return;
  clearTimeout(timer);
  const keys = first ? `${first} ${event.key}` : event.key;
  first = "";
  if (event.key.length === 1 && act(keys)) return event.preventDefault();
  if (event.key === "g") {
    first = "g";
    timer = setTimeout(() => (first = ""), PAUSE);
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (!opener) return;
  opener.closest("details")?.removeAttribute("open");
  document.getElementById(opener.dataset.opens).showModal();
});
