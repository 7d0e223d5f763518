/**
 * What the counter shows: who is at the window, what is up about it, and who waits.
 */
import { absenceText } from "/static/core/absence.js";
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { dayAnd, hhmm, serverNow } from "/static/core/time.js";
import { durationText } from "./counter.away.js";
import { drawRow, lineRow } from "./counter.rows.js";
import { serviceText } from "./desk.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("./counter.js").Counter} Counter */
/** @typedef {{node: HTMLElement, draw: () => void, tick: () => void}} Part */

// --- who is at my window ------------------------------------------------------------------------------

/**
 * @param {Counter} counter
 * @returns {Part}
 */
export function nowCard(counter) {
  const big = h("div", { class: "now-big number", "aria-live": "polite" });
  const timer = h("div", { class: "now-timer" });
  const title = h("div", { class: "now-title clamp" });
  const facts = h("div", { class: "now-facts" });
  const node = h("section", { class: "now card" },
    h("div", { class: "now-head" }, big, timer), title, facts);
  let shown = "";

  const draw = () => {
    const mine = counter.mine();
    const detail = mine.ticket_detail;
    setAttrs(node, { "data-state": mine.state, "data-kind": mine.ticket ? "ticket" : mine.state === "away" ? "away" : "empty" });
    if (mine.ticket && detail) {
      setText(big, mine.ticket);
      setText(title, serviceText(counter.state(), detail.service));
      replace(facts, [
        detail.priority === "normal" ? null : h("span", { class: "fact marked" }, t("priority." + detail.priority)),
        detail.cases > 1 ? h("span", { class: "fact marked" }, t("now.cases", { n: detail.cases })) : null,
        h("span", { class: "fact" }, t("now.calls", { n: detail.call_count })),
        h("span", { class: "fact" }, t("now.issued", { at: hhmm(detail.issued_at) })),
        detail.requeues ? h("span", { class: "fact" }, t("now.requeued", { n: detail.requeues })) : null,
      ]);
    } else if (mine.state === "away" && mine.absence) {
      const absence = mine.absence;
      setText(big, absenceText(absence.reason));
      const late = since(absence.expected_return) > 0; // then it is no longer a promise
      setText(title, t(late ? "away.was_due" : "away.until", { at: dayAnd(absence.expected_return) }));
      replace(facts, [
        absence.destination ? h("span", { class: "fact" }, t("away.destination", { text: absence.destination })) : null,
        absence.contact ? h("span", { class: "fact" }, t("away.contact", { text: absence.contact })) : null,
        h("span", { class: "fact" }, absence.backup_clerk
          ? t("away.backup", { text: absence.backup_clerk.name || absence.backup_clerk.clerk_no })
          : t("away.no_backup")),
      ]);
    } else {
      const closed = mine.state === "closed";
      const waiting = counter.waiting();
      setText(big, t(closed ? "now.closed" : "now.empty"));
      setText(title, closed && mine.covered_by ? t("now.closed_covered", { n: mine.covered_by }) : closed ? t("now.closed_hint")
        : waiting === null ? "" : waiting ? t("count.waiting", { n: waiting }) : t("count.nobody"));
      replace(facts);
    }
    const size = big.textContent + "|" + node.clientWidth + "|" + window.innerHeight;
    if (size !== shown) {
      shown = size;
      const style = getComputedStyle(node);
      const most = parseFloat(style.getPropertyValue(mine.ticket ? "--big" : "--big-words"));
      setAttrs(big, { "data-long": false });
      shrink(big, most, 28);
      setAttrs(big, { "data-long": big.scrollWidth > big.clientWidth });
    }
    tick();
  };

  const tick = () => {
    const mine = counter.mine();
    const detail = mine.ticket_detail;
    let text = "";
    let late = false;
    if (detail && mine.state === "calling" && detail.called_at) text = t("now.calling") + " " + clock(since(detail.called_at));
    else if (detail && mine.state === "serving" && detail.started_at) text = t("now.serving") + " " + clock(since(detail.started_at));
    else if (mine.state === "away" && mine.absence) {
      const left = -since(mine.absence.expected_return);
      late = left < 0;
      text = late ? t("away.overdue", { n: left > -60 ? clock(-left) : durationText(-left / 60) })
        : t("away.left", { n: left < 600 ? clock(left) : durationText(left / 60) });
    }
    setText(timer, text);
    setAttrs(node, { "data-late": late });
  };
  return { node, draw, tick };
}

