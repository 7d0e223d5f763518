/**
 * A list of entries on the left of a tab: a filter, a choice of group, rows that the arrow keys
 * walk through. Long lists (80 windows, 100 clerks) stay one list with a filter.
 */
import { sleep } from "/static/core/api.js";
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";

/** @typedef {import("/static/core/dom.js").Child} Child */

/**
 * @template E
 * @typedef {{
 *   label: () => string,
 *   columns: {title: string, cls?: string, cell: (item: E) => Child}[],
 *   key: (item: E) => string,
 *   words: (item: E) => string,
 *   facets?: () => {value: string, label: string, test: (item: E) => boolean}[],
 *   facetLabel?: string,
 *   sign?: (item: E) => string,
 *   choose: (key: string, byKeyboard: boolean) => void,
 *   empty: () => Child,
 *   extra?: () => Child,
 *   onCount?: (shown: number, all: number) => void,
 * }} ListOptions  `title` and `facetLabel` are keys of texts; `sign`: what a row's drawing depends
 *   on (default: the item itself)
 */

/** @template E */
export class List {
  /** @param {ListOptions<E>} options */
  constructor(options) {
    this.options = options;
    /** @type {E[]} */
    this.items = [];
    /** @type {E[]} */
    this.shown = [];
    this.chosen = "";
    this.facet = "";
    this.filter = h("input", { class: "input list-filter", type: "search", oninput: () => this.draw(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "ArrowDown" || event.key === "Enter") {
          event.preventDefault();
          this.focus();
        }
      } });
    this.select = h("select", { class: "input list-facet", onchange: () => {
      this.facet = this.select.value;
      this.draw();
    } });
    this.extra = h("div", { class: "list-extra" });
    this.head = h("tr", null);
    this.body = h("tbody", { onkeydown: (/** @type {KeyboardEvent} */ event) => this.keys(event) });
    this.empty = h("div", { class: "empty" });
    this.scroller = h("div", { class: "list-scroll" }, h("table", { class: "table list" }, h("thead", null, this.head), this.body), this.empty);
    this.node = h("section", { class: "panel list-panel" }, h("div", { class: "list-tools" }, this.filter, this.select, this.extra), this.scroller);
    this.words();
  }

  /** Draws what only changes with the language. */
  words() {
    setAttrs(this.filter, { placeholder: t("list.filter"), "aria-label": t("list.filter") });
    replace(this.head, this.options.columns.map((column) => h("th", { class: column.cls || null, scope: "col" }, t(column.title))));
    replace(this.extra, this.options.extra ? this.options.extra() : null);
    this.drawFacets();
    for (const row of Array.from(this.body.children)) row.removeAttribute("data-sign");
    this.draw();
  }

  drawFacets() {
    const facets = this.options.facets ? this.options.facets() : [];
    show(this.select, facets.length > 1);
    if (!facets.some((facet) => facet.value === this.facet)) this.facet = "";
    replace(this.select,
      h("option", { value: "" }, t(this.options.facetLabel || "list.all")),
      facets.map((facet) => h("option", { value: facet.value, selected: facet.value === this.facet }, facet.label)));
    this.select.setAttribute("aria-label", t(this.options.facetLabel || "list.all"));
  }

  /** @param {E[]} items */
  show(items) {
    this.items = items;
    this.drawFacets();
    this.draw();
  }

  draw() {
    const { key, words, columns } = this.options;
    const wanted = this.filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const facets = this.options.facets ? this.options.facets() : [];
    const facet = facets.find((entry) => entry.value === this.facet);
    this.shown = this.items.filter((item) => {
      if (facet && !facet.test(item)) return false;
      const text = words(item).toLowerCase();
      return wanted.every((word) => text.indexOf(word) >= 0);
    });
    keyed(this.body, this.shown, key,
      (item) => h("tr", { tabindex: -1, onclick: () => this.options.choose(key(item), false) }, columns.map((column) => h("td", { class: column.cls || null }))),
      (row, item) => {
        const chosen = key(item) === this.chosen;
        setAttrs(row, { "aria-selected": String(chosen), "data-key": key(item) });
        const sign = this.options.sign ? this.options.sign(item) : JSON.stringify(item);
        if (row.getAttribute("data-sign") === sign) return;
        row.setAttribute("data-sign", sign);
        columns.forEach((column, index) => replace(row.children[index], column.cell(item)));
      });
    this.rove();
    show(this.empty, !this.shown.length);
    if (!this.shown.length) replace(this.empty, this.items.length ? t("list.nothing") : this.options.empty());
    if (this.options.onCount) this.options.onCount(this.shown.length, this.items.length);
  }

  /** One row takes part in the order of Tab: the chosen one, or the first. */
  rove() {
    const rows = /** @type {HTMLElement[]} */ (Array.from(this.body.children));
    const at = rows.find((row) => row === document.activeElement) || rows.find((row) => row.getAttribute("data-key") === this.chosen) || rows[0];
    for (const row of rows) row.tabIndex = row === at ? 0 : -1;
  }

  /** @param {string} key */
  pick(key) {
    this.chosen = key;
    for (const row of Array.from(this.body.children)) row.setAttribute("aria-selected", String(row.getAttribute("data-key") === key));
    this.rove();
    const row = this.rowOf(key);
    if (row) row.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} key @returns {HTMLElement|undefined} */
  rowOf(key) {
    return /** @type {HTMLElement[]} */ (Array.from(this.body.children)).find((row) => row.getAttribute("data-key") === key);
  }

  /** Shows an entry even when a filter hides it. @param {string} key */
  reveal(key) {
    if (!this.rowOf(key) && this.items.some((item) => this.options.key(item) === key)) {
      this.filter.value = "";
      this.facet = "";
      this.select.value = "";
      this.draw();
    }
    this.pick(key);
  }

  focus() {
    const row = /** @type {HTMLElement|null} */ (this.body.querySelector("tr[tabindex='0']"));
    if (row) row.focus();
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    const rows = /** @type {HTMLElement[]} */ (Array.from(this.body.children));
    const at = rows.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0) return;
    /** @type {Record<string, number>} */
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 15, PageUp: at - 15 };
    if (event.key in to) {
      event.preventDefault();
      const row = rows[Math.max(0, Math.min(rows.length - 1, to[event.key]))];
      row.focus();
      this.rove();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.options.choose(rows[at].getAttribute("data-key") || "", true);
    }
  }
}

/**
 * The head of a tab: its name, how many there are, and what can be done.
 * @param {string} title
 * @param {Child} count
 * @param {...Child} actions
 */
export function tabHead(title, count, ...actions) {
  return h("header", { class: "tab-head" },
    h("h1", null, title), h("span", { class: "soft tab-count" }, count), h("div", { class: "tab-actions" }, ...actions));
}

/**
 * @param {string} label
 * @param {() => void} press
 * @param {string} [look]  further classes
 */
export function button(label, press, look) {
  return h("button", { class: "button " + (look || ""), type: "button", onclick: () => press() }, label);
}

/** Sets a count such as `31` or `4 / 31`. @param {HTMLElement} node @param {number} shown @param {number} all */
export function setCount(node, shown, all) {
  setText(node, shown === all ? t("list.count", { n: all }) : t("list.count_of", { n: shown, all }));
}

/**
 * Loads what a list shows again and again until its tab is left.
 * @param {{stopped: boolean, load: () => Promise<void>}} tab
 * @param {number} everyMs
 */
export async function rounds(tab, everyMs) {
  while (!tab.stopped) {
    try {
      await tab.load();
    } catch (error) {
      // The banner says when the server is away; the next round asks again.
    }
    await sleep(everyMs);
  }
}
