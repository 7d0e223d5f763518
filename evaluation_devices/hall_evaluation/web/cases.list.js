/**
 * The list of cases: what needs a person now comes first (overdue, due today, then by deadline),
 * under filters that say how many there are of each state.
 */
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { hhmm, isoDay, serverNow } from "/static/core/time.js";
import { wordFor } from "/static/app/words.js";
import { dueOf, dueText, urgencyOf } from "./cases.due.js";
import { clerkText, matterName, reasonsOf, shortDay } from "./desk.words.js";
import { levelText } from "./levels.js";

/** @typedef {import("./cases.types.js").Case} Case */
/** @typedef {import("./cases.types.js").CaseState} CaseState */
/** @typedef {import("./cases.due.js").Urgency} Urgency */
/** @typedef {"open"|"closed"} Scope */
/** @typedef {{kind: "group", group: Urgency, count: number} | {kind: "case", entry: Case, group: Urgency}} Line */

/** @type {Urgency[]} */
const GROUPS = ["overdue", "today", "later", "closed"];
/** @type {CaseState[]} */
const OPEN_STATES = ["open", "assigned", "contacted", "rectifying", "appealed", "settled"];
const KINDS = ["negative_evaluation", "complaint", "unresolved"];
/** How a state is marked: begun, in work, good, over. @type {Record<string, string>} */
const MARKS = { open: "calling", settled: "open", closed: "closed" };

/** @param {string} state */
export function markOf(state) {
  return MARKS[state] || "serving";
}

/**
 * `差评 · 非常不满意`, `电话投诉`.
 * @param {Case} entry
 */
export function titleOf(entry) {
  if (entry.level) return wordFor("case.kind", entry.kind) + " · " + levelText(entry.level);
  return entry.kind === "unresolved" ? wordFor("case.kind", entry.kind) : wordFor("case.source", entry.source);
}

/**
 * When it came: the time today, else the day.
 * @param {string} at
 */
function cameAt(at) {
  const day = isoDay(at);
  return day === isoDay(serverNow()) ? hhmm(at) : shortDay(day);
}

/** @param {Case} a @param {Case} b */
function byNeed(a, b) {
  const group = GROUPS.indexOf(urgencyOf(a)) - GROUPS.indexOf(urgencyOf(b));
  if (group) return group;
  if (a.state === "closed") return b.opened_at.localeCompare(a.opened_at);
  const due = (/** @type {Case} */ entry) => Date.parse((dueOf(entry) || { at: entry.last_due }).at);
  return due(a) - due(b) || a.opened_at.localeCompare(b.opened_at);
}

/** The list; `choose` is called with the case that a person moved to, `more` when they want more. */
export class CaseList {
  /**
   * @param {{choose: (entry: Case|null) => void, more: () => void, hallName: (id: string) => string,
   *   filtered: () => void}} options
   *   `hallName`: "" when all cases are of one hall; `filtered`: kind or clerk changed
   */
  constructor(options) {
    this.options = options;
    /** @type {Case[]} */
    this.all = [];
    this.total = 0;
    /** @type {Case[]} */
    this.shown = [];
    this.chosen = "";
    /** @type {Scope} */
    this.scope = "open";
    this.state = "";
    this.kindOf = h("select", { class: "input", onchange: () => this.filterChanged() });
    this.clerkOf = h("select", { class: "input", onchange: () => this.filterChanged() });
    this.states = h("div", { class: "state-filter", role: "group" });
    this.rows = h("div", { class: "case-rows", role: "listbox", tabindex: 0, onkeydown: (/** @type {KeyboardEvent} */ event) => this.keys(event) });
    this.empty = h("div", { class: "empty", role: "status" });
    this.moreButton = h("button", { class: "button quiet wide", type: "button", hidden: true, onclick: () => options.more() });
    this.scroller = h("div", { class: "case-scroll" }, this.rows, this.empty, this.moreButton);
    this.node = h("section", { class: "panel case-list live" },
      h("div", { class: "tools" }, this.kindOf, this.clerkOf), this.states, this.scroller);
    this.words();
  }

