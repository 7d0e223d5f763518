/**
 * The layout of printed tickets: a template of lines, and beside it the ticket as the printer's
 * agent will print it. The server lays it out, so that the preview is the paper.
 */
import { ApiError, post } from "/static/core/api.js";
import { h, replace, setText } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.form.js").Form} Form */
/** @typedef {{text: string, size?: number, qr?: boolean}} Line */

export const LAYOUT = "ticket.layout";
const MOST = 1000;
const SETTLE_MS = 250;
/** What a line may name; hall_core/texts.py knows the same. */
const PLACES = ["hall", "title", "service", "queue", "number", "priority", "ahead", "wait", "windows",
  "cases", "low", "foot", "rule", "qr", "scan", "issued"];

/**
 * @param {Form} form
 * @param {Record<string, any>} draft
 * @param {string} standard
 */
export function layoutField(form, draft, standard) {
  const back = h("button", { class: "link", type: "button" }, t("texts.default"));
  const node = form.area(LAYOUT, {
    label: t("texts.key." + LAYOUT), hint: /** @type {any} */ (h("span", { class: "wording-hint" }, t("texts.hint." + LAYOUT) + " ", back)),
    max: MOST, rows: 16,
  });
  const input = /** @type {HTMLTextAreaElement} */ (node.querySelector("textarea"));
  input.classList.add("layout-input");
  input.spellcheck = false;
  const sync = () => { back.hidden = draft[LAYOUT] === standard; };
  input.addEventListener("input", sync);
  back.addEventListener("click", () => {
    input.value = standard;
    input.dispatchEvent(new Event("input"));
    input.focus();
  });
  sync();
  node.insertBefore(h("div", { class: "placeholders" }, PLACES.map((name) => h("button", {
    class: "placeholder", type: "button", title: t("texts.insert"),
    onclick: () => {
      const at = input.selectionStart;
      input.value = input.value.slice(0, at) + "{" + name + "}" + input.value.slice(input.selectionEnd);
      input.focus();
      input.selectionStart = input.selectionEnd = at + name.length + 2;
      input.dispatchEvent(new Event("input"));
    },
  }, h("code", null, "{" + name + "}"), " " + t("texts.place." + name)))), input);
  return node;
}

/**
 * The ticket on paper, for the texts as they stand in the form.
 * @param {Admin} admin
 */
export function layoutPreview(admin) {
  const paper = h("div", { class: "paper receipt" });
  const problem = h("p", { class: "small", role: "status" });
  let width = 80;
  /** @type {Record<string, any>} */
  let wanted = {};
  let timer = 0;
  let asked = 0;
  const widths = [80, 58].map((mm) => h("button", { class: "button small", type: "button", onclick: () => {
    width = mm;
    ask();
  } }, mm + " mm"));
  const node = h("section", { class: "preview preview-ticket" },
    h("div", { class: "row" }, h("h3", null, t("texts.preview.ticket")), h("div", { class: "push row" }, widths)), paper, problem);

  async function ask() {
    widths.forEach((one, at) => one.setAttribute("aria-pressed", String([80, 58][at] === width)));
    asked += 1;
    const mine = asked;
    try {
      const answer = await inSession(() => post(admin.path("/ticket-previews"),
        { layout: wanted[LAYOUT] || null, title: wanted["ticket.title"] || null, foot: wanted["ticket.foot"] || null, paper_mm: width }));
      if (mine !== asked) return;
      setText(problem, "");
      paper.style.width = answer.columns + 3 + "ch";
      replace(paper, answer.lines.map(line));
    } catch (error) {
      if (mine === asked) setText(problem, error instanceof ApiError && error.errors.length && (error.translated || document.documentElement.lang !== "en") ? error.errors[0].message : problemText(error));
    }
  }

  /** @param {Line} one */
  function line(one) {
    if (one.qr) return h("div", { class: "receipt-qr", title: one.text }, t("texts.place.qr"));
    return h("div", { class: "receipt-line", "data-size": String(one.size || 1) }, one.text || "\u00a0");
  }

  return {
    node,
    /** @param {Record<string, any>} texts */
    show(texts) {
      wanted = texts;
      clearTimeout(timer);
      timer = window.setTimeout(ask, SETTLE_MS);
    },
  };
}
