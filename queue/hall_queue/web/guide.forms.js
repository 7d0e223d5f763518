/**
 * The forms of the guide desk: exchange a wrong ticket, and print why people stand as they stand.
 */
import { get, newKey, post } from "/static/core/api.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmm } from "/static/core/time.js";
import { form, Missing, pickField } from "./desk.js";
import { printOrder } from "./guide.print.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("./guide.js").Guide} Guide */
/** @typedef {import("./guide.tickets.js").Ticket} Ticket */

const PAST_EVENTS = 2000;
const PAST_CALLS = 20;

/**
 * Services first, then each queue without an item.
 * @param {HallState} state
 * @returns {import("./desk.js").Option[]}
 */
export function wantOptions(state) {
  const hint = (/** @type {string} */ prefix) => {
    const queue = state.queues.find((one) => one.prefix === prefix);
    return queue && (queue.open_windows || []).length ? t("issue.waiting", { n: queue.waiting }) : t("issue.no_window");
  };
  const queueName = (/** @type {string} */ prefix) => {
    const queue = state.queues.find((one) => one.prefix === prefix);
    return queue ? queue.prefix + " " + queue.name + " " + (queue.name_en || "") : prefix;
  };
  return state.services
    .map((service) => ({
      value: "s" + service.id, label: nameOf(service), hint: hint(service.prefix),
      words: service.name + " " + (service.name_en || "") + " " + queueName(service.prefix) + " " + (service.group || ""),
    }))
    .concat(state.queues.map((queue) => ({
      value: "q" + queue.prefix, label: t("issue.no_item", { name: queue.prefix + " " + nameOf(queue) }),
      hint: hint(queue.prefix), words: queueName(queue.prefix),
    })));
}

/**
 * @param {string} value  of an option
 * @returns {{service?: string, queue?: string}}
 */
export function wanted(value) {
  return value[0] === "s" ? { service: value.slice(1) } : { queue: value.slice(1) };
}

/**
 * @param {Guide} guide
 * @param {Ticket} ticket
 * @returns {Promise<Ticket|null>}
 */
export function exchangeForm(guide, ticket) {
  const to = pickField({ name: "service", label: t("exchange.to"), options: wantOptions(guide.state()), rows: 7 });
  /** One key for each choice, however often it is sent. @type {Record<string, string>} */
  const keys = {};
  return form({
    title: t("exchange.title", { number: ticket.number }), text: t("exchange.text", { at: hhmm(ticket.issued_at) }),
    submit: t("exchange.submit"), fields: [to],
    send: () => {
      if (!to.value()) throw new Missing("service", t("issue.none"));
      const key = (keys[to.value()] = keys[to.value()] || newKey());
      return post("/tickets/" + encodeURIComponent(ticket.ticket_id) + "/commands",
        Object.assign({ command: "exchange" }, wanted(to.value())), { key });
    },
  });
}

/**
 * Where people may be moved to, their number and time kept: a window, or back into their own line.
 * @param {Guide} guide
 * @param {Ticket[]} people  all of one queue
 * @param {string} title
 * @returns {Promise<{window?: number}|null>}  no window: their own line
 */
export async function moveForm(guide, people, title) {
  const state = guide.state();
  const prefix = people[0].queue;
  const queue = state.queues.find((one) => one.prefix === prefix);
  const line = people.some((ticket) => ticket.window)
    ? [{ value: "", label: t("move.line", { name: queue ? nameOf(queue) : prefix }), hint: "", words: prefix }]
    : [];
  const rank = { open: 0, serving: 1, calling: 1, away: 2, closed: 3 };
  const windows = state.windows
    .filter((one) => one.state !== "closed" && !people.some((ticket) => ticket.window === one.number))
    .sort((a, b) => Number(b.queues.indexOf(prefix) >= 0) - Number(a.queues.indexOf(prefix) >= 0)
      || rank[a.state] - rank[b.state] || a.number - b.number)
    .map((one) => ({
      value: String(one.number), label: t("window.n", { n: one.number }) + " " + nameOf(one),
      hint: t("window.state." + one.state), words: one.name,
    }));
  const options = line.concat(windows);
  if (!options.length) {
    guide.say(t("move.none"), "away");
    return null;
  }
  const to = pickField({ name: "window", label: t("move.to"), options, rows: 7 });
  return form({
    title, text: t("move.text"), submit: t("move.submit"), fields: [to],
    send: async () => {
      const window = Number(to.value()) || undefined;
      await guide.moveAll(people, window);
      return { window };
    },
  });
}

/**
 * @param {Guide} guide
 * @param {Ticket|null} ticket  the one that is asked about
 */
export async function whyForm(guide, ticket) {
  const state = guide.state();
  const serves = (/** @type {number} */ number) => {
    const one = state.windows.find((entry) => entry.number === number);
    return Boolean(one && ticket && (one.queues.indexOf(ticket.queue) >= 0 || ticket.window === number));
  };
  const window = pickField({
    name: "window", label: t("why.window"), rows: 7,
    options: state.windows.slice().sort((a, b) => Number(serves(b.number)) - Number(serves(a.number))
      || Number(a.state === "closed") - Number(b.state === "closed") || a.number - b.number)
      .map((one) => ({
        value: String(one.number), label: t("window.n", { n: one.number }) + " " + nameOf(one),
        hint: t("window.state." + one.state), words: one.name + " " + one.queues.join(" "),
      })),
  });
  await form({
    title: t("why.title"), text: t("why.text"), submit: t("why.submit"), fields: [window],
    send: async () => {
      const number = Number(window.value());
      const base = "/halls/" + encodeURIComponent(guide.hall);
      const after = Math.max(0, guide.stream.version - PAST_EVENTS);
      const [line, journal] = await Promise.all([
        get(base + "/windows/" + number + "/line"),
        get(base + "/events?after=" + after + "&limit=" + PAST_EVENTS),
      ]);
      const called = journal.events
        .filter((/** @type {any} */ event) => event.type === "ticket_called" && event.data.window === number)
        .slice(-PAST_CALLS)
        .reverse()
        .map((/** @type {any} */ event) => ({
          number: event.data.number, at: event.at, why: event.data.why || "time", special: Boolean(event.data.special),
        }));
      printOrder(state, number, line.line, called);
      return true;
    },
  });
}
