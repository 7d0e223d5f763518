/** The hall screen (/display/hall): who is called now and where, said, shown and written. */
import { absenceText } from "/static/core/absence.js";
import { coalesce, find, h, keyed, replace, setText, show, signs } from "/static/core/dom.js";
import { hoursToday } from "/static/core/hours.js";
import { addTexts, lang, nameOf, onLang, t } from "/static/core/i18n.js";
import { openPage } from "/static/core/page.js";
import { everySecond, waitText } from "/static/core/time.js";
import { Announcer } from "./announcer.js";
import { texts } from "./hall.texts.js";
import { awayIn, callsIn, queuesIn } from "./hall.view.js";
import { Notices } from "./notices.js";
import { Pager, remPx, rowsIn } from "./pager.js";
import { backAt, drawCall, drawHead, drawSoundHint, isOpenNow, shrink } from "./parts.js";
import { texts as shared } from "./screen.texts.js";
import { screenName, setStage } from "./stage.js";

/** @typedef {import("/static/core/types.js").QueueEntry} QueueEntry */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("./hall.view.js").ShownCall} ShownCall */

const CALL_REM = 2.4; // the least height of a row
const QUEUE_REM = 1.5;
const LONG_QUEUE_REM = 2.7;
const FIGURES_REM = { zh: 12.7, en: 14.7 }; // beside a queue's name (hall.css)
const ABSENCE_REM = 2.6;
const LEAST_CAPTION = 0.8; // of its size: as small as a screen's text may be
const PULSE_MS = 3000;

addTexts(shared);
addTexts(texts);

