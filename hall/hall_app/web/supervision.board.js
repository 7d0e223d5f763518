/**
 * One hall as a departures board: every window a line (state by colour, shape and word; number,
 * clerk, time), those that need a person first; above it the hall's figures and queues.
 */
import { absenceText } from "/static/core/absence.js";
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { openingNow } from "/static/core/hours.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmm, minutesUntil, waitText } from "/static/core/time.js";
import { remember, remembered } from "./frame.js";
import { minutesShort, minutesSince, minutesText, wordFor } from "./words.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("/static/core/types.js").QueueEntry} QueueEntry */
/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {"need"|"away"|"work"|"closed"} Group */
/** @typedef {{kind: "group", group: Group, count: number} | {kind: "window", entry: WindowEntry, group: Group}} Line */

const SORT = "hall.supervision.sort";
const LINE_PX = [20, 27, 36]; // least, comfortable and most height of a line
const COLUMN_REM = [20, 28]; // least width of a column, and from which on it also says what is served
const TOO_LONG = 3; // a service beyond so many times its usual minutes is worth a look
const TOO_LONG_MIN = 20;
/** @type {Group[]} */
const GROUPS = ["need", "away", "work", "closed"];

/** @param {WindowEntry} window */
function overdueMinutes(window) {
  return window.absence ? -minutesUntil(window.absence.expected_return) : 0;
}

/** The board of one hall. `manages`: whether this person may open the administration page. */
export class Board {
  /**
   * @param {{manages: boolean, picture: (window: number) => (() => void)|null}} options  `picture`: what shows
   *   the picture of a window, if a camera sees it
   */
  constructor(options) {
    this.options = options;
    /** @type {HallStream|null} */
    this.stream = null;
    /** @type {Set<number>} */
    this.alerted = new Set();
    /** @type {{issued_today: number, longest_wait_min: number}|null} */
    this.figures = null;
    this.chosen = 0;
    this.byNumber = remembered(SORT) === "number";
    this.columns = 0;
    this.title = h("h2", { class: "clamp" });
    this.closedNote = h("span", { class: "chip state", "data-state": "closed", hidden: true });
    this.totals = h("dl", { class: "hall-totals" });
    this.manage = h("a", { class: "button small", hidden: true });
    this.clock = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
    this.queues = h("div", { class: "queue-strip" });
    this.noQueues = h("p", { class: "soft", hidden: true });
    this.sort = h("button", { class: "button small", type: "button", onclick: () => this.toggleSort() });
    this.heads = h("div", { class: "board-heads", "aria-hidden": "true" });
    this.lines = h("div", { class: "board-lines", role: "listbox", tabindex: 0, onkeydown: (/** @type {KeyboardEvent} */ event) => this.keys(event) });
    this.none = h("p", { class: "empty", hidden: true });
    this.detail = h("div", { class: "board-detail", role: "status" });
    this.node = h(
      "section",
      { class: "hall-pane live" },
      h("header", { class: "hall-head" }, h("div", { class: "hall-name row" }, this.title, this.closedNote), this.totals, this.sort, this.manage),
      this.clock,
      this.queues,
      this.noQueues,
      h("div", { class: "panel board" }, h("div", { class: "board-bar" }, this.heads), this.lines, this.none),
      this.detail,
    );
    this.words();
    if (window.ResizeObserver) new ResizeObserver(() => this.layout()).observe(this.lines);
    else window.addEventListener("resize", () => this.layout());
  }

  words() {
    this.columns = 0;
    this.lines.setAttribute("aria-label", t("hall.on"));
    setText(this.none, t("board.none"));
    setText(this.noQueues, t("queues.none"));
    setText(this.closedNote, t("hall.out_of_hours"));
    setText(this.clock, t("hall.clock_doubted"));
    setText(this.manage, t("hall.manage"));
    this.draw();
  }

  /** @param {HallStream|null} stream */
  use(stream) {
    if (this.stream !== stream) this.chosen = 0;
    this.stream = stream;
    this.lines.scrollTop = 0;
    this.draw();
  }

