/* <search-box data-options="/search/options/">: offers what could come next while one types, as a combobox with a list
 * (WAI-ARIA 1.2): arrows choose, Enter or Tab takes, Escape closes. Without a choice Enter searches, as a form does by
 * itself. Alt+ArrowDown opens the list where nothing is typed yet. */

const PAUSE = 90; // ms of rest after a key before the server is asked

class SearchBox extends HTMLElement {
  #timer = 0;
  #asked = 0;
  #active = -1;

  connectedCallback() {
    this.input = this.querySelector("[role=combobox]");
    this.list = this.querySelector("[role=listbox]");
    this.status = this.querySelector("[role=status]");
    this.input.addEventListener("input", this.#typed);
    this.input.addEventListener("keydown", this.#pressed);
    this.input.addEventListener("blur", () => this.#close());
    this.list.addEventListener("pointerdown", this.#picked);
  }

  get #options() {
    return [...this.list.children];
  }

  /* Only where a word or a field has begun: an empty box is not covered with help nobody asked for. */
  #typed = (event) => {
    clearTimeout(this.#timer);
    const before = this.input.value.slice(0, this.input.selectionStart);
    if (event.isComposing || !/[^\s(),]$/.test(before)) return this.#close();
    this.#timer = setTimeout(() => this.#ask(), PAUSE);
  };

  async #ask() {
    const mine = ++this.#asked;
    const { value, selectionStart } = this.input;
    // The server counts characters, the browser half ones.
    const at = [...value.slice(0, selectionStart)].length;
    const address = `${this.dataset.options}?${new URLSearchParams({ q: value, at })}`;
    const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (mine !== this.#asked || !answer?.ok || document.activeElement !== this.input) return;
    const html = await answer.text();
    if (mine !== this.#asked) return;
    this.list.innerHTML = html;
    this.#show();
  }

  #show() {
    const count = this.#options.length;
    this.#choose(-1);
    this.list.hidden = count === 0;
    this.input.setAttribute("aria-expanded", String(count > 0));
    this.status.textContent = count ? `${count} ${this.dataset.words}` : "";
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked++;
    this.list.replaceChildren();
    this.#show();
  }

  #choose(index) {
    this.#active = index;
    for (const [place, option] of this.#options.entries()) option.setAttribute("aria-selected", String(place === index));
    const option = this.#options[index];
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  #pressed = (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const count = this.#options.length;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !count) {
      if (event.key === "ArrowUp") return;
      this.#ask();
    } else if (step) {
      // From the last one to none, and round again: what was typed stays within reach.
      const next = this.#active + step;
      this.#choose(next >= count ? -1 : next < -1 ? count - 1 : next);
    } else if (event.key === "Escape" && count) {
      this.#close();
    } else if ((event.key === "Enter" || event.key === "Tab") && this.#active >= 0 && !event.shiftKey) {
      this.#take(this.#options[this.#active]);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #picked = (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault(); // the box keeps the focus
    this.#take(option);
  };

  /* A field waits for its value; behind a value begins the next word. */
  #take(option) {
    const { text, start, end } = option.dataset;
    const letters = [...this.input.value];
    const isField = /[:<>=]$/.test(text) || text.endsWith(".");
    const piece = isField || letters[end] === " " ? text : `${text} `;
    const before = letters.slice(0, start).join("") + piece;
    this.input.value = before + letters.slice(end).join("");
    this.input.setSelectionRange(before.length, before.length);
    if (isField) this.#ask();
    else this.#close();
  }
}

customElements.define("search-box", SearchBox);
