/**
 * Four levels in figures: regions with the sums of what lies below them, halls with their own.
 * A region that is nothing but its one hall is one row.
 */
import { h, keyed, setAttrs, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { remember, remembered } from "./frame.js";
import { wordFor } from "./words.js";

/**
 * @typedef {{code: string, name: string, level: string, parent: string|null}} Region
 * @typedef {{id: string, name: string, name_en?: string, region: string, level: string,
 *   windows: Record<string, number>, waiting: number, longest_wait_min: number, issued_today: number,
 *   absences: {window: number, reason: string, expected_return: string}[], alerts_open: number}} HallNow
 * @typedef {{regions: Region[], halls: HallNow[]}} Tree
 * @typedef {{waiting: number, longest: number, on: number, away: number, closed: number, alerts: number, absences: number}} Figures
 * @typedef {{key: string, depth: number, name: string, level: string, figures: Figures, hall: HallNow|null,
 *   folds: boolean, tag: boolean, parent: string}} Row
 */

const FOLDED = "hall.supervision.folded";
const MANY_HALLS = 40; // from here on, only the upper two levels stand open at first

/** @param {HallNow} hall @returns {Figures} */
function figuresOf(hall) {
  const w = hall.windows;
  return {
    waiting: hall.waiting, longest: hall.longest_wait_min, on: w.open + w.calling + w.serving, away: w.away,
    closed: w.closed, alerts: hall.alerts_open, absences: hall.absences.length,
  };
}

/** @param {Figures[]} parts @returns {Figures} */
function sum(parts) {
  const all = { waiting: 0, longest: 0, on: 0, away: 0, closed: 0, alerts: 0, absences: 0 };
  for (const part of parts) {
    all.waiting += part.waiting;
    all.longest = Math.max(all.longest, part.longest);
    all.on += part.on;
    all.away += part.away;
    all.closed += part.closed;
    all.alerts += part.alerts;
    all.absences += part.absences;
  }
  return all;
}

/**
 * Every row of the tree in order, folded or not.
 * @param {Tree} tree
 * @returns {Row[]}
 */
function rowsOf(tree) {
  /** @type {Map<string, Region[]>} */
  const below = new Map();
  /** @type {Map<string, HallNow[]>} */
  const halls = new Map();
  const known = new Set(tree.regions.map((region) => region.code));
  for (const region of tree.regions) {
    const parent = region.parent && known.has(region.parent) ? region.parent : "";
    below.set(parent, (below.get(parent) || []).concat(region));
  }
  for (const hall of tree.halls) {
    const region = known.has(hall.region) ? hall.region : "";
    halls.set(region, (halls.get(region) || []).concat(hall));
  }
  /** @type {Row[]} */
  const rows = [];
  /**
   * @param {HallNow} hall
   * @param {number} depth
   * @param {string} parent
   * @param {boolean} tag  whether the row stands for its region as well, and says the level
   */
  const addHall = (hall, depth, parent, tag) => {
    rows.push({ key: "hall:" + hall.id, depth, name: nameOf(hall), level: hall.level, figures: figuresOf(hall), hall, folds: false, tag, parent });
    return figuresOf(hall);
  };
  /**
   * @param {string} code
   * @param {number} depth
   * @returns {Figures[]}
   */
  const addBelow = (code, depth) => {
    const figures = (halls.get(code) || []).map((hall) => addHall(hall, depth, code, false));
    for (const region of below.get(code) || []) {
      const own = halls.get(region.code) || [];
      if (own.length === 1 && !(below.get(region.code) || []).length) {
        figures.push(addHall(own[0], depth, code, true));
        continue;
      }
      /** @type {Row} */
      const row = { key: region.code, depth, name: region.name, level: region.level, figures: sum([]), hall: null, folds: true, tag: true, parent: code };
      rows.push(row);
      row.figures = sum(addBelow(region.code, depth + 1));
      figures.push(row.figures);
    }
    return figures;
  };
  addBelow("", 0);
  // Who sees one township only needs no row for the city and county above it.
  while (rows.length > 1 && rows[0].folds && rows[1].folds && rows.every((row, index) => index === 0 || row.depth > 0)
    && rows.filter((row) => row.depth === 1).length === 1) {
    const top = rows.shift();
    rows.forEach((row) => {
      row.depth -= 1;
      if (top && row.parent === top.key) row.parent = "";
    });
  }
  return rows;
}

/** The panel. `choose` is called with the hall that a person picked. */
export class TreePanel {
  /** @param {(hall: string) => void} choose */
  constructor(choose) {
    this.choose = choose;
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Row[]} */
    this.visible = [];
    this.hall = "";
    this.at = "";
    this.first = true;
    /** @type {Set<string>} */
    this.folded = new Set(remembered(FOLDED).split(",").filter(Boolean));
    this.heading = h("h2", null);
    this.foldButton = h("button", { class: "button quiet small", type: "button", onclick: () => this.foldAll() });
    this.search = h("input", { class: "input tree-search", type: "search", oninput: () => this.draw() });
    this.head = h("div", { class: "tree-row tree-head" });
    this.body = h("div", { class: "tree-body", role: "tree", tabindex: 0, onkeydown: (/** @type {KeyboardEvent} */ event) => this.keys(event) });
    this.nothing = h("p", { class: "empty", hidden: true });
    this.note = h("p", { class: "tree-note small", role: "status", hidden: true });
    this.node = h(
      "section",
      { class: "panel tree live" },
      h("header", { class: "panel-head" }, this.heading, this.search, this.foldButton),
      this.note,
      this.head,
      this.body,
      this.nothing,
    );
    this.words();
  }

  words() {
    setText(this.heading, t("tree.title"));
    setAttrs(this.search, { placeholder: t("tree.search"), "aria-label": t("tree.search") });
    this.body.setAttribute("aria-label", t("tree.title"));
    const titles = ["name", "waiting", "longest", "windows", "alerts"];
    while (this.head.firstChild) this.head.removeChild(this.head.firstChild);
    for (const title of titles) {
      this.head.appendChild(
        h("span", { class: "cell " + title }, t("tree." + title),
          title === "name" ? null : h("small", null, t("tree." + title + "_unit"))));
    }
    this.draw();
  }

  /** @param {Tree} tree */
  show(tree) {
    this.rows = rowsOf(tree);
    if (this.first && tree.halls.length > MANY_HALLS && !this.folded.size) {
      this.rows.forEach((row) => { if (row.folds && row.depth >= 1) this.folded.add(row.key); });
    }
    this.first = false;
    show(this.search, tree.halls.length > 8);
    this.draw();
  }

  /** @param {string} hall */
  select(hall) {
    this.hall = hall;
    this.at = "hall:" + hall;
    // What is chosen must be seen: open what lies above it.
    let row = this.rows.find((entry) => entry.key === this.at);
    while (row) {
      const parent = row.parent;
      this.folded.delete(parent);
      row = this.rows.find((entry) => entry.key === parent);
    }
    this.draw();
    const node = document.getElementById("tree-" + this.at);
    if (node) node.scrollIntoView({ block: "nearest" });
  }

  /** A line above the figures when they are old; "" takes it away. @param {string} text */
  warn(text) {
    setText(this.note, text);
    show(this.note, Boolean(text));
  }

  draw() {
    const text = this.search.value.trim().toLowerCase();
    /** @type {Set<string>} */
    const hidden = new Set();
    this.visible = this.rows.filter((row) => {
      if (text) return row.name.toLowerCase().indexOf(text) >= 0;
      const away = hidden.has(row.parent);
      if (away || this.folded.has(row.key)) hidden.add(row.key);
      return !away;
    });
    const anyFolded = this.rows.some((row) => this.folded.has(row.key));
    setText(this.foldButton, t(anyFolded ? "tree.open_all" : "tree.fold_all"));
    setText(this.nothing, t("tree.nothing", { text }));
    show(this.nothing, Boolean(text) && !this.visible.length);
    if (!this.visible.some((row) => row.key === this.at)) this.at = this.visible.length ? this.visible[0].key : "";
    keyed(this.body, this.visible, (row) => row.key, (row) => this.row(row), (node, row) => this.fill(node, row));
    const at = this.at ? document.getElementById("tree-" + this.at) : null;
    setAttrs(this.body, { "aria-activedescendant": at ? at.id : null });
  }

  /** @param {Row} row */
  row(row) {
    return h(
      "div",
      {
        class: "tree-row", role: "treeitem", id: "tree-" + row.key,
        onclick: () => {
          this.at = row.key;
          if (row.folds) this.fold(row.key, !this.folded.has(row.key));
          else this.pick(row.key);
        },
      },
      h("span", { class: "cell name" }, h("span", { class: "fold", "aria-hidden": "true" }), h("span", { class: "tree-level" }), h("span", { class: "tree-name clamp-1" })),
      h("span", { class: "cell waiting number" }),
      h("span", { class: "cell longest number" }),
      h("span", { class: "cell windows number" }, h("b", { class: "on" }), "/", h("b", { class: "away" }), "/", h("b", { class: "closed" })),
      h("span", { class: "cell alerts number" }),
    );
  }

  /** @param {HTMLElement} node @param {Row} row */
  fill(node, row) {
    const f = row.figures;
    const cells = Array.from(node.children);
    setAttrs(node, {
      "aria-level": row.depth + 1, "data-kind": row.hall ? "hall" : "region",
      "aria-expanded": row.folds ? String(!this.folded.has(row.key)) : null,
      "aria-selected": String(Boolean(row.hall) && row.key === "hall:" + this.hall), "data-at": row.key === this.at ? "yes" : null,
      style: "--depth:" + (this.search.value ? 0 : row.depth),
      title: t("tree.windows_words", { on: f.on, away: f.away, closed: f.closed }) + (f.absences ? t("list.and") + t("tree.absences", { n: f.absences }) : ""),
    });
    const [fold, level, name] = Array.from(cells[0].children);
    setText(fold, row.folds ? (this.folded.has(row.key) ? "▸" : "▾") : "");
    setText(name, row.name);
    setText(level, row.tag ? wordFor("level.short", row.level) : "");
    show(/** @type {HTMLElement} */ (level), row.tag);
    setText(cells[1], f.waiting);
    setText(cells[2], f.waiting ? f.longest : "–");
    const [on, away, closed] = Array.from(cells[3].children);
    setText(on, f.on);
    setText(away, f.away);
    setText(closed, f.closed);
    setAttrs(away, { "data-some": f.away ? "yes" : null });
    setText(cells[4], f.alerts ? "▲" + f.alerts : "0");
    setAttrs(cells[4], { "data-some": f.alerts ? "yes" : null });
  }

  /** @param {string} key */
  pick(key) {
    const row = this.rows.find((entry) => entry.key === key);
    if (row && row.hall) this.choose(row.hall.id);
  }

  /** @param {string} key @param {boolean} folded */
  fold(key, folded) {
    if (folded) this.folded.add(key);
    else this.folded.delete(key);
    remember(FOLDED, Array.from(this.folded).join(","));
    this.draw();
  }

  foldAll() {
    const some = this.rows.some((row) => this.folded.has(row.key));
    this.folded = new Set(some ? [] : this.rows.filter((row) => row.folds).map((row) => row.key));
    remember(FOLDED, Array.from(this.folded).join(","));
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    const index = this.visible.findIndex((row) => row.key === this.at);
    const row = this.visible[index];
    const to = (/** @type {number} */ next) => {
      const found = this.visible[Math.max(0, Math.min(this.visible.length - 1, next))];
      if (found) this.at = found.key;
      this.draw();
      const node = document.getElementById("tree-" + this.at);
      if (node) node.scrollIntoView({ block: "nearest" });
    };
    if (event.key === "ArrowDown") to(index + 1);
    else if (event.key === "ArrowUp") to(index - 1);
    else if (event.key === "Home") to(0);
    else if (event.key === "End") to(this.visible.length - 1);
    else if (event.key === "ArrowLeft" && row) {
      if (row.folds && !this.folded.has(row.key)) this.fold(row.key, true);
      else to(this.visible.findIndex((entry) => entry.key === row.parent));
    } else if (event.key === "ArrowRight" && row && row.folds) this.fold(row.key, false);
    else if ((event.key === "Enter" || event.key === " ") && row) {
      if (row.folds) this.fold(row.key, !this.folded.has(row.key));
      else this.pick(row.key);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
