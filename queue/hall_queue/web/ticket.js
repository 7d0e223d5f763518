/**
 * The citizen's phone: where do I stand, how long, and which window when it is my turn. It asks
 * every few seconds instead of holding a socket: a phone sleeps, changes networks and may be one of
 * a thousand. The address holds an unguessable token; there is nothing to sign in to.
 */
import { ApiError, errorText, get, newKey, post } from "/static/core/api.js";
import { confirmBox } from "/static/core/dialog.js";
import { h, replace, setText, show, svg } from "/static/core/dom.js";
import { addTexts, lang, onLang, setLang, t } from "/static/core/i18n.js";
import { setOffline, sayOffline } from "/static/core/offline.js";
import { hhmm, hhmmss, noteServerTime, serverNow, waitText } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { texts } from "./ticket.texts.js";

/**
 * @typedef {{number: string, state: string, ahead: number,
 *   wait_minutes: import("/static/core/types.js").Wait|null, window: number|null, hall_name: string,
 *   hall_name_en?: string, queue_name: string, queue_name_en?: string, service_name: string|null,
 *   service_name_en?: string|null, issued_at: string,
 *   window_name?: string|null, window_name_en?: string|null, can_cancel: boolean, parked?: boolean,
 *   at?: string}} Ticket
 */

const VISIBLE_MS = 5000;
const HIDDEN_MS = 30000;
const OFFLINE_MS = 2000;
const PATIENCE_MS = 3000; // an answer that takes longer is as good as none
const SIZES = [18, 21, 25, 30];
const OVER = ["finished", "cancelled", "expired"];

addTexts(texts);

const token = decodeURIComponent(location.pathname.split("/").pop() || "");
const path = "/public/tickets/" + encodeURIComponent(token);
/** @type {Ticket|null} */
let ticket = null;
let unknown = false;
let heard = 0; // server time of the last answer
let timer = 0;
let polling = false;
let cancelKey = newKey();

const hallName = h("div", { class: "hall clamp" });
const smaller = h("button", { class: "button", type: "button", onclick: () => resize(-1) });
const larger = h("button", { class: "button", type: "button", onclick: () => resize(1) });
const language = h("button", { class: "button", type: "button", onclick: () => setLang(lang() === "en" ? "zh" : "en") });
const ticketPart = h("div", { class: "part" });
const ratingPart = h("div", { class: "part", hidden: true });
const page = h("main", { class: "page" }, ticketPart, ratingPart);
replace(document.body, h("header", { class: "bar" }, hallName, h("div", { class: "tools" }, smaller, larger, language)), page);

// --- text size ---------------------------------------------------------------------------------

let size = 0;
try {
  size = Math.max(0, SIZES.indexOf(Number(localStorage.getItem("hall.textsize"))));
} catch (error) {
  // a private window remembers nothing
}

/** @param {number} step */
function resize(step) {
  size = Math.min(SIZES.length - 1, Math.max(0, size + step));
  document.documentElement.style.fontSize = SIZES[size] + "px";
  smaller.disabled = size === 0;
  larger.disabled = size === SIZES.length - 1;
  try {
    localStorage.setItem("hall.textsize", String(SIZES[size]));
  } catch (error) {
    // see above
  }
}

// --- asking --------------------------------------------------------------------------------------

async function poll() {
  if (polling) return;
  polling = true;
  clearTimeout(timer);
  const late = setTimeout(() => setOffline(true), PATIENCE_MS);
  let next = document.hidden ? HIDDEN_MS : VISIBLE_MS;
  try {
    const answer = /** @type {Ticket} */ (await get(path));
    setOffline(false);
    take(answer);
    if (OVER.indexOf(answer.state) >= 0) next = HIDDEN_MS; // a finish may still be undone
    askToRate(answer.state === "finished");
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) {
      unknown = true;
      setOffline(false);
      draw();
      next = 0;
    } else {
      setOffline(true);
      next = OFFLINE_MS;
    }
  } finally {
    clearTimeout(late);
    polling = false;
  }
  if (next) timer = window.setTimeout(poll, next);
}

/** @param {Ticket} answer */
function take(answer) {
  if (answer.at) noteServerTime(answer.at, "heartbeat");
  const before = ticket;
  ticket = answer;
  heard = serverNow().getTime();
  const calls = answer.state === "called" && (!before || before.state !== "called" || before.window !== answer.window);
  draw();
  if (calls && navigator.vibrate) navigator.vibrate([500, 200, 500, 200, 500]);
}

/** @type {{node: HTMLElement, refresh: () => Promise<void>}|null} */
let rating = null;

/**
 * After the service it may be rated here. Ratings are another feature's: it brings its own part of
 * this page, and where there is none, nothing is missing.
 * @param {boolean} finished
 */
async function askToRate(finished) {
  show(ratingPart, finished);
  if (!finished) return;
  try {
    if (!rating) {
      const { ratePart } = await import("/static/evaluation/rate.js");
      rating = ratePart(token);
      replace(ratingPart, rating.node);
    }
    await rating.refresh();
  } catch (error) {
    console.info("no rating now", error); // asked again with the next poll
  }
}

async function cancel() {
  if (!ticket) return;
  const sure = await confirmBox({
    title: t("phone.cancel_title", { number: ticket.number }), text: t("phone.cancel_text"),
    ok: t("phone.cancel_yes"), cancel: t("phone.cancel_no"), danger: true,
  });
  if (!sure) return;
  try {
    const answer = await post(path + "/commands", { command: "cancel" }, { key: cancelKey });
    cancelKey = newKey();
    if (answer && answer.state) take(answer);
    else poll();
  } catch (error) {
    toast(sentence(error), { state: "alert", seconds: 6 });
    poll();
  }
}

