/**
 * The hall's windows: what each serves, where it stands, what the screens show.
 */
import { absenceText } from "/static/core/absence.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { EntriesTab } from "./admin.entries.js";
import { Form, rangesOf, rangesText, section } from "./admin.form.js";
import { button } from "./admin.list.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").Window} Window */
/** @typedef {import("./admin.types.js").Setup} Setup */

const WINDOW_KINDS = ["general", "issuing", "unresolved", "one_thing"];
const SEVERAL_MOST = 100;

/** @param {Admin} admin */
function setupOf(admin) {
  return /** @type {Setup} */ (admin.setup || { settings: {}, queues: [], services: [], windows: [], clerks: [] });
}

/** The first number that no window has. @param {Window[]} windows */
function freeNumber(windows) {
  const taken = new Set(windows.map((window) => window.number));
  let number = 1;
  while (taken.has(number)) number += 1;
  return number;
}

/** Words of a hall that occur already, for typing less. @param {(string|undefined)[]} words */
export function distinct(words) {
  return Array.from(new Set(/** @type {string[]} */ (words.filter(Boolean)))).sort();
}

/**
 * Which queues a window serves, and in which order.
 * @param {Form} form
 * @param {Record<string, any>} draft  has `queues`
 * @param {Setup} setup
 */