  words() {
    this.rows.setAttribute("aria-label", t("cases.list"));
    this.states.setAttribute("aria-label", t("filter.states"));
    const kind = this.kindOf.value;
    replace(this.kindOf, h("option", { value: "" }, t("filter.kind")),
      KINDS.map((name) => h("option", { value: name }, t("case.kind." + name))));
    this.kindOf.value = kind;
    this.kindOf.setAttribute("aria-label", t("filter.kind"));
    this.clerkOf.setAttribute("aria-label", t("filter.clerk"));
    this.drawClerks();
    this.draw();
  }

  /**
   * @param {Case[]} cases
   * @param {number} total  how many there are, of which these are the first
   */
  show(cases, total) {
    this.all = cases;
    this.total = total;
    this.drawClerks();
    this.draw();
  }

  /** The clerks whom cases are about; the one that is filtered for stays. */
  drawClerks() {
    const wanted = this.clerkOf.value;
    /** @type {Map<string, string>} */
    const clerks = new Map();
    for (const { clerk } of this.all) if (clerk) clerks.set(clerk.clerk_no, clerkText(clerk));
    if (wanted && !clerks.has(wanted)) clerks.set(wanted, wanted);
    const sorted = Array.from(clerks).sort((a, b) => a[0].localeCompare(b[0]));
    replace(this.clerkOf, h("option", { value: "" }, t("filter.clerk")),
      sorted.map(([no, name]) => h("option", { value: no }, name)));
    this.clerkOf.value = wanted;
  }

  filterChanged() {
    this.draw();
    this.options.filtered();
  }

  clearFilters() {
    this.kindOf.value = this.clerkOf.value = this.state = "";
    this.filterChanged();
    this.rows.focus();
  }

  /** @param {Scope} scope */
  setScope(scope) {
    this.scope = scope;
    this.state = "";
  }

  draw() {
    const kind = this.kindOf.value;
    const clerk = this.clerkOf.value;
    const some = this.all.filter((entry) =>
      (!kind || entry.kind === kind) && (!clerk || Boolean(entry.clerk && entry.clerk.clerk_no === clerk)));
    this.drawStates(some);
    this.shown = some.filter((entry) => !this.state || entry.state === this.state).sort(byNeed);
    /** @type {Line[]} */
    const lines = [];
    for (const group of GROUPS) {
      const members = this.shown.filter((entry) => urgencyOf(entry) === group);
      // Closed ones are one list; a heading would say it twice.
      if (members.length && group !== "closed") lines.push({ kind: "group", group, count: members.length });
      for (const entry of members) lines.push({ kind: "case", entry, group });
    }
    show(this.rows, lines.length > 0);
    show(this.empty, !lines.length);
    if (!lines.length) this.drawEmpty(Boolean(kind || clerk || this.state));
    show(this.moreButton, this.total > this.all.length);
    setText(this.moreButton, t("cases.more", { n: Math.min(100, this.total - this.all.length) }));
    keyed(this.rows, lines, (line) => (line.kind === "group" ? "group:" + line.group : line.entry.case_id),
      (line) => (line.kind === "group" ? this.groupRow() : this.caseRow(line.entry)),
      (node, line) => (line.kind === "group" ? this.fillGroup(node, line) : this.fillCase(node, line)));
    const at = this.rows.querySelector("[aria-selected=true]");
    setAttrs(this.rows, { "aria-activedescendant": at ? at.id : null });
  }

  /** @param {boolean} filtered */
  drawEmpty(filtered) {
    replace(this.empty,
      h("p", null, t(filtered ? "cases.none.filtered" : "cases.none." + this.scope)),
      filtered ? h("button", { class: "button quiet", type: "button", onclick: () => this.clearFilters() }, t("cases.clear")) : null);
  }

