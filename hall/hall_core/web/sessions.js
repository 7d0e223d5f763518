/**
 * When the hall and its queues are open, as pages say it. The server decides about tickets; pages
 * follow the clock by themselves. Pure: a day is `2026-10-01` and a minute counts from midnight,
 * both in the hall's zone.
 */

/** @typedef {import("./types.js").SetupEntry} SetupEntry */
/** @typedef {import("./types.js").SessionEntry} SessionEntry */

/**
 * @typedef {{open: boolean, limited: boolean, pause: boolean, next: {days: number, weekday: number, date: string, time: string}|null}} Opening
 *   `limited`: open for appointments only; `pause`: between two sessions of today; `next`: the next
 *   session that begins, also while open
 */

const HORIZON_DAYS = 14;

/** Minutes since midnight of `HH:MM`. @param {string} time */
function minutesOf(time) {
  const parts = time.split(":");
  return Number(parts[0]) * 60 + Number(parts[1]);
}

/** ISO weekday, 1 (Monday) to 7. @param {string} day */
export function weekdayOf(day) {
  return new Date(day + "T12:00:00Z").getUTCDay() || 7;
}

/** @param {string} day @param {number} days */
export function dayAfter(day, days) {
  return new Date(Date.parse(day + "T12:00:00Z") + days * 86400000).toISOString().slice(0, 10);
}

/**
 * Why a day that was announced is off: 国庆节, "" when it has no name; null when it is not off.
 * @param {SetupEntry} setup
 * @param {string} day
 * @returns {string|null}
 */
export function holidayOn(setup, day) {
  const told = toldOf(setup, day);
  return told && !told.workday ? told.name : null;
}

/** @param {SetupEntry} setup @param {string} day */
function toldOf(setup, day) {
  return (setup.days || {})[day] || null;
}

/**
 * The sessions of a day: the hall's, or those of a queue that has its own. A weekend that is worked
 * has Monday's.
 * @param {SetupEntry} setup
 * @param {string} day
 * @param {string} [prefix]
 * @returns {SessionEntry[]}
 */
export function sessionsOn(setup, day, prefix) {
  const told = toldOf(setup, day);
  if (told && !told.workday) return [];
  const sessions = setup.week[String(told ? 1 : weekdayOf(day))] || [];
  const own = prefix ? ownSessions(setup)[prefix] : null;
  return sessions.length && own ? own : sessions;
}

/** @param {SetupEntry} setup */
function ownSessions(setup) {
  return setup.queue_sessions || {};
}

/**
 * When any of these queues (the hall, if there are none) is open on a day; sessions that touch or
 * overlap are one.
 * @param {SetupEntry} setup
 * @param {string} day
 * @param {string[]} prefixes
 * @returns {SessionEntry[]}
 */
export function sessionsOfQueues(setup, day, prefixes) {
  /** @type {SessionEntry[]} */
  const joined = [];
  (prefixes.length ? prefixes : [""])
    .reduce((all, prefix) => all.concat(sessionsOn(setup, day, prefix)), /** @type {SessionEntry[]} */ ([]))
    .sort((a, b) => minutesOf(a.start) - minutesOf(b.start))
    .forEach((session) => {
      const last = joined[joined.length - 1];
      if (last && minutesOf(session.start) <= minutesOf(last.until)) {
        if (minutesOf(session.until) > minutesOf(last.until)) last.until = session.until;
        last.by_appointment = last.by_appointment && session.by_appointment;
      } else joined.push(Object.assign({}, session));
    });
  return joined;
}

/**
 * Is the hall (or a queue of it) open, and when does it open next.
 * @param {SetupEntry} setup
 * @param {string} day
 * @param {number} minute
 * @param {string} [prefix]
 * @returns {Opening}
 */
export function openingAt(setup, day, minute, prefix) {
  const today = sessionsOn(setup, day, prefix);
  const running = today.find((session) => minutesOf(session.start) <= minute && minute < minutesOf(session.until));
  const open = Boolean(running);
  const limited = Boolean(running && running.by_appointment);
  const began = today.some((session) => minutesOf(session.until) <= minute);
  const later = today.filter((session) => minutesOf(session.start) > minute);
  if (later.length) {
    return { open, limited, pause: !open && began, next: { days: 0, weekday: weekdayOf(day), date: day, time: later[0].start } };
  }
  for (let days = 1; days <= HORIZON_DAYS; days += 1) {
    const date = dayAfter(day, days);
    const sessions = sessionsOn(setup, date, prefix);
    if (sessions.length) {
      return { open, limited, pause: false, next: { days, weekday: weekdayOf(date), date, time: sessions[0].start } };
    }
  }
  return { open, limited, pause: false, next: null };
}

/**
 * The same for the hall with all its queues: somebody may come when one of them is open, also
 * while the others are at lunch.
 * @param {SetupEntry} setup
 * @param {string} day
 * @param {number} minute
 * @returns {Opening}
 */
export function openingOfAny(setup, day, minute) {
  const all = [openingAt(setup, day, minute)]
    .concat(Object.keys(ownSessions(setup)).map((prefix) => openingAt(setup, day, minute, prefix)));
  const open = all.some((one) => one.open);
  const limited = open && all.every((one) => one.limited || !one.open);
  const next = all.reduce((first, one) => (sooner(one.next, first) ? one.next : first), all[0].next);
  return { open, limited, pause: !open && all.some((one) => one.pause), next };
}

/** @param {Opening["next"]} a @param {Opening["next"]} b */
function sooner(a, b) {
  if (!a || !b) return Boolean(a);
  return a.days < b.days || (a.days === b.days && minutesOf(a.time) < minutesOf(b.time));
}