/** The server speaks Chinese, and English where it says so. @param {unknown} error */
function sentence(error) {
  const chinese = error instanceof ApiError && error.status > 0 && !error.translated;
  return chinese && lang() === "en" ? t("phone.not_cancelled") : errorText(error);
}

// --- showing -------------------------------------------------------------------------------------

function draw() {
  setText(smaller, t("phone.smaller"));
  setText(larger, t("phone.larger"));
  smaller.setAttribute("aria-label", t("phone.smaller_label"));
  larger.setAttribute("aria-label", t("phone.larger_label"));
  setText(language, t("language.other"));
  if (unknown) {
    setText(hallName, t("phone.title"));
    replace(ticketPart, ending(null, t("phone.unknown"), t("phone.unknown_text")));
    return;
  }
  if (!ticket) {
    setText(hallName, t("phone.title"));
    replace(ticketPart, h("p", { class: "empty" }, t("phone.loading")));
    return;
  }
  setText(hallName, (lang() === "en" && ticket.hall_name_en) || ticket.hall_name);
  document.title = titleOf(ticket);
  replace(
    ticketPart,
    paper(ticket),
    ticket.can_cancel
      ? h("button", { class: "button danger wide", type: "button", onclick: cancel }, t("phone.cancel"))
      : null,
    h("p", { class: "updated live" }, t("phone.updated", { at: hhmmss(new Date(heard)) })),
  );
}

/** @param {Ticket} now */
function titleOf(now) {
  if (now.state === "called") return t("phone.called_title", { number: now.number, n: now.window || "" });
  return now.number + " " + t("ticket.state." + now.state);
}

/** @param {Ticket} now */
function serviceOf(now) {
  const english = lang() === "en" ? now.service_name_en || (now.service_name ? "" : now.queue_name_en) : "";
  return english || now.service_name || now.queue_name;
}

/** @param {Ticket} now */
function paper(now) {
  const head = h("div", { class: "head" },
    h("div", { class: "service" }, serviceOf(now)), h("div", { class: "number" }, now.number));
  switch (now.state) {
    case "called":
      return h("article", { class: "paper", "data-state": "called", role: "alert" }, head,
        h("div", { class: "call live" }, arrow(),
          h("div", { class: "go" }, t("phone.go")),
          h("div", { class: "where" }, t("phone.window", { n: now.window || "" })),
          h("div", null, (lang() === "en" ? now.window_name_en : now.window_name) || "")));
    case "finished":
      return ending(now, t("phone.finished"), t("phone.finished_text"));
    case "no_show":
      return ending(now, t("phone.no_show"), t(now.parked === false ? "phone.no_show_void" : "phone.no_show_parked"));
    case "cancelled":
    case "expired":
      return ending(now, t("phone." + now.state), t("phone." + now.state + "_text"));
    default:
      return h("article", { class: "paper" }, head, h("div", { class: "body" }, status(now), lines(now),
        now.state === "waiting" ? h("p", { class: "say" }, t("phone.stay")) : null,
        now.state === "held" ? h("p", { class: "say" }, t("phone.held")) : null));
  }
}

/** @param {Ticket} now */
function status(now) {
  if (now.state === "waiting") return null;
  const serving = now.state === "serving" && now.window;
  return h("p", { class: "status state live", "data-state": serving ? "serving" : "away" },
    serving ? t("phone.serving", { n: now.window || "" }) : t("ticket.state." + now.state));
}

/** @param {Ticket} now */
function lines(now) {
  const waiting = now.state === "waiting";
  const wait = now.wait_minutes;
  const clock = Boolean(wait && wait.crosses_break);
  const row = (/** @type {string} */ name, /** @type {string} */ value, /** @type {boolean} */ big) =>
    h("div", { class: big ? "big" : null }, h("dt", null, name), h("dd", { class: big ? "live" : null }, value));
  return h("dl", { class: "lines" },
    waiting
      ? [
          now.ahead
            ? row(t("phone.ahead"), t("phone.people", { n: now.ahead }), true)
            : row(t("phone.place"), t("phone.next"), true),
          row(t(clock ? "phone.wait_clock" : "phone.wait"), waitText(wait), true),
        ]
      : null,
    row(t("phone.issued"), hhmm(now.issued_at), false));
}

/**
 * @param {Ticket|null} now
 * @param {string} title
 * @param {string} text
 */
function ending(now, title, text) {
  return h("article", { class: "paper", "data-state": "ended" },
    h("div", { class: "head" },
      now ? h("div", { class: "service" }, serviceOf(now)) : null,
      now ? h("div", { class: "number" }, now.number) : null),
    h("div", { class: "ending" }, h("h2", null, title), h("p", null, text)));
}

function arrow() {
  return svg("svg", { class: "arrow", viewBox: "0 0 40 24", "aria-hidden": "true" },
    svg("path", { d: "M20 23 4 9h9V1h14v8h9z", fill: "currentColor" }));
}

// --- life ------------------------------------------------------------------------------------------

sayOffline(() => ({ title: t("phone.offline_title"), text: t("phone.offline_text") }));
onLang(draw);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !unknown) poll();
});
window.addEventListener("online", () => poll());
resize(0);
draw();
poll();
