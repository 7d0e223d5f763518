/**
 * Long lists are shown page by page, never scrolled: entries keep their height and their place,
 * and the page number says that there is more.
 */
import { setText } from "/static/core/dom.js";

const PAGE_MS = 8000;

/** @template T */
export class Pager {
  /**
   * @param {{fits: () => number, draw: (items: T[], slots: number) => void, mark?: HTMLElement,
   *   ms?: number}} options
   *   `fits`: how many entries the list holds now; `draw`: shows one page; `mark`: where "1/3" goes
   */
  constructor(options) {
    this._options = options;
    /** @type {T[]} */
    this._items = [];
    this._page = 0;
    setInterval(() => this._turn(), options.ms || PAGE_MS);
  }

  /**
   * @param {T[]} items
   * @param {boolean} [first]  show the first page now
   */
  set(items, first) {
    this._items = items;
    if (first) this._page = 0;
    this._draw();
  }

  _turn() {
    if (this._pages() < 2 && this._page === 0) return;
    this._page = (this._page + 1) % this._pages();
    this._draw();
  }

  _pages() {
    return Math.max(1, Math.ceil(this._items.length / Math.max(1, this._options.fits())));
  }

  _draw() {
    const size = Math.max(1, this._options.fits());
    const pages = this._pages();
    if (this._page >= pages) this._page = 0;
    const start = this._page * size;
    this._options.draw(this._items.slice(start, start + size), size);
    if (this._options.mark) setText(this._options.mark, pages > 1 ? this._page + 1 + "/" + pages : "");
  }
}

/**
 * How many rows of at least `rem` fit into a list; the list's rows are made to fill it evenly.
 * @param {HTMLElement} list
 * @param {number} rem
 */
export function rowsIn(list, rem) {
  const rows = Math.max(1, Math.floor((list.clientHeight + 1) / (rem * remPx())));
  const template = "repeat(" + rows + ", 1fr)";
  if (list.style.gridTemplateRows !== template) list.style.gridTemplateRows = template;
  return rows;
}

/** One rem in pixels, as the stage has set it. */
export function remPx() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize);
}