  /** @param {Case[]} some */
  drawStates(some) {
    show(this.states, this.scope === "open");
    const press = (/** @type {string} */ state) => () => {
      this.state = state;
      this.draw();
    };
    const button = (/** @type {string} */ state, /** @type {string} */ text) =>
      h("button", { class: "button small", type: "button", "aria-pressed": String(this.state === state), onclick: press(state) }, text);
    const held = document.activeElement ? Array.from(this.states.children).indexOf(document.activeElement) : -1;
    replace(this.states, button("", t("filter.state", { n: some.length })),
      OPEN_STATES.map((state) => button(state,
        t("filter.state_n", { state: t("case.state." + state), n: some.filter((entry) => entry.state === state).length }))));
    if (held >= 0) /** @type {HTMLElement} */ (this.states.children[held]).focus();
  }

  groupRow() {
    return h("div", { class: "case-group", role: "presentation" }, h("span", { class: "state" }), h("span", { class: "soft small" }));
  }

  /** @param {HTMLElement} node @param {Line & {kind: "group"}} line */
  fillGroup(node, line) {
    setText(node.children[0], t("group." + line.group));
    setAttrs(node.children[0], { "data-state": line.group === "overdue" ? "alert" : line.group === "today" ? "away" : "closed" });
    setText(node.children[1], line.count);
  }

  /** @param {Case} entry */
  caseRow(entry) {
    return h("div", { class: "case-row", role: "option", id: "case-" + entry.case_id, onclick: () => this.pick(entry.case_id) },
      h("div", { class: "line" }, h("b", { class: "what" }), h("span", { class: "where clamp-1" }), h("span", { class: "due" })),
      h("div", { class: "line small" }, h("span", { class: "state" }), h("span", { class: "words clamp-1 soft" }), h("span", { class: "came soft nowrap" })));
  }

  /** @param {HTMLElement} node @param {Line & {kind: "case"}} line */
  fillCase(node, { entry, group }) {
    const [top, below] = Array.from(node.children);
    setAttrs(node, { "aria-selected": String(entry.case_id === this.chosen), "data-group": group });
    // A level says itself that this is a bad rating.
    setText(top.children[0], entry.level ? levelText(entry.level) : titleOf(entry));
    const where = [entry.window ? t("case.window_n", { n: entry.window }) : "", entry.clerk ? entry.clerk.name : ""];
    setText(top.children[1], where.filter(Boolean).join(" "));
    setText(top.children[2], dueText(entry, true));
    const mark = group === "overdue" ? "alert" : group === "today" ? "away" : "";
    setAttrs(top.children[2], { class: mark ? "due state" : "due soft", "data-state": mark || null });
    setText(below.children[0], wordFor("case.state", entry.state));
    setAttrs(below.children[0], { "data-state": markOf(entry.state) });
    const said = entry.text || reasonsOf(entry).join(t("list.and")) || (entry.service && matterName(entry.hall, entry.service)) || t("case.no_text");
    const hall = this.options.hallName(entry.hall);
    setText(below.children[1], hall ? hall + " · " + said : said);
    setText(below.children[2], cameAt(entry.opened_at));
  }

  /** @returns {Case|undefined} */
  current() {
    return this.all.find((entry) => entry.case_id === this.chosen);
  }

  /** Chooses a case and tells. @param {string} id */
  pick(id) {
    this.mark(id);
    this.options.choose(this.current() || null);
  }

  /** Marks a case as the one that is shown. @param {string} id */
  mark(id) {
    this.chosen = id;
    this.draw();
    const node = document.getElementById("case-" + id);
    if (node) node.scrollIntoView({ block: "nearest" });
  }

  /** The one after (or before) this in the list as it is shown; "" when there is none. @param {string} id */
  neighbour(id) {
    const at = this.shown.findIndex((entry) => entry.case_id === id);
    const next = at < 0 ? this.shown[0] : this.shown[at + 1] || this.shown[at - 1];
    return next ? next.case_id : "";
  }

  /** @param {number} by */
  move(by) {
    if (!this.shown.length) return;
    const at = this.shown.findIndex((entry) => entry.case_id === this.chosen);
    const to = at < 0 ? 0 : Math.max(0, Math.min(this.shown.length - 1, at + by));
    if (to !== at) this.pick(this.shown[to].case_id);
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    /** @type {Record<string, number>} */
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -this.shown.length, End: this.shown.length };
    if (!(event.key in by)) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(by[event.key]);
  }
}