/**
 * The largest size at which the text fits its width.
 * @param {HTMLElement} node
 * @param {number} most
 * @param {number} least
 */
function shrink(node, most, least) {
  for (let size = most; ; size = Math.max(least, size * 0.94)) {
    node.style.fontSize = size + "px";
    if (node.scrollWidth <= node.clientWidth || size <= least) return;
  }
}

/** Seconds since then. @param {string} when */
function since(when) {
  return (serverNow().getTime() - Date.parse(when)) / 1000;
}

/** `2:07`, `1:02:07`. @param {number} seconds */
function clock(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => ("0" + n).slice(-2);
  const rest = two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
  return s < 3600 ? rest : Math.floor(s / 3600) + ":" + rest;
}

// --- what is up about it ------------------------------------------------------------------------------

/** @typedef {{id: string, state: string, text: string, key: string}} Note  `key`: the letter that acts on it */

const NEIGHBOURS = 3;

/** @param {Counter} counter @returns {Note[]} */
function notesOf(counter) {
  const mine = counter.mine();
  /** @type {Note[]} */
  const notes = [];
  for (const alert of counter.alerts.list.slice(0, 2)) {
    notes.push({
      id: "alert" + alert.alert_id, state: alert.state === "open" ? "alert" : "", key: "A",
      text: counter.alerts.sentence(alert, mine),
    });
  }
  const told = counter.alerts.list.some((alert) => alert.kind === "absence_overdue");
  const before = mine.absences_before || [];
  if (mine.absence && mine.state !== "away" && !told) notes.push(absenceNote("absence", mine.absence, "L"));
  before.forEach((absence, at) => notes.push(absenceNote("absence" + at, absence, "")));
  if (mine.covers) notes.push({ id: "covers", state: "serving", key: "V", text: t("note.covers", { n: mine.covers }) });
  if (mine.covered_by) notes.push({ id: "covered", state: "away", key: "", text: t("note.covered_by", { n: mine.covered_by }) });
  if ((mine.held || []).length > 1) {
    notes.push({
      id: "held", state: "", key: "B",
      text: t("note.held", { n: (mine.held || []).length, list: (mine.held || []).join(t("list.comma")) }),
    });
  }
  const away = neighbours(counter.state().windows, mine).filter((one) => one.absence && one.state === "away");
  if (away.length) {
    const said = away.slice(0, NEIGHBOURS).map(neighbourText);
    if (away.length > NEIGHBOURS) said.push(t("note.more", { n: away.length - NEIGHBOURS }));
    const open = away.some((one) => !one.covered_by) && (mine.commands || []).indexOf("cover") >= 0;
    notes.push({ id: "away", state: "away", key: open ? "V" : "", text: t("note.neighbours", { list: said.join(t("list.semicolon")) }) });
  }
  return notes;
}

/**
 * @param {string} id
 * @param {import("/static/core/types.js").AbsenceEntry} absence
 * @param {string} key
 * @returns {Note}
 */
function absenceNote(id, absence, key) {
  const late = since(absence.expected_return) > 0;
  return {
    id, key, state: late ? "alert" : "away",
    text: t(late ? "note.absence_overdue" : "note.absence", {
      name: absence.clerk_name || "", reason: absenceText(absence.reason), at: dayAnd(absence.expected_return),
    }),
  };
}

/** @param {WindowEntry} one */
function neighbourText(one) {
  const absence = /** @type {NonNullable<WindowEntry["absence"]>} */ (one.absence);
  const values = { window: one.number, reason: absenceText(absence.reason), at: dayAnd(absence.expected_return), cover: one.covered_by || 0 };
  const late = since(absence.expected_return) > 0;
  return t(one.covered_by ? "note.neighbour_covered" : late ? "note.neighbour_overdue" : "note.neighbour", values);
}

