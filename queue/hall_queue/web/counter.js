/**
 * The clerk's counter. It stands beside another program all day, in a strip of 320 px or on a
 * screen of its own, and is used without looking: one big button for the next action (Enter), a
 * letter for everything else. What it shows comes from the stream, never from what was pressed
 * here, so two pages of one window always say the same.
 */
import { absenceText } from "/static/core/absence.js";
import { ApiError } from "/static/core/api.js";
import { idleSeconds } from "/static/core/device.js";
import { coalesce, h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { addTexts, lang, nameOf, onLang, setLang, t } from "/static/core/i18n.js";
import { openPage } from "/static/core/page.js";
import { dayAnd, everySecond, hhmm, serverNow } from "/static/core/time.js";
import { Alerts } from "./counter.alerts.js";
import { backForm } from "./counter.away.js";
import { Commands } from "./counter.commands.js";
import { openForm } from "./counter.forms.js";
import { ALERTS, KEYS, keyBoard } from "./counter.keys.js";
import { Line } from "./counter.line.js";
import { Lock } from "./counter.lock.js";
import { reasonText } from "./counter.rows.js";
import { texts } from "./counter.texts.js";
import { lineCard, neighbours, noteList, nowCard } from "./counter.view.js";
import { formOpen, rulesOf, sentence } from "./desk.js";
import { deskTexts } from "./desk.texts.js";

/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").QueueEntry} QueueEntry */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("./counter.commands.js").Answer} Answer */
/** @typedef {import("./counter.commands.js").Body} Body */
/** @typedef {import("./counter.keys.js").Key} Key */

/**
 * What the parts of the page may use.
 * @typedef {{hall: string, number: number, stream: HallStream, commands: Commands, line: Line, alerts: Alerts,
 *   state: () => HallState, mine: () => WindowEntry, queues: () => QueueEntry[], waiting: () => number|null,
 *   press: (body: Body) => Promise<Answer|null>, say: (text: string, bad?: boolean) => void,
 *   saidLeft: () => void}} Counter
 */

const SAID_S = 12;
const MOST_LISTED = 50; // of the server's answer

addTexts(deskTexts);
addTexts(texts);

async function main() {
  const { me, hall, stream } = await openPage({
    kinds: ["counter"],
    isIdle: () => idleSeconds() > 60 && !formOpen(),
    offlineWords: () => ({ title: t("offline.title"), text: t("offline.counter") }),
  });
  const number = me.window;
  if (!number || !windowIn(stream, number)) {
    replace(document.body, plainPage(t("page.no_window")));
    return;
  }

  // --- the frame -------------------------------------------------------------------------------------
  const place = h("div", { class: "place number" });
  const placeName = h("div", { class: "place-name clamp-1" });
  const stateChip = h("span", { class: "state chip live" });
  const who = h("div", { class: "who clamp-1 live" });
  const time = h("div", { class: "time number" });
  const langButton = h("button", { class: "button quiet lang", type: "button", onclick: () => setLang(lang() === "en" ? "zh" : "en") });
  const nextName = h("span", { class: "next-name" });
  const nextHint = h("span", { class: "next-hint clamp-1 live" });
  const next = h("button", { class: "button primary next", type: "button", "aria-keyshortcuts": "Enter", onclick: () => pressNext() },
    h("span", { class: "next-words" }, nextName, nextHint), h("kbd", null, "Enter"));
  const undoText = h("span", { class: "grow clamp-1" });
  const undoLeft = h("span", { class: "nowrap" });
  const undoBar = h("div", { class: "undo-bar" });
  const undoName = h("span");
  const undo = h("div", { class: "undo live", hidden: true, role: "status" }, undoBar, undoText, undoLeft,
    h("button", { class: "button", type: "button", "aria-keyshortcuts": "U", onclick: () => pressUndo() }, undoName, h("kbd", null, "U")));
  const said = h("div", { class: "said live", role: "alert" });
  let saidUntil = 0;

  /** @type {Counter} */
  const counter = {
    hall, number, stream,
    commands: new Commands({ hall, window: number, stream, changed: () => soon() }),
    line: new Line(hall, number, () => soon()),
    alerts: new Alerts(stream, number, () => soon()),
    state: () => /** @type {HallState} */ (stream.state),
    mine: () => /** @type {WindowEntry} */ (windowIn(stream, number) || gone(number)),
    queues: () => servedQueues(counter),
    waiting: () => {
      if (!counter.line.known && !counter.line.failed) return null; // one count, when it is known
      const sum = servedQueues(counter).reduce((all, queue) => all + queue.waiting, 0);
      return counter.line.known && counter.line.entries.length < MOST_LISTED ? counter.line.entries.length : sum;
    },
    press, say,
    saidLeft: () => {
      const { absence, clerk, state } = counter.mine();
      if (!absence) return;
      const words = { reason: absenceText(absence.reason), at: dayAnd(absence.expected_return), name: clerk ? clerk.name : "" };
      say(t(state === "away" ? "said.left" : "said.left_to", words));
    },
  };

  const card = nowCard(counter);
  const notes = noteList(counter, (letter) => pressLetter(letter));
  const board = keyBoard(counter, pressKey);
  const waiting = lineCard(counter, () => pressLetter("W"));
  const lock = new Lock(counter, () => {
    soon();
    next.focus();
  });
  const lockName = h("span");
  const lockButton = h("button", { class: "button quiet lock-button", type: "button", "aria-keyshortcuts": "K", onclick: () => pressLock() },
    lockName, h("kbd", null, "K"));
  [card, notes, waiting].forEach((part) => part.node.classList.add("live"));
  replace(
    document.body,
    h("header", { class: "top" }, place, placeName, stateChip, who, time, lockButton, langButton),
    h("main", { class: "desk" },
      h("div", { class: "work" }, card.node, next, h("div", { class: "replies" }, undo, said), board.node),
      h("div", { class: "side" }, notes.node, waiting.node)),
    lock.node,
  );

  // --- drawing ---------------------------------------------------------------------------------------

  /** The manager has removed this window: there is nothing to press until it is there again. */
  function removed() {
    const isGone = !windowIn(stream, counter.number);
    const shown = document.body.hasAttribute("data-removed");
    if (shown && !isGone) location.reload();
    if (isGone && !shown) {
      setAttrs(document.body, { "data-removed": true });
      replace(document.body, plainPage(t("page.removed", { n: counter.number })));
    }
    return isGone;
  }

  function draw() {
    if (removed()) return;
    const state = counter.state();
    const mine = counter.mine();
    const rules = rulesOf(state);
    counter.commands.nextIs(mine.state + " " + mine.ticket);
    document.documentElement.setAttribute("data-window", mine.state);
    setText(place, t("window.n", { n: mine.number }));
    setText(placeName, nameOf(mine));
    setText(stateChip, t("window.state." + mine.state));
    setAttrs(stateChip, { "data-state": mine.state });
    const beside = (mine.signed_in || []).map((clerk) => clerk.name).join(t("list.comma"));
    setText(who, (mine.clerk ? mine.clerk.clerk_no + " " + mine.clerk.name : "") + (beside ? " · " + t("away.backup", { text: beside }) : ""));
    setText(langButton, t("language.other"));
    setText(undoName, t("key.undo"));
    setText(lockName, t("lock.key"));
    setAttrs(lockButton, { "aria-disabled": lock.why() ? "true" : null });
    lock.draw();

    const action = actionOf(mine);
    setText(nextName, t("next." + action));
    setText(nextHint, counter.commands.busy ? t("next.busy") : hintOf(action, rules.undo_s));
    setAttrs(next, {
      "aria-busy": counter.commands.busy ? "true" : null,
      "data-resting": !counter.commands.busy && !counter.commands.ready,
      "aria-disabled": stream.status === "online" ? null : "true",
      "data-action": action,
    });
    board.draw();
    card.draw();
    notes.draw();
    waiting.draw();
    drawUndo();
    drawSaid();
    const people = counter.waiting();
    document.title = [mine.ticket || t("window.state." + mine.state), people === null ? "" : t("count.waiting", { n: people }),
      t("window.n", { n: mine.number })].filter(Boolean).join(" · ");
  }
  const soon = coalesce(draw);

  /** @param {string} action @param {number} undoS */
  function hintOf(action, undoS) {
    if (action === "open") return t("next.open_hint");
    if (action === "start") return t("next.start_hint");
    if (action === "finish") return t("next.finish_hint", { n: undoS });
    if (action === "return") return (counter.mine().absences_before || []).length ? t("next.return_who") : t("next.return_hint", { name: nameAway() });
    const first = counter.line.entries.find((entry) => entry.number !== counter.mine().ticket);
    if (!first) return counter.line.known ? t("next.nobody") : "";
    return t("next.next_is", { number: first.number, reason: reasonText(first) });
  }

  /** Who is away. */
  function nameAway() {
    const { absence, number: window } = counter.mine();
    return (absence && absence.clerk_name) || t("window.n", { n: window });
  }

  // --- what was said back, and taking a press back -----------------------------------------------------

  let undoTimer = 0;

  function undoSeconds() {
    const mine = counter.mine();
    if (!mine.undo || (mine.commands || []).indexOf("undo") < 0) return 0;
    return Math.max(0, (Date.parse(mine.undo.until) - serverNow().getTime()) / 1000);
  }

  function drawUndo() {
    const left = undoSeconds();
    show(undo, left > 0);
    if (left <= 0) {
      clearInterval(undoTimer);
      undoTimer = 0;
      return;
    }
    if (!undoTimer) undoTimer = window.setInterval(drawUndo, 100);
    const last = counter.mine().undo;
    if (last) setText(undoText, t("undo." + last.step, { number: last.number }));
    setText(undoLeft, t("undo.left", { n: Math.ceil(left) }));
    undoBar.style.width = Math.min(100, (left / rulesOf(counter.state()).undo_s) * 100) + "%";
  }

  /** @param {string} text @param {boolean} [bad] */
  function say(text, bad) {
    setText(said, text);
    setAttrs(said, { "data-state": bad ? "alert" : "" });
    saidUntil = text ? performance.now() + SAID_S * 1000 : 0;
    drawSaid();
  }

  function drawSaid() {
    if (saidUntil && performance.now() < saidUntil) return;
    saidUntil = 0;
    setAttrs(said, { "data-state": document.hasFocus() ? null : "off" });
    setText(said, document.hasFocus() ? "" : t("keys.off"));
  }

  // --- pressing ----------------------------------------------------------------------------------------

  /** @param {Body} body @returns {Promise<Answer|null>} */
  async function press(body) {
    say("");
    try {
      const answer = await counter.commands.send(body);
      if (body.command === "call_next" && !answer.ticket) say(t("said.nobody"));
      return answer;
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "busy")) say(sentence(error), true);
      return null;
    }
  }

  async function pressNext() {
    next.focus();
    if (!counter.commands.ready) return;
    const action = actionOf(counter.mine());
    if (action === "open") await openForm(counter);
    else if (action === "return") await backForm(counter);
    else await press({ command: action });
    next.focus();
  }

  async function pressUndo() {
    if (counter.commands.busy || undoSeconds() <= 0) return;
    next.focus();
    await press({ command: "undo" });
  }

  function pressLock() {
    const why = lock.why();
    if (why) say(why);
    else lock.lock();
  }

  /** @param {Key} key */
  async function pressKey(key) {
    const why = key.why(counter);
    if (why) {
      say(why);
      return;
    }
    if (!counter.commands.ready) return;
    if (key.key !== "W") say("");
    await key.run(counter);
    next.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || formOpen() || lock.on || removed()) return;
    const on = /** @type {HTMLElement|null} */ (document.activeElement);
    if (event.key === "Enter") {
      const other = on && on !== next && on.tagName === "BUTTON";
      if (!other || event.repeat) event.preventDefault(); // a key held down presses once
      if (!other && !event.repeat) pressNext();
      return;
    }
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : event.code.replace(/^Key/, "");
    if (!/^[A-Z]$/.test(letter) || event.repeat) return;
    if (letter === "K") {
      event.preventDefault();
      pressLock();
      return;
    }
    if (letter === "U") {
      event.preventDefault();
      if (undoSeconds() > 0) pressUndo();
      else say(t("undo.none"));
      return;
    }
    if (pressLetter(letter)) event.preventDefault(); // it is not typed into the form that it opens
  });

  /** @param {string} letter @returns {boolean} is it one of the keys? */
  function pressLetter(letter) {
    const key = KEYS.concat(ALERTS).find((one) => one.key === letter);
    if (key) pressKey(key);
    return Boolean(key);
  }

  // --- what happens elsewhere ----------------------------------------------------------------------------

  stream.on("change", (/** @type {string[]} */ parts, /** @type {any} */ changed) => {
    if (removed()) return;
    const whole = parts[0] === "*" || parts.indexOf("setup") >= 0;
    const mineToo = (changed.windows || []).some((/** @type {WindowEntry} */ one) =>
      one.number === number || one.number === counter.mine().covers);
    const prefixes = servedQueues(counter).map((queue) => queue.prefix);
    if (whole || mineToo || (changed.queues || []).some((/** @type {QueueEntry} */ one) => prefixes.indexOf(one.prefix) >= 0)) {
      counter.line.refresh();
    }
    soon();
  });
  stream.on("event", (/** @type {{type: string, data: any}} */ event) => {
    const data = event.data || {};
    if (data.window !== number && (event.type === "absence_posted" || event.type === "absence_cleared")) {
      neighbourMoved(event.type, data);
    }
    // Somebody who waits for this window only may be moved by an event of another queue.
    if (data.number && counter.line.has(data.number)) counter.line.refresh();
  });
  stream.on("status", () => soon());

  /** @param {string} type @param {any} data */
  function neighbourMoved(type, data) {
    const near = neighbours(counter.state().windows, counter.mine()).some((one) => one.number === data.window);
    if (!near || counter.mine().state === "closed") return;
    if (said.getAttribute("data-state") === "alert" && said.textContent) return; // what went wrong here comes first
    say(type === "absence_posted"
      ? t("said.neighbour_left", { window: data.window, reason: absenceText(data.reason), at: dayAnd(data.expected_return) })
      : t("said.neighbour_back", { window: data.window }));
  }

  const focusChanged = () => {
    setAttrs(document.documentElement, { "data-keys": document.hasFocus() ? null : "off" });
    drawSaid();
  };
  window.addEventListener("focus", focusChanged);
  window.addEventListener("blur", focusChanged);
  window.addEventListener("resize", soon);
  onLang(() => {
    say("");
    draw();
    next.focus();
  });
  everySecond(() => {
    setText(time, hhmm(serverNow()));
    card.tick();
    board.draw();
    drawSaid();
  });
  setInterval(soon, 20000); // minutes waited
  counter.line.refresh();
  draw();
  focusChanged();
  if (!lock.on) next.focus();
}

