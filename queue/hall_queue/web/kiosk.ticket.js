/**
 * The ticket that was taken: number first, then how many stand before it, how long, and where. The
 * same page is what an 80 mm printer gets (kiosk.css, @media print).
 */
import { idleSeconds } from "/static/core/device.js";
import { h, setAttrs, setText } from "/static/core/dom.js";
import { lang, nameOf, t } from "/static/core/i18n.js";
import { hhmm, isoDay, waitText } from "/static/core/time.js";
import { runs, titleOf } from "./kiosk.choices.js";

/** @typedef {import("./kiosk.js").Kiosk} Kiosk */
/** @typedef {import("./kiosk.js").Screen} Screen */
/** @typedef {import("./kiosk.js").Wishes} Wishes */
/** @typedef {import("./kiosk.choices.js").Choice} Choice */
/** @typedef {import("/static/core/types.js").TicketReply} TicketReply */

const STAY_S = 30;

/**
 * @param {Kiosk} kiosk
 * @param {{ticket: TicketReply & {wait?: import("/static/core/types.js").Wait}, choice: Choice|null,
 *   wishes: Wishes, again: boolean, paper: import("./kiosk.paper.js").Paper}} taken
 *   `again`: a missed ticket that was placed back; `paper` changes while it is printed
 * @returns {Screen}
 */
export function ticketScreen(kiosk, taken) {
  const ticket = taken.ticket;
  const state = kiosk.state();
  const setup = state.setup;
  const queue = state.queues.find((entry) => entry.prefix === ticket.queue);
  const wait = ticket.wait_minutes || ticket.wait || null;
  const clock = Boolean(wait && wait.crosses_break);
  const windows = (queue && queue.open_windows) || [];
  const low = state.windows.filter((entry) => entry.low_counter && windows.indexOf(entry.number) >= 0)
    .map((entry) => entry.number);
  const name = taken.choice ? titleOf(taken.choice, queue ? nameOf(queue) : "") : queue ? nameOf(queue) : "";
  const title = t(taken.again ? "missed.done" : "ticket.title");
  const ahead = ticket.ahead ? t("ticket.people", { n: ticket.ahead }) : t("ticket.nobody");
  const green = ticket.priority === "green" ? t("ticket.green_granted")
    : taken.wishes.green || ticket.priority === "green_pending" ? t("ticket.green") : "";
  const where = windows.length
    ? t("ticket.windows_text", { list: runs(windows, t("list.comma")) })
    : t("ticket.windows_none");
  // The hall may have its own words at the foot of its tickets; they are Chinese.
  const foot = (lang() === "zh" && state.texts && state.texts["ticket.foot"]) || t("ticket.rest");
  const rule = ruleOf(setup);
  const keep = h("p", { class: "keep", role: "status" });
  const done = h("button", { class: "button primary", type: "button", onclick: kiosk.home });
  const canCancel = !taken.again && Boolean(ticket.token);

  const facts = [
    [t("ticket.ahead"), ahead],
    [t(clock ? "ticket.wait_clock" : "ticket.wait"), waitText(wait)],
    [t("ticket.windows"), where],
  ];
  const small = [
    taken.again ? t("missed.again") : "",
    taken.wishes.cases > 1 && !taken.again ? t("ticket.cases") + " " + t("cases.n", { n: taken.wishes.cases }) : "",
    low.length ? t("ticket.low_counter", { list: runs(low, t("list.comma")) }) : "",
    clock ? t("ticket.lunch") : "",
  ].filter(Boolean);

  const node = h(
    "section",
    { class: "screen ticket-screen" },
    h("h2", { class: "ticket-title" }, title),
    h("article", { class: "ticket" },
      h("div", { class: "ticket-hall" }, nameOf(state.hall)),
      h("div", { class: "ticket-name clamp" }, name),
      h("div", { class: "ticket-number number" }, ticket.number),
      green ? h("div", { class: "banner" }, green) : null,
      h("dl", { class: "facts" }, facts.map((fact) => [h("dt", null, fact[0]), h("dd", null, fact[1])])),
      h("div", { class: "ticket-rest" }, foot),
      small.length ? h("ul", { class: "ticket-small" }, small.map((line) => h("li", null, line))) : null,
      h("div", { class: "ticket-foot" },
        h("div", { class: "grow" },
          h("p", null, rule),
          h("p", { class: "soft" }, t("ticket.issued") + " " + (ticket.issued_at ? isoDay(ticket.issued_at) + " " + hhmm(ticket.issued_at) : ""))),
        setup.public_url
          ? h("figure", { class: "qr" },
              h("img", { alt: t("ticket.qr"), width: 176, height: 176, src: qrAddress(ticket) }),
              h("figcaption", null, t("ticket.qr")))
          : null)),
    keep,
    h("div", { class: "spacer" }),
    h("div", { class: "answers" },
      done,
      canCancel
        ? h("button", { class: "button", type: "button", onclick: () => kiosk.cancel(ticket) }, t("ticket.wrong"))
        : null),
  );
  const tick = () => {
    const left = Math.max(0, Math.ceil(STAY_S - idleSeconds()));
    setText(done, left <= 10 ? t("ticket.done_in", { n: left }) : t("ticket.done"));
  };
  const update = () => {
    setText(keep, t("ticket.paper." + taken.paper, { desk: kiosk.desk() }));
    const state = { failed: "alert", unsure: "away" }[/** @type {string} */ (taken.paper)];
    setAttrs(keep, { class: state ? "keep state" : "keep", "data-state": state || null });
  };
  tick();
  update();
  return {
    node, tick, stays: STAY_S, update, staysOffline: true, endsHere: true,
    say: () => [
      title, spelled(ticket.number), t("ticket.ahead") + ahead, facts[1].join(""), facts[2].join(""), green,
      foot, rule, keep.textContent || "",
    ].filter(Boolean).join("。"),
  };
}

/**
 * The hall's own rule for a missed call, from its settings.
 * @param {import("/static/core/types.js").SetupEntry} setup
 */
function ruleOf(setup) {
  if (setup.missed_ticket === "void") return t("ticket.rule_void");
  return t("ticket.rule_parked", { back: setup.requeue_back, limit: setup.requeue_limit });
}

/** @param {TicketReply} ticket */
function qrAddress(ticket) {
  return "/api/v1/public/tickets/" + encodeURIComponent(ticket.token) + "/qr.svg";
}

/** Figures are read one by one. @param {string} number */
function spelled(number) {
  return number.split("").join(" ");
}
