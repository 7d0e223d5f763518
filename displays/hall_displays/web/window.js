/** The screen above one window (/display/window): who is called, or who serves, or who is away. */
import { absenceText } from "/static/core/absence.js";
import { coalesce, find, h, replace, setText, show, signs } from "/static/core/dom.js";
import { hoursToday } from "/static/core/hours.js";
import { addTexts, fill, lang, nameOf, onLang, t } from "/static/core/i18n.js";
import { openPage } from "/static/core/page.js";
import { everySecond } from "/static/core/time.js";
import { Announcer } from "./announcer.js";
import { Led } from "./led.js";
import { Pager, remPx, rowsIn } from "./pager.js";
import { clerkCard, panel, strip } from "./panels.js";
import { backAt, drawHead, drawSoundHint, shrink, shrinkToHeight, windowName } from "./parts.js";
import { texts as shared } from "./screen.texts.js";
import { screenName, setStage } from "./stage.js";
import { texts } from "./window.texts.js";
import { calledElsewhere, modeOf, remember, servicesOf } from "./window.view.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

const PULSE_MS = 3000;
const LATELY = 4; // numbers that may still stand here after they left
const OPEN_LINE_REM = 2.2; // a line of services (window.css)
const FOOT_LINE_REM = 1.32;
const LEAST_ASIDE = 0.65; // of its size: as small as a screen's text may be

addTexts(shared);
addTexts(texts);

