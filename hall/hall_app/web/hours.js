/**
 * Opening hours as the pages of the office need them: a day's place in the week, and what people type.
 */
import { isoDay } from "/static/core/time.js";

/** @typedef {{start: string, until: string, by_appointment?: boolean}} Session */

/**
 * ISO weekday, 1 (Monday) to 7, of a moment in the hall's zone.
 * @param {Date} when
 */
export function weekday(when) {
  return new Date(isoDay(when) + "T00:00:00Z").getUTCDay() || 7;
}

/** Minutes since midnight of `HH:MM`, or NaN. @param {string} text */
export function minutesOf(text) {
  const found = /^(\d\d):(\d\d)$/.exec(text);
  const value = found ? Number(found[1]) * 60 + Number(found[2]) : NaN;
  return found && Number(found[2]) < 60 && value <= 1440 ? value : NaN;
}

/**
 * What a person typed as a time: `830`, `8:30`, `8：30`, `24` → `08:30`, `24:00`; else as it is.
 * @param {string} typed
 */
export function tidyTime(typed) {
  const text = typed.trim().replace("：", ":").replace("点", ":").replace(".", ":").replace(/:$/, "");
  let found = /^(\d{1,2})(?::(\d{1,2}))?$/.exec(text);
  if (!found) found = /^(\d{1,2})(\d{2})$/.exec(text);
  return found ? found[1].padStart(2, "0") + ":" + (found[2] || "0").padStart(2, "0") : typed.trim();
}
