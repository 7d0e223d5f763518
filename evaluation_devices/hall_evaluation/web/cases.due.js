/**
 * Deadlines in words: 今天 17:00 前联系, 已超期 2 个工作日. Deadlines themselves are the server's;
 * only how many working days lie between is counted here, by its table of working days.
 */
import { get } from "/static/core/api.js";
import { t } from "/static/core/i18n.js";
import { hhmm, isoDay, longDate, serverNow } from "/static/core/time.js";
import { wordFor } from "/static/app/words.js";

/** @typedef {import("./cases.types.js").Due} Due */
/** @typedef {import("./cases.types.js").Case} Case */
/** @typedef {"overdue"|"today"|"later"|"closed"} Urgency */

const DAY_MS = 86400000;

/** Days that differ from Monday to Friday: true is worked. @type {Map<string, boolean>} */
const special = new Map();

/**
 * Learns the announced days of the years that deadlines lie in. Without them (a server that is
 * away, a year not announced) Monday to Friday count, as on the server.
 */
export async function learnWorkdays() {
  const year = Number(isoDay(serverNow()).slice(0, 4));
  for (const wanted of [year - 1, year, year + 1]) {
    try {
      const { days } = await get("/working-days?year=" + wanted);
      for (const entry of days) special.set(entry.day, entry.workday);
    } catch (error) {
      // Monday to Friday.
    }
  }
}

/** @param {string} day  2026-06-16 @param {number} by */
function dayAfter(day, by) {
  return new Date(Date.parse(day) + by * DAY_MS).toISOString().slice(0, 10);
}

/** @param {string} day */
function isWorkday(day) {
  const known = special.get(day);
  const weekday = new Date(Date.parse(day)).getUTCDay();
  return known === undefined ? weekday > 0 && weekday < 6 : known;
}

/**
 * Working days after `first`, up to and with `last`.
 * @param {string} first
 * @param {string} last
 */
function workdaysBetween(first, last) {
  let count = 0;
  for (let day = dayAfter(first, 1); day <= last; day = dayAfter(day, 1)) if (isWorkday(day)) count += 1;
  return count;
}

/**
 * The day and hour of a deadline. One at midnight is the end of the day before.
 * @param {string} at
 * @returns {{day: string, time: string}} `time` is "" for the end of the day
 */
function moment(at) {
  const midnight = hhmm(at) === "00:00";
  const when = new Date(Date.parse(at) - (midnight ? 1000 : 0));
  return { day: isoDay(when), time: midnight || hhmm(when) === "23:59" ? "" : hhmm(when) };
}

/**
 * `今天 17:00`, `明天`, `6月18日 星期四 17:00`.
 * @param {string} at
 */
export function dueDay(at) {
  const { day, time } = moment(at);
  const today = isoDay(serverNow());
  const name = day === today ? t("due.today") : day === dayAfter(today, 1) ? t("due.tomorrow") : longDate(day + "T12:00:00Z");
  return time ? name + " " + time : name;
}

/**
 * The next deadline: of a step, else of the case as a whole; null when it is closed.
 * @param {Case} entry
 * @returns {Due|null}
 */
export function dueOf(entry) {
  if (entry.state === "closed") return null;
  return entry.due || { step: "last", at: entry.last_due, overdue: entry.overdue };
}

/** @param {Case} entry @returns {Urgency} */
export function urgencyOf(entry) {
  const due = dueOf(entry);
  if (!due) return "closed";
  if (entry.overdue || isOver(due)) return "overdue";
  return moment(due.at).day === isoDay(serverNow()) ? "today" : "later";
}

/** The list may be a minute old: the clock decides too. @param {Due} due */
function isOver(due) {
  return due.overdue || Date.parse(due.at) < serverNow().getTime();
}

/**
 * What is to be done by when.
 * @param {Case} entry
 * @param {boolean} [brief]  leave out what is overdue: its state stands beside it
 */
export function dueText(entry, brief) {
  const due = dueOf(entry);
  if (!due) return "";
  const step = wordFor("due.step", due.step);
  const { day, time } = moment(due.at);
  if (!isOver(due)) return t(time ? "due.before" : "due.on", { when: dueDay(due.at), step });
  const days = workdaysBetween(day, isoDay(serverNow()));
  const over = days ? t("due.over", { n: days }) : t("due.over_today", { when: dueDay(due.at) });
  return brief ? over : t("due.step_over", { step, over });
}
