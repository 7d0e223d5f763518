/**
 * What a citizen can choose, and what the hall's state says about each choice. No page here, only
 * data in and data out, so that it can be read and tested alone.
 */
import { opensAt } from "/static/core/hours.js";
import { nameOf } from "/static/core/i18n.js";
import { openingAt } from "/static/core/sessions.js";
import { isoDay, minuteOfDay, serverNow } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").QueueEntry} QueueEntry */
/** @typedef {import("/static/core/sessions.js").Opening} Opening */

/**
 * A button: a leaf (an item, or a queue without one) or a group that leads to its items.
 * @typedef {{key: string, name: string, name_en: string, prefixes: string[], service?: string,
 *   queue?: string, items?: Choice[], other?: boolean, green?: boolean}} Choice  `green`: a green channel item
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
    prefixes: [service.prefix], service: service.id, green: service.green,
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
 * What the state says about a choice now. `stopped`: the code of why no ticket is given.
 * @param {Choice} choice
 * @param {import("/static/core/stream.js").HallStream} stream
 * @param {boolean} green  wishes the green channel
 */
export function standing(choice, stream, green) {
  const state = /** @type {HallState} */ (stream.state);
  const queues = state.queues.filter((queue) => choice.prefixes.indexOf(queue.prefix) >= 0);
  const windows = new Set();
  queues.forEach((queue) => (queue.open_windows || []).forEach((number) => windows.add(number)));
  const reasons = queues.map((queue) => whyStopped(queue, stream, green || hasGreen(choice)));
  return {
    waiting: queues.reduce((sum, queue) => sum + queue.waiting, 0),
    wait: queues.length === 1 ? stream.waits[queues[0].prefix] || null : null,
    stopped: reasons.length && reasons.every(Boolean) ? reasons[0] : "",
    opens: queues.length ? opensAt(openingOf(state, serverNow(), queues[0].prefix)) : "",
    unstaffed: queues.length > 0 && windows.size === 0,
  };
}

/** Is it a green channel item, or a group with one? @param {Choice} choice @returns {boolean} */
function hasGreen(choice) {
  return Boolean(choice.green) || (choice.items || []).some(hasGreen);
}

/**
 * A queue that is full for today is full for those who wait at its end: the green channel passes
 * them, and the server judges by whom it really waits for.
 * @param {QueueEntry} queue
 * @param {import("/static/core/stream.js").HallStream} stream
 * @param {boolean} green
 * @returns {string}
 */
function whyStopped(queue, stream, green) {
  const now = openingOf(/** @type {HallState} */ (stream.state), serverNow(), queue.prefix);
  if (now.limited) return "appointment_only"; // also when it is full: a place was kept for who has one
  if (queue.stopped) return queue.stopped;
  if (!now.open) return "outside_hours";
  return green ? "" : stream.stopped[queue.prefix] || "";
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

/**
 * Is a queue open, and if not, when next. The server decides about tickets; this is only what the
 * page says, and it changes at the minute by itself.
 * @param {HallState} state
 * @param {Date} now
 * @param {string} prefix
 * @returns {Opening}
 */
function openingOf(state, now, prefix) {
  return openingAt(state.setup, isoDay(now), minuteOfDay(now), prefix);
}

/** @param {Choice} choice @param {string} other */
export function titleOf(choice, other) {
  return choice.other ? other : nameOf(choice);
}
