/**
 * What the guide desk prints: a ticket on 80 mm paper, the list of everyone waiting, and the order
 * of a window with its reasons. Each is a sheet of its own that only the printer sees.
 */
import { deviceId } from "/static/core/device.js";
import { h } from "/static/core/dom.js";
import { hasText, lang, nameOf, t } from "/static/core/i18n.js";
import { hhmm, hhmmss, isoDay, serverNow, waitText } from "/static/core/time.js";
import { rulesOf, serviceText } from "./desk.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("./guide.tickets.js").Ticket} Ticket */
/** @typedef {import("./guide.tickets.js").Tickets} Tickets */

/** The paper: width of a receipt roll, or an office sheet. */
const PAPER = {
  roll: "@page { size: 80mm auto; margin: 3mm 4mm; }",
  sheet: "@page { size: A4; margin: 12mm; }",
};
const PICTURE_MS = 2500;

/** @type {HTMLElement|null} */
let sheet = null;

/**
 * Prints one sheet; pictures are waited for, but not long.
 * @param {"roll"|"sheet"} paper
 * @param {...Child} content
 */
async function print(paper, ...content) {
  if (sheet && sheet.parentNode) sheet.parentNode.removeChild(sheet);
  sheet = h("section", { class: "print print-" + paper, "aria-hidden": "true" }, h("style", null, PAPER[paper]), ...content);
  document.body.appendChild(sheet);
  const pictures = Array.from(sheet.querySelectorAll("img")).filter((picture) => !picture.complete);
  await Promise.race([
    Promise.all(pictures.map((picture) => new Promise((done) => {
      picture.onload = done;
      picture.onerror = () => {
        if (picture.parentNode) picture.parentNode.removeChild(picture); // no frame where a code should be
        done(null);
      };
    }))),
    new Promise((done) => setTimeout(done, PICTURE_MS)),
  ]);
  window.print();
}

// --- a ticket -----------------------------------------------------------------------------------------

/**
 * @param {HallState} state
 * @param {Ticket} ticket  as it stands now: a reprint says how many are ahead now
 * @param {{reprint?: boolean, exchanged?: string}} how
 */
export function printTicket(state, ticket, how) {
  const rules = rulesOf(state);
  const texts = state.texts || {};
  const queue = state.queues.find((one) => one.prefix === ticket.queue);
  const windows = ticket.window ? [ticket.window] : (queue && queue.open_windows) || [];
  const low = state.windows.filter((one) => one.low_counter && windows.indexOf(one.number) >= 0).map((one) => one.number);
  const wait = ticket.wait_minutes;
  const clock = Boolean(wait && wait.crosses_break);
  const facts = ticket.state !== "waiting" ? [] : [
    [t("slip.ahead"), ticket.ahead ? t("card.people", { n: ticket.ahead }) : t("card.nobody")],
    [t(clock ? "slip.wait_clock" : "slip.wait"), waitText(wait)],
    [t("slip.windows"), windows.length ? t("slip.windows_text", { list: windows.join(t("list.comma")) }) : t("slip.windows_none")],
  ];
  const own = lang() === "zh" ? texts["ticket.missed_rule"] : "";
  const rule = own || (rules.missed_ticket === "void" ? t("slip.rule_void")
    : t("slip.rule_parked", { back: rules.requeue_back, limit: rules.requeue_limit }));
  const device = deviceId() ? "?device=" + encodeURIComponent(deviceId()) : "";
  return print("roll",
    how.reprint ? h("div", { class: "slip-mark" }, t("slip.reprint", { at: isoDay(serverNow()) + " " + hhmm(serverNow()) })) : null,
    how.exchanged ? h("div", { class: "slip-mark" }, t("slip.exchanged", { number: how.exchanged })) : null,
    h("div", { class: "slip-hall" }, nameOf(state.hall)),
    texts["ticket.title"] && lang() === "zh" ? h("div", null, texts["ticket.title"]) : null,
    h("div", { class: "slip-name" }, ticket.service_name ? serviceText(state, ticket.service_name) : queue ? nameOf(queue) : ""),
    h("div", { class: "slip-number" }, ticket.number),
    ticket.priority === "normal" ? null
      : h("div", { class: "slip-strong" }, t(ticket.priority === "green" ? "slip.green" : "slip.green_pending")),
    h("table", { class: "slip-facts" }, facts.map((fact) => h("tr", null, h("th", null, fact[0]), h("td", null, fact[1])))),
    ticket.cases > 1 ? h("div", null, t("slip.cases", { n: ticket.cases })) : null,
    h("div", { class: "slip-strong" }, (lang() === "zh" && texts["ticket.foot"]) || t("slip.rest")),
    low.length ? h("div", null, t("slip.low_counter", { list: low.join(t("list.comma")) })) : null,
    clock ? h("div", null, t("slip.lunch")) : null,
    h("p", { class: "slip-rule" }, rule),
    rules.public_url
      ? h("figure", null,
          h("img", { alt: "", width: 176, height: 176, src: "/api/v1/tickets/" + encodeURIComponent(ticket.ticket_id) + "/qr.svg" + device }),
          h("figcaption", null, t("slip.qr")))
      : null,
    h("div", { class: "slip-time" }, t("slip.issued", { at: isoDay(ticket.issued_at) + " " + hhmm(ticket.issued_at) })));
}

// --- everyone waiting ------------------------------------------------------------------------------------