/**
 * The windows whose clerks should know when this one leaves, and the other way round: those beside
 * it and those that serve the same queues.
 * @param {WindowEntry[]} windows
 * @param {WindowEntry} mine
 */
export function neighbours(windows, mine) {
  return windows.filter((one) => one.number !== mine.number
    && (Math.abs(one.number - mine.number) === 1 || one.queues.some((prefix) => mine.queues.indexOf(prefix) >= 0)));
}

/**
 * @param {Counter} counter
 * @param {(letter: string) => void} press
 * @returns {Part}
 */
export function noteList(counter, press) {
  const node = h("ul", { class: "notes" });
  const draw = () => {
    keyed(node, notesOf(counter), (note) => note.id + note.key,
      (note) => h("li", null, h(note.key ? "button" : "div", {
        class: "note", type: note.key ? "button" : null, onclick: note.key ? () => press(note.key) : null,
      }, h("span", { class: "note-text clamp" }), h("kbd", { class: "note-key" }))),
      (item, note) => {
        const box = item.children[0];
        setAttrs(box, { "data-state": note.state || null });
        setText(box.children[0], note.text);
        setText(box.children[1], note.key);
        show(/** @type {HTMLElement} */ (box.children[1]), Boolean(note.key));
      });
    show(node, node.children.length > 0);
  };
  return { node, draw, tick: () => {} };
}

// --- my queue -----------------------------------------------------------------------------------------

/**
 * As many as fit, in order; the rest as a number. Nothing scrolls.
 * @param {Counter} counter
 * @param {() => void} showAll
 * @returns {Part}
 */
export function lineCard(counter, showAll) {
  const title = h("h2", { class: "line-title" });
  const queues = h("span", { class: "line-queues soft clamp-1" });
  const legend = h("span", { class: "line-legend soft nowrap" });
  const list = h("ol", { class: "line" });
  const empty = h("div", { class: "empty line-empty", hidden: true });
  const more = h("button", { class: "button quiet line-more", type: "button", onclick: showAll });
  const box = h("div", { class: "line-box" }, list, empty);
  const node = h("section", { class: "line-card card" }, h("div", { class: "line-head" }, title, queues, legend), box, more);
  if (typeof ResizeObserver !== "undefined") new ResizeObserver(() => draw()).observe(box);

  const draw = () => {
    const entries = counter.line.entries.filter((entry) => entry.number !== counter.mine().ticket);
    const state = counter.state();
    const waiting = counter.waiting();
    setText(title, waiting === null ? t("line.list") : t("line.title", { n: waiting }));
    setText(queues, counter.queues().map((queue) => queue.prefix + " " + nameOf(queue)).join(t("list.comma")));
    setText(legend, t("line.legend"));
    const row = parseFloat(getComputedStyle(node).getPropertyValue("--row")) || 36;
    const rows = Math.floor(box.clientHeight / row);
    const columns = entries.length > rows && box.clientWidth >= 620 ? 2 : 1;
    const visible = entries.slice(0, rows * columns);
    list.style.gridTemplateRows = "repeat(" + rows + ", " + row + "px)";
    list.style.gridTemplateColumns = "repeat(" + columns + ", minmax(0, 1fr))";
    keyed(list, visible.map((entry, at) => ({ entry, at })), (one) => one.entry.ticket_id,
      (one) => lineRow(state, one.entry, one.at), (item, one) => drawRow(state, item, one.entry, one.at));
    const hidden = Math.max(0, (waiting || 0) - visible.length);
    setText(more, hidden ? t("line.more", { n: hidden }) : "");
    setAttrs(more, { "data-none": !hidden, tabindex: hidden ? null : -1 });
    show(list, visible.length > 0);
    show(empty, entries.length === 0 && waiting !== null);
    if (!entries.length) {
      const failed = counter.line.failed && !counter.line.known;
      replace(empty, h("p", { class: "large" }, t(failed ? "line.unknown" : "line.none")),
        failed ? null : h("p", null, t("line.none_hint")));
    }
  };
  return { node, draw, tick: () => {} };
}
