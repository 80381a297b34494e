/* <live-stream src="/live/?since=...">: one stream per tab tells which pieces of the page are out of date.
 *
 * The pieces listen for `live:tickets` and `live:ticket` on the body and fetch themselves. Hidden tabs hold no
 * connection (browsers allow six per host); they look once when they are seen again.
 */

const PAUSE = 400; // ms: changes come in bursts
const LONGEST_PAUSE = 30000; // ms between tries when the server does not answer

class LiveStream extends HTMLElement {
  #source = null;
  #timer = 0;
  #retry = 0;
  #failures = 0;

  connectedCallback() {
    document.addEventListener("visibilitychange", this.#look);
    addEventListener("pagehide", this.#close);
    addEventListener("pageshow", this.#look);
    this.#look();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#look);
    removeEventListener("pagehide", this.#close);
    removeEventListener("pageshow", this.#look);
    this.#close();
  }

  #look = () => {
    if (document.hidden) return this.#close();
    if (this.#source) return;
    this.#open();
  };

  #open() {
    const source = new EventSource(this.getAttribute("src"));
    const name = new URL(source.url).searchParams.get("ticket");
    source.addEventListener("open", () => (this.#failures = 0));
    source.addEventListener(name ? `ticket-${name}` : "tickets", () => this.#changed());
    source.addEventListener("refresh", () => this.#changed());
    source.addEventListener("ended", () => this.#lost());
    source.addEventListener("error", () => source.readyState === EventSource.CLOSED && this.#lost());
    this.#source = source;
  }

  #close = () => {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  };

  /* Refused or ended: the next look at the page finds out why, and goes to the sign-in if that is it. */
  #lost() {
    this.#close();
    this.#changed();
    const pause = Math.min(LONGEST_PAUSE, 2000 * 2 ** this.#failures++);
    this.#retry = setTimeout(this.#look, pause);
  }

  /* The first change starts the clock and the others join it: a busy desk is shown every PAUSE, not never. */
  #changed() {
    this.#timer ||= setTimeout(() => this.#announce(), PAUSE);
  }

  #announce() {
    this.#timer = 0;
    const list = !new URL(this.getAttribute("src"), location).searchParams.has("ticket");
    if (list && selects()) return this.#changed();
    document.body.dispatchEvent(new CustomEvent(list ? "live:tickets" : "live:ticket"));
  }
}

/* Somebody is marking text in a list, perhaps to copy a number: it stays until they are done. */
const selects = () => {
  const selection = getSelection();
  return Boolean(selection && !selection.isCollapsed && selection.anchorNode?.parentElement?.closest("main"));
};

customElements.define("live-stream", LiveStream);
