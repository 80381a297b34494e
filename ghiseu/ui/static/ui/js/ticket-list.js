/* <ticket-list>: j and k walk through the rows; Enter opens the row in focus, as a link does by itself. */

class TicketList extends HTMLElement {
  connectedCallback() {
    document.addEventListener("keydown", this.#walk);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#walk);
  }

  #walk = (event) => {
    if (!["j", "k"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
    const rows = [...this.querySelectorAll(".ticket-row__title")];
    if (!rows.length) return;
    const here = rows.indexOf(document.activeElement);
    const step = event.key === "j" ? 1 : -1;
    const next = here < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, here + step));
    rows[next].focus({ preventScroll: true });
    rows[next].closest(".ticket-row, .chosen__row, .hit").scrollIntoView({ block: "nearest" });
    event.preventDefault();
  };
}

customElements.define("ticket-list", TicketList);
