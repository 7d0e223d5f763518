/**
 * The guide desk: takes tickets for people, finds theirs, puts right what went wrong, checks claims,
 * and keeps a list that can be printed when everything else is gone.
 */
import { ApiError, errorText, get, newKey, post } from "/static/core/api.js";
import { idleSeconds } from "/static/core/device.js";
import { confirmBox } from "/static/core/dialog.js";
import { coalesce, h, replace, setText } from "/static/core/dom.js";
import { addTexts, lang, nameOf, onLang, setLang, t } from "/static/core/i18n.js";
import { openPage } from "/static/core/page.js";
import { everySecond, hhmm, hhmmss, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { formOpen, sentence } from "./desk.js";
import { deskTexts } from "./desk.texts.js";
import { appointmentsDialog } from "./guide.appointments.js";
import { actionsOf, ticketCard } from "./guide.card.js";
import { exchangeForm, moveForm, whyForm } from "./guide.forms.js";
import { issuePanel } from "./guide.issue.js";
import { lists, serviceOf, taskList } from "./guide.lists.js";
import { paperForm } from "./guide.paper.js";
import { printList, printTicket } from "./guide.print.js";
import { texts } from "./guide.texts.js";
import { Tickets } from "./guide.tickets.js";

/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("./guide.tickets.js").Ticket} Ticket */

/**
 * What the parts of the page may use.
 * @typedef {{hall: string, stream: HallStream, tickets: Tickets, state: () => HallState,
 *   selected: () => Ticket|null, busy: () => boolean, select: (id: string) => void,
 *   issued: (ticket: Ticket, print: boolean) => void, unprinted: (ticket: Ticket) => boolean,
 *   print: (ticket: Ticket) => void, requeue: (ticket: Ticket) => void, exchange: (ticket: Ticket) => void,
 *   cancel: (ticket: Ticket) => void, verify: (ticket: Ticket, granted: boolean) => void,
 *   move: (people: Ticket[], title: string) => void, moveBack: (people: Ticket[]) => void,
 *   moveAll: (people: Ticket[], window: number|undefined) => Promise<void>, why: (ticket: Ticket|null) => void,
 *   showQueue: (prefix: string) => void, showList: (name: "pending") => void,
 *   say: (text: string, state?: "open"|"away"|"alert") => void}} Guide
 */

addTexts(deskTexts);
addTexts(texts);