async function main() {
  /** @type {Announcer|null} */
  let announcer = null;
  const { me, hall, stream } = await openPage({
    kinds: ["display"],
    isIdle: () => announcer === null || announcer.idle, // never in the middle of a sentence
  });
  const state = () => {
    if (!stream.state) throw new Error("the page opened without a state");
    return stream.state;
  };

  const head = { name: find(".hall-name"), date: find(".date"), clock: find(".clock") };
  const newest = find(".newest");
  const newestCall = find(".newest .call");
  const caption = find(".caption");
  const callList = find(".calls");
  const queueList = find(".queues .rows");
  const awayList = find(".away .rows");
  let ready = false;
  const draw = coalesce(() => ready && drawAll());
  show(find(".screen"), true);
  const stage = setStage(me, { speaks: true, onChange: draw });

  /** @type {Pager<ShownCall>} */
  const calls = new Pager({
    fits: () => rowsIn(callList, CALL_REM) * 2,
    mark: find(".recent .mark"),
    draw: (items) => {
      keyed(
        callList,
        items.length ? items : [null],
        (call) => (call ? call.number + ">" + call.window + lang() : "none" + lang()),
        (call) => (call ? h("div", { class: "one" }) : h("div", { class: "empty" }, t("recent.none"))),
        (node, call) => {
          if (call) drawCall(node, call);
        },
      );
      Array.from(callList.querySelectorAll(".one")).forEach((node) => shrink(/** @type {HTMLElement} */ (node)));
    },
  });

  /** @type {Pager<QueueEntry>} */
  const queues = new Pager({
    fits: () => rowsIn(queueList, queueList.classList.contains("long") ? LONG_QUEUE_REM : QUEUE_REM),
    mark: find(".queues .mark"),
    draw: (items) =>
      keyed(
        queueList,
        items.length ? items : [null],
        (queue) => (queue ? queue.prefix : "none" + lang()),
        (queue) => (queue ? queueRow() : h("div", { class: "empty" }, t("queues.none"))),
        (node, queue) => {
          if (queue) drawQueue(node, queue);
        },
      ),
  });

  /** @type {Pager<WindowEntry>} */
  const away = new Pager({
    fits: () => rowsIn(awayList, ABSENCE_REM),
    mark: find(".away .mark"),
    draw: (items) =>
      keyed(
        awayList,
        items.length ? items : [null],
        (entry) => (entry ? entry.number : "none" + lang()),
        (entry) => h("div", { class: entry ? "absence" : "empty" }, entry ? null : t("away.none")),
        (node, entry) => {
          if (entry) drawAbsence(node, entry);
        },
      ),
  });

  const notices = new Notices({
    title: find(".notices h2"),
    body: find(".notices .body"),
    mark: find(".notices .mark"),
    otherwise: () => ({ title: hoursToday(state().setup), body: t("notices.none") }),
  });

  announcer = new Announcer({
    hall,
    screen: screenName(),
    settings: () => stage.settings,
    isAnswered: (call) => {
      const entry = state().windows.find((one) => one.number === call.window);
      return !entry || entry.state !== "calling" || entry.ticket !== call.number;
    },
    onSay: (call) => {
      caption.classList.toggle("said", call !== null);
      caption.style.fontSize = "";
      if (!call) drawRest();
      else setText(caption, lang() === "en" ? t("caption", { number: call.number, window: call.window }) : call.text);
    },
    onFault: (fault) => drawSoundHint(find(".sound"), fault),
  });
  const speaker = announcer;
  speaker.start();

  // --- drawing --------------------------------------------------------------------------------------

  const inZone = (/** @type {{zone?: string}} */ one) =>
    stage.settings.zones.length === 0 || stage.settings.zones.indexOf(one.zone || "") >= 0;

  /**
   * @param {HTMLElement} row
   * @param {QueueEntry} queue
   */
  function drawQueue(row, queue) {
    const [prefix, name, people, wait] = Array.from(row.children);
    setText(prefix, queue.prefix);
    setText(name, nameOf(queue));
    setText(people, queue.waiting ? t("people", { n: queue.waiting }) : t("people.none"));
    people.classList.toggle("none", queue.waiting === 0);
    setText(wait, expectedWait(queue));
  }

  /** @param {QueueEntry} queue */
  function expectedWait(queue) {
    if (queue.open_windows && queue.open_windows.length === 0) return t("queue.no_window");
    if (queue.stopped) return t("queue.full");
    if (stream.stopped[queue.prefix]) return t("queue.no_more"); // who came now would not be called today
    // The first ones come with the first heartbeat.
    return Object.keys(stream.waits).length ? waitText(stream.waits[queue.prefix]) : "";
  }

  /** @param {ShownCall|undefined} call */
  function drawNewest(call) {
    if (call) drawCall(newestCall, call);
    else {
      newestCall.removeAttribute("data-call");
      replace(newestCall, h("span", { class: "empty" }, t("no_calls")));
    }
    shrink(newestCall);
  }

  /** What stands under the last call while nobody is called; nobody is asked to wait in a closed hall. */
  function drawRest() {
    setText(caption, isOpenNow(state()) ? t("wait_here") : hoursToday(state().setup));
    shrink(caption, LEAST_CAPTION);
  }

  let newestAt = "";
  let pulseTimer = 0;
  /** @param {ShownCall|undefined} call */
  function pulseIfNew(call) {
    const at = call ? call.number + call.at : "";
    const isNew = at !== newestAt && newestAt !== "";
    newestAt = at || "none";
    if (!isNew || !call) return;
    newest.classList.remove("pulse");
    void newest.offsetWidth; // a call during a pulse pulses anew
    newest.classList.add("pulse");
    clearTimeout(pulseTimer);
    pulseTimer = window.setTimeout(() => newest.classList.remove("pulse"), PULSE_MS);
  }

  function drawAll() {
    const now = state();
    document.title = t("page");
    for (const part of ["newest", "recent", "queues", "away"]) setText(find("." + part + " h2"), t(part));
    document.body.classList.toggle("without-notices", !stage.settings.notices);
    drawHead(head, () => nameOf(now.hall));
    const shown = callsIn(now, inZone);
    const isNew = shown.length > 0 && shown[0].number + shown[0].at !== newestAt;
    drawNewest(shown[0]);
    pulseIfNew(shown[0]);
    calls.set(shown.slice(1), isNew);
    const lines = queuesIn(now, inZone);
    // One long name, and all get a second line: figures stay under each other.
    const room = queueList.clientWidth / remPx() - FIGURES_REM[lang()];
    queueList.classList.toggle("long", lines.some((queue) => signs(nameOf(queue)) > room));
    queues.set(lines);
    away.set(awayIn(now, inZone));
    notices.set(now.notices || []);
    if (speaker.idle) drawRest();
  }

  onLang(() => {
    drawSoundHint(find(".sound"), speaker.fault);
    draw();
  });
  stream.on("change", draw);
  stream.on("waits", draw);
  stream.on("announcement", (list) => speaker.hear(list.filter(inZone)));
  stream.on("status", (status) => {
    if (status === "online") speaker.report();
  });
  everySecond(() => drawHead(head, () => nameOf(state().hall)));
  ready = true;
  drawAll();
}

function queueRow() {
  return h(
    "div",
    { class: "queue" },
    h("span", { class: "prefix" }),
    h("span", { class: "name" }),
    h("span", { class: "people" }),
    h("span", { class: "wait" }),
  );
}

/**
 * @param {HTMLElement} row
 * @param {WindowEntry} entry
 */
function drawAbsence(row, entry) {
  const absence = entry.absence;
  const left = entry.state === "away";
  const backup = absence && absence.backup_clerk;
  const why = left ? (absence && absenceText(absence.reason)) || t("away.left") : t("away.closed");
  const where = absence && absence.destination ? " · " + absence.destination : "";
  const who = entry.covered_by
    ? h("span", { class: "who go" }, t("go_to", { n: entry.covered_by }))
    : backup
      ? h("span", { class: "who" }, t("away.backup", { name: backup.name || backup.clerk_no }))
      : null;
  replace(
    row,
    h(
      "div",
      { class: "line" },
      h("span", { class: "where" }, t("window.number", { n: entry.number })),
      h("span", { class: "why state", "data-state": left ? "away" : "closed" }, why + where),
    ),
    h(
      "div",
      { class: "line" },
      h("span", { class: "back clamp-1" }, absence ? backAt(absence.expected_return) : ""),
      who,
    ),
  );
}

main();
