/**
 * Periods of days, and how figures and their changes are written. Pure.
 */
import { lang, t } from "/static/core/i18n.js";
import { shortDay } from "./desk.words.js";

/** @typedef {import("./figures.types.js").Period} Period */
/** @typedef {import("./figures.types.js").Row} Row */
/** @typedef {"week"|"month"|"last_month"|"own"} PeriodName */
/** @typedef {"satisfaction"|"rating_rate"|"follow_up_rate"|"on_time_rate"} Rate */

/** @type {PeriodName[]} */
export const PERIODS = ["week", "month", "last_month", "own"];
/** Below so many ratings the server tells no satisfaction (hall_evaluation/figures.py). */
export const FEW = 5;
/** The longest period of days that may be asked for. */
export const LONGEST = 400;

const DAY_MS = 86400000;

/** @param {string} day  2026-06-16 @param {number} by */
export function dayAfter(day, by) {
  return new Date(Date.parse(day) + by * DAY_MS).toISOString().slice(0, 10);
}

/** Days of a period, both ends included. @param {Period} period */
export function lengthOf(period) {
  return Math.round((Date.parse(period.to) - Date.parse(period.from)) / DAY_MS) + 1;
}

/**
 * A named period as of a day: the week and the month up to that day.
 * @param {PeriodName} name
 * @param {string} today
 * @returns {Period}
 */
export function periodOf(name, today) {
  if (name === "week") {
    const weekday = new Date(Date.parse(today)).getUTCDay() || 7;
    return { from: dayAfter(today, 1 - weekday), to: today };
  }
  const first = today.slice(0, 8) + "01";
  if (name === "last_month") {
    const last = dayAfter(first, -1);
    return { from: last.slice(0, 8) + "01", to: last };
  }
  return { from: first, to: today };
}

/** The period just before this one, of the same length. @param {Period} period @returns {Period} */
export function before(period) {
  return { from: dayAfter(period.from, -lengthOf(period)), to: dayAfter(period.from, -1) };
}

/** `6月1日—6月16日（16天）`. @param {Period} period */
export function periodText(period) {
  const n = lengthOf(period);
  const years = period.from.slice(0, 4) !== period.to.slice(0, 4);
  const day = (/** @type {string} */ date) => (years ? date : shortDay(date));
  return n === 1 ? day(period.from) : t("period.text", { from: day(period.from), to: day(period.to), n });
}

/** A rate in percent as it is shown: 99.96 % is not all of them. @param {number} rate */
export function tenths(rate) {
  const rounded = Math.round(rate * 1000) / 10;
  return rate < 1 ? Math.min(rounded, 99.9) : rounded;
}

/** `96.4%`. @param {number} rate */
export function percent(rate) {
  return tenths(rate).toFixed(1).replace(/^(100|0)\.0$/, "$1") + "%";
}

/**
 * Whether there are too few ratings for this rate to say anything.
 * @param {Row} row
 * @param {Rate} rate
 */
export function isFew(row, rate) {
  return rate === "satisfaction" && row.satisfaction === null;
}

/**
 * The rate if there is one.
 * @param {Row|undefined} row
 * @param {Rate} rate
 * @returns {number|null}
 */
export function rateOf(row, rate) {
  return !row || row[rate] === undefined ? null : row[rate];
}

/**
 * `+1.2`, `−0.4`, `0.0`: with a sign, and a real minus.
 * @param {number} change
 * @param {number} figures  after the point
 */
export function signed(change, figures) {
  const text = Math.abs(change).toFixed(figures);
  return Number(text) === 0 ? text : (change > 0 ? "+" : "−") + text;
}

/**
 * How a rate changed, in percentage points: `+1.2 个百分点`.
 * @param {number|null} now
 * @param {number|null} then
 * @returns {string} "" when one of them is unknown
 */
export function pointsText(now, then) {
  return now === null || then === null ? "" : t("change.points", { change: signed(tenths(now) - tenths(then), 1) });
}

/** @param {number} now @param {number} then */
export function countText(now, then) {
  return t("change.count", { change: signed(now - then, 0) });
}

/** `1,234`. @param {number} n */
export function count(n) {
  return n.toLocaleString(lang() === "en" ? "en-GB" : "zh-CN");
}
