/**
 * The hall's notices on an idle pad, one after the other. A long one turns its pages; nothing scrolls.
 */
import { h, replace, setText } from "/static/core/dom.js";

/** @typedef {import("/static/core/types.js").NoticeEntry} NoticeEntry */

export class PadNotices {
  constructor() {
    this.title = h("h2", { class: "clamp" });
    this.body = h("div", { class: "notice-flow" });
    this.mark = h("span", { class: "soft" });
    this.node = h("section", { class: "pad-notice" }, h("header", null, this.title, this.mark),
      h("div", { class: "notice-box" }, this.body));
    /** @type {NoticeEntry[]} */
    this._notices = [];
    this._known = "";
    this._at = 0;
    this._page = 0;
    this._timer = 0;
  }

  /** @param {NoticeEntry[]} notices */
  set(notices) {
    const known = JSON.stringify(notices);
    if (known === this._known) return;
    this._known = known;
    this._notices = notices;
    this._at = this._page = 0;
    this.show();
  }

  /** Draws what is due; call it again when the node has a place on the page. */
  show() {
    clearTimeout(this._timer);
    const notice = this._notices[this._at];
    if (!notice || !this.node.parentNode) return;
    setText(this.title, notice.title);
    if (this.body.textContent !== notice.body) replace(this.body, notice.body);
    // The text flows into columns as wide as the box: each is a page.
    const width = this.body.clientWidth + 40; // with the gap of pad.css
    const pages = Math.max(1, Math.round((this.body.scrollWidth + 40) / Math.max(1, width)));
    this._page = Math.min(this._page, pages - 1);
    this.body.style.transform = "translateX(" + -this._page * width + "px)";
    setText(this.mark, pages > 1 ? this._page + 1 + "/" + pages : "");
    this._timer = window.setTimeout(() => {
      this._page += 1;
      if (this._page >= pages) {
        this._page = 0;
        this._at = (this._at + 1) % this._notices.length;
      }
      this.show();
    }, notice.seconds * 1000);
  }

  stop() {
    clearTimeout(this._timer);
  }
}
