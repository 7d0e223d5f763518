/**
 * The table of figures: a row for each window, clerk, matter, day or hall, sorted by any column;
 * a row is chosen to see the ratings behind it.
 */
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { longDate } from "/static/core/time.js";
import { FEW, count, isFew, percent, rateOf, signed, tenths } from "./figures.period.js";
import { LEVELS } from "./levels.js";

/** @typedef {import("./figures.types.js").Row} Row */
/** @typedef {import("./figures.types.js").By} By */
/** @typedef {import("./figures.period.js").Rate} Rate */
/** @typedef {{key: string, value: (row: Row) => number|string|null, cell: (row: Row) => import("/static/core/dom.js").Child, title?: string}} Column */

/** The name of a row as people say it. @param {Row} row @param {By} by */
export function rowName(row, by) {
  if (!row.key) return t("by.none." + by);
  if (by === "day") return longDate(row.key + "T12:00:00Z");
  if (by === "window") return t("window.n", { n: row.key });
  if (by === "clerk" && row.name !== row.key) return t("desk.clerk", { name: row.name, no: row.key });
  return row.name || row.key;
}

/** The panel. `choose` is called with a row, or null for the whole hall. */
export class Table {
  /** @param {{choose: (row: Row|null) => void}} options */
  constructor(options) {
    this.options = options;
    /** @type {By} */
    this.by = "window";
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Map<string, Row>} */
    this.before = new Map();
    /** @type {Row|null} */
    this.total = null;
    /** @type {Row|undefined} */
    this.totalBefore = undefined;
    /** The key of the chosen row; "" is a row, too: cases that name no window. @type {string|null} */
    this.chosen = null;
    this.sort = "name";
    this.down = false;
    this.heading = h("h2", null);
    this.hint = h("span", { class: "soft small push clamp-1" });
    this.head = h("tr", null);
    this.body = h("tbody", { onkeydown: (/** @type {KeyboardEvent} */ event) => this.keys(event) });
    this.foot = h("tr", null);
    this.scroller = h("div", { class: "figures-scroll" },
      h("table", { class: "table figures-table" }, h("thead", null, this.head), this.body, h("tfoot", null, this.foot)));
    this.none = h("div", { class: "empty" });
    this.note = h("p", { class: "soft small table-note" });
    this.node = h("section", { class: "panel" },
      h("header", { class: "panel-head" }, this.heading, this.hint), this.scroller, this.none, this.note);
  }

  /** @returns {Column[]} */
  columns() {
    const number = (/** @type {string} */ key) => ({
      key, value: (/** @type {any} */ row) => row[key], cell: (/** @type {any} */ row) => count(row[key]),
    });
    const rate = (/** @type {Rate} */ key) => ({
      key,
      title: t("def." + key),
      value: (/** @type {Row} */ row) => rateOf(row, key),
      cell: (/** @type {Row} */ row) => this.rateCell(row, key),
    });
    const change = (/** @type {Row} */ row) => {
      const [now, then] = [rateOf(row, "satisfaction"), rateOf(this.beforeOf(row), "satisfaction")];
      return now === null || then === null ? null : tenths(now) - tenths(then);
    };
    return [
      { key: "name", value: (row) => (this.by === "service" || this.by === "hall" ? row.name : row.key), cell: (row) => h("span", { class: "clamp" }, rowName(row, this.by)) },
      number("services"), number("rated"), rate("rating_rate"), rate("satisfaction"),
      { key: "change", value: change, cell: (row) => {
        const points = change(row);
        return points === null ? "—" : signed(points, 1);
      } },
      ...LEVELS.map(number), number("negative"), rate("follow_up_rate"), rate("on_time_rate"),
    ];
  }

  /** @param {Row} row */
  beforeOf(row) {
    return row === this.total ? this.totalBefore : this.before.get(row.key);
  }

  /** @param {Row} row @param {Rate} key */
  rateCell(row, key) {
    if (isFew(row, key) && row.rated) {
      return h("span", { class: "soft few", title: t("few.hint", { rated: row.rated }) }, t("few.cell", { n: FEW }));
    }
    const value = rateOf(row, key);
    return value === null ? "—" : percent(value);
  }

  /**
   * @param {By} by
   * @param {Row[]} rows
   * @param {Row} total
   * @param {{rows: Row[], total: Row}|null} before  the same of the period before
   */
  show(by, rows, total, before) {
    if (by !== this.by) {
      this.sort = "name";
      // The latest day first; windows by their number, names by the alphabet.
      this.down = by === "day";
    }
    this.by = by;
    this.rows = rows;
    this.total = total;
    // Days of another period are other days.
    this.before = new Map(before && by !== "day" ? before.rows.map((row) => /** @type {[string, Row]} */ ([row.key, row])) : []);
    this.totalBefore = before ? before.total : undefined;
    if (!rows.some((row) => row.key === this.chosen)) this.chosen = null;
    this.draw();
  }

  draw() {
    setText(this.heading, t("table.title", { by: t("table.by." + this.by) }));
    setText(this.hint, this.rows.length ? t(this.by === "hall" ? "table.hint_hall" : "table.hint") : "");
    const columns = this.columns();
    const few = this.rows.some((row) => isFew(row, "satisfaction") && row.rated);
    setText(this.note, (few ? t("few.note", { n: FEW }) + " " : "") + t("def.satisfaction"));
    show(this.scroller, this.rows.length > 0);
    show(this.note, this.rows.length > 0);
    show(this.none, !this.rows.length);
    replace(this.none, h("p", null, h("b", null, t("figures.none"))), h("p", null, t("figures.none_text")));
    replace(this.head, columns.map((column) => this.headCell(column)));
    const sorted = this.sorted(columns);
    replace(this.body, sorted.map((row) =>
      h("tr", { "data-key": row.key, tabindex: -1, "aria-selected": String(row.key === this.chosen), onclick: () => this.pick(row.key) },
        columns.map((column) => this.cell(column, row)))));
    replace(this.foot, this.total && this.rows.length > 1
      ? columns.map((column) => (column.key === "name" ? h("th", { scope: "row" }, t("table.total")) : this.cell(column, /** @type {Row} */ (this.total))))
      : null);
    this.rove();
  }

  /** @param {Column} column */
  headCell(column) {
    const on = column.key === this.sort;
    const label = column.key === "name" ? t("by.of." + this.by) : t("col." + column.key);
    return h("th", { scope: "col", class: column.key === "name" ? null : "figure", "data-column": column.key,
      "aria-sort": on ? (this.down ? "descending" : "ascending") : "none" },
    h("button", { type: "button", class: "sort", title: column.title, onclick: () => this.sortBy(column.key) },
      label, column.key === "change" ? h("small", null, t("col.change_unit")) : null,
      h("span", { class: "arrow", "aria-hidden": "true" }, on ? (this.down ? "↓" : "↑") : "")));
  }

  /** @param {Column} column @param {Row} row */
  cell(column, row) {
    const alert = column.key === "negative" && row.negative > 0;
    return h("td", { class: column.key === "name" ? "name" : "figure", "data-column": column.key, "data-bad": alert }, column.cell(row));
  }

  /** What has no figure, or belongs to nobody, stands last, whichever way it is sorted. @param {Column[]} columns */
  sorted(columns) {
    const column = columns.find((entry) => entry.key === this.sort) || columns[0];
    const sign = this.down ? -1 : 1;
    return this.rows.slice().sort((a, b) => {
      const [x, y] = [column.value(a), column.value(b)];
      if (!a.key || !b.key) return a.key ? -1 : 1;
      if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
      if (typeof x === "string" && typeof y === "string") return sign * x.localeCompare(y, "zh-CN", { numeric: true });
      return sign * (Number(x) - Number(y)) || a.key.localeCompare(b.key, "zh-CN", { numeric: true });
    });
  }

  /** @param {string} key */
  sortBy(key) {
    // Names go up first, figures begin with the largest.
    this.down = key === this.sort ? !this.down : key !== "name";
    this.sort = key;
    this.draw();
    const button = /** @type {HTMLElement|null} */ (this.head.querySelector("[data-column='" + key + "'] button"));
    if (button) button.focus();
  }

  /** Chooses a row; choosing it again means all of them. @param {string|null} key */
  pick(key) {
    this.chosen = key === this.chosen ? null : key;
    for (const row of Array.from(this.body.children)) setAttrs(row, { "aria-selected": String(row.getAttribute("data-key") === this.chosen) });
    this.rove();
    this.options.choose(this.rows.find((row) => row.key === this.chosen) || null);
  }

  /** One row takes part in the order of Tab. */
  rove() {
    const rows = /** @type {HTMLElement[]} */ (Array.from(this.body.children));
    const at = rows.find((row) => row === document.activeElement) || rows.find((row) => row.getAttribute("data-key") === this.chosen) || rows[0];
    for (const row of rows) row.tabIndex = row === at ? 0 : -1;
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    const rows = /** @type {HTMLElement[]} */ (Array.from(this.body.children));
    const at = rows.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0) return;
    /** @type {Record<string, number>} */
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1, PageDown: at + 10, PageUp: at - 10 };
    if (event.key in to) {
      event.preventDefault();
      rows[Math.max(0, Math.min(rows.length - 1, to[event.key]))].focus();
      this.rove();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.pick(rows[at].getAttribute("data-key") || "");
    }
  }
}