/**
 * For a power cut: whom to call by hand, and in what order of issue.
 * @param {HallState} state
 * @param {Tickets} tickets  the copy in hand, with its time
 */
export function printList(state, tickets) {
  const waiting = tickets.in("waiting");
  const atWindow = tickets.all.filter((ticket) => ["called", "serving", "held"].indexOf(ticket.state) >= 0);
  const missed = tickets.in("no_show").filter((ticket) => ticket.parked);
  const asOf = tickets.at || serverNow();
  const groups = state.queues
    .map((queue) => ({ queue, list: waiting.filter((ticket) => ticket.queue === queue.prefix).sort((a, b) => a.ahead - b.ahead) }))
    .filter((group) => group.list.length);
  return print("sheet",
    h("h1", null, t("sheet.list_title")),
    h("p", null, nameOf(state.hall) + "　" + isoDay(asOf)),
    h("p", { class: "sheet-times" }, h("b", null, t("sheet.as_of", { at: hhmmss(asOf) })), "　",
      t("sheet.printed", { at: hhmmss(serverNow()) }), "　", t("sheet.total", { n: waiting.length })),
    atWindow.length ? listTable(state, t("sheet.at_window", { n: atWindow.length }), atWindow, (ticket) =>
      t("ticket.state." + ticket.state) + " " + (ticket.window ? t("window.n", { n: ticket.window }) : "")) : null,
    groups.map((group) => listTable(state,
      t("sheet.queue", { prefix: group.queue.prefix, name: nameOf(group.queue), n: group.list.length }), group.list,
      (ticket) => [
        ticket.priority === "normal" ? "" : t("priority." + ticket.priority),
        ticket.window ? t("card.only_window", { n: ticket.window }) : "",
        ticket.cases > 1 ? t("slip.cases", { n: ticket.cases }) : "",
      ].filter(Boolean).join(" "))),
    missed.length ? listTable(state, t("sheet.missed", { n: missed.length }), missed, () => "") : null,
    waiting.length || missed.length || atWindow.length ? null : h("p", null, t("list.empty.waiting")));
}

/**
 * @param {HallState} state
 * @param {string} title
 * @param {Ticket[]} list
 * @param {(ticket: Ticket) => string} note
 */
function listTable(state, title, list, note) {
  const queueName = (/** @type {Ticket} */ ticket) => {
    const queue = state.queues.find((one) => one.prefix === ticket.queue);
    return queue ? nameOf(queue) : ticket.queue;
  };
  return h("table", { class: "sheet-table" },
    h("caption", null, title),
    h("thead", null, h("tr", null,
      ["col.order", "col.number", "col.service", "col.issued", "col.mark", "sheet.done"].map((key) => h("th", null, t(key))))),
    h("tbody", null, list.map((ticket, at) => h("tr", null,
      h("td", { class: "figure" }, at + 1),
      h("td", { class: "number" }, ticket.number),
      h("td", null, ticket.service_name ? serviceText(state, ticket.service_name) : queueName(ticket)),
      h("td", null, hhmm(ticket.issued_at)),
      h("td", null, note(ticket)),
      h("td", { class: "tick" }, "□")))));
}

// --- why this order --------------------------------------------------------------------------------------

/**
 * @param {HallState} state
 * @param {number} window
 * @param {import("./counter.line.js").Entry[]} line
 * @param {{number: string, at: string, why: string, special: boolean}[]} called  the newest first
 */
export function printOrder(state, window, line, called) {
  const rules = rulesOf(state);
  const found = state.windows.find((one) => one.number === window);
  const reason = (/** @type {string} */ key) => (hasText("reason." + key) ? t("reason." + key) : t("reason.time"));
  return print("sheet",
    h("h1", null, t("sheet.why_title")),
    h("p", null, nameOf(state.hall) + "　" + t("window.n", { n: window }) + " " + (found ? nameOf(found) : "")),
    h("p", { class: "sheet-times" }, t("sheet.printed", { at: isoDay(serverNow()) + " " + hhmmss(serverNow()) })),
    h("p", null, t(rules.missed_ticket === "void" ? "sheet.why_rule_void" : "sheet.why_rule",
      { greens: rules.greens_after_ordinary, back: rules.requeue_back, limit: rules.requeue_limit })),
    h("table", { class: "sheet-table" },
      h("caption", null, t("sheet.why_now")),
      h("thead", null, h("tr", null, ["col.order", "col.number", "col.issued", "col.reason"].map((key) => h("th", null, t(key))))),
      h("tbody", null,
        line.map((entry, at) => h("tr", null,
          h("td", { class: "figure" }, at + 1), h("td", { class: "number" }, entry.number),
          h("td", null, hhmm(entry.issued_at)), h("td", null, reason(entry.reason)))),
        line.length ? null : h("tr", null, h("td", { colspan: 4 }, t("why.none"))))),
    line.length >= 50 ? h("p", null, t("sheet.more", { n: line.length })) : null,
    called.length
      ? h("table", { class: "sheet-table" },
          h("caption", null, t("sheet.why_past")),
          h("thead", null, h("tr", null, ["col.time", "col.number", "col.reason"].map((key) => h("th", null, t(key))))),
          h("tbody", null, called.map((one) => h("tr", null,
            h("td", null, hhmmss(one.at)), h("td", { class: "number" }, one.number),
            h("td", null, one.special ? t("sheet.special") : reason(one.why))))))
      : null);
}
