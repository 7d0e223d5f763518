/**
 * How the desk pages put figures, times and failures into words.
 */
import { ApiError, errorText } from "/static/core/api.js";
import { hasText, lang, t } from "/static/core/i18n.js";
import { minutesUntil, serverNow } from "/static/core/time.js";

/**
 * `12分钟`, `1小时5分`.
 * @param {number} minutes
 */
export function minutesText(minutes) {
  const whole = Math.max(0, Math.round(minutes));
  if (whole < 1) return t("unit.under_minute");
  if (whole < 60) return t("unit.minutes", { n: whole });
  if (whole >= 2880) return t("unit.days", { n: Math.floor(whole / 1440) });
  const m = whole % 60;
  return m ? t("unit.hours", { h: Math.floor(whole / 60), m }) : t("unit.hours_only", { h: whole / 60 });
}

/**
 * The same for a narrow column: `12分`, `1时05分`.
 * @param {number} minutes
 */
export function minutesShort(minutes) {
  const whole = Math.max(0, Math.floor(minutes));
  if (whole < 60) return t("unit.min_short", { n: whole });
  if (whole >= 2880) return t("unit.days", { n: Math.floor(whole / 1440) });
  return t("unit.hours_short", { h: Math.floor(whole / 60), m: String(whole % 60).padStart(2, "0") });
}

/**
 * Minutes that have passed since `when`, not rounded.
 * @param {string} when
 */
export function minutesSince(when) {
  return (serverNow().getTime() - Date.parse(when)) / 60000;
}

/**
 * `刚刚`, `12分钟前`.
 * @param {string} when
 */
export function agoText(when) {
  const minutes = -minutesUntil(when);
  return minutes < 1 ? t("unit.just_now") : t("unit.ago", { time: minutesText(minutes) });
}

/**
 * What went wrong, in the language of the page where we have it (the server speaks Chinese).
 * @param {unknown} error
 */
export function problemText(error) {
  if (error instanceof ApiError && !error.translated && lang() === "en" && hasText("problem." + error.code)) {
    return t("problem." + error.code);
  }
  return errorText(error);
}

/**
 * A text for something the server names (a state, a kind); its own name when we have no word.
 * @param {string} group
 * @param {string} name
 */
export function wordFor(group, name) {
  return hasText(group + "." + name) ? t(group + "." + name) : name;
}
