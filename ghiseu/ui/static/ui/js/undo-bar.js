/* <undo-bar data-seconds="10">: counts down how long what was sent can be taken back, and goes when it has left. */

class UndoBar extends HTMLElement {
  connectedCallback() {
    this.end = performance.now() + Number(this.dataset.seconds) * 1000;
    this.timer = setInterval(this.#count, 250);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }

  #count = () => {
    const seconds = Math.ceil((this.end - performance.now()) / 1000);
    if (seconds <= 0) return this.remove();
    const words = String(seconds);
    const count = this.querySelector("[data-count]");
    if (count.textContent !== words) count.textContent = words;
  };
}

customElements.define("undo-bar", UndoBar);