  toggleSort() {
    this.byNumber = !this.byNumber;
    remember(SORT, this.byNumber ? "number" : "need");
    this.draw();
  }

  /** @param {number|null} window */
  choose(window) {
    this.chosen = window || 0;
    this.draw();
    const node = document.getElementById("window-" + this.chosen);
    if (node) node.scrollIntoView({ block: "nearest" });
  }

  // --- what needs a person ------------------------------------------------------------------------

  /** The usual minutes of the service in hand when it takes far longer, else 0. @param {WindowEntry} window */
  usualIfTooLong(window) {
    const detail = window.ticket_detail;
    if (window.state !== "serving" || !detail || !detail.started_at) return 0;
    const services = (this.stream && this.stream.state && this.stream.state.services) || [];
    const service = services.find((entry) => entry.name === detail.service);
    const usual = ((service && service.minutes) || 10) * Math.max(1, detail.cases || 1);
    const passed = minutesSince(detail.started_at);
    return passed > usual * TOO_LONG && passed > TOO_LONG_MIN ? usual : 0;
  }

  /** @param {WindowEntry} window @returns {Group} */
  groupOf(window) {
    if (this.alerted.has(window.number) || overdueMinutes(window) > 0 || this.usualIfTooLong(window)) return "need";
    // Left to a stand-in it is at work; that its own clerk is away shows on its line.
    if (window.state === "away") return "away";
    return window.state === "closed" ? "closed" : "work";
  }

  /** @returns {Line[]} */
  sorted() {
    const windows = (this.stream && this.stream.state && this.stream.state.windows) || [];
    /** @type {Line[]} */
    const entries = windows.map((entry) => ({ kind: "window", entry, group: this.groupOf(entry) }));
    if (this.byNumber) return entries;
    /** @type {Line[]} */
    const lines = [];
    for (const group of GROUPS) {
      const mine = entries.filter((line) => line.group === group);
      // Who is missing comes before what takes long.
      if (group === "need") mine.sort((a, b) => this.slow(a) - this.slow(b));
      if (mine.length) lines.push({ kind: "group", group, count: mine.length }, ...mine);
    }
    return lines;
  }

  /** 1 when only a long service brought the window up, else 0. @param {Line} line */
  slow(line) {
    if (line.kind !== "window") return 0;
    return this.alerted.has(line.entry.number) || overdueMinutes(line.entry) > 0 ? 0 : 1;
  }

  // --- drawing ------------------------------------------------------------------------------------

  draw() {
    const state = this.stream && this.stream.state;
    show(this.node, Boolean(state));
    if (!state) return;
    const day = /** @type {any} */ (state).day;
    setText(this.title, nameOf(state.hall));
    show(this.closedNote, !openingNow(state.setup).open);
    show(this.clock, Boolean(day && day.clock_doubted));
    show(this.manage, this.options.manages);
    setAttrs(this.manage, { href: "/admin?hall=" + encodeURIComponent(state.hall.id) + "#day" });
    this.drawTotals(state.windows, state.queues);
    this.drawQueues(state.queues);
    replace(this.sort, t(this.byNumber ? "board.sort.number" : "board.sort.need"), h("kbd", null, "S"));
    setAttrs(this.sort, { title: t("key.sort") });
    show(this.none, !state.windows.length);
    const lines = this.sorted();
    this.layout(lines.length);
    keyed(this.lines, lines,
      (line) => (line.kind === "group" ? "g" + line.group : line.entry.number),
      (line) => (line.kind === "group" ? groupNode() : this.windowNode(line.entry.number)),
      (node, line) => (line.kind === "group" ? this.fillGroup(node, line.group, line.count) : this.fillWindow(node, line.entry, line.group)));
    const chosen = state.windows.find((entry) => entry.number === this.chosen);
    setAttrs(this.lines, { "aria-activedescendant": chosen ? "window-" + chosen.number : null });
    replace(this.detail, chosen ? this.detailOf(chosen) : h("span", { class: "soft" }, t("board.hint")));
  }

