/**
 * The kiosk's smaller screens: green channel, not sure, closed, and messages.
 */
import { h } from "/static/core/dom.js";
import { holidayToday, opensAt } from "/static/core/hours.js";
import { nameOf, t } from "/static/core/i18n.js";
import { appointmentScreen, missedScreen } from "./kiosk.keypad.js";

/** @typedef {import("./kiosk.js").Kiosk} Kiosk */
/** @typedef {import("./kiosk.js").Screen} Screen */
/** @typedef {import("/static/core/types.js").SessionEntry} SessionEntry */

/**
 * Who may use the green channel, and what it needs.
 * @param {Kiosk} kiosk
 * @param {(kiosk: Kiosk) => Screen} back where one goes on with what was chosen so far
 * @returns {Screen}
 */
export function greenScreen(kiosk, back) {
  const people = t("green.list", { age: kiosk.state().setup.green_age }).split("|");
  const choose = (/** @type {boolean} */ green) => () => {
    kiosk.wishes.green = green;
    kiosk.go(back);
  };
  const node = h(
    "section",
    { class: "screen text-screen" },
    h("div", { class: "words" },
      h("h2", null, t("green.title")),
      h("p", { class: "lead" }, t("green.who")),
      h("ul", { class: "people" }, people.map((who) => h("li", null, who))),
      h("p", { class: "banner" }, t("green.how"))),
    h("div", { class: "spacer" }),
    h("div", { class: "answers" },
      h("button", { class: "button primary", type: "button", onclick: choose(true) }, t("green.use")),
      h("button", { class: "button", type: "button", onclick: choose(false) }, t("green.leave"))),
  );
  return { node, say: () => [t("green.who"), people.join("，"), t("green.how")].join("。") };
}

/**
 * A person knows better than eight buttons.
 * @param {Kiosk} kiosk
 * @returns {Screen}
 */
export function unsureScreen(kiosk) {
  return messageScreen(kiosk, { title: t("unsure.title"), text: t("unsure.text"), desk: false, bad: false });
}

/**
 * One message and the way back.
 * @param {Kiosk} kiosk
 * @param {{title: string, text: string, desk: boolean, bad: boolean, again?: () => void}} message
 * @returns {Screen}
 */
export function messageScreen(kiosk, message) {
  const desk = message.desk ? t("fail.desk", { desk: kiosk.desk() }) : "";
  const node = h(
    "section",
    { class: "screen text-screen message" },
    h("div", { class: "words", role: message.bad ? "alert" : "status" },
      message.bad
        ? h("h2", { class: "state", "data-state": "alert" }, message.title)
        : h("h2", null, message.title),
      h("p", { class: "lead" }, message.text),
      desk ? h("p", { class: "where" }, desk) : null),
    h("div", { class: "spacer" }),
    h("div", { class: "answers" },
      message.again ? h("button", { class: "button primary", type: "button", onclick: message.again }, t("fail.again")) : null,
      h("button", { class: message.again ? "button" : "button primary", type: "button", onclick: kiosk.home }, t("back"))),
  );
  return { node, endsHere: true, say: () => [message.title, message.text, desk].join("。") };
}

const BETWEEN = "　"; // two sessions of a day

/**
 * Outside opening times: when it opens, and that held tickets stay valid.
 * @param {Kiosk} kiosk
 * @param {import("/static/core/sessions.js").Opening} now
 * @returns {Screen}
 */
export function closedScreen(kiosk, now) {
  const title = holidayToday(kiosk.state().setup) || t(now.pause ? "closed.break" : "closed.title");
  const when = opensAt(now);
  const opens = when ? t("closed.opens", { when }) : t("closed.unknown");
  // Whoever holds a ticket is served, also after closing.
  const kept = now.pause || kiosk.state().queues.some((queue) => queue.waiting) ? t("closed.kept") : "";
  const node = h(
    "section",
    { class: "screen text-screen closed" },
    h("div", { class: "words" },
      h("h2", null, title),
      h("p", { class: "where" }, opens),
      kept ? h("p", { class: "banner" }, kept) : null,
      h("div", { class: "hours" },
        h("h3", null, t("closed.week")),
        h("table", { class: "table" }, h("tbody", null,
          weekRows(kiosk.state().setup.week).map((row) => hoursRow(row, "nowrap")),
          queueRows(kiosk.state()).map((row) => hoursRow(row, null)))))),
    h("div", { class: "spacer" }),
    h("div", { class: "answers" },
      h("button", { class: "button", type: "button", onclick: () => kiosk.go(missedScreen) }, t("missed.button")),
      h("button", { class: "button", type: "button", onclick: () => kiosk.go(appointmentScreen) }, t("booked.button"))),
  );
  return { node, isStart: true, say: () => [title, opens, kept].filter(Boolean).join("。") };
}

/** @param {string[]} row  whose hours, and which @param {string|null} label  class of the first */
function hoursRow(row, label) {
  return h("tr", null, h("th", { scope: "row", class: label }, row[0]),
    h("td", null, row[1].split(BETWEEN).map((part, at) => [at ? BETWEEN : "", h("span", { class: "nowrap" }, part)])));
}

/**
 * The week with equal days drawn together: 周一–周五.
 * @param {Record<string, SessionEntry[]>} week
 */
function weekRows(week) {
  /** @type {{from: number, to: number, text: string}[]} */
  const spans = [];
  for (let day = 1; day <= 7; day += 1) {
    const text = dayText(week[String(day)] || []);
    const last = spans[spans.length - 1];
    if (last && last.text === text) last.to = day;
    else spans.push({ from: day, to: day, text });
  }
  return spans.map((span) => [
    t("weekday." + span.from) + (span.to > span.from ? "–" + t("weekday." + span.to) : ""),
    span.text,
  ]);
}

/**
 * Queues that keep their own hours; those with the same ones in one line.
 * @param {import("/static/core/types.js").HallState} state
 */
function queueRows(state) {
  /** @type {Map<string, string[]>} */
  const rows = new Map();
  state.queues.forEach((queue) => {
    const own = (state.setup.queue_sessions || {})[queue.prefix];
    if (!own) return;
    const text = dayText(own);
    rows.set(text, (rows.get(text) || []).concat(nameOf(queue)));
  });
  return Array.from(rows, ([text, names]) => [names.join(t("list.comma")), text]);
}

/** @param {SessionEntry[]} sessions */
function dayText(sessions) {
  return sessions.map(sessionText).join(BETWEEN) || t("closed.day_off");
}

/** @param {SessionEntry} session */
function sessionText(session) {
  const hours = session.start + "–" + session.until;
  return session.by_appointment ? hours + " " + t("closed.by_appointment") : hours;
}
