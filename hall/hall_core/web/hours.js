/** Opening times in words, for every page that tells them. */
import { lang, t } from "./i18n.js";
import { holidayOn, openingOfAny, sessionsOfQueues } from "./sessions.js";
import { isoDay, minuteOfDay, serverNow } from "./time.js";

/** @typedef {import("./types.js").SetupEntry} SetupEntry */

/**
 * Whether the hall or any of its queues is in a session now, and when one begins next.
 * @param {SetupEntry} setup
 */
export function openingNow(setup) {
  const now = serverNow();
  return openingOfAny(setup, isoDay(now), minuteOfDay(now));
}

/**
 * When it opens, in words: 14:30, 明天 08:30, 周一 08:30, 10月8日 08:30; "" when that is not known.
 * @param {import("./sessions.js").Opening} now
 */
export function opensAt(now) {
  const next = now.next;
  if (!next) return "";
  if (next.days === 0) return next.time;
  if (next.days === 1) return t("date.tomorrow") + " " + next.time;
  if (next.days < 7) return t("opening.weekday", { weekday: t("weekday." + next.weekday), time: next.time });
  const day = next.date.split("-");
  const date = new Date(next.date + "T12:00:00Z");
  const monthName = date.toLocaleDateString("en-GB", { month: "short", timeZone: "UTC" });
  return t("opening.date", { month: Number(day[1]), month_name: monthName, day: Number(day[2]), time: next.time });
}

/**
 * 今天国庆节休息, or "" when today is no announced day off. Holidays have no English names.
 * @param {SetupEntry} setup
 */
export function holidayToday(setup) {
  const name = holidayOn(setup, isoDay(serverNow()));
  return name === null ? "" : t("opening.holiday", { name: name || t("opening.holiday_unnamed") });
}

/**
 * 今日服务时间 08:30–12:00、14:30–17:30: of the queues that are named, else the hall's.
 * @param {SetupEntry} setup
 * @param {string[]} [prefixes]
 */
export function hoursToday(setup, prefixes) {
  const holiday = holidayToday(setup);
  if (holiday) {
    const when = opensAt(openingNow(setup));
    return when ? t("opening.holiday_until", { holiday, when }) : holiday;
  }
  const sessions = sessionsOfQueues(setup, isoDay(serverNow()), prefixes || []);
  if (sessions.length === 0) return t("opening.none");
  const spans = sessions.map((one) => one.start + "–" + one.until).join(lang() === "en" ? ", " : "、");
  const limited = sessions.every((one) => one.by_appointment);
  return t("opening.today") + "  " + spans + (limited ? t("opening.appointment") : "");
}
