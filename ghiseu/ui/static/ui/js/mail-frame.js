/* <mail-frame>: gives the frame of an HTML mail the height of its text. The frame's page can run nothing; it is
 * measured from here, again when a picture has come or a quotation was opened. */

const LONGEST = 20000; // px

class MailFrame extends HTMLElement {
  connectedCallback() {
    this.frame = this.querySelector("iframe");
    this.frame.addEventListener("load", this.#measure);
    this.querySelector(".remote-pictures a")?.addEventListener("click", (event) => {
      event.currentTarget.closest("p").hidden = true;
    });
    this.#measure();
  }

  disconnectedCallback() {
    this.observer?.disconnect();
  }

  #measure = () => {
    const page = this.frame.contentDocument;
    if (!page?.body || page.URL === "about:blank") return;
    this.observer?.disconnect();
    this.observer = new ResizeObserver(() => this.#fit(page));
    this.observer.observe(page.body);
    this.#fit(page);
  };

  #fit(page) {
    const wide = page.documentElement.scrollWidth > page.documentElement.clientWidth;
    const style = getComputedStyle(this.frame);
    const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    const height = page.body.getBoundingClientRect().height + padding + 4 + (wide ? 16 : 0);
    this.frame.style.blockSize = `${Math.min(LONGEST, Math.ceil(height))}px`;
  }
}

customElements.define("mail-frame", MailFrame);
