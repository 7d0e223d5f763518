/**
 * The rating pad at a window (/pad): the clerk's card while nothing is asked, five levels when a
 * service has ended, thanks. One press counts, at once and also without network (pad.kept.js).
 */
import { get } from "/static/core/api.js";
import { setAttrs, coalesce, h, replace, setText, show } from "/static/core/dom.js";
import { deviceId, idleSeconds } from "/static/core/device.js";
import { addTexts, lang, nameOf, onLang, setLang, t } from "/static/core/i18n.js";
import { openPage } from "/static/core/page.js";
import { read, stopReading } from "/static/core/reader.js";
import { serverNow } from "/static/core/time.js";
import { noExtras } from "./details.js";
import { isNegative } from "./levels.js";
import { timeBar } from "./pad.bar.js";
import { absent, band, clerkCard, closed, services } from "./pad.card.js";
import { KeptPresses } from "./pad.kept.js";
import { PadNotices } from "./pad.notices.js";
import { texts } from "./pad.texts.js";
import { askView, DEFAULTS, moreView, thanksView, webAddress, webView } from "./pad.views.js";

/** @typedef {import("./levels.js").Level} Level */
/** @typedef {import("./pad.views.js").Question} Question */
/** @typedef {import("./pad.views.js").PadSettings} PadSettings */
/** @typedef {"idle"|"ask"|"more"|"thanks"|"web"} View */

const TICK_MS = 250;
const SETTINGS_MS = 45000;
const MORE_S = 30; // without a touch, then the level goes alone
const REMARK_S = 4; // more for reading that it was kept
const DEAF_MS = 400; // a second tap of the same finger must not press what has just appeared
const FRESH_S = 10; // an older question is shown in silence: its words were said

addTexts(texts);