/** @param {string} title @returns {HTMLElement} */
function plainPage(title) {
  return h("div", { class: "plain-page" }, h("div", { class: "card" }, h("h2", null, title), h("p", null, t("page.no_window_text"))));
}

/**
 * @param {HallStream} stream
 * @param {number} number
 */
function windowIn(stream, number) {
  return stream.state ? stream.state.windows.find((one) => one.number === number) : undefined;
}

/**
 * What stands for the window that the manager has removed, until the page says so.
 * @param {number} number
 * @returns {WindowEntry}
 */
function gone(number) {
  return { number, name: "", type: "general", state: "closed", ticket: null, clerk: null, absence: null, queues: [], commands: [] };
}

/** What Enter does. @param {WindowEntry} mine */
function actionOf(mine) {
  if (mine.state === "closed") return "open";
  if (mine.state === "calling") return "start";
  if (mine.state === "serving") return "finish";
  return mine.state === "away" ? "return" : "call_next";
}

/** The queues whose people come here, the covered neighbour's included. @param {Counter} counter */
function servedQueues(counter) {
  const mine = counter.mine();
  const covered = counter.state().windows.find((one) => one.number === mine.covers);
  const prefixes = mine.queues.concat(covered ? covered.queues : []);
  return counter.state().queues.filter((queue) => prefixes.indexOf(queue.prefix) >= 0);
}

main();
