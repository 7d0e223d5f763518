/**
 * The hall's rules for ratings and for the cases that bad ones open: how the pads ask, what may be
 * ticked beside a bad level, until when, and in how many working days a case moves on.
 */
import { ApiError, get, put } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { serverNow } from "/static/core/time.js";
import { section } from "./admin.form.js";
import { orderedLines } from "./admin.ordered.js";
import { RulesTab } from "./admin.rules.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.form.js").Form} Form */
/** @typedef {{id: string, text: string, text_en: string}} Reason */

/** Least and most of each figure, as the server has them (hall_evaluation/domain/settings.py). */
/** @type {Record<string, [number, number]>} */
const FIGURES = {
  ask_s: [10, 120],
  hold_s: [5, 120],
  thanks_s: [2, 30],
  supplementary_days: [0, 15],
  contact_days: [1, 15],
  rectify_days: [1, 30],
  last_days: [1, 60],
};
const MOST_REASONS = 12;

/** @param {Admin} admin @param {HTMLElement} root */
export function openEvaluation(admin, root) {
  /** @type {Record<string, any>|null} */
  let settings = null;
  const path = admin.path("/evaluation-settings");
  const tab = new RulesTab(admin, root, {
    name: "evaluation",
    parts: [],
    ready: () => Boolean(settings),
    load: () => settings || {},
    form: (form, draft) => {
      /** @param {string} name */
      const figure = (name) => form.number(name, {
        label: t("evaluation." + name), hint: t("evaluation." + name + ".hint"), unit: t("evaluation." + (name.slice(-2) === "_s" ? "seconds" : "workdays")),
        least: FIGURES[name][0], most: FIGURES[name][1],
      });
      const address = form.text("url", { label: t("evaluation.url"), hint: t("evaluation.url.hint"), max: 500, wide: true,
        placeholder: "https://pj.example.gov.cn/?no={number}&win={window}&t={token}" });
      const own = h("p", { class: "rule-sentence wide" });
      const say = () => {
        const foreign = draft.mode === "url";
        show(address, foreign);
        setText(own, t(foreign ? "evaluation.sentence.url" : "evaluation.sentence.own", { ask: draft.ask_s, hold: draft.hold_s }));
      };
      const changed = form.onChange;
      form.onChange = () => { changed(); say(); };
      say();
      return [
        section(t("evaluation.section.pad"), own,
          figure("ask_s"), figure("hold_s"), figure("thanks_s"),
          form.text("voice", { label: t("evaluation.voice"), hint: t("evaluation.voice.hint"), max: 60, wide: true }),
          form.choice("mode", { label: t("evaluation.mode"), hint: t("evaluation.mode.hint"),
            options: [["own", t("evaluation.mode.own")], ["url", t("evaluation.mode.url")]] }),
          address),
        section(t("evaluation.section.bad"), reasons(form, draft),
          form.check("free_text", { label: t("evaluation.free_text"), hint: t("evaluation.free_text.hint") })),
        section(t("evaluation.section.later"), figure("supplementary_days")),
        section(t("evaluation.section.cases"), figure("contact_days"), figure("rectify_days"), figure("last_days")),
      ];
    },
    check: (draft) => {
      const wrong = [];
      const words = draft.reasons.map((/** @type {Reason} */ reason) => reason.text.trim());
      if (words.some((/** @type {string} */ text) => !text)) wrong.push({ field: "reasons", message: t("evaluation.reasons.empty") });
      else if (new Set(words).size < words.length) wrong.push({ field: "reasons", message: t("evaluation.reasons.twice") });
      if (draft.mode === "url" && !draft.url.trim()) wrong.push({ field: "url", message: t("form.needed") });
      if (draft.last_days < Math.max(draft.contact_days, draft.rectify_days)) wrong.push({ field: "last_days", message: t("evaluation.last_days.short") });
      return wrong;
    },
    send: async (draft) => {
      const body = Object.assign({}, draft, {
        version: (settings || {}).version,
        url: draft.url.trim(),
        voice: draft.voice.trim(),
        reasons: draft.reasons.map((/** @type {Reason} */ reason) => ({ id: reason.id, text: reason.text.trim(), text_en: reason.text_en.trim() })),
      });
      try {
        settings = await inSession(() => put(path, body));
      } catch (error) {
        // Whoever saves again has been told.
        if (error instanceof ApiError && error.code === "setup_changed") settings = await inSession(() => get(path));
        throw error;
      }
    },
    fieldOf: (field) => field.split(/[.[]/)[0],
  });
  inSession(() => get(path)).then((answer) => {
    settings = answer;
    if (admin.tab !== tab) return; // another one was opened meanwhile
    tab.reload();
    tab.draw();
  }, (error) => replace(root, h("p", { class: "empty", role: "alert" }, problemText(error))));
  return tab;
}

/**
 * What may be ticked beside a bad level, in the order of the pad. A reason keeps its id when its
 * words change, so that figures stay together.
 * @param {Form} form
 * @param {Record<string, any>} draft
 */
function reasons(form, draft) {
  const list = /** @type {Reason[]} */ (draft.reasons);
  return orderedLines(form, "reasons", {
    label: t("evaluation.reasons"), hint: t("evaluation.reasons.hint"), boxClass: "rating-reasons",
    head: [t("evaluation.reasons.text"), t("evaluation.reasons.text_en")],
    list, least: 0, most: MOST_REASONS,
    inputs: (index, edited) => /** @type {("text"|"text_en")[]} */ (["text", "text_en"]).map((part) => h("input", {
      type: "text", class: "input", value: list[index][part], maxlength: part === "text" ? 20 : 60,
      "aria-label": t("evaluation.reasons." + part) + " " + (index + 1),
      oninput: (/** @type {Event} */ event) => {
        list[index][part] = /** @type {HTMLInputElement} */ (event.target).value;
        edited();
      },
    })),
    removal: () => t("entry.remove"),
    add: t("evaluation.reasons.add"), blank: () => ({ id: freeId(list), text: "", text_en: "" }),
  });
}

/** An id that no reason ever had, also none that was removed. @param {Reason[]} list */
function freeId(list) {
  const taken = new Set(list.map((reason) => reason.id));
  let n = serverNow().getTime();
  while (taken.has("r" + n.toString(36))) n += 1;
  return "r" + n.toString(36);
}
