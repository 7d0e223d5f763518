/**
 * One ticket and what can be done with it. The server decides what is possible; a button that makes
 * no sense in the ticket's state is not offered.
 */
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmm, waitText } from "/static/core/time.js";
import { serviceOf } from "./guide.lists.js";

/** @typedef {import("./guide.js").Guide} Guide */
/** @typedef {import("./guide.tickets.js").Ticket} Ticket */

/** @typedef {{key: string, label: string, style?: string, run: () => void}} Action */

/**
 * @param {Guide} guide
 * @param {Ticket} ticket
 * @returns {Action[]}
 */
export function actionsOf(guide, ticket) {
  const waiting = ticket.state === "waiting";
  const parked = ticket.state === "no_show" && ticket.parked;
  /** @type {(Action|null)[]} */
  const all = [
    waiting || parked || ticket.state === "held"
      ? { key: "P", label: t(guide.unprinted(ticket) ? "act.print" : "act.reprint"), style: guide.unprinted(ticket) ? "primary" : "", run: () => guide.print(ticket) }
      : null,
    parked ? { key: "R", label: t("act.requeue"), style: "primary", run: () => guide.requeue(ticket) } : null,
    waiting && ticket.priority === "green_pending" ? { key: "Y", label: t("act.yes"), run: () => guide.verify(ticket, true) } : null,
    waiting && ticket.priority === "green_pending" ? { key: "N", label: t("act.no"), run: () => guide.verify(ticket, false) } : null,
    waiting || parked ? { key: "E", label: t("act.exchange"), run: () => guide.exchange(ticket) } : null,
    waiting ? { key: "M", label: t("act.move"), run: () => guide.move([ticket], t("move.title", { list: ticket.number })) } : null,
    waiting || parked || ticket.state === "held" ? { key: "X", label: t("act.cancel"), style: "danger", run: () => guide.cancel(ticket) } : null,
    { key: "W", label: t("act.why"), run: () => guide.why(ticket) },
  ];
  return /** @type {Action[]} */ (all.filter(Boolean));
}

/**
 * @param {Guide} guide
 * @param {{find: (number: string) => Promise<string>}} does  answers what went wrong, or ""
 * @returns {{node: HTMLElement, draw: () => void, focus: () => void, focusFirst: () => void}}
 *   `focusFirst`: onto the ticket's first button
 */
export function ticketCard(guide, does) {
  const title = h("h2");
  const input = h("input", { class: "input", type: "text", maxlength: 12, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", "aria-keyshortcuts": "F" });
  const submit = h("button", { class: "button", type: "submit" });
  const problem = h("p", { class: "form-error", role: "alert", hidden: true });
  const body = h("div", { class: "ticket-body live" });
  const find = h("form", { class: "find row", novalidate: true, onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const number = input.value.trim().toUpperCase();
    if (!number || submit.disabled) return;
    submit.disabled = true;
    const wrong = await does.find(number);
    submit.disabled = false;
    setText(problem, wrong);
    show(problem, Boolean(wrong));
    if (wrong) input.select();
    else input.value = "";
  } }, input, submit);
  input.addEventListener("input", () => show(problem, false));
  const node = h("section", { class: "panel ticket-panel" }, title, find, problem, body);
  let drawn = "";

  const draw = () => {
    setText(title, t("find.label"));
    setText(submit, t("find.submit"));
    setAttrs(input, { placeholder: t("find.placeholder"), "aria-label": t("find.placeholder") });
    const ticket = guide.selected();
    const busy = guide.busy();
    const now = JSON.stringify([ticket, busy, document.documentElement.lang, ticket && guide.unprinted(ticket)]);
    if (now === drawn) return;
    drawn = now;
    const focused = document.activeElement && body.contains(document.activeElement)
      ? document.activeElement.getAttribute("aria-keyshortcuts") : "";
    replace(body, ticket ? content(ticket, busy) : h("div", { class: "empty" }, t("find.empty")));
    if (focused) {
      const again = /** @type {HTMLElement|null} */ (body.querySelector("[aria-keyshortcuts=" + focused + "]") || body.querySelector("button"));
      if (again) again.focus();
    }
  };

  /** @param {Ticket} ticket @param {boolean} busy */
  function content(ticket, busy) {
    const queue = guide.state().queues.find((one) => one.prefix === ticket.queue);
    const waiting = ticket.state === "waiting";
    /** @type {[string, string][]} */
    const facts = [
      [t("card.queue"), queue ? queue.prefix + " " + nameOf(queue) : ticket.queue],
      [t("card.issued"), hhmm(ticket.issued_at)],
      [t("card.channel"), t("channel." + ticket.channel)],
    ];
    if (waiting) {
      facts.unshift([t("card.wait"), waitText(ticket.wait_minutes)]);
      facts.unshift([t("card.ahead"), ticket.ahead ? t("card.people", { n: ticket.ahead }) : t("card.nobody")]);
    }
    if (ticket.cases > 1) facts.push([t("card.cases"), String(ticket.cases)]);
    if (ticket.call_count) facts.push([t("card.calls"), t("card.calls_n", { n: ticket.call_count })]);
    if (ticket.window) {
      facts.push([t("card.window"), waiting ? t("card.only_window", { n: ticket.window }) : t("window.n", { n: ticket.window })]);
    }
    if (ticket.requeues) facts.push([t("card.requeues"), t("card.calls_n", { n: ticket.requeues })]);
    if (ticket.ended_at) facts.push([t("card.ended"), hhmm(ticket.ended_at)]);
    const states = /** @type {Record<string, string>} */ ({ waiting: "open", called: "calling", serving: "serving", held: "away", no_show: "away" });
    return [
      h("div", { class: "row" },
        h("div", { class: "ticket-number number" }, ticket.number),
        h("div", null,
          h("span", { class: "state chip", "data-state": states[ticket.state] || "closed" }, t("ticket.state." + ticket.state)),
          ticket.priority === "normal" ? null : h("div", { class: "marked" }, t("priority." + ticket.priority)))),
      h("div", { class: "ticket-service clamp" }, serviceOf(guide, ticket)),
      h("dl", { class: "facts" }, facts.map((fact) => [h("dt", null, fact[0]), h("dd", null, fact[1])])),
      h("div", { class: "acts" }, actionsOf(guide, ticket).map((action) =>
        h("button", {
          class: "button " + (action.style || ""), type: "button", disabled: busy, "aria-keyshortcuts": action.key, onclick: action.run,
        }, h("span", null, action.label), h("kbd", null, action.key)))),
    ];
  }
  return {
    node, draw,
    focus: () => { input.focus(); input.select(); },
    focusFirst: () => {
      const first = /** @type {HTMLElement|null} */ (body.querySelector(".acts .button"));
      if (first) first.focus();
    },
  };
}