function queuesField(form, draft, setup) {
  const box = h("div", { class: "served" });
  const draw = () => {
    replace(box, setup.queues.map((queue) => {
      const at = draft.queues.findIndex((/** @type {any} */ served) => served.prefix === queue.prefix);
      const served = draft.queues[at];
      const input = h("input", {
        type: "checkbox", checked: Boolean(served),
        onchange: () => {
          if (served) draft.queues.splice(at, 1);
          else draft.queues.push({ prefix: queue.prefix, priority: 1 });
          form.clear("queues");
          draw();
          form.changed();
        },
      });
      const level = h("select", {
        class: "input", disabled: !served, "aria-label": t("windows.priority_of", { name: queue.name }),
        onchange: () => {
          served.priority = Number(level.value);
          form.changed();
        },
      }, [1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => h("option", { value: n, selected: Boolean(served) && served.priority === n }, t("windows.priority", { n }))));
      return h("div", { class: "served-row" },
        h("label", { class: "check" }, input, h("span", null, h("b", { class: "number prefix" }, queue.prefix), " " + nameOf(queue))),
        served && draft.queues.length > 1 ? level : null);
    }), setup.queues.length ? null : h("p", { class: "soft" }, t("windows.no_queues")));
  };
  draw();
  return form.field("queues", { label: t("windows.queues"), hint: t("windows.queues_hint"), wide: true }, box);
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openWindows(admin, root) {
  const setup = () => setupOf(admin);
  const live = (/** @type {number} */ number) => admin.state.windows.find((window) => window.number === number);
  const clerksOf = (/** @type {number} */ number) =>
    setup().clerks.filter((clerk) => clerk.windows.indexOf(number) >= 0).map((clerk) => clerk.name);
  const queueNames = (/** @type {Window} */ window) => window.queues.map((served) => {
    const queue = setup().queues.find((other) => other.prefix === served.prefix);
    return served.prefix + " " + (queue ? nameOf(queue) : "");
  }).join(t("list.and"));

  const tab = new EntriesTab(admin, root, {
    part: "windows",
    key: (window) => String(window.number),
    name: (window) => t("window.n", { n: window.number }),
    columns: [
      { title: "windows.number", cls: "figure key", cell: (window) => h("b", { class: "number" }, window.number) },
      { title: "entry.name", cell: (window) => h("span", { class: "clamp" }, nameOf(window)) },
      { title: "windows.queues_short", cell: (window) => window.queues.length
        ? h("span", { class: "number" }, window.queues.map((/** @type {any} */ served) => served.prefix).join(" "))
        : h("span", { class: "state", "data-state": "away" }, t("windows.serves_nothing")) },
      { title: "windows.zone", cell: (window) => window.zone },
      { title: "windows.clerks", cell: (window) => h("span", { class: "clamp" }, clerksOf(window.number).join(t("list.and")) || h("span", { class: "soft" }, t("windows.no_clerk"))) },
    ],
    sign: (window) => JSON.stringify(window) + clerksOf(window.number).join(),
    words: (window) => [window.number, window.name, window.name_en, window.zone, queueNames(window), clerksOf(window.number).join(" ")].join(" "),
    facetLabel: "windows.all_queues",
    facets: () => setup().queues.map((queue) => ({
      value: queue.prefix, label: queue.prefix + " " + nameOf(queue),
      test: (window) => window.queues.some((/** @type {any} */ served) => served.prefix === queue.prefix),
    })),
    draft: (window) => window || {
      number: freeNumber(setup().windows), name: "", name_en: "", kind: "general", queues: [], phone: "", low_counter: false, zone: "",
    },
    again: ["name", "name_en", "queues", "zone"],
    copy: (draft) => {
      draft.number = freeNumber(setup().windows.filter((window) => window.number > draft.number).concat(setup().windows));
      draft.phone = "";
    },
    form: (form, draft, isNew) => [
      section(t("windows.section.what"),
        form.number("number", { label: t("windows.number"), hint: isNew ? t("windows.number_hint") : t("entry.key_fixed"), least: 1, most: 999, disabled: !isNew }),
        form.text("name", { label: t("entry.name"), hint: t("windows.name_hint"), max: 40, list: distinct(setup().windows.map((window) => window.name)) }),
        form.text("name_en", { label: t("entry.name_en"), hint: t("entry.name_en_hint"), max: 80, list: distinct(setup().windows.map((window) => window.name_en)) }),
        form.choice("kind", { label: t("windows.kind"), options: WINDOW_KINDS.map((kind) => [kind, t("windows.kind." + kind)]) }),
        queuesField(form, draft, setup())),
      section(t("windows.section.where"),
        form.text("phone", { label: t("windows.phone"), hint: t("windows.phone_hint"), max: 30 }),
        form.text("zone", { label: t("windows.zone"), hint: t("windows.zone_hint"), max: 20, list: distinct(setup().windows.map((window) => window.zone)) }),
        form.check("low_counter", { label: t("windows.low_counter"), hint: t("windows.low_counter_hint") })),
    ],
    live: (window) => {
      const now = live(window.number);
      if (!now) return null;
      return [
        h("span", { class: "state chip", "data-state": now.state }, t("window.state." + now.state)),
        h("span", null, [now.ticket, now.clerk && now.clerk.name, now.absence && absenceText(now.absence.reason)].filter(Boolean).join(" · ")),
        h("a", { class: "push", href: "#day/" + window.number, onclick: (/** @type {Event} */ event) => { event.preventDefault(); admin.go("day", String(window.number)); } }, t("windows.to_day")),
      ];
    },
    check: (draft) => (draft.name.trim() ? [] : [{ field: "name", message: t("form.needed") }]),
    body: (entry) => ({ windows: [entry] }),
    removal: (window) => ({
      text: t("windows.remove_text"), body: { removed_windows: [window.number] }, undo: { windows: [window] },
    }),
    intro: () => [
      h("h2", null, t("windows.intro.title")),
      h("p", null, t("windows.intro.text")),
      setup().queues.length ? null : h("p", { class: "state", "data-state": "away" }, t("windows.no_queues")),
      h("p", { class: "soft" }, t("entry.keys")),
    ],
    extra: () => button(t("windows.several"), () => tab.leaveAnd(() => addSeveral(admin)), "small"),
  });
  return tab;
}

/** Many windows at once, for a new hall. @param {Admin} admin */
function addSeveral(admin) {
  const setup = setupOf(admin);
  const first = freeNumber(setup.windows);
  /** @type {Record<string, any>} */
  const draft = { numbers: first + "-" + (first + 4), name: "", name_en: "", queues: [], zone: "", phone: "" };
  return dialog(t("windows.several"), (/** @type {(r: boolean|null) => void} */ close) => {
    const problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
    const summary = h("p", { class: "soft" });
    /** @returns {number[]|null} */
    const numbers = () => {
      const all = rangesOf(draft.numbers);
      return all && all.length && all.length <= SEVERAL_MOST && all.every((n) => n >= 1 && n <= 999) ? all : null;
    };
    const say = () => {
      const all = numbers();
      const taken = (all || []).filter((number) => setup.windows.some((window) => window.number === number));
      if (!all) setText(summary, t("windows.several_unreadable", { most: SEVERAL_MOST }));
      else if (taken.length) setText(summary, t("windows.several_taken", { numbers: rangesText(taken) }));
      else setText(summary, t("windows.several_sum", { n: all.length, numbers: rangesText(all) }));
      submit.disabled = !all || taken.length > 0 || !draft.name.trim();
    };
    const submit = h("button", { class: "button primary", type: "submit" }, t("windows.several_add"));
    const form = new Form(draft, say);
    const send = async () => {
      submit.disabled = true;
      const windows = (numbers() || []).map((number) => ({
        number, name: draft.name.trim(), name_en: draft.name_en.trim(), kind: "general", queues: draft.queues,
        phone: draft.phone.trim().replace(/#+/, (/** @type {string} */ signs) => String(number).padStart(signs.length, "0")), low_counter: false, zone: draft.zone.trim(),
      }));
      try {
        await admin.changeSetup({ windows });
        toast(t("windows.several_done", { n: windows.length }), { state: "open" });
        close(true);
      } catch (error) {
        setText(problem, problemText(error));
        show(problem, true);
        submit.disabled = false;
      }
    };
    const node = h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); send(); } },
      problem,
      form.text("numbers", { label: t("windows.several_numbers"), hint: t("windows.pick_example") }),
      form.text("name", { label: t("entry.name"), hint: t("windows.several_name_hint"), max: 40, list: distinct(setup.windows.map((window) => window.name)) }),
      form.text("name_en", { label: t("entry.name_en"), max: 80 }),
      queuesField(form, draft, setup),
      form.text("zone", { label: t("windows.zone"), max: 20, list: distinct(setup.windows.map((window) => window.zone)) }),
      form.text("phone", { label: t("windows.phone"), hint: t("windows.several_phone_hint"), max: 30, placeholder: "0499-8921###" }),
      summary,
      h("div", { class: "actions" }, button(t("cancel"), () => close(null)), submit));
    say();
    return node;
  });
}
