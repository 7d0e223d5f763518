/**
 * Working days as lines of text, one announced day or stretch of days each:
 * `2027-01-01 休 元旦`, `2027-02-07 班 春节`, `2027年2月5日至11日 休 春节`.
 */

/** @typedef {{day: string, workday: boolean, name: string}} SpecialDay  `day`: 2027-01-01 */
/** @typedef {"unread"|"date"|"year"|"order"|"twice"|"weekday"} Wrong */

const DAY_MS = 86400000;
const LONGEST = 31; // days of one stretch
const DATE = "(?:(\\d{4})\\s*[-/.年]\\s*)?(\\d{1,2})\\s*[-/.月]\\s*(\\d{1,2})\\s*[日号]?";
const WEEKDAY = "(?:\\s*[（(](?:周|星期)[一二三四五六日天][)）])?";
const UNTIL = "(?:\\s*[至到~～—–]\\s*(?:" + DATE + "|(\\d{1,2})\\s*[日号]?)" + WEEKDAY + ")?";
const LINE = new RegExp("^" + DATE + WEEKDAY + UNTIL + "[\\s,，;；:：]*(休|放假|班|上班)[\\s,，;；:：]*(.*)$");

/** The date's UTC midnight; NaN when there is no such date. @param {number} y @param {number} m @param {number} d */
function utc(y, m, d) {
  const at = Date.UTC(y, m - 1, d);
  const date = new Date(at);
  return date.getUTCFullYear() === y && date.getUTCMonth() === m - 1 && date.getUTCDate() === d ? at : NaN;
}

/** `2027-01-01`. @param {number} at */
export function isoOf(at) {
  return new Date(at).toISOString().slice(0, 10);
}

/** 1 is Monday, 7 is Sunday. @param {string} day */
export function isoWeekday(day) {
  return new Date(day + "T00:00:00Z").getUTCDay() || 7;
}

/** @param {SpecialDay[]} days */
export function linesOf(days) {
  return days.map((day) => day.day + " " + (day.workday ? "班" : "休") + (day.name ? " " + day.name : "")).join("\n");
}

/**
 * @param {string} text
 * @param {number} year  that of dates without one, and the only one there may be
 * @returns {{days: (SpecialDay & {line: number})[], wrong: {line: number, why: Wrong, day: string}[]}}  by
 *   date; lines are counted from 1
 */
export function daysOf(text, year) {
  /** @type {Map<string, SpecialDay & {line: number}>} */
  const days = new Map();
  /** @type {{line: number, why: Wrong, day: string}[]} */
  const wrong = [];
  text.split("\n").forEach((raw, index) => {
    const line = index + 1;
    if (!raw.trim()) return;
    const refuse = (/** @type {Wrong} */ why, /** @type {string} */ day) => { wrong.push({ line, why, day }); };
    const found = LINE.exec(raw.trim());
    if (!found) {
      refuse("unread", raw.trim());
      return;
    }
    const [, y, m, d, y2, m2, d2, d3, word, name] = found;
    const from = utc(Number(y || year), Number(m), Number(d));
    const until = d3 ? utc(Number(y || year), Number(m), Number(d3)) : d2 ? utc(Number(y2 || y || year), Number(m2), Number(d2)) : from;
    if (isNaN(from) || isNaN(until)) {
      refuse("date", raw.trim());
      return;
    }
    if (until < from || until - from >= LONGEST * DAY_MS) {
      refuse("order", raw.trim());
      return;
    }
    const workday = word.indexOf("班") >= 0;
    for (let at = from; at <= until; at += DAY_MS) {
      const day = isoOf(at);
      if (Number(day.slice(0, 4)) !== year) refuse("year", day);
      else if (days.has(day)) refuse("twice", day);
      else if (workday && isoWeekday(day) < 6) refuse("weekday", day);
      else days.set(day, { day, workday, name: name.trim(), line });
    }
  });
  return { days: Array.from(days.values()).sort((a, b) => (a.day < b.day ? -1 : 1)), wrong };
}