async function main() {
  /** @type {Announcer|null} */
  let announcer = null;
  const { me, hall, stream } = await openPage({
    kinds: ["display"],
    isIdle: () => announcer === null || announcer.idle,
  });
  const state = () => {
    if (!stream.state) throw new Error("the page opened without a state");
    return stream.state;
  };
  const entryOf = (/** @type {number} */ number) => state().windows.find((one) => one.number === number);

  const head = { name: find(".hall-name"), date: null, clock: find(".clock") };
  const box = find(".main");
  const foot = find(".foot");
  const aside = find(".aside");
  const title = find(".here");
  const serviceList = h("div", { class: "service-list" });
  const serviceMark = h("span", { class: "mark live" });
  const serviceTitle = h("span");
  let ready = false;
  const draw = coalesce(() => ready && drawAll());
  show(find(".screen"), true);
  show(find(".led"), true);
  const stage = setStage(me, { speaks: false, onChange: draw });
  const here = () => stage.settings.window || me.window || 0;
  const led = new Led(find(".led-line"));

  const lineRem = () => (box.contains(serviceList) ? OPEN_LINE_REM : FOOT_LINE_REM);
  /** @type {Pager<string>} */
  const services = new Pager({
    fits: () => rowsIn(serviceList, lineRem() * (serviceList.classList.contains("long") ? 2 : 1)),
    mark: serviceMark,
    draw: (items) => replace(serviceList, items.map((item) => h("div", null, item))),
  });

  announcer = new Announcer({
    hall,
    screen: screenName(),
    settings: () => stage.settings,
    isAnswered: (call) => {
      const entry = entryOf(call.window);
      return !entry || entry.state !== "calling" || entry.ticket !== call.number;
    },
    onSay: () => {}, // the caption of a call is on the screen as long as it is called
    onFault: (fault) => drawSoundHint(find(".sound"), fault),
  });
  const speaker = announcer;
  speaker.start();

  // --- drawing --------------------------------------------------------------------------------------

  let drawn = "";
  let footDrawn = "";
  /** @type {string[]} */
  let lately = [];
  let pulseTimer = 0;

  /** @param {string} name */
  function photoAt(name) {
    const device = me.device_id ? "?device=" + encodeURIComponent(me.device_id) : "";
    return "/api/v1/halls/" + encodeURIComponent(hall) + "/photos/" + encodeURIComponent(name) + device;
  }

  /**
   * The hall's own words; in English the page's.
   * @param {WindowEntry} entry
   */
  function wordsFor(entry) {
    const own = lang() === "en" ? {} : state().texts;
    const call = { number: entry.ticket || "", window: entry.number };
    return {
      welcome: own["screen.welcome"] || t("welcome"),
      closed: own["screen.closed"] || t("closed"),
      caption: own["screen.call"] ? fill(own["screen.call"], call) : t("caption", call),
      hours: hoursToday(state().setup, entry.queues),
      back: entry.absence ? backAt(entry.absence.expected_return) : "", // changes with time
    };
  }

  function drawAll() {
    const number = here();
    const entry = entryOf(number);
    document.title = t("page");
    drawHead(head, () => nameOf(state().hall));
    if (entry) {
      lately = remember(lately, entry.ticket, LATELY);
      drawWindow(entry);
    } else drawProblem(number ? t("unknown", { n: number }) : t("unbound"));
  }

  /** @param {string} words */
  function drawProblem(words) {
    drawOnce(words, "closed", () => h("div", { class: "shut problem" }, h("p", { class: "what" }, words)));
    replace(title).removeAttribute("data-window");
    setText(find(".window-name"), "");
    show(foot, false);
    show(aside, false);
    led.show([[h("span", null, words)]], words);
  }

  /** @param {WindowEntry} entry */
  function drawWindow(entry) {
    const mode = modeOf(entry);
    const words = wordsFor(entry);
    const elsewhere = calledElsewhere(state(), entry.number, lately);
    const name = entry.number + lang();
    if (title.getAttribute("data-window") !== name) {
      replace(title, windowName(entry.number)).setAttribute("data-window", name);
    }
    setText(find(".window-name"), nameOf(entry));
    drawAside(entry, elsewhere);
    show(foot, mode !== "open");
    drawFoot(entry);
    const what = JSON.stringify([entry.ticket, entry.clerk, entry.absence, entry.covered_by, entry.phone, words]);
    drawOnce(what, mode, () => panel(entry, mode, words, photoAt));
    drawServices(servicesOf(state(), entry, nameOf));
    if (document.body.getAttribute("data-shape") === "strip") {
      led.show(strip(entry, mode, words, elsewhere), [mode, what, JSON.stringify(elsewhere), lang()].join("|"));
    }
  }

  /**
   * Builds the main panel when what it says changed, so that nothing moves otherwise.
   * @param {string} what
   * @param {string} mode
   * @param {() => Node|Node[]} build
   */
  function drawOnce(what, mode, build) {
    const key = [mode, what, lang(), document.body.getAttribute("data-shape"), box.clientWidth, box.clientHeight].join("|");
    if (key === drawn) return;
    drawn = key;
    box.setAttribute("data-mode", mode);
    replace(box, build());
    Array.from(box.querySelectorAll(".call, .welcome")).forEach((node) => shrink(/** @type {HTMLElement} */ (node)));
    const facts = box.querySelector(".facts");
    if (facts) shrinkToHeight(/** @type {HTMLElement} */ (facts), remPx());
  }

  /** @param {string[]} names */
  function drawServices(names) {
    const place = box.querySelector(".services-box") || find(".foot .services-box");
    if (serviceList.parentNode !== place) {
      replace(place, h("div", { class: "label" }, serviceTitle, serviceMark), serviceList);
    }
    setText(serviceTitle, t("services"));
    // A sign is three quarters of its line's height; one long name, and all get a second line.
    const room = serviceList.clientWidth / (remPx() * lineRem() * 0.75);
    serviceList.classList.toggle("long", names.some((name) => signs(name) > room));
    services.set(names.length ? names : [t("services.all")]);
  }

  /** @param {WindowEntry} entry */
  function drawFoot(entry) {
    const clerk = entry.state === "closed" || entry.state === "away" ? null : entry.clerk;
    const key = JSON.stringify([clerk, entry.phone, lang()]);
    if (key === footDrawn) return;
    footDrawn = key;
    replace(find(".foot .clerk"), clerk ? clerkCard(clerk, photoAt) : null);
    replace(find(".foot .phone"), entry.phone ? [h("span", { class: "label" }, t("phone")), h("span", null, entry.phone)] : null);
  }

  /**
   * Whom to send on, or who stands in for whom.
   * @param {WindowEntry} entry
   * @param {{number: string, window: number}|null} elsewhere
   */
  function drawAside(entry, elsewhere) {
    const absence = entry.state === "away" || entry.state === "closed" ? null : entry.absence;
    aside.classList.toggle("moved", elsewhere !== null);
    show(aside, elsewhere !== null || absence !== null);
    if (elsewhere) setText(aside, t("moved", { number: elsewhere.number, n: elsewhere.window }));
    else if (absence) {
      const words = {
        name: absence.clerk_name || "",
        reason: absenceText(absence.reason),
        back: backAt(absence.expected_return),
        other: entry.clerk ? entry.clerk.name : "",
      };
      setText(aside, t("stands_in", words));
    }
    if (!aside.hidden) shrink(aside, LEAST_ASIDE);
  }

  function pulse() {
    const nodes = [box, find(".led")];
    nodes.forEach((node) => node.classList.remove("pulse"));
    void box.offsetWidth; // a call during a pulse pulses anew
    nodes.forEach((node) => node.classList.add("pulse"));
    clearTimeout(pulseTimer);
    pulseTimer = window.setTimeout(() => nodes.forEach((node) => node.classList.remove("pulse")), PULSE_MS);
  }

  onLang(() => {
    drawSoundHint(find(".sound"), speaker.fault);
    draw();
  });
  stream.on("change", draw);
  stream.on("announcement", (list) => {
    const mine = list.filter((/** @type {{window: number}} */ call) => call.window === here());
    if (!mine.length) return;
    speaker.hear(mine);
    pulse();
  });
  stream.on("status", (status) => {
    if (status === "online") speaker.report();
  });
  stream.on("waits", draw); // with each heartbeat: what changes with time alone
  everySecond(() => drawHead(head, () => nameOf(state().hall)));
  ready = true;
  drawAll();
}

main();