  /** @param {WindowEntry[]} windows @param {QueueEntry[]} queues */
  drawTotals(windows, queues) {
    const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
    const at = (/** @type {string} */ state) => windows.filter((window) => window.state === state).length;
    const on = at("open") + at("calling") + at("serving");
    const figures = this.figures;
    /** @type {[string, string, string|null][]} */
    const shown = [
      ["hall.waiting", t("unit.people", { n: waiting }), null],
      ["hall.longest", figures && waiting ? minutesText(figures.longest_wait_min) : "–", null],
      ["hall.on", t("hall.of", { n: on, all: windows.length }), null],
      ["hall.away", String(at("away")), at("away") ? "away" : null],
      ["hall.closed_n", String(at("closed")), null],
      ["hall.issued", figures ? t("unit.people", { n: figures.issued_today }) : "–", null],
    ];
    keyed(this.totals, shown, (item) => item[0],
      () => h("div", null, h("dt", { class: "soft" }), h("dd", { class: "number" })),
      (node, item) => {
        setText(node.children[0], t(item[0]));
        setText(node.children[1], item[1]);
        setAttrs(node.children[1], { "data-state": item[2] });
      });
  }

  /** @param {QueueEntry[]} queues */
  drawQueues(queues) {
    show(this.noQueues, !queues.length);
    show(this.queues, queues.length > 0);
    const n = queues.length;
    const across = n <= 6 ? n : Math.ceil(n / Math.ceil(n / 6));
    setAttrs(this.queues, { style: "--queues:" + across, "data-narrow": across > 4 ? "yes" : null });
    const waits = this.stream ? this.stream.waits : {};
    const stopped = this.stream ? this.stream.stopped : {};
    keyed(this.queues, queues, (queue) => queue.prefix,
      () => h("div", { class: "queue" },
        h("div", { class: "line" }, h("b", { class: "number prefix" }), h("span", { class: "name clamp-1" })),
        h("div", { class: "line small" }, h("b", { class: "waiting number" }), h("span", { class: "wait clamp-1" }))),
      (node, queue) => {
        const [top, below] = Array.from(node.children);
        const nobody = queue.waiting > 0 && queue.open_windows !== undefined && !queue.open_windows.length;
        setText(top.children[0], queue.prefix);
        setText(top.children[1], nameOf(queue));
        const wait = waits[queue.prefix];
        const words = [];
        if (nobody) words.push(t("queue.no_window"));
        else if (wait && queue.waiting) words.push(waitText(wait));
        const why = stopped[queue.prefix] || queue.stopped;
        if (why) words.push(wordFor("queue.stopped", why));
        if (queue.green) words.push(t("queue.green", { n: queue.green }));
        setText(below.children[0], queue.waiting ? t("queue.waiting", { n: queue.waiting }) : "");
        setText(below.children[1], words.join(" · ") || t("queue.empty"));
        setAttrs(below.children[1], { class: nobody ? "wait clamp-1 state" : "wait clamp-1 soft", "data-state": nobody ? "alert" : null });
        setAttrs(node, { title: nameOf(queue) + " " + words.join(" · ") });
      });
  }

  /** @param {Element} node @param {Group} group @param {number} count */
  fillGroup(node, group, count) {
    setText(node.children[0], t("board.group." + group));
    setText(node.children[1], count);
    let split = "";
    if (group === "work" && this.stream && this.stream.state) {
      const windows = this.stream.state.windows.filter((window) => this.groupOf(window) === "work");
      const n = (/** @type {string} */ state) => windows.filter((window) => window.state === state).length;
      split = t("board.split", { serving: n("serving"), calling: n("calling"), open: n("open") });
    }
    setText(node.children[2], split);
  }

