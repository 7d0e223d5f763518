/**
 * The ticket kiosk: one press takes a ticket. People stand here once a year, in a hurry, perhaps
 * without glasses or reading; so there is one question a page, plain words, a way back everywhere,
 * and after 90 s without a touch the start page for whoever comes next.
 *
 * However often a button is pressed, and whatever the network does meanwhile, one person gets one
 * ticket (kiosk.asked.js).
 */
import { ApiError, errorText, post } from "/static/core/api.js";
import { idleSeconds } from "/static/core/device.js";
import { coalesce, h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { openingNow } from "/static/core/hours.js";
import { addTexts, hasText, lang, nameOf, onLang, setLang, t, tIn } from "/static/core/i18n.js";
import { openPage } from "/static/core/page.js";
import { readButton, stopReading } from "/static/core/reader.js";
import { everySecond, hhmm, longDate, serverNow } from "/static/core/time.js";
import { Asked, isLost } from "./kiosk.asked.js";
import { cardScreen, needsCard } from "./kiosk.card.js";
import { choiceScreen } from "./kiosk.home.js";
import { closedScreen, messageScreen } from "./kiosk.screens.js";
import { paperFault, printerOf, printTicket, stopsPrinting } from "./kiosk.paper.js";
import { texts } from "./kiosk.texts.js";
import { ticketScreen } from "./kiosk.ticket.js";

/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").Me} Me */
/** @typedef {import("/static/core/types.js").TicketReply} TicketReply */
/** @typedef {import("./kiosk.choices.js").Choice} Choice */

/**
 * One screen. `update` follows the live state; `say` is what read-aloud reads; `stays`: seconds
 * without a touch until the start page comes back; `endsHere`: it has its own way to the start.
 * @typedef {{node: HTMLElement, update?: () => void, say: () => string, stays?: number,
 *   typed?: (key: string) => void, isStart?: boolean, endsHere?: boolean, staysOffline?: boolean, tick?: () => void}} Screen
 */

/** What the citizen has set so far; forgotten when the start page comes back by itself. */
/** @typedef {{green: boolean, cases: number, group: Choice|null, page: number}} Wishes */

/**
 * What the screens may use.
 * @typedef {{me: Me, hall: string, stream: HallStream, wishes: Wishes, state: () => HallState,
 *   go: (make: (kiosk: Kiosk) => Screen) => void, home: () => void, take: (choice: Choice, card?: string) => void,
 *   checkIn: (scan: string) => void, come: (code: string) => void, cancel: (ticket: TicketReply) => void, refresh: () => void,
 *   desk: () => string}} Kiosk
 */

const STAY_S = 90;
const WARN_S = 15;
const SETTLE_MS = 350; // the second half of a double tap must not press what has just appeared
const SCAN_GAP_MS = 400; // a wedge scanner types faster than this

addTexts(texts);

async function main() {
  const opened = await openPage({
    kinds: ["kiosk"],
    isIdle: () => idleSeconds() > 60 && Boolean(screen && screen.isStart),
    offlineWords: () => ({ title: t("offline.title"), text: t("offline.held") }),
  });
  const { me, hall, stream } = opened;

  // --- the frame: hall and time above, tools below, one screen between ---------------------------
  const hallName = h("h1", { class: "clamp" });
  const clock = h("div", { class: "clock number" });
  const date = h("div", { class: "date nowrap" });
  const paperNote = h("div", { class: "paper-note", role: "status", hidden: true }, h("strong", { class: "state" }), h("span", null));
  const stage = h("main", { class: "stage" });
  const warning = h("div", { class: "warning", role: "status", hidden: true });
  const startButton = h("button", { class: "button", type: "button", onclick: () => kiosk.home() });
  const lowButton = h("button", { class: "button", type: "button", onclick: () => setLow(!isLow()) });
  const langButton = h("button", {
    class: "button", type: "button", onclick: () => setLang(lang() === "en" ? "zh" : "en"),
  });
  const reading = readButton(() => (screen ? screen.say() : ""), hall);
  const tools = h("footer", { class: "tools" }, startButton, reading, lowButton, langButton);
  const offline = h("div", { class: "away-page", hidden: true });
  const busyText = h("p", { class: "busy-text" });
  const busy = h("div", { class: "veil", hidden: true }, h("div", { class: "dialog", role: "status" }, busyText));
  replace(
    document.body,
    h("header", { class: "top" }, h("div", { class: "grow" }, hallName, date), clock),
    paperNote, stage, warning, tools, offline, busy,
  );

  fitWindow();
  window.addEventListener("resize", fitWindow);

  /** @type {Screen|null} */
  let screen = null;
  /** @type {(kiosk: Kiosk) => Screen} */
  let maker = homeOrClosed;
  const asked = new Asked();
  let working = false;

  /** @type {Kiosk} */
  const kiosk = {
    me, hall, stream,
    wishes: { green: false, cases: 1, group: null, page: 0 },
    state: () => /** @type {HallState} */ (stream.state),
    go,
    home: () => {
      kiosk.wishes.green = false;
      kiosk.wishes.cases = 1;
      kiosk.wishes.group = null;
      kiosk.wishes.page = 0;
      asked.forget();
      go(homeOrClosed);
    },
    take, checkIn, come, cancel,
    refresh: () => screen && screen.update && screen.update(),
    desk: () => String((me.settings && me.settings.desk) || t("offline.desk")),
  };

  // --- screens -------------------------------------------------------------------------------------

  /** @param {Kiosk} k @returns {Screen} */
  function homeOrClosed(k) {
    const now = openingNow(k.state().setup);
    return now.open ? choiceScreen(k) : closedScreen(k, now);
  }

  /** What the start page looks like depends on this, and changes by the clock alone. */
  function startsWith() {
    return JSON.stringify(openingNow(kiosk.state().setup));
  }

  /** @param {(kiosk: Kiosk) => Screen} make */
  function go(make) {
    stopReading();
    maker = make;
    screen = make(kiosk);
    replace(stage, screen.node);
    stage.scrollTop = 0;
    settle();
    draw();
  }

  let settling = 0;
  function settle() {
    document.body.setAttribute("data-settling", "");
    clearTimeout(settling);
    settling = window.setTimeout(() => document.body.removeAttribute("data-settling"), SETTLE_MS);
  }

  function draw() {
    const state = kiosk.state();
    setText(hallName, nameOf(state.hall));
    drawTime();
    setText(startButton, t("tools.home"));
    startButton.disabled = Boolean(screen && (screen.isStart || screen.endsHere));
    setText(lowButton, t(isLow() ? "tools.normal" : "tools.low"));
    setText(langButton, t("language.other"));
    drawOffline();
    drawPaper();
    if (screen && screen.update) screen.update();
  }

  function drawTime() {
    const now = serverNow();
    setText(clock, hhmm(now));
    setText(date, longDate(now));
  }

  function drawOffline() {
    const gone = stream.status === "offline" || stream.status === "refused";
    // A ticket in hand stays readable: it is as true as it was.
    show(offline, gone && !(screen && screen.staysOffline));
    replace(
      offline,
      h("h2", null, t("offline.kiosk_title")),
      h("p", { class: "where" }, t("offline.kiosk_text", { desk: kiosk.desk() })),
      h("p", null, t("offline.held")),
      h("p", { class: "soft" }, t("offline.again")),
    );
  }

  /** Before anyone presses: whether there will be paper, and what to do if not. */
  function drawPaper() {
    const fault = paperFault(kiosk.state(), me);
    const stops = stopsPrinting(fault);
    show(paperNote, fault !== "" && !(screen && screen.endsHere));
    setAttrs(paperNote, { "data-state": stops ? "alert" : "away" });
    const [title, text] = Array.from(paperNote.children);
    setAttrs(title, { "data-state": stops ? "alert" : "away" });
    setText(title, fault ? t(hasText("paper." + fault) ? "paper." + fault : "paper.other") : "");
    setText(text, stops ? t("paper.instead", { desk: kiosk.desk() }) : "");
  }

  function isLow() {
    return document.documentElement.getAttribute("data-reach") === "low";
  }

  /** @param {boolean} low */
  function setLow(low) {
    setAttrs(document.documentElement, { "data-reach": low ? "low" : null });
    settle();
    draw();
  }

  // --- asking the server ---------------------------------------------------------------------------

  /**
   * @param {string} words
   * @param {() => Promise<void>} ask
   * @param {string} failure  title when it did not work
   * @param {() => void} again  the same once more
   */
  async function work(words, ask, failure, again) {
    if (working) return;
    working = true;
    setText(busyText, words);
    const timer = setTimeout(() => show(busy, true), 300);
    try {
      await ask();
    } catch (error) {
      const lost = isLost(error);
      go((k) => messageScreen(k, {
        title: t(lost ? "fail.lost" : failure),
        text: lost ? t("fail.lost_text", { desk: kiosk.desk() }) : sentence(error),
        desk: !lost && needsDesk(error),
        bad: true,
        again: lost ? again : undefined,
      }));
    } finally {
      clearTimeout(timer);
      show(busy, false);
      working = false;
    }
  }

  /** @param {Choice} choice @param {string} [card]  the reference of a card that was just read */
  function take(choice, card) {
    if (!card && needsCard(kiosk, choice)) {
      go((k) => cardScreen(k, choice));
      return;
    }
    /** @type {Record<string, unknown>} */
    const body = { channel: "kiosk", priority: kiosk.wishes.green ? "green" : "normal", cases: kiosk.wishes.cases };
    if (choice.service) body.service = choice.service;
    else body.queue = choice.queue;
    if (card) body.card = card;
    work(
      t("busy"),
      async () => {
        const ticket = await asked.ask(JSON.stringify(body), (key) => issue(body, key), giveBack);
        showTicket({ ticket, choice, wishes: Object.assign({}, kiosk.wishes), again: false, paper: "none" });
      },
      "fail.title",
      () => take(choice, card),
    );
  }

  /** @param {Parameters<typeof ticketScreen>[1]} taken  a new ticket: on the screen, and on paper */
  function showTicket(taken) {
    const byAgent = printerOf(me) !== null;
    if (byAgent) taken.paper = stopsPrinting(paperFault(kiosk.state(), me)) ? "failed" : "printing";
    else if (me.settings && me.settings.print === "browser") taken.paper = "browser";
    go((k) => ticketScreen(k, taken));
    if (taken.paper === "browser") setTimeout(() => window.print(), 50);
    if (taken.paper !== "printing") return;
    printTicket(hall, taken.ticket.ticket_id).then((paper) => {
      taken.paper = paper;
      kiosk.refresh();
    });
  }

  /** @param {object} body @param {string} key @returns {Promise<TicketReply>} */
  function issue(body, key) {
    return post("/halls/" + encodeURIComponent(hall) + "/tickets", body, { key });
  }

  /** @param {TicketReply} ticket */
  function giveBack(ticket) {
    return post("/public/tickets/" + encodeURIComponent(ticket.token) + "/commands", { command: "cancel" });
  }

  /** @param {string} scan */
  function checkIn(scan) {
    const ask = (/** @type {string} */ key) =>
      post("/halls/" + encodeURIComponent(hall) + "/check-in", { scan }, { key });
    work(
      t("busy.missed"),
      async () => {
        const ticket = await asked.ask("check-in " + scan, ask, null);
        go((k) => ticketScreen(k, { ticket, choice: null, wishes: k.wishes, again: true, paper: "none" }));
      },
      "fail.missed",
      () => checkIn(scan),
    );
  }

  /** @param {string} code  of an appointment */
  function come(code) {
    work(
      t("busy"),
      async () => {
        // Never given back: an appointment is used once.
        const ticket = await asked.ask("appointment " + code, (key) => issue({ appointment: code }, key), null);
        showTicket({ ticket, choice: null, wishes: Object.assign({}, kiosk.wishes), again: false, paper: "none" });
      },
      "fail.title",
      () => come(code),
    );
  }

  /** @param {TicketReply} ticket */
  function cancel(ticket) {
    work(
      t("busy"),
      async () => {
        await giveBack(ticket);
        go((k) => messageScreen(k, {
          title: t("ticket.cancelled", { number: ticket.number }), text: t("ticket.cancelled_text"), desk: false, bad: false,
        }));
      },
      "fail.cancel",
      () => cancel(ticket),
    );
  }

  // --- a wedge scanner types what it reads, wherever the page is -----------------------------------
  let typed = "";
  let typedAt = 0;
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && typed.length >= 4) {
      event.preventDefault();
      const scan = typed;
      typed = "";
      checkIn(scan);
      return;
    }
    if (event.key.length === 1) {
      const now = performance.now();
      typed = (now - typedAt > SCAN_GAP_MS ? "" : typed) + event.key;
      typedAt = now;
    }
    if (screen && screen.typed) screen.typed(event.key);
  });

  // --- time and life ---------------------------------------------------------------------------------

  stream.on("change", coalesce(draw));
  stream.on("waits", coalesce(draw));
  stream.on("status", draw);
  onLang(() => {
    go(maker);
  });
  let before = startsWith();
  everySecond(() => {
    drawTime();
    asked.tidy();
    if (!screen) return;
    if (screen.tick) screen.tick();
    const after = startsWith();
    if (screen.isStart && after !== before) go(homeOrClosed);
    before = after;
    const away = !screen.isStart || kiosk.wishes.green || kiosk.wishes.cases > 1 || isLow() || lang() === "en";
    const left = Math.ceil((screen.stays === undefined ? STAY_S : screen.stays) - idleSeconds());
    const ends = away && !working;
    if (ends && left <= 0) {
      setAttrs(document.documentElement, { "data-reach": null });
      setLang("zh");
      kiosk.home();
    }
    const warn = ends && left > 0 && left <= WARN_S && screen.stays === undefined;
    if (warn) setText(warning, t("still.here", { n: left }));
    show(warning, warn);
  });
  kiosk.home();
}

/**
 * Kiosks come in many sizes, and all are looked at from the same distance: the page is laid out for
 * 1080 x 1920 (or 1600 wide when it lies) and enlarged or reduced as a whole.
 */
function fitWindow() {
  const width = window.innerWidth;
  const height = window.innerHeight;
  const wide = width > height;
  const scale = wide ? Math.min(width / 1600, height / 1060) : Math.min(width / 1080, height / 1560);
  const body = document.body;
  body.style.setProperty("zoom", String(scale));
  body.style.height = height / scale + "px";
  setAttrs(document.documentElement, {
    "data-shape": wide ? "wide" : height / scale < 1760 ? "short" : null,
  });
}

/**
 * What went wrong, as a sentence. The server speaks Chinese; its codes have English here.
 * @param {unknown} error
 */
function sentence(error) {
  if (lang() !== "en" || !(error instanceof ApiError) || error.status === 0) return errorText(error);
  const key = "fail." + error.code;
  if (error.translated) return error.detail;
  if (hasText(key)) return tIn("en", key);
  return tIn("en", error.status === 404 ? "fail.not_found" : "fail.other");
}

/** @param {unknown} error  Is this something that only people can solve? */
function needsDesk(error) {
  return !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
}

main();