async function main() {
  /** @type {View} */
  let view = "idle";
  const { me, hall, stream } = await openPage({
    kinds: ["pad"],
    isIdle: () => view === "idle" && idleSeconds() > 60,
    offlineWords: () => ({ title: t("offline"), text: t("offline.text") }),
  });
  const place = hall + ":" + me.window;
  const defaultLang = lang();

  // --- the frame ------------------------------------------------------------------------------------

  const here = h("b", { class: "here" });
  const where = h("span", { class: "where clamp-1" });
  const kept = h("span", { class: "state chip kept", "data-state": "away", hidden: true });
  const silent = h("span", { class: "state silent", hidden: true });
  const language = h("button", { class: "button language", type: "button", onclick: () => setLang(lang() === "en" ? "zh" : "en") });
  const stage = h("main", { class: "stage" });
  replace(document.body, h("header", { class: "head" }, here, where, kept, silent, language), stage);

  // --- what is known --------------------------------------------------------------------------------

  const state = () => {
    if (!stream.state) throw new Error("the page opened without a state");
    return /** @type {import("/static/core/types.js").HallState & {questions?: any[], pad?: Partial<PadSettings>}} */ (stream.state);
  };
  const settings = () => /** @type {PadSettings} */ (Object.assign({}, DEFAULTS, state().pad));
  const entry = () => state().windows.find((window) => window.number === me.window);
  const photoAt = (/** @type {string} */ name) =>
    "/api/v1/halls/" + encodeURIComponent(hall) + "/photos/" + encodeURIComponent(name) + "?device=" + encodeURIComponent(deviceId());

  /** Questions that were answered or declined here. @type {Set<string>} */
  const done = new Set();
  /** @param {Question} question */
  const idOf = (question) => question.token + " " + question.asked_at;

  /** The question that may be answered now; an old one is never shown. @returns {Question|null} */
  function pending() {
    const found = (state().questions || []).find((one) => one.window === me.window && !one.removed);
    if (!found || done.has(idOf(found)) || Date.parse(found.until) <= serverNow().getTime()) return null;
    return found;
  }

  // --- presses --------------------------------------------------------------------------------------

  /** What is being rated, from the question to the thanks. */
  /** @type {Question|null} */
  let question = null;
  /** @type {Level|null} */
  let level = null;
  let extras = noExtras();
  /** @type {import("./pad.views.js").Thanks} */
  let thanks = "recorded";
  let remark = "";
  let saved = true; // on this device
  let endsAt = 0; // of the thanks, by the page's own clock
  let touchedAt = 0; // the reasons

  const presses = new KeptPresses({
    place,
    onOutcome: (token, outcome, press) => {
      drawHead();
      if (outcome === "refused") done.clear(); // e.g. the finish was undone: it may be asked anew
      if (view !== "thanks" || !question || question.token !== token) return;
      if (outcome === "recorded") return;
      const text = outcome === "kept" ? keptText(press.saved) : "";
      if (outcome !== "kept") thanks = outcome;
      else if (text === remark) return;
      remark = text;
      endsAt = performance.now() + (settings().thanks_s + REMARK_S) * 1000;
      draw();
    },
  });

  /** @param {boolean} onDevice */
  const keptText = (onDevice) => t(onDevice ? "thanks.kept" : "thanks.unsaved");

  /** @param {Level} chosen */
  function press(chosen) {
    if (!question || view !== "ask") return;
    stopReading();
    level = chosen;
    extras = noExtras();
    done.add(idOf(question));
    const bad = isNegative(chosen);
    thanks = "recorded";
    saved = presses.press(question.token, chosen, !bad);
    if (bad && (settings().reasons.length || settings().free_text)) enter("more");
    else sendMore();
  }

  /** The reasons are complete, or nobody goes on with them. */
  function sendMore() {
    if (!question) return;
    presses.complete(question.token);
    remark = stream.status === "offline" ? keptText(saved) : "";
    enter("thanks");
    endsAt = performance.now() + settings().thanks_s * 1000;
  }

  function decline() {
    if (question) done.add(idOf(question));
    enter("idle");
  }

  // --- from one view to the next --------------------------------------------------------------------

  let bar = timeBar();

  /** @param {View} next */
  function enter(next) {
    if (next === "idle") {
      question = null;
      stopReading();
    }
    view = next;
    setAttrs(stage, { "data-deaf": next === "more" || next === "thanks" });
    setTimeout(() => setAttrs(stage, { "data-deaf": false }), DEAF_MS);
    touchedAt = performance.now();
    bar.stop();
    if (next === "ask" || next === "web") bar = timeBar();
    if (next === "idle" && lang() !== defaultLang) setLang(defaultLang); // draws
    drawn = "";
    draw();
  }

  /** In the language of the page. @param {Question} asked */
  function serviceOf(asked) {
    const service = (state().services || []).find((one) => one.name === asked.service);
    return service ? nameOf(service) : asked.service;
  }

  /** @param {Question} next */
  function ask(next) {
    question = next;
    const how = settings();
    enter(how.mode === "url" && how.url ? "web" : "ask");
    if (view === "ask" && (serverNow().getTime() - Date.parse(next.asked_at)) / 1000 < FRESH_S) speak(how);
  }

  /** Only the question is said, never a level. @param {PadSettings} how */
  async function speak(how) {
    const words = lang() === "en" ? t("ask") : how.voice || t("ask");
    const said = await read(words, hall);
    show(silent, !said);
  }

  /** Lets time pass: a question ends, a new one comes, the thanks are over. */
  function tick() {
    const next = pending();
    const same = next && question && idOf(next) === idOf(question);
    if (view === "more") {
      if (next || performance.now() - touchedAt > MORE_S * 1000) sendMore();
      else drawCount();
    }
    if (view === "thanks" && performance.now() >= endsAt) enter("idle");
    if ((view === "ask" || view === "web") && !same) enter("idle");
    if (next && !same && (view === "idle" || view === "thanks")) ask(next);
    else if (next && same && (view === "ask" || view === "web")) drawBar(next);
  }

  // --- drawing --------------------------------------------------------------------------------------

  let drawn = "";
  const notices = new PadNotices();
  let drawCount = () => {};

  /** @param {Question} now */
  function drawBar(now) {
    question = now;
    bar.set(Date.parse(now.until), Date.parse(now.until) - Date.parse(now.asked_at));
  }

  function drawHead() {
    document.title = t("page");
    const window = entry();
    setText(here, me.window ? t("window", { n: me.window }) : t("page"));
    setText(where, (window ? nameOf(window) + " · " : "") + nameOf(state().hall));
    setText(language, t("language.other"));
    setText(silent, t("silent"));
    setText(kept, t("kept", { n: presses.waiting }));
    show(kept, presses.waiting > 0);
  }

  function draw() {
    drawHead();
    // Drawn anew only when something to be seen has changed: a press must not lose its button.
    const sign = JSON.stringify([view, lang(), view === "idle" ? idleSign() : [question && idOf(question), level, thanks, remark]]);
    if (sign === drawn) return;
    drawn = sign;
    setAttrs(stage, { "data-view": view });
    if (view === "idle") drawIdle();
    else if (question) drawRating(question);
  }

  function idleSign() {
    const minute = Math.floor(serverNow().getTime() / 60000); // an absence becomes late
    return [entry(), stream.status === "offline", minute, state().services, state().setup, state().texts, shownNotices()];
  }

  function shownNotices() {
    return me.settings && me.settings.idle === "notices" ? state().notices || [] : [];
  }

  /** @param {Question} now */
  function drawRating(now) {
    const how = settings();
    if (view === "ask") {
      drawBar(now);
      replace(stage, askView(Object.assign({}, now, { service: serviceOf(now) }), { photoAt, words: how.voice, bar: bar.node, press, decline }));
    } else if (view === "web") {
      drawBar(now);
      replace(stage, webView(webAddress(how.url, now), { title: t("web"), bar: bar.node, done: decline }));
    } else if (view === "more" && level) {
      const { token } = now;
      const more = moreView(level, {
        extras, settings: how,
        onChange: () => {
          touchedAt = performance.now();
          presses.add(token, extras);
        },
        send: sendMore,
      });
      drawCount = () => more.count(Math.max(0, Math.ceil(MORE_S - (performance.now() - touchedAt) / 1000)));
      drawCount();
      replace(stage, more.nodes);
    } else replace(stage, thanksView(thanks, remark));
  }

  function drawIdle() {
    const window = entry();
    notices.stop();
    let mode = "open";
    /** @type {Node|(Node|null)[]} */
    let content;
    const say = (/** @type {string} */ title, /** @type {string} */ text) =>
      h("section", { class: "plain" }, h("h2", null, title), h("p", { class: "soft" }, text));
    if (!me.window) content = say(t("unbound"), t("unbound.text"));
    else if (!window) content = say(t("unknown", { n: me.window }), t("unknown.text"));
    else if (stream.status === "offline") {
      mode = "cut"; // who sits here may have changed meanwhile
      content = say(t("window", { n: me.window }), t("offline.idle"));
    } else if (window.state === "closed") {
      mode = "closed";
      content = closed(state(), window);
    } else if (window.state === "away") {
      mode = "away";
      content = absent(window);
    } else {
      mode = window.state;
      const shown = shownNotices();
      content = [
        window.clerk ? clerkCard(window.clerk, photoAt) : null,
        h("div", { class: "idle-side" }, shown.length ? notices.node : services(state(), window), band(window)),
      ];
    }
    setAttrs(stage, { "data-mode": mode });
    replace(stage, content);
    notices.set(shownNotices());
    notices.show();
  }

  // --- life -----------------------------------------------------------------------------------------

  stream.on("change", coalesce(() => {
    tick();
    if (view === "idle") draw();
  }));
  stream.on("status", (status) => {
    if (status === "online") presses.wake();
    if (view === "idle") draw();
  });
  window.addEventListener("resize", () => notices.show());
  document.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press
  document.addEventListener("focusin", (event) => {
    // The system's keyboard takes half of the page.
    const field = /** @type {HTMLElement} */ (event.target);
    if (/^(INPUT|TEXTAREA)$/.test(field.tagName)) setTimeout(() => field.scrollIntoView({ block: "center" }), 300);
  });
  onLang(() => {
    drawn = "";
    draw();
  });
  setInterval(() => {
    tick();
    if (view === "idle") draw();
  }, TICK_MS);
  setInterval(async () => {
    try {
      me.settings = (await get("/me")).settings; // as the administrator changed them meanwhile
    } catch (error) {
      // The stream says what is wrong.
    }
  }, SETTINGS_MS);
  presses.start();
  draw();
  tick();
}

main();
