/* <answer-box data-draft="agent/ticket/what">: keeps what is typed in this browser until it is sent, and says when
 * something new arrived meanwhile. `seen` moves on only when the writer has looked (or was refused once). What the
 * desk itself wrote into an untouched box (`data-untouched`: salutation, signature) counts as nothing typed. */

const SIGN_IN = "/sign-in/";
const SIGNATURE = "\n\n-- \n";

class AnswerBox extends HTMLElement {
  #sending = false;

  connectedCallback() {
    this.form = this.querySelector("form");
    this.key = `draft/${this.dataset.draft}`;
    this.#bringBack();
    this.#place();
    this.form.addEventListener("input", this.#keep);
    this.form.addEventListener("change", this.#renew);
    this.form.addEventListener("submit", () => (this.#sending = true));
    this.form.addEventListener("keydown", this.#shortcut);
    this.addEventListener("click", this.#clicked);
    document.addEventListener("htmx:afterSettle", this.#arrived);
    this.form.addEventListener("htmx:beforeOnLoad", this.#answered);
    this.form.addEventListener("htmx:afterRequest", () => (this.#sending = false));
    this.scrollIntoView({ block: this.offsetHeight > innerHeight ? "start" : "nearest" });
  }

  disconnectedCallback() {
    document.removeEventListener("htmx:afterSettle", this.#arrived);
  }

  /* A redirect has no text. */
  get text() {
    return this.form.elements.text ?? { value: "", hasAttribute: () => false, setSelectionRange() {} };
  }

  get #opening() {
    return this.text.hasAttribute("data-untouched") ? this.text.defaultValue : "";
  }

  get #isTyped() {
    const words = this.text.value.trim();
    return words !== "" && words !== this.#opening.trim();
  }

  #bringBack() {
    const draft = localStorage.getItem(this.key);
    if (this.#isTyped) return draft || this.#keep();
    if (!draft?.trim() || !this.form.elements.text) return;
    this.text.value = draft;
    this.querySelector("[data-draft-note]").hidden = false;
  }

  /* The first word goes between salutation and signature. */
  #place() {
    if (this.#isTyped || !this.#opening) return;
    const end = this.#opening.indexOf(SIGNATURE);
    const place = this.#opening.startsWith("\n") ? 0 : end < 0 ? this.#opening.length : end;
    this.text.setSelectionRange(place, place);
  }

  #keep = () => {
    if (this.#isTyped) localStorage.setItem(this.key, this.text.value);
    else localStorage.removeItem(this.key);
  };

  /* Another queue signs otherwise: an untouched text follows it. */
  #renew = (event) => {
    if (!event.target.closest("[data-renews-opening]") || this.#isTyped) return;
    this.form.querySelector("[hx-trigger=opening]").dispatchEvent(new CustomEvent("opening"));
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
    this.text.value = this.#opening;
    this.#place();
    const note = this.querySelector("[data-draft-note]");
    if (note) note.hidden = true;
  };

  /* News were added to the conversation. An empty box has nothing that could pass them by. */
  #arrived = () => {
    const seen = this.form.elements.seen;
    const refusal = this.querySelector("[data-seen-now]");
    if (refusal && seen) seen.value = refusal.dataset.seenNow;
    const newest = document.getElementById("news")?.dataset.newest;
    if (!seen || !newest || this.#sending || Number(newest) <= Number(seen.value)) return;
    if (this.#isTyped) this.querySelector("[data-arrived]").hidden = false;
    else this.#hasSeen(newest);
  };

  #hasSeen(newest) {
    this.form.elements.seen.value = newest;
    this.querySelector("[data-arrived]").hidden = true;
  }

  /* Sent: the draft has done its work. A sign-in that is asked for first leaves it. */
  #answered = (event) => {
    const { xhr } = event.detail;
    const elsewhere = xhr.getResponseHeader("HX-Redirect") ?? "";
    if (event.detail.elt === this.form && xhr.status < 300 && !elsewhere.startsWith(SIGN_IN)) {
      localStorage.removeItem(this.key);
    }
  };
}

customElements.define("answer-box", AnswerBox);
