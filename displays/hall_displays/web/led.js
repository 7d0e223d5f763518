/** One line on a strip over a window: as large as it goes, page by page when there is more. */
import { replace } from "/static/core/dom.js";
import { shrink } from "./parts.js";

const PAGE_MS = 2000;
const FILL = 0.8; // of the strip's height

export class Led {
  /** @param {HTMLElement} line */
  constructor(line) {
    this._line = line;
    /** @type {Node[][]} */
    this._pages = [];
    this._known = "";
    this._page = 0;
    setInterval(() => {
      if (this._pages.length < 2) return;
      this._page = (this._page + 1) % this._pages.length;
      this._draw();
    }, PAGE_MS);
    window.addEventListener("resize", () => this._draw());
  }

  /**
   * @param {Node[][]} pages
   * @param {string} what  tells whether they changed
   */
  show(pages, what) {
    if (what === this._known) return;
    this._known = what;
    this._pages = pages;
    this._page = 0;
    this._draw();
  }

  _draw() {
    const line = this._line;
    replace(line, this._pages[this._page] || []);
    const size = FILL * line.clientHeight;
    shrink(line, 0.1, size);
  }
}
