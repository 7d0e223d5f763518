/** Public notices in rotation. A long one is cut into pages that fit; nothing scrolls. */
import { setText } from "/static/core/dom.js";
import { pagesOf } from "./textpages.js";

/** @typedef {import("/static/core/types.js").NoticeEntry} NoticeEntry */

export class Notices {
  /**
   * @param {{title: HTMLElement, body: HTMLElement, mark: HTMLElement,
   *   otherwise: () => {title: string, body: string}}} options
   *   `otherwise`: what stands there without notices
   */
  constructor(options) {
    this._options = options;
    /** @type {NoticeEntry[]} */
    this._notices = [];
    this._known = "";
    this._at = 0;
    /** @type {string[]|null} */
    this._pages = null; // of the notice that is shown
    this._page = 0;
    this._timer = 0;
  }

  /** @param {NoticeEntry[]} notices */
  set(notices) {
    const box = this._options.body;
    const known = [JSON.stringify(notices), box.clientWidth, box.clientHeight].join();
    if (known === this._known && notices.length) return;
    this._known = known;
    this._notices = notices;
    this._at = 0;
    this._page = 0;
    this._pages = null;
    clearTimeout(this._timer);
    this._draw();
  }

  _draw() {
    const { title, body, mark } = this._options;
    const notice = this._notices[this._at];
    if (!notice) {
      const words = this._options.otherwise();
      setText(title, words.title);
      setText(body, words.body);
      setText(mark, "");
      return;
    }
    setText(title, notice.title);
    const pages = this._pages || pagesOf(notice.body, (part) => {
      body.textContent = part;
      return body.scrollHeight <= body.clientHeight + 1;
    });
    this._pages = pages;
    body.textContent = pages[this._page] || "";
    setText(mark, pages.length > 1 ? this._page + 1 + "/" + pages.length : "");
    this._timer = window.setTimeout(() => {
      this._page += 1;
      if (this._page >= pages.length) {
        this._page = 0;
        this._pages = null;
        this._at = (this._at + 1) % this._notices.length;
      }
      this._draw();
    }, notice.seconds * 1000);
  }
}
