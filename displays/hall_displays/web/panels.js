/** What fills a window's screen in each of its states. */
import { absenceText } from "/static/core/absence.js";
import { h, signs } from "/static/core/dom.js";
import { lang, t } from "/static/core/i18n.js";
import { hhmm } from "/static/core/time.js";
import { arrow, drawCall, isLate, windowName } from "./parts.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("/static/core/types.js").ClerkCard} ClerkCard */
/** @typedef {import("./window.view.js").Mode} Mode */

/**
 * @typedef {{welcome: string, closed: string, caption: string, hours: string, back: string}} Words
 * @typedef {(name: string) => string} PhotoAddress
 */

/**
 * @param {WindowEntry} entry
 * @param {Mode} mode
 * @param {Words} words
 * @param {PhotoAddress} photoAt
 * @returns {Node|Node[]}
 */
export function panel(entry, mode, words, photoAt) {
  if (mode === "call" || mode === "serve") return turn(entry, mode, words.caption);
  if (mode === "open") return open(entry, words.welcome, photoAt);
  if (mode === "away") return away(entry);
  if (mode === "covered") return covered(entry, words);
  return h("div", { class: "shut" }, h("p", { class: "what" }, words.closed), h("p", { class: "hours" }, words.hours));
}

/**
 * @param {WindowEntry} entry
 * @param {"call"|"serve"} mode
 * @param {string} caption
 */
function turn(entry, mode, caption) {
  const call = h("div", { class: "call" });
  drawCall(call, { number: entry.ticket || "", window: entry.number });
  const words = mode === "call" ? marked("calling", caption) : marked("serving", t("serving"));
  return h("div", { class: "turn" }, call, h("p", { class: "words" }, words));
}

/**
 * @param {WindowEntry} entry
 * @param {string} welcome
 * @param {PhotoAddress} photoAt
 */
function open(entry, welcome, photoAt) {
  const clerk = entry.clerk;
  const hello = h(
    "div",
    { class: "hello" },
    h("p", { class: "welcome" }, welcome),
    h("div", { class: "services-box" }),
    entry.phone ? h("p", { class: "phone" }, h("span", { class: "label" }, t("phone")), entry.phone) : null,
  );
  return clerk ? [h("div", { class: "card-side" + (isLong(clerk) ? " long" : "") }, clerkCard(clerk, photoAt)), hello] : hello;
}

/** @param {WindowEntry} entry */
function away(entry) {
  const absence = entry.absence;
  const backup = absence && absence.backup_clerk;
  const notice = absence
    ? h(
        "div",
        { class: "notice" },
        h(
          "dl",
          { class: "facts" },
          fact("away.reason", absenceText(absence.reason)),
          absence.destination ? fact("away.destination", absence.destination) : null,
          absence.contact ? fact("away.contact", absence.contact) : null,
          backup ? fact("away.backup", backup.name || backup.clerk_no) : null,
        ),
        h(
          "div",
          { class: "until" },
          h("p", { class: "label" }, t(isLate(absence.expected_return) ? "away.was_due" : "away.return")),
          h("p", { class: "time" }, hhmm(absence.expected_return)),
        ),
      )
    : null;
  return h(
    "div",
    { class: "gone" },
    h("p", { class: "what" }, marked("away", t("away"))),
    notice,
    h("p", { class: "wait" }, t("away.wait")),
  );
}

/**
 * @param {WindowEntry} entry
 * @param {Words} words
 */
function covered(entry, words) {
  const absence = entry.absence;
  const why = absence ? absenceText(absence.reason) + (lang() === "en" ? " · " : "，") + words.back : t("away");
  return h(
    "div",
    { class: "go" },
    h("p", { class: "lead" }, t("covered")),
    h("div", { class: "call" }, arrow(), windowName(entry.covered_by || 0)),
    h("p", { class: "why" }, entry.state === "away" ? marked("away", why) : words.closed),
  );
}

/**
 * The clerk as citizens see them: a photo or the first sign of the name, 工号, title, stars.
 * @param {ClerkCard} clerk
 * @param {PhotoAddress} photoAt
 * @returns {HTMLElement[]}
 */
export function clerkCard(clerk, photoAt) {
  const initial = h("div", { class: "initial", "aria-hidden": "true" }, Array.from(clerk.name || "·")[0]);
  /** @type {HTMLElement} */
  let face = initial;
  if (clerk.photo) {
    const photo = h("img", { class: "photo", src: photoAt(clerk.photo), alt: "" });
    photo.addEventListener("error", () => {
      if (photo.parentNode) photo.parentNode.replaceChild(initial, photo);
    });
    face = photo;
  }
  const stars = Math.max(0, Math.min(5, clerk.stars || 0));
  const about = h(
    "div",
    { class: "about" },
    h("p", { class: "clerk-name clamp" + (isLong(clerk) ? " long" : "") }, clerk.name),
    h(
      "p",
      { class: "clerk-more" },
      h("span", null, t("clerk_no") + " " + clerk.clerk_no),
      clerk.title ? h("span", null, clerk.title) : null,
    ),
    stars
      ? h("p", { class: "stars", role: "img", "aria-label": t("stars", { n: stars }) }, "★".repeat(stars) + "☆".repeat(5 - stars))
      : null,
  );
  return [face, about];
}

/**
 * A name that takes two lines.
 * @param {ClerkCard} clerk
 */
function isLong(clerk) {
  return signs(clerk.name) > 6;
}

/**
 * The pages of a strip over the window.
 * @param {WindowEntry} entry
 * @param {Mode} mode
 * @param {Words} words
 * @param {{number: string, window: number}|null} elsewhere
 * @returns {Node[][]}
 */
export function strip(entry, mode, words, elsewhere) {
  const absence = entry.absence;
  const here = () => windowName(entry.number);
  /** @type {Node[][]} */
  const pages = [];
  if (mode === "call") pages.push([number(entry.ticket), arrow(), here()]);
  else if (mode === "serve") pages.push([number(entry.ticket), marked("serving", t("serving"))]);
  else if (mode === "open") {
    pages.push([here(), word(words.welcome)]);
    if (entry.clerk) pages.push([word(entry.clerk.name), word(t("clerk_no") + entry.clerk.clerk_no)]);
  } else if (mode === "covered") pages.push([arrow(), word(t("go_to", { n: entry.covered_by || 0 }))]);
  else if (mode === "closed") pages.push([here(), word(words.closed)]);
  else if (!absence) pages.push([here(), marked("away", t("away"))]);
  if (absence && (mode === "away" || mode === "covered")) {
    pages.push([here(), marked("away", absenceText(absence.reason))]);
    pages.push([word(words.back)]);
    if (mode === "away" && absence.contact) pages.push([word(t("phone")), word(absence.contact)]);
  }
  if (elsewhere) pages.push([number(elsewhere.number), arrow(), windowName(elsewhere.window)]);
  return pages;
}

/** @param {string|null} text */
function number(text) {
  return h("span", { class: "number" }, text);
}

/** @param {string} text */
function word(text) {
  return h("span", null, text);
}

/**
 * A state's colour and shape, with its words.
 * @param {string} state
 * @param {string} text
 */
function marked(state, text) {
  return h("span", { class: "state", "data-state": state }, text);
}

/**
 * One line of the form on an absence notice.
 * @param {string} key
 * @param {string} text
 */
function fact(key, text) {
  return h("div", { class: "fact" }, h("dt", null, t(key)), h("dd", { class: "clamp" }, text));
}
