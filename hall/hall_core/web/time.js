/**
 * The hall's time. A kiosk's own clock may be wrong by years, so pages show the server's time
 * (from the stream, else from Date headers) in the hall's zone, and never the device's.
 */
import { lang, t } from "./i18n.js";

/** @typedef {import("./types.js").Wait} Wait */

let zone = "Asia/Shanghai";
let anchorServer = Date.now();
let anchorLocal = performance.now();
let speed = 1; // seconds of the hall per second
let beatServer = 0;
let beatLocal = 0;
/** @type {"device"|"header"|"snapshot"|"heartbeat"} */
let source = "device";
/** @type {Record<string, Intl.DateTimeFormat>} */
let formats = {};

/**
 * @param {string|null|undefined} name  an IANA zone; unknown ones are ignored
 */
export function setZone(name) {
  if (!name || name === zone) return;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    zone = name;
    formats = {};
  } catch (error) {
    console.warn("unknown time zone", name);
  }
}

/**
 * Learns the server's time. The stream's heartbeats win over Date headers; a snapshot's time may be
 * minutes old (it is made once per version) and only counts while nothing better is known. In a
 * demonstration the hall's time runs faster: the rate is measured from heartbeat to heartbeat.
 * @param {string} when  ISO 8601 or an HTTP date
 * @param {"header"|"snapshot"|"heartbeat"|"event"} from  an event may be an old one that was missed,
 *   so it only moves the clock forward
 */
export function noteServerTime(when, from) {
  const at = Date.parse(when);
  if (isNaN(at)) return;
  const local = performance.now();
  if (from === "event") {
    if (at > serverNow().getTime() + 1500) {
      anchorServer = at;
      anchorLocal = local;
    }
    return;
  }
  if (from !== "heartbeat" && source === "heartbeat") return;
  const off = Math.abs(at - serverNow().getTime());
  if (from === "header" && source !== "device" && off < 1500) return;
  if (from === "header" && source === "snapshot") return;
  if (from === "snapshot" && source === "header" && off < 600000) return;
  if (from === "heartbeat") {
    const rate = beatLocal ? (at - beatServer) / Math.max(1, local - beatLocal) : 1;
    speed = rate > 1.5 && rate < 1000 ? rate : 1;
    beatServer = at;
    beatLocal = local;
  }
  source = from;
  anchorServer = at;
  anchorLocal = local;
}

/** The server's time now. */
export function serverNow() {
  return new Date(anchorServer + (performance.now() - anchorLocal) * speed);
}

/**
 * @param {string|Date} when
 * @returns {Date}
 */
function dateOf(when) {
  return typeof when === "string" ? new Date(when) : when;
}

/**
 * @param {string} key
 * @param {Intl.DateTimeFormatOptions} options
 * @param {string} locale
 */
function format(key, options, locale) {
  if (!formats[key]) {
    formats[key] = new Intl.DateTimeFormat(locale, Object.assign({ timeZone: zone }, options));
  }
  return formats[key];
}

/**
 * `09:05` in the hall's zone. A text that already is a clock time stays as it is.
 * @param {string|Date} when
 * @returns {string}
 */
export function hhmm(when) {
  if (typeof when === "string" && /^\d{1,2}:\d{2}$/.test(when)) return when;
  const date = dateOf(when);
  if (isNaN(date.getTime())) return "--:--";
  return format("hm", { hour: "2-digit", minute: "2-digit" }, "en-GB").format(date);
}

/**
 * `09:05:07` in the hall's zone.
 * @param {string|Date} when
 */
export function hhmmss(when) {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return format("hms", /** @type {Intl.DateTimeFormatOptions} */ (options), "en-GB").format(dateOf(when));
}

/**
 * `2026-11-22` in the hall's zone.
 * @param {string|Date} when
 */
export function isoDay(when) {
  const parts = format("iso", { year: "numeric", month: "2-digit", day: "2-digit" }, "en-GB").formatToParts(dateOf(when));
  const part = (/** @type {string} */ type) => (parts.find((entry) => entry.type === type) || { value: "" }).value;
  return part("year") + "-" + part("month") + "-" + part("day");
}

/**
 * `11月22日 星期日`.
 * @param {string|Date} when
 */
export function longDate(when) {
  const date = dateOf(when);
  const locale = lang() === "en" ? "en-GB" : "zh-CN";
  const number = (/** @type {string} */ part) => String(Number(isoDay(date).split("-")[part === "month" ? 1 : 2]));
  return t("date.long", {
    month: number("month"),
    day: number("day"),
    month_name: format("month" + locale, { month: "long" }, locale).format(date),
    weekday: format("weekday" + locale, { weekday: "long" }, locale).format(date),
  });
}

/**
 * Minutes since the hall's midnight.
 * @param {string|Date} when
 */
export function minuteOfDay(when) {
  const parts = hhmm(when).split(":");
  return Number(parts[0]) * 60 + Number(parts[1]);
}

/**
 * Whole minutes from now until `when` (negative when past).
 * @param {string|Date} when
 */
export function minutesUntil(when) {
  return Math.round((dateOf(when).getTime() - serverNow().getTime()) / 60000);
}

/**
 * A waiting time as people read it: a range of minutes, or of clock times when a break lies
 * between now and then.
 * @param {Wait|null|undefined} wait
 * @returns {string}
 */
export function waitText(wait) {
  if (!wait || typeof wait.low !== "number" || typeof wait.high !== "number") return t("wait.unknown");
  if (wait.crosses_break && wait.at_low && wait.at_high) {
    const low = dayAnd(wait.at_low);
    const high = isoDay(wait.at_low) === isoDay(wait.at_high) ? hhmm(wait.at_high) : dayAnd(wait.at_high);
    return low === high ? t("wait.clock_one", { at: low }) : t("wait.clock", { low, high });
  }
  const low = Math.max(0, Math.floor(wait.low));
  const high = Math.max(low, Math.ceil(wait.high));
  if (low <= 1 || high <= 5) return t("wait.within", { n: Math.max(5, high) });
  if (high >= 120) return t("wait.hours", { low: Math.floor(low / 30) / 2, high: Math.ceil(high / 30) / 2 });
  return low === high ? t("wait.one", { n: low }) : t("wait.minutes", { low, high });
}

/**
 * `14:30`, with the day before it when that is not today.
 * @param {string} when
 */
export function dayAnd(when) {
  if (isoDay(when) === isoDay(serverNow())) return hhmm(when);
  const tomorrow = isoDay(when) === isoDay(new Date(serverNow().getTime() + 86400000));
  return (tomorrow ? t("date.tomorrow") : longDate(when)) + " " + hhmm(when);
}

/**
 * `14:30` or `14:30:05`, with the date before it when that is not today.
 * @param {string} when
 * @param {boolean} [seconds]
 */
export function momentText(when, seconds = false) {
  const day = isoDay(when);
  return (day === isoDay(serverNow()) ? "" : day + " ") + (seconds ? hhmmss(when) : hhmm(when));
}

/**
 * Calls `tick` now and then at each full second.
 * @param {() => void} tick
 * @returns {() => void} stops it
 */
export function everySecond(tick) {
  tick();
  const timer = setInterval(tick, 1000);
  return () => clearInterval(timer);
}
