/**
 * Numbers that were served on paper during a power cut, typed in afterwards: one a line, checked
 * while they are typed; the server has the last word on what was already used.
 */
import { ApiError, newKey, post } from "/static/core/api.js";
import { h, replace } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { fieldOf, form, Missing, sentence } from "./desk.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */

/**
 * One line as it was understood.
 * @typedef {{line: number, text: string, problem: string, prefix: string,
 *   entry: {number: string, window?: number, minutes?: number}}} Row
 */

const MOST = 500;

/**
 * @param {HallState} state
 * @param {string} text
 * @returns {Row[]}
 */
function readPaper(state, text) {
  const prefixes = state.queues.map((queue) => queue.prefix).sort((a, b) => b.length - a.length);
  /** @type {Record<string, number>} */
  const seen = {};
  /** @type {Row[]} */
  const rows = [];
  text.split(/\r?\n/).forEach((raw, at) => {
    const words = raw.normalize("NFKC").trim().split(/[\s,，、;；]+/).filter(Boolean);
    if (!words.length) return;
    const number = words[0].toUpperCase();
    const found = /^([A-Z]{1,2})(\d{3,5})$/.exec(number);
    const prefix = found ? found[1] : "";
    /** @type {Row} */
    const row = { line: at + 1, text: raw.trim(), problem: "", prefix, entry: { number } };
    rows.push(row);
    if (!found) row.problem = t("paper.bad_number", { text: words[0].slice(0, 12) });
    else if (prefixes.indexOf(prefix) < 0) row.problem = t("paper.bad_queue", { text: prefix });
    else if (seen[number]) row.problem = t("paper.twice", { n: seen[number] });
    else if (words.length > 3) row.problem = t("paper.too_much");
    seen[number] = seen[number] || at + 1;
    if (row.problem) return;
    if (words.length > 1) {
      const window = Number(words[1].replace(/号(窗口)?$/, ""));
      if (state.windows.some((one) => one.number === window)) row.entry.window = window;
      else row.problem = t("paper.bad_window", { text: words[1].slice(0, 6) });
    }
    if (words.length > 2 && !row.problem) {
      const minutes = Number(words[2].replace(/分钟?$/, ""));
      if (minutes >= 0 && minutes <= 600) row.entry.minutes = minutes;
      else row.problem = t("paper.bad_minutes");
    }
  });
  return rows;
}

/**
 * @param {{hall: string, state: () => HallState, say: (text: string) => void}} desk
 */
export async function paperForm(desk) {
  const input = h("textarea", { id: "paper", rows: 12, spellcheck: "false", autocomplete: "off", autocapitalize: "characters" });
  const list = h("ol", { class: "paper-rows", "aria-live": "polite" });
  const field = fieldOf({ name: "entries", label: t("paper.lines") }, "paper", input, input);
  /** What the server said about a number. @type {Record<string, string>} */
  let refused = {};
  /** One key for each body, however often it is sent. @type {Record<string, string>} */
  const keys = {};
  const rows = () => readPaper(desk.state(), input.value).map((row) =>
    Object.assign(row, { problem: row.problem || refused[row.entry.number] || "" }));
  const draw = () => {
    const all = rows();
    replace(list, all.length ? all.map((row) => h("li", { class: "paper-row", "data-state": row.problem ? "alert" : "open" },
      h("span", { class: "soft" }, t("paper.line", { n: row.line })),
      h("span", { class: "number" }, row.problem ? "" : row.entry.number),
      h("span", { class: "grow" }, row.problem || [
        row.entry.window ? t("paper.window", { n: row.entry.window }) : "",
        row.entry.minutes !== undefined ? t("paper.minutes", { n: row.entry.minutes }) : "",
      ].filter(Boolean).join(" "))))
      : h("li", { class: "empty" }, t("paper.empty")));
  };
  input.addEventListener("input", () => {
    refused = {};
    field.fail("");
    draw();
  });
  draw();
  /** @type {Record<string, number>} */
  const done = {};
  await form({
    title: t("paper.title"), text: t("paper.text"), submit: t("paper.go"), multiline: true, wide: true,
    fields: [h("div", { class: "paper-form" }, field.node, h("div", null, h("div", { class: "label" }, " "), list))],
    also: [field],
    send: async () => {
      const all = rows();
      if (!all.length) throw new Missing("entries", t("paper.empty"));
      if (all.length > MOST) throw new Missing("entries", t("paper.too_many"));
      const wrong = all.filter((row) => row.problem).length;
      if (wrong) throw new Missing("entries", t("paper.wrong", { n: wrong }));
      const prefixes = all.map((row) => row.prefix).filter((prefix, at, list) => list.indexOf(prefix) === at);
      for (const prefix of prefixes) {
        const part = rows().filter((row) => row.prefix === prefix);
        const body = { command: "record_paper", queue: prefix, entries: part.map((row) => row.entry) };
        const text = JSON.stringify(body);
        keys[text] = keys[text] || newKey();
        try {
          await post("/halls/" + encodeURIComponent(desk.hall) + "/commands", body, { key: keys[text] });
        } catch (error) {
          if (error instanceof ApiError) note(error, part);
          draw();
          throw Object.keys(refused).length ? new Missing("entries", t("paper.wrong", { n: Object.keys(refused).length })) : error;
        }
        done[prefix] = (done[prefix] || 0) + part.length;
        // What is recorded leaves the form, so that only what is still to do stays in it.
        const gone = part.map((row) => row.line);
        input.value = input.value.split(/\r?\n/).filter((line, at) => gone.indexOf(at + 1) < 0).join("\n");
      }
      return true;
    },
  });
  const parts = Object.keys(done).map((prefix) => t("paper.done_part", { prefix, n: done[prefix] }));
  if (parts.length) desk.say(t("paper.done", { list: parts.join(t("list.comma")) }));

  /**
   * @param {ApiError} error
   * @param {Row[]} part
   */
  function note(error, part) {
    for (const wrong of error.errors) {
      const at = /^entries\.(\d+)/.exec(wrong.field);
      const row = at ? part[Number(at[1])] : undefined;
      if (row) refused[row.entry.number] = document.documentElement.lang === "en" ? sentence(error) : wrong.message;
    }
  }
}