  /** @param {number} number */
  windowNode(number) {
    return h(
      "div",
      { class: "board-line", role: "option", id: "window-" + number, onclick: () => this.choose(number) },
      h("b", { class: "no number" }),
      h("span", { class: "st" }, h("span", { class: "state" })),
      h("span", { class: "what clamp-1" }),
      h("span", { class: "who clamp-1" }),
      h("span", { class: "time number" }),
      h("span", { class: "serves soft clamp-1" }),
    );
  }

  /** @param {Element} node @param {WindowEntry} window @param {Group} group */
  fillWindow(node, window, group) {
    const [no, st, what, who, time, serves] = Array.from(node.children);
    const overdue = overdueMinutes(window);
    setAttrs(node, { "aria-selected": String(window.number === this.chosen), "data-state": group === "need" ? "alert" : window.state });
    setText(no, window.number);
    setAttrs(st.children[0], { "data-state": window.state });
    setText(st.children[0], t("window.state." + window.state));
    const held = (window.held || []).length;
    let said = "";
    if (window.ticket) said = window.ticket;
    else if (window.absence) said = window.state === "away" ? absenceText(window.absence.reason) : t("board.stand_in");
    else if (window.covered_by) said = t("board.covered_by", { n: window.covered_by });
    else if (held) said = t("board.held", { n: held });
    setText(what, said);
    setAttrs(what, { class: window.ticket ? "what number" : "what clamp-1" });
    setText(who, window.clerk ? window.clerk.name : (window.absence && window.absence.clerk_name) || "");
    const detail = window.ticket_detail;
    let right = "";
    let late = false;
    if (window.absence && overdue > 0) {
      right = t("board.overdue", { time: minutesShort(overdue) });
      late = true;
    } else if (window.absence && window.state === "away") right = t("board.back_at", { at: hhmm(window.absence.expected_return) });
    else if (detail && (detail.started_at || detail.called_at)) {
      right = minutesShort(minutesSince(/** @type {string} */ (detail.started_at || detail.called_at)));
      late = this.usualIfTooLong(window) > 0;
    }
    setText(time, (late ? "▲" : "") + right);
    setAttrs(time, { "data-late": late ? "yes" : null });
    setText(serves, window.queues.length === 1 ? window.queues[0] + " " + this.queueName(window.queues[0]) : window.queues.join(" "));
  }

  /** @param {string} prefix */
  queueName(prefix) {
    const queues = (this.stream && this.stream.state && this.stream.state.queues) || [];
    const found = queues.find((queue) => queue.prefix === prefix);
    return found ? nameOf(found) : "";
  }

  /** Columns and lines for the room there is. @param {number} [count] */
  layout(count) {
    const lines = count === undefined ? this.lines.children.length : count;
    const width = this.lines.clientWidth;
    const height = this.lines.clientHeight;
    if (!lines || !width || !height) return;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 15;
    const most = Math.max(1, Math.floor(width / (COLUMN_REM[0] * rem)));
    const columns = Math.max(1, Math.min(most, Math.ceil((lines * LINE_PX[1]) / height)));
    const rows = Math.max(1, Math.ceil(lines / columns));
    // When they do not all fit, those that do fill the height: no line is cut in half.
    const seen = Math.max(1, Math.min(rows, Math.floor(height / LINE_PX[0])));
    const line = Math.min(LINE_PX[2], seen < rows ? height / seen : Math.floor(height / seen));
    const wide = width / columns > COLUMN_REM[1] * rem;
    this.lines.style.gridTemplateRows = "repeat(" + rows + "," + line + "px)";
    this.lines.style.gridTemplateColumns = "repeat(" + columns + ",minmax(0,1fr))";
    this.rowsPerColumn = rows;
    setAttrs(this.node, { "data-wide": wide ? "yes" : null });
    if (columns === this.columns) return;
    this.columns = columns;
    this.heads.style.gridTemplateColumns = "repeat(" + columns + ",minmax(0,1fr))";
    replace(this.heads, Array.from({ length: columns }, () =>
      h("div", { class: "board-line board-head" },
        ["number", "state", "what", "clerk", "time", "queues"].map((key, index) =>
          h("span", { class: ["no", "st", "what", "who", "time", "serves"][index] }, t("board." + key))))));
  }

