/**
 * The hall's rules, each with its unit and what it means, and the rule for missed calls said as the
 * sentence that people will live by.
 */
import { h, replace } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { section } from "./admin.form.js";
import { orderedLines } from "./admin.ordered.js";
import { RulesTab } from "./admin.rules.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.form.js").Form} Form */

/** Least and most of each figure, as the server has them (setup_rules.py). */
/** @type {Record<string, [number, number]>} */
const FIGURES = {
  greens_after_ordinary: [1, 20],
  recall_limit: [1, 20],
  no_show_after_calls: [1, 10],
  no_show_after_s: [0, 900],
  no_show_after_green_s: [0, 900],
  requeue_back: [0, 50],
  requeue_limit: [0, 10],
  tickets_per_person: [1, 20],
  appointment_slot_min: [5, 240],
  appointments_per_slot: [1, 100],
  appointment_early_min: [0, 120],
  appointment_late_min: [0, 120],
  green_age: [0, 150],
  undo_s: [0, 60],
  quick_absence_min: [1, 120],
};
const MOST_REASONS = 20;

/** @param {Admin} admin @param {HTMLElement} root */
export function openSettings(admin, root) {
  return new RulesTab(admin, root, {
    name: "settings",
    parts: ["setup"],
    ready: () => Boolean(admin.setup),
    load: () => {
      /** @type {Record<string, any>} */
      const settings = Object.assign({}, admin.setup && admin.setup.settings);
      delete settings.week; // edited under opening hours, both
      delete settings.closed_on_holidays;
      return settings;
    },
    form: (form, draft) => {
      /** @param {string} name */
      const figure = (name) => form.number(name, {
        label: t("settings." + name), hint: t("settings." + name + ".hint"), unit: t("settings." + name + ".unit"),
        least: FIGURES[name][0], most: FIGURES[name][1],
      });
      /** @param {string} name */
      const check = (name) => form.check(name, { label: t("settings." + name), hint: t("settings." + name + ".hint") });
      const sentence = h("p", { class: "rule-sentence wide", role: "status" });
      const attended = h("p", { class: "rule-sentence wide", role: "status" });
      const say = () => {
        replace(sentence, missedSentence(draft));
        replace(attended, attendedSentence(draft));
      };
      const changed = form.onChange;
      form.onChange = () => { changed(); say(); };
      say();
      return [
        section(t("settings.section.calling"), figure("greens_after_ordinary"), figure("recall_limit"), figure("undo_s")),
        section(t("settings.section.missed"),
          sentence,
          check("no_show_wait"),
          figure("no_show_after_calls"), figure("no_show_after_s"), figure("no_show_after_green_s"),
          form.choice("missed_ticket", { label: t("settings.missed_ticket"), hint: t("settings.missed_ticket.hint"),
            options: [["parked", t("settings.missed_ticket.parked")], ["void", t("settings.missed_ticket.void")]] }),
          figure("requeue_back"), figure("requeue_limit")),
        section(t("settings.section.tickets"),
          figure("tickets_per_person"), figure("green_age"), check("stop_when_full"),
          form.text("public_url", { label: t("settings.public_url"), hint: t("settings.public_url.hint"), max: 200, placeholder: "https://hall.example.gov.cn", wide: true })),
        section(t("settings.section.appointments"),
          figure("appointment_slot_min"), figure("appointments_per_slot"),
          figure("appointment_early_min"), figure("appointment_late_min")),
        section(t("settings.section.absence"),
          reasons(form, draft),
          figure("quick_absence_min"),
          steps(form, draft, "overdue_steps_min", 0)),
        section(t("settings.section.attended"),
          attended,
          steps(form, draft, "suspect_steps_min", 1)),
        section(t("settings.section.signin"), check("pin_required")),
      ];
    },
    check: (draft) => {
      const wrong = [];
      const list = draft.absence_reasons.map((/** @type {string} */ reason) => reason.trim());
      if (!list.length || list.some((/** @type {string} */ reason) => !reason)) wrong.push({ field: "absence_reasons", message: t("settings.reasons.empty") });
      else if (new Set(list).size < list.length) wrong.push({ field: "absence_reasons", message: t("settings.reasons.twice") });
      for (const field of ["overdue_steps_min", "suspect_steps_min"]) {
        const [a, b, c] = draft[field];
        if (!(a <= b && b <= c)) wrong.push({ field, message: t("settings.steps.order") });
      }
      return wrong;
    },
    send: (draft) => admin.changeSetup({
      settings: Object.assign({}, admin.setup && admin.setup.settings, draft, {
        absence_reasons: draft.absence_reasons.map((/** @type {string} */ reason) => reason.trim()),
        public_url: draft.public_url.trim(),
      }),
    }),
    fieldOf: (field) => field.replace(/^settings\./, "").split(/[.[]/)[0],
  });
}

/** @param {Record<string, any>} draft */
function missedSentence(draft) {
  const when = draft.no_show_wait
    ? t("settings.sentence.when", { calls: draft.no_show_after_calls, seconds: draft.no_show_after_s, green: draft.no_show_after_green_s })
    : t("settings.sentence.at_once");
  if (draft.missed_ticket === "void" || draft.requeue_limit === 0) return when + t("settings.sentence.void");
  return when + t("settings.sentence.parked", { back: draft.requeue_back, limit: draft.requeue_limit });
}

/** @param {Record<string, any>} draft */
function attendedSentence(draft) {
  const [window, hall, supervision] = draft.suspect_steps_min;
  return t("settings.sentence.attended", { window, hall, supervision, after: 5 + Math.max(0, supervision - hall) });
}

/**
 * The list of reasons for leaving, in the order in which the counter shows them.
 * @param {Form} form
 * @param {Record<string, any>} draft
 */
function reasons(form, draft) {
  const list = /** @type {string[]} */ (draft.absence_reasons);
  return orderedLines(form, "absence_reasons", {
    label: t("settings.absence_reasons"), hint: t("settings.absence_reasons.hint"),
    head: [t("settings.reasons.text"), t("settings.reasons.quick")],
    list, least: 1, most: MOST_REASONS,
    inputs: (index, edited) => {
      const reason = list[index];
      const input = h("input", {
        type: "text", class: "input", value: reason, maxlength: 20, "aria-label": t("settings.reasons.n", { n: index + 1 }),
        oninput: () => {
          if (draft.quick_absence_reason === list[index]) draft.quick_absence_reason = input.value;
          list[index] = input.value;
          edited();
        },
      });
      return [input, h("input", {
        type: "radio", name: "quick", checked: draft.quick_absence_reason === reason, "aria-label": t("settings.reasons.quick_is", { reason }),
        onchange: () => { draft.quick_absence_reason = list[index]; edited(); },
      })];
    },
    removal: (index) => t("settings.reasons.remove", { reason: list[index] }),
    removed: () => {
      if (list.indexOf(draft.quick_absence_reason) < 0) draft.quick_absence_reason = list[0];
    },
    add: t("settings.reasons.add"), blank: () => "",
  });
}

/**
 * After how many minutes the window, its hall's manager and supervision are told.
 * @param {Form} form
 * @param {Record<string, any>} draft
 * @param {string} name
 * @param {number} least
 */
function steps(form, draft, name, least) {
  const list = /** @type {number[]} */ (draft[name]);
  const box = h("div", { class: "steps" }, ["window", "hall", "supervision"].map((level, index) =>
    form.number(name + "." + index, {
      label: t("settings.steps." + level), unit: t("settings.steps.unit"), least, most: 1440,
      get: () => list[index],
      set: (value) => { list[index] = Number(value); form.clear(name); },
    })));
  return form.field(name, { label: t("settings." + name), hint: t("settings." + name + ".hint"), wide: true }, box);
}
