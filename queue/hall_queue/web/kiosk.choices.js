/**
 * What a citizen can choose, and what the hall's state says about each choice. No page here, only
 * data in and data out, so that it can be read and tested alone.
 */
import { nameOf } from "/static/core/i18n.js";
import { isoDay, minuteOfDay } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").QueueEntry} QueueEntry */
/** @typedef {import("/static/core/types.js").SessionEntry} SessionEntry */
/** @typedef {import("/static/core/types.js").Wait} Wait */

/**
 * A button: a leaf (an item, or a queue without one) or a group that leads to its items.
 * @typedef {{key: string, name: string, name_en: string, prefixes: string[], service?: string,
 *   queue?: string, items?: Choice[], other?: boolean}} Choice
 */

/** At most this many buttons a page. */
export const PAGE = 8;

/**
 * The buttons of the start page. Items are grouped by the hall's own headings, else by queue; when
 * everything fits on one page there are no groups, because each press is one too many.
 * @param {HallState} state
 * @returns {Choice[]}
 */
export function choices(state) {
  /** @type {Map<string, QueueEntry>} */
  const queues = new Map();
  state.queues.forEach((queue) => queues.set(queue.prefix, queue));
  const services = (state.services || []).filter((service) => queues.has(service.prefix));
  const bare = state.queues.filter((queue) => !services.some((service) => service.prefix === queue.prefix));
  const leaves = services.map((service) => leaf(service));
  if (leaves.length + bare.length <= PAGE) return leaves.concat(bare.map(queueLeaf));

  /** @type {Map<string, Choice>} */
  const groups = new Map();
  for (const service of services) {
    const queue = /** @type {QueueEntry} */ (queues.get(service.prefix));
    const key = service.group ? "group:" + service.group : "queue:" + service.prefix;
    let group = groups.get(key);
    if (!group) {
      const name = service.group || queue.name;
      group = { key, name, name_en: englishOf(service.group, queue), prefixes: [], items: [] };
      groups.set(key, group);
    }
    if (group.prefixes.indexOf(service.prefix) < 0) group.prefixes.push(service.prefix);
    /** @type {Choice[]} */ (group.items).push(leaf(service));
  }
  const tops = Array.from(groups.values()).map((group) => {
    const items = /** @type {Choice[]} */ (group.items);
    if (items.length === 1) return Object.assign({}, items[0], { name: group.name, name_en: group.name_en });
    if (group.prefixes.length === 1) items.push(otherLeaf(group.prefixes[0]));
    return group;
  });
  const all = tops.concat(bare.map(queueLeaf));
  return all.length === 1 && all[0].items ? all[0].items : all;
}

/**
 * @param {string|undefined} group
 * @param {QueueEntry} queue
 */
function englishOf(group, queue) {
  return !group || group === queue.name ? queue.name_en || "" : "";
}

/** @param {import("/static/core/types.js").ServiceEntry} service @returns {Choice} */
function leaf(service) {
  return {
    key: "service:" + service.id, name: service.name, name_en: service.name_en || "",
    prefixes: [service.prefix], service: service.id,
  };
}

/** @param {QueueEntry} queue @returns {Choice} */
function queueLeaf(queue) {
  return {
    key: "bare:" + queue.prefix, name: queue.name, name_en: queue.name_en || "",
    prefixes: [queue.prefix], queue: queue.prefix,
  };
}

/** @param {string} prefix @returns {Choice} */
function otherLeaf(prefix) {
  return { key: "other:" + prefix, name: "", name_en: "", prefixes: [prefix], queue: prefix, other: true };
}

/**
 * What to say about a choice now.
 * @param {Choice} choice
 * @param {HallState} state
 * @param {Record<string, Wait>} waits
 */
export function standing(choice, state, waits) {
  const queues = state.queues.filter((queue) => choice.prefixes.indexOf(queue.prefix) >= 0);
  const stopped = queues.length > 0 && queues.every((queue) => Boolean(queue.stopped));
  const windows = new Set();
  queues.forEach((queue) => (queue.open_windows || []).forEach((number) => windows.add(number)));
  const known = queues.every((queue) => Array.isArray(queue.open_windows));
  return {
    waiting: queues.reduce((sum, queue) => sum + queue.waiting, 0),
    wait: queues.length === 1 ? waits[queues[0].prefix] || null : null,
    stopped: stopped ? String(queues[0].stopped) : "",
    unstaffed: known && windows.size === 0,
  };
}

/**
 * `1–5、8`: window numbers with runs drawn together.
 * @param {number[]} numbers
 * @param {string} comma
 */
export function runs(numbers, comma) {
  const sorted = numbers.slice().sort((a, b) => a - b);
  /** @type {string[]} */
  const parts = [];
  for (let i = 0; i < sorted.length; i += 1) {
    let end = i;
    while (end + 1 < sorted.length && sorted[end + 1] === sorted[end] + 1) end += 1;
    if (end - i >= 2) {
      parts.push(sorted[i] + "–" + sorted[end]);
      i = end;
    } else parts.push(String(sorted[i]));
  }
  return parts.join(comma);
}

/** @param {string} time */
function minutes(time) {
  const parts = time.split(":");
  return Number(parts[0]) * 60 + Number(parts[1]);
}

/** @param {Date} date  ISO weekday 1..7 of a day in the hall's zone */
function weekdayOf(date) {
  const day = new Date(isoDay(date) + "T00:00:00Z").getUTCDay();
  return day === 0 ? 7 : day;
}

/**
 * Is the hall open, and if not, when next. The server decides about tickets; this is only what the
 * page says, and it changes at the minute without waiting for an event.
 * @param {HallState} state
 * @param {Date} now
 * @returns {{open: boolean, pause: boolean, today: SessionEntry[],
 *   next: {days: number, weekday: number, date: string, time: string}|null}}
 */
export function opening(state, now) {
  const setup = state.setup || {};
  const week = setup.week;
  const weekday = weekdayOf(now);
  const today = (week ? week[String(weekday)] : setup.sessions_today) || [];
  if (!week && !setup.sessions_today) {
    return { open: setup.now_open !== false, pause: false, today: [], next: null };
  }
  const minute = minuteOfDay(now);
  const open = today.some((session) => minutes(session.start) <= minute && minute < minutes(session.until));
  const began = today.some((session) => minutes(session.until) <= minute);
  const later = today.filter((session) => minutes(session.start) > minute);
  if (later.length) {
    const next = { days: 0, weekday, date: isoDay(now), time: later[0].start };
    return { open, pause: !open && began, today, next };
  }
  for (let days = 1; week && days <= 14; days += 1) {
    const date = new Date(now.getTime() + days * 86400000);
    const sessions = week[String(weekdayOf(date))] || [];
    if (sessions.length) {
      const next = { days, weekday: weekdayOf(date), date: isoDay(date), time: sessions[0].start };
      return { open, pause: false, today, next };
    }
  }
  return { open, pause: false, today, next: null };
}

/** @param {Choice} choice @param {string} other */
export function titleOf(choice, other) {
  return choice.other ? other : nameOf(choice);
}