  // --- one window ---------------------------------------------------------------------------------

  /** @param {WindowEntry} window */
  detailOf(window) {
    const words = [];
    const picture = this.options.picture(window.number);
    const detail = window.ticket_detail;
    if (window.clerk) words.push(h("span", null, window.clerk.name + " " + window.clerk.clerk_no));
    const others = (window.signed_in || []).map((clerk) => clerk.name);
    if (others.length) words.push(t("detail.also", { names: others.join(t("list.and")) }));
    if (detail) {
      words.push(h("b", { class: "number" }, t("detail.ticket", { number: detail.number, service: detail.service || "" })));
      if (detail.started_at) {
        words.push(t("detail.started", { at: hhmm(detail.started_at), time: minutesText(minutesSince(detail.started_at)) }));
        const usual = this.usualIfTooLong(window);
        if (usual) words.push(h("span", { class: "state", "data-state": "alert" }, t("detail.too_long", { usual: minutesText(usual) })));
      } else if (detail.called_at) words.push(t("detail.called", { at: hhmm(detail.called_at), n: detail.call_count }));
      if (detail.called_at) {
        words.push(t("detail.waited", { time: minutesText((Date.parse(detail.called_at) - Date.parse(detail.issued_at)) / 60000) }));
      }
    }
    const absence = window.absence;
    if (absence) {
      const other = absence.clerk_name && !(window.clerk && window.clerk.name === absence.clerk_name);
      if (other) words.push(/** @type {string} */ (absence.clerk_name));
      words.push(t(overdueMinutes(window) > 0 ? "detail.absence_was" : "detail.absence", {
        reason: absenceText(absence.reason), since: hhmm(absence.since), back: hhmm(absence.expected_return),
      }));
      const overdue = overdueMinutes(window);
      if (overdue > 0) words.push(h("span", { class: "state", "data-state": "alert" }, t("detail.overdue", { time: minutesText(overdue) })));
      if (absence.destination) words.push(t("detail.destination", { text: absence.destination }));
      if (absence.contact) words.push(t("detail.contact", { text: absence.contact }));
      if (absence.backup_clerk) words.push(t("detail.backup", { name: absence.backup_clerk.name }));
    }
    if ((window.held || []).length) words.push(t("detail.held", { numbers: (window.held || []).join(t("list.and")) }));
    if (window.covers) words.push(t("detail.covers", { n: window.covers }));
    if (window.covered_by) words.push(t("detail.covered_by", { n: window.covered_by }));
    if (window.phone && !absence) words.push(t("detail.phone", { phone: window.phone }));
    return [
      h("b", { class: "detail-no" }, t("window.n", { n: window.number })),
      h("span", { class: "state chip", "data-state": window.state }, t("window.state." + window.state)),
      h("span", { class: "detail-words" },
        h("span", { class: "soft" }, nameOf(window)), words.map((word) => h("span", { class: "piece" }, word))),
      picture ? h("button", { class: "button small push", type: "button", onclick: () => picture() }, t("board.picture"), h("kbd", null, "P")) : null,
    ];
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    const order = this.sorted().map((line) => (line.kind === "window" ? line.entry.number : 0));
    const at = order.indexOf(this.chosen);
    const steps = { ArrowDown: 1, ArrowUp: -1, ArrowRight: this.rowsPerColumn || 1, ArrowLeft: -(this.rowsPerColumn || 1) };
    const step = /** @type {Record<string, number>} */ (steps)[event.key];
    if (!step) return;
    let next = Math.max(0, Math.min(order.length - 1, at + step));
    while (order[next] === 0 && next + Math.sign(step) >= 0 && next + Math.sign(step) < order.length) next += Math.sign(step);
    if (order[next]) this.choose(order[next]);
    event.preventDefault();
  }
}

function groupNode() {
  return h("div", { class: "board-group", role: "presentation" }, h("b", null), h("b", { class: "number" }), h("span", { class: "soft small clamp-1" }));
}