async function main() {
  /** @type {Tickets|null} */
  let kept = null;
  const { me, hall, stream } = await openPage({
    kinds: ["guide", "manager"],
    isIdle: () => idleSeconds() > 60 && !formOpen(),
    offlineWords: () => ({
      title: t("offline.title"),
      text: kept && kept.at ? t("offline.guide", { at: hhmmss(kept.at) }) : t("offline.guide_no_list"),
    }),
  });
  const tickets = new Tickets(hall, () => soon());
  kept = tickets;

  /** @type {Ticket|null} */
  let selected = null;
  let working = false;
  /** A ticket's first print is no reprint: just issued, or with a new number. @type {{id: string, was: string}|null} */
  let fresh = null;
  /** One key per ticket and command, so that a repeated press is one command. @type {Record<string, string>} */
  let keys = {};

  /** @type {Guide} */
  const guide = {
    hall, stream, tickets,
    state: () => /** @type {HallState} */ (stream.state),
    selected: () => selected,
    busy: () => working,
    select: (id) => {
      selected = tickets.byId(id) || selected;
      soon();
    },
    issued: (ticket, prints) => {
      fresh = { id: ticket.ticket_id, was: "" };
      selected = full(ticket);
      say(t("issue.done", { number: ticket.number }), "open");
      tickets.refresh();
      draw();
      if (prints) print(selected);
      else card.focusFirst();
    },
    unprinted: (ticket) => Boolean(fresh && fresh.id === ticket.ticket_id),
    print,
    requeue: (ticket) => command(ticket, { command: "requeue" }, (now) => t("requeue.done", { number: now.number, n: now.ahead })),
    exchange: async (ticket) => {
      const now = await exchangeForm(guide, ticket);
      if (!now) return;
      selected = full(now);
      if (now.number !== ticket.number) fresh = { id: now.ticket_id, was: ticket.number };
      say(now.number === ticket.number ? t("exchange.same", { number: now.number })
        : t("exchange.done", { old: ticket.number, number: now.number }), "open");
      tickets.refresh();
      soon();
    },
    cancel: async (ticket) => {
      const sure = await confirmBox({
        title: t("cancel.title", { number: ticket.number }),
        text: t("cancel.text", { service: serviceOf(guide, ticket), at: hhmm(ticket.issued_at) }),
        ok: t("cancel.submit"), cancel: t("cancel.keep"), danger: true,
      });
      if (sure) command(ticket, { command: "cancel" }, (now) => t("cancel.done", { number: now.number }));
    },
    verify: async (ticket, granted) => {
      const sure = granted || (await confirmBox({
        title: t("pending.refuse_title", { number: ticket.number }), text: t("pending.refuse_text"), ok: t("pending.no"),
      }));
      if (!sure) return;
      command(ticket, { command: "verify_green", granted },
        (now) => t(granted ? "pending.granted" : "pending.refused", { number: now.number }));
    },
    move: async (people, title) => {
      const done = await moveForm(guide, people, title);
      if (done) said(people, done.window);
    },
    moveBack: async (people) => {
      try {
        await guide.moveAll(people, undefined);
        said(people, undefined);
      } catch (error) {
        say(sentence(error), "alert");
      }
    },
    // One after the other; who was moved before something went wrong stays moved, and the list says so.
    moveAll: async (people, window) => {
      try {
        for (const ticket of people) {
          const body = window ? { command: "transfer", window } : { command: "transfer", queue: ticket.queue };
          const intent = ticket.ticket_id + JSON.stringify(body);
          keys[intent] = keys[intent] || newKey();
          const now = await post("/tickets/" + encodeURIComponent(ticket.ticket_id) + "/commands", body, { key: keys[intent] });
          delete keys[intent];
          if (selected && selected.ticket_id === now.ticket_id) selected = full(now);
        }
      } finally {
        tickets.refresh();
        soon();
      }
    },
    why: (ticket) => {
      whyForm(guide, ticket);
    },
    showQueue: (prefix) => middle.show("waiting", prefix),
    showList: (name) => middle.show(name),
    say,
  };

  // --- the frame -----------------------------------------------------------------------------------------
  const place = h("h1", { class: "place" });
  const hallName = h("div", { class: "hall-name clamp-1" });
  const time = h("div", { class: "time number" });
  const paperName = h("span");
  const whyName = h("span");
  const bookedName = h("span");
  const langButton = h("button", { class: "button quiet", type: "button", onclick: () => setLang(lang() === "en" ? "zh" : "en") });
  const issuing = issuePanel(guide);
  const tasks = taskList(guide);
  const middle = lists(guide, { print: () => printNow() });
  const card = ticketCard(guide, { find });
  replace(
    document.body,
    h("header", { class: "top" }, place, hallName,
      h("button", { class: "button", type: "button", "aria-keyshortcuts": "A", onclick: () => appointmentsDialog(guide) }, bookedName, h("kbd", null, "A")),
      h("button", { class: "button", type: "button", "aria-keyshortcuts": "B", onclick: () => paper() }, paperName, h("kbd", null, "B")),
      h("button", { class: "button", type: "button", onclick: () => guide.why(selected) }, whyName, h("kbd", null, "W")),
      time, langButton),
    h("main", { class: "guide" }, issuing.node, h("div", { class: "middle" }, tasks.node, middle.node), card.node),
  );

  function draw() {
    setText(place, t("page.title"));
    setText(hallName, nameOf(guide.state().hall));
    setText(paperName, t("tool.paper"));
    setText(whyName, t("tool.why"));
    setText(bookedName, t("tool.booked"));
    setText(langButton, t("language.other"));
    if (selected) selected = tickets.byId(selected.ticket_id) || selected;
    document.title = t("page.title") + " · " + t("tab.waiting", { n: tickets.in("waiting").length });
    issuing.draw();
    tasks.draw();
    middle.draw();
    card.draw();
  }
  const soon = coalesce(draw);

  /** @param {string} text @param {"open"|"away"|"alert"} [state] */
  function say(text, state) {
    toast(text, { state, seconds: state === "alert" ? 10 : 5 });
  }

  // --- asking the server -----------------------------------------------------------------------------------

  /** @param {Ticket[]} people @param {number|undefined} window */
  function said(people, window) {
    const list = people.map((ticket) => ticket.number).join(t("list.comma"));
    say(window ? t("move.done", { list, window }) : t("move.done_line", { list }), "open");
  }

  /**
   * A ticket of the tables has its item, but not the item's name.
   * @param {Ticket} ticket
   */
  function full(ticket) {
    const service = guide.state().services.find((one) => one.id === ticket.service);
    return Object.assign({ service_name: service ? service.name : "" }, ticket);
  }

  /**
   * @param {Ticket} ticket
   * @param {Record<string, any>} body
   * @param {(now: Ticket) => string} words
   */
  async function command(ticket, body, words) {
    if (working) return;
    working = true;
    soon();
    const intent = ticket.ticket_id + ticket.state + JSON.stringify(body);
    keys[intent] = keys[intent] || newKey();
    try {
      const now = await post("/tickets/" + encodeURIComponent(ticket.ticket_id) + "/commands", body, { key: keys[intent] });
      keys = {};
      selected = full(now);
      say(words(now), "open");
    } catch (error) {
      say(sentence(error), "alert");
      reload(ticket.ticket_id);
    }
    working = false;
    tickets.refresh();
    soon();
  }

  /** @param {string} id */
  async function reload(id) {
    try {
      const now = await get("/tickets/" + encodeURIComponent(id));
      if (selected && selected.ticket_id === id) selected = full(now);
      soon();
    } catch (error) {
      // the list says what there is
    }
  }

  /** @param {string} number @returns {Promise<string>} */
  async function find(number) {
    try {
      selected = full(await get("/halls/" + encodeURIComponent(hall) + "/tickets/by-number/" + encodeURIComponent(number)));
      soon();
      return "";
    } catch (error) {
      return sentence(error);
    }
  }

  /** @param {Ticket} ticket */
  async function print(ticket) {
    const first = fresh && fresh.id === ticket.ticket_id ? fresh : null;
    let now = ticket;
    if (!first || first.was) {
      try {
        now = full(await get("/tickets/" + encodeURIComponent(ticket.ticket_id)));
      } catch (error) {
        say(errorText(error), "alert");
        return;
      }
    }
    fresh = null;
    soon();
    if (await printedByAgent(now, !first)) return;
    printTicket(guide.state(), now, { reprint: !first, exchanged: first ? first.was : "" });
  }

  /**
   * Through the printer that the desk's settings name; this browser prints where there is none, or
   * when it surely did not print.
   * @param {Ticket} ticket
   * @param {boolean} again
   */
  async function printedByAgent(ticket, again) {
    if (!(me.settings && me.settings.printer)) return false;
    try {
      const path = "/halls/" + encodeURIComponent(hall) + "/tickets/" + encodeURIComponent(ticket.ticket_id) + "/print";
      await post(path, { again }, { retryMs: 16000 });
      return true;
    } catch (error) {
      const unknown = error instanceof ApiError && (error.status === 0 || error.code === "print_unconfirmed");
      say(unknown ? t("print.unknown") : t("print.browser", { why: errorText(error) }), "alert");
      return unknown;
    }
  }

  function printNow() {
    if (tickets.at) printList(guide.state(), tickets);
  }

  async function paper() {
    await paperForm({ hall, state: guide.state, say: (text) => say(text, "open") });
    tickets.refresh();
  }

  // --- keys ------------------------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.repeat || formOpen()) return;
    const on = /** @type {HTMLElement|null} */ (document.activeElement);
    const typing = on && (on.tagName === "INPUT" || on.tagName === "TEXTAREA" || on.tagName === "SELECT");
    if (event.key === "Escape" && typing && on) on.blur();
    if (typing) return;
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : event.code.replace(/^Key/, "");
    /** @type {Record<string, () => void>} */
    const general = { S: issuing.focus, F: card.focus, L: printNow, B: paper, W: () => guide.why(null), A: () => appointmentsDialog(guide) };
    const action = selected && actionsOf(guide, selected).find((one) => one.key === letter);
    const run = action && !working ? action.run : general[letter];
    if (!run || (stream.status !== "online" && letter !== "L")) return;
    event.preventDefault();
    run();
  });

  // --- what happens ------------------------------------------------------------------------------------------

  stream.on("change", () => {
    tickets.refresh();
    soon();
  });
  stream.on("event", (/** @type {{data: any}} */ event) => {
    const id = event.data && event.data.ticket_id;
    if (id && selected && selected.ticket_id === id && !tickets.byId(id)) reload(id);
    else if (id && selected && selected.ticket_id === id) setTimeout(() => !tickets.byId(id) && reload(id), 2500);
  });
  stream.on("waits", () => soon());
  stream.on("status", () => soon());
  onLang(draw);
  everySecond(() => setText(time, hhmm(serverNow())));
  setInterval(soon, 20000); // minutes waited
  tickets.refresh();
  draw();
  issuing.focus();
}

main();
