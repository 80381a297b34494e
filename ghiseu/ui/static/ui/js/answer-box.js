/* <answer-box data-draft="agent/ticket/kind">: keeps what is typed in this browser until it is sent, and says when
 * something new arrived meanwhile. `seen` moves on only when the writer has looked (or was refused once). */

class AnswerBox extends HTMLElement {
  #sending = false;

  connectedCallback() {
    this.form = this.querySelector("form");
    this.text = this.form.elements.text;
    this.key = `draft/${this.dataset.draft}`;
    this.#bringBack();
    this.form.addEventListener("input", this.#keep);
    this.form.addEventListener("submit", () => (this.#sending = true));
    this.form.addEventListener("keydown", this.#shortcut);
    this.addEventListener("click", this.#clicked);
    document.addEventListener("htmx:afterSettle", this.#arrived);
    this.form.addEventListener("htmx:beforeOnLoad", this.#answered);
    this.form.addEventListener("htmx:afterRequest", () => (this.#sending = false));
    this.scrollIntoView({ block: "nearest" });
  }

  disconnectedCallback() {
    document.removeEventListener("htmx:afterSettle", this.#arrived);
  }

  #bringBack() {
    const draft = localStorage.getItem(this.key);
    if (!draft || this.text.value.trim() || !draft.trim()) return;
    this.text.value = draft;
    this.querySelector("[data-draft-note]").hidden = false;
  }

  #keep = () => {
    if (this.text.value.trim()) localStorage.setItem(this.key, this.text.value);
    else localStorage.removeItem(this.key);
  };

  #shortcut = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.form.requestSubmit();
    }
  };

  #clicked = (event) => {
    if (event.target.closest("[data-seen]")) this.#hasSeen(document.getElementById("news").dataset.newest);
    if (!event.target.closest("[data-draft-drop]")) return;
    localStorage.removeItem(this.key);
    this.text.value = "";
    this.querySelector("[data-draft-note]").hidden = true;
  };

  /* News were added to the conversation. An empty box has nothing that could pass them by. */
  #arrived = () => {
    const refusal = this.querySelector("[data-seen-now]");
    if (refusal) this.form.elements.seen.value = refusal.dataset.seenNow;
    const newest = document.getElementById("news")?.dataset.newest;
    if (!newest || this.#sending || Number(newest) <= Number(this.form.elements.seen.value)) return;
    if (this.text.value.trim()) this.querySelector("[data-arrived]").hidden = false;
    else this.#hasSeen(newest);
  };

  #hasSeen(newest) {
    this.form.elements.seen.value = newest;
    this.querySelector("[data-arrived]").hidden = true;
  }

  /* Sent: the draft has done its work. A sign-in that is asked for first (HX-Redirect) leaves it. */
  #answered = (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 300 && !xhr.getResponseHeader("HX-Redirect")) localStorage.removeItem(this.key);
  };
}

customElements.define("answer-box", AnswerBox);
