/** What fills the pad while somebody rates: the question, the reasons, the thanks. */
import { h, setText, svg } from "/static/core/dom.js";
import { lang, t } from "/static/core/i18n.js";
import { detailsForm } from "./details.js";
import { face, LEVELS, levelText } from "./levels.js";
import { clerkCard } from "./pad.card.js";

/** @typedef {import("./details.js").Extras} Extras */
/** @typedef {import("./levels.js").ClerkCard} ClerkCard */
/** @typedef {import("./levels.js").Level} Level */
/** @typedef {import("./levels.js").Reason} Reason */
/** @typedef {import("./pad.card.js").PhotoAddress} PhotoAddress */

/**
 * As the stream brings it to the pads of its window.
 * @typedef {{window: number, number: string, token: string, clerk: ClerkCard|null,
 *   service: string|null, asked_at: string, until: string}} Question
 * @typedef {{ask_s: number, hold_s: number, thanks_s: number, mode: "own"|"url", url: string,
 *   reasons: Reason[], free_text: boolean, voice: string}} PadSettings
 */

/** Until the server says how the hall wants it. @type {PadSettings} */
export const DEFAULTS = { ask_s: 30, hold_s: 15, thanks_s: 6, mode: "own", url: "", reasons: [], free_text: true, voice: "" };

/**
 * Whom and what the question is about, small at the left, while the levels are chosen.
 * @param {Question} question
 * @param {PhotoAddress} photoAt
 */
function about(question, photoAt) {
  return h(
    "aside",
    { class: "about" },
    question.clerk ? clerkCard(question.clerk, photoAt) : null,
    h("dl", { class: "about-what" },
      h("dt", null, t("ask.number")), h("dd", { class: "number" }, question.number),
      question.service ? [h("dt", null, t("ask.service")), h("dd", { class: "clamp" }, question.service)] : null),
  );
}

/**
 * The five levels, all alike, with a word each.
 * @param {(level: Level) => void} press
 */
function levelButtons(press) {
  return h("div", { class: "levels", role: "group", "aria-label": t("levels") }, LEVELS.map((level) =>
    h("button", { class: "level", type: "button", "data-level": level, onclick: () => press(level) },
      face(level), h("span", { class: "word" }, levelText(level)))));
}

/**
 * @param {Question} question
 * @param {{photoAt: PhotoAddress, words: string, bar: HTMLElement, press: (level: Level) => void, decline: () => void}} options
 */
export function askView(question, options) {
  return [
    about(question, options.photoAt),
    h("section", { class: "ask-side" },
      h("h1", { class: "question" }, lang() === "en" ? t("ask") : options.words || t("ask")),
      levelButtons(options.press),
      options.bar,
      h("footer", { class: "ask-foot" },
        h("p", { class: "soft grow" }, t("ask.voluntary")),
        h("button", { class: "button quiet decline", type: "button", onclick: options.decline }, t("ask.decline")))),
  ];
}

/**
 * What may be added to a bad level. The level itself is decided.
 * @param {Level} level
 * @param {{extras: Extras, settings: PadSettings, onChange: () => void, send: () => void}} options
 * @returns {{nodes: HTMLElement[], count: (seconds: number) => void}}
 */
export function moreView(level, options) {
  const form = detailsForm({
    extras: options.extras, reasons: options.settings.reasons, freeText: options.settings.free_text, onChange: options.onChange,
  });
  const left = h("span", { class: "soft left" });
  const head = h("header", { class: "chosen" }, face(level),
    h("div", { class: "grow" }, h("p", { class: "soft" }, t("more.title")), h("h1", { class: "clamp-1" }, levelText(level))),
    left,
    h("button", { class: "button primary send", type: "button", onclick: () => { if (form.check()) options.send(); } }, t("more.send")));
  return {
    nodes: [head, form.node],
    count: (seconds) => setText(left, t("more.later", { n: seconds })),
  };
}

/**
 * The level is not repeated here: the clerk may look over.
 * @typedef {"recorded"|"already"|"refused"} Thanks
 * @param {Thanks} kind
 * @param {string} remark  what became of it, when that must be said
 */
export function thanksView(kind, remark) {
  return h(
    "section",
    { class: "plain thanks", role: "status" },
    svg("svg", { class: "mark", viewBox: "0 0 48 48", "aria-hidden": "true", fill: "none", stroke: "currentColor",
      "stroke-width": 3, "stroke-linecap": "round", "stroke-linejoin": "round" },
    svg("circle", { cx: 24, cy: 24, r: 21.5 }),
    svg("path", { d: kind === "refused" ? "M24 13v14M24 34v.5" : "M14 25l7 7 13-15" })),
    h("h1", null, t("thanks." + kind)),
    h("p", { class: "soft" }, t("thanks." + kind + ".text")),
    remark ? h("p", { class: "remark" }, remark) : null,
  );
}

/**
 * The province's own page. Its page keeps its origin, but never ours: then it could leave the frame.
 * @param {string} address
 * @param {{title: string, bar: HTMLElement, done: () => void}} options
 */
export function webView(address, options) {
  const foreign = new URL(address, location.href).origin !== location.origin;
  return h(
    "section",
    { class: "web" },
    h("header", null, h("p", { class: "grow clamp-1" }, options.title), options.bar,
      h("button", { class: "button", type: "button", onclick: options.done }, t("web.done"))),
    h("iframe", { src: address, title: options.title, referrerpolicy: "no-referrer",
      sandbox: "allow-scripts allow-forms" + (foreign ? " allow-same-origin" : "") }),
  );
}

/**
 * {token}, {number} and {window} in the address that the hall has set.
 * @param {string} template
 * @param {Question} question
 */
export function webAddress(template, question) {
  /** @type {Record<string, string|number>} */
  const values = { token: question.token, number: question.number, window: question.window };
  return template.replace(/\{(token|number|window)\}/g, (whole, name) => encodeURIComponent(String(values[name])));
}
