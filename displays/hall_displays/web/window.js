/** The screen above one window (/display/window): who is called, or who serves, or who is away. */
import { coalesce, find, h, replace, setText, show } from "/static/core/dom.js";
import { addTexts, fill, lang, nameOf, onLang, t } from "/static/core/i18n.js";
import { openPage } from "/static/core/page.js";
import { everySecond, hhmm } from "/static/core/time.js";
import { Announcer } from "./announcer.js";
import { Led } from "./led.js";
import { Pager, rowsIn } from "./pager.js";
import { arrow, drawCall, drawHead, drawSoundHint, hoursToday, shrink, windowName } from "./parts.js";
import { texts as shared } from "./screen.texts.js";
import { screenName, setStage } from "./stage.js";
import { texts } from "./window.texts.js";
import { calledElsewhere, modeOf, remember, servicesOf } from "./window.view.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("/static/core/types.js").ClerkCard} ClerkCard */

const PULSE_MS = 3000;
const LATELY = 4; // numbers that may still stand here after they left

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

  const head = { name: find(".hall-name"), date: null, clock: find(".clock") };
  const panel = find(".main");
  const foot = find(".foot");
  const aside = find(".aside");
  const serviceList = h("div", { class: "service-list" });
  let ready = false;
  const draw = coalesce(() => ready && drawAll());
  show(find(".screen"), true);
  show(find(".led"), true);
  const stage = setStage(me, { speaks: false, onChange: draw });
  const here = () => stage.settings.window || me.window || 0;

  const led = new Led(find(".led-line"));
  const serviceMark = h("span", { class: "mark live" });
  /** @type {Pager<string>} */
  const services = new Pager({
    fits: () => rowsIn(serviceList, panel.contains(serviceList) ? 2.2 : 1.3),
    mark: serviceMark,
    draw: (items) => replace(serviceList, items.map((item) => h("div", null, item))),
  });

  announcer = new Announcer({
    hall,
    screen: screenName(),
    settings: () => stage.settings,
    isAnswered: (call) => {
      const window = state().windows.find((one) => one.number === call.window);
      return !window || window.state !== "calling" || window.ticket !== call.number;
    },
    onSay: () => {}, // the caption of a call is on the screen as long as it is called
    onFault: (fault) => drawSoundHint(find(".sound"), fault),
  });
  const speaker = announcer;
  speaker.start();

  let drawn = "";
  /** @type {string[]} */
  let lately = [];
  let pulseTimer = 0;

  function drawAll() {
    const now = state();
    const number = here();
    const window = now.windows.find((one) => one.number === number);
    document.title = t("page");
    drawHead(head, () => nameOf(now.hall));
    if (!window) {
      const words = number ? t("unknown", { n: number }) : t("unbound");
      drawOnce(words, "closed", () => h("div", { class: "shut problem" }, h("p", { class: "what" }, words)));
      replace(find(".here"));
      setText(find(".window-name"), "");
      show(foot, false);
      show(aside, false);
      led.show([[h("span", null, words)]], words);
      return;
    }
    lately = remember(lately, window.ticket, LATELY);
    drawWindow(window);
  }

  /**
   * Builds the main panel when what it says changed, so that nothing moves otherwise.
   * @param {string} what
   * @param {string} mode
   * @param {() => Node|Node[]} build
   */
  function drawOnce(what, mode, build) {
    const key = [mode, what, lang(), document.body.getAttribute("data-shape"), panel.clientWidth, panel.clientHeight].join("|");
    if (key === drawn) return;
    drawn = key;
    panel.setAttribute("data-mode", mode);
    replace(panel, build());
    Array.from(panel.querySelectorAll(".call, .welcome")).forEach((node) => shrink(/** @type {HTMLElement} */ (node)));
  }

  /** @param {WindowEntry} window */
  function drawWindow(window) {
    const now = state();
    const mode = modeOf(window);
    const absence = window.absence;
    const names = servicesOf(now, window, nameOf);
    const place = document.body.getAttribute("data-shape") === "strip" ? "led" : mode;
    const wanted = window.number + lang();
    if (find(".here").getAttribute("data-window") !== wanted) {
      find(".here").setAttribute("data-window", wanted);
      replace(find(".here"), windowName(window.number));
    }
    setText(find(".window-name"), nameOf(window));
    const elsewhere = calledElsewhere(now, window.number, lately);
    drawAside(window, elsewhere);
    show(foot, mode !== "open");
    drawFoot(window);
    const caption = captionOf(window);
    const what = JSON.stringify([window.ticket, window.clerk, absence, window.covered_by, window.phone, caption, aside.hidden, welcome(), shut(), hoursToday(now)]);
    drawOnce(what, mode, () => {
      if (mode === "call" || mode === "serve") return turn(window, mode, caption);
      if (mode === "open") return open(window);
      if (mode === "away") return away(window);
      if (mode === "covered") return covered(window);
      return h("div", { class: "shut" }, h("p", { class: "what" }, shut()), h("p", { class: "hours" }, hoursToday(now)));
    });
    const box = find(mode === "open" ? ".hello .services-box" : ".foot .services-box");
    if (serviceList.parentNode !== box) {
      replace(box, h("div", { class: "label" }, h("span", { class: "services-title" }), serviceMark), serviceList);
    }
    setText(find(".services-title"), t("services"));
    services.set(names.length ? names : [t("services.all")]);
    if (place === "led") led.show(ledLines(window, mode, elsewhere), what + mode + JSON.stringify(elsewhere) + lang());
  }

  const welcome = () => (lang() === "en" ? t("welcome") : state().texts["screen.welcome"] || t("welcome"));
  const shut = () => (lang() === "en" ? t("closed") : state().texts["screen.closed"] || t("closed"));

  /** @param {WindowEntry} window */
  function captionOf(window) {
    const words = { number: window.ticket || "", window: window.number };
    const own = state().texts["screen.call"];
    return lang() === "en" || !own ? t("caption", words) : fill(own, words);
  }

  /** @param {WindowEntry} window @param {"call"|"serve"} mode @param {string} caption */
  function turn(window, mode, caption) {
    const call = h("div", { class: "call" });
    drawCall(call, { number: window.ticket || "", window: window.number });
    const words = mode === "call"
      ? h("span", { class: "state", "data-state": "calling" }, caption)
      : h("span", { class: "state", "data-state": "serving" }, t("serving"));
    return h("div", { class: "turn" }, call, h("p", { class: "words" }, words));
  }

  /** @param {WindowEntry} window */
  function open(window) {
    const clerk = window.clerk;
    return [
      clerk ? h("div", { class: "card-side" }, face(clerk), about(clerk)) : h("div", { hidden: true }),
      h(
        "div",
        { class: "hello" },
        h("p", { class: "welcome" }, welcome()),
        h("div", { class: "services-box" }),
        window.phone ? h("p", { class: "phone" }, h("span", { class: "label" }, t("phone")), window.phone) : null,
      ),
    ];
  }

  /** @param {WindowEntry} window */
  function away(window) {
    const absence = window.absence;
    const backup = absence && absence.backup_clerk;
    const notice = absence
      ? h(
          "div",
          { class: "notice" },
          h(
            "dl",
            { class: "facts" },
            fact("away.reason", absence.reason),
            absence.destination ? fact("away.destination", absence.destination) : null,
            absence.contact ? fact("away.contact", absence.contact) : null,
            backup ? fact("away.backup", backup.name || backup.clerk_no) : null,
          ),
          h(
            "div",
            { class: "until" },
            h("p", { class: "label" }, t("away.return")),
            h("p", { class: "time" }, hhmm(absence.expected_return)),
          ),
        )
      : null;
    return h(
      "div",
      { class: "gone" },
      h("p", { class: "what" }, h("span", { class: "state", "data-state": "away" }, t("away"))),
      notice,
      h("p", { class: "wait" }, t("away.wait")),
    );
  }

  /** @param {WindowEntry} window */
  function covered(window) {
    const absence = window.absence;
    const why = absence
      ? absence.reason + (lang() === "en" ? ", " : "，") + t("back_at", { at: hhmm(absence.expected_return) })
      : "";
    return h(
      "div",
      { class: "go" },
      h("p", { class: "lead" }, t("covered")),
      h("div", { class: "call" }, arrow(), windowName(window.covered_by || 0)),
      h("p", { class: "why" }, window.state === "away" ? h("span", { class: "state", "data-state": "away" }, why || t("away")) : shut()),
    );
  }

  /** @param {ClerkCard} clerk */
  function face(clerk) {
    const initial = h("div", { class: "initial", "aria-hidden": "true" }, Array.from(clerk.name || "·")[0]);
    if (!clerk.photo) return initial;
    const device = me.device_id ? "?device=" + encodeURIComponent(me.device_id) : "";
    const src = "/api/v1/halls/" + encodeURIComponent(hall) + "/photos/" + encodeURIComponent(clerk.photo) + device;
    const photo = h("img", { class: "photo", src, alt: "" });
    photo.addEventListener("error", () => {
      if (photo.parentNode) photo.parentNode.replaceChild(initial, photo);
    });
    return photo;
  }

  /** @param {ClerkCard} clerk */
  function about(clerk) {
    const stars = Math.max(0, Math.min(5, clerk.stars || 0));
    return h(
      "div",
      { class: "about" },
      h("p", { class: "clerk-name clamp-1" }, clerk.name),
      h("p", { class: "clerk-more" }, [t("clerk_no") + " " + clerk.clerk_no, clerk.title].filter(Boolean).join("  ")),
      stars
        ? h("p", { class: "stars", role: "img", "aria-label": t("stars", { n: stars }) }, "★".repeat(stars) + "☆".repeat(5 - stars))
        : null,
    );
  }

  let footDrawn = "";
  /** @param {WindowEntry} window */
  function drawFoot(window) {
    const clerk = window.state === "closed" || window.state === "away" ? null : window.clerk;
    const key = JSON.stringify([clerk, window.phone, lang()]);
    if (key === footDrawn) return;
    footDrawn = key;
    replace(find(".foot .clerk"), clerk ? [face(clerk), about(clerk)] : null);
    replace(find(".foot .phone"), window.phone ? [h("span", { class: "label" }, t("phone")), h("span", null, window.phone)] : null);
  }

  /** @param {WindowEntry} window @param {{number: string, window: number}|null} elsewhere */
  function drawAside(window, elsewhere) {
    const absence = window.absence;
    const present = window.state !== "away" && window.state !== "closed";
    aside.classList.toggle("moved", elsewhere !== null);
    show(aside, elsewhere !== null || (absence !== null && present));
    if (elsewhere) setText(aside, t("moved", { number: elsewhere.number, n: elsewhere.window }));
    else if (absence && present) {
      setText(
        aside,
        t("stands_in", {
          name: absence.clerk_name || "",
          reason: absence.reason,
          at: hhmm(absence.expected_return),
          other: window.clerk ? window.clerk.name : "",
        }),
      );
    }
  }

  /**
   * The pages of a strip.
   * @param {WindowEntry} window
   * @param {string} mode
   * @param {{number: string, window: number}|null} elsewhere
   * @returns {Node[][]}
   */
  function ledLines(window, mode, elsewhere) {
    const absence = window.absence;
    const word = (/** @type {string} */ text) => h("span", null, text);
    const marked = (/** @type {string} */ name, /** @type {string} */ text) => h("span", { class: "state", "data-state": name }, text);
    const pages = [];
    if (mode === "call") pages.push([h("span", { class: "number" }, window.ticket), arrow(), windowName(window.number)]);
    else if (mode === "serve") pages.push([h("span", { class: "number" }, window.ticket), marked("serving", t("serving"))]);
    else if (mode === "open") {
      pages.push([windowName(window.number), word(welcome())]);
      if (window.clerk) pages.push([word(window.clerk.name), word(t("clerk_no") + window.clerk.clerk_no)]);
    } else if (mode === "covered") pages.push([arrow(), word(t("go_to", { n: window.covered_by || 0 }))]);
    else if (mode === "closed") pages.push([windowName(window.number), word(shut())]);
    if (absence && (mode === "away" || mode === "covered")) {
      pages.push([windowName(window.number), marked("away", absence.reason)]);
      pages.push([word(t("back_at", { at: hhmm(absence.expected_return) }))]);
      if (mode === "away" && absence.contact) pages.push([word(t("phone")), word(absence.contact)]);
    } else if (mode === "away") pages.push([windowName(window.number), marked("away", t("away"))]);
    if (elsewhere) pages.push([h("span", { class: "number" }, elsewhere.number), arrow(), windowName(elsewhere.window)]);
    return pages;
  }

  function pulse() {
    [panel, find(".led")].forEach((node) => node.classList.remove("pulse"));
    void panel.offsetWidth;
    [panel, find(".led")].forEach((node) => node.classList.add("pulse"));
    clearTimeout(pulseTimer);
    pulseTimer = window.setTimeout(() => [panel, find(".led")].forEach((node) => node.classList.remove("pulse")), PULSE_MS);
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
  everySecond(() => drawHead(head, () => nameOf(state().hall)));
  ready = true;
  drawAll();
}

/**
 * One line of the form on an absence notice.
 * @param {string} key
 * @param {string} text
 */
function fact(key, text) {
  return h("div", { class: "fact" }, h("dt", null, t(key)), h("dd", { class: "clamp" }, text));
}

main();
