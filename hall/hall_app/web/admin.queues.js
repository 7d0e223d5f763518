/**
 * The hall's queues: the letter of their numbers, their limit and hours, and which windows take them.
 */
import { h, replace } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { EntriesTab } from "./admin.entries.js";
import { section, sessionsEditor, windowPicker } from "./admin.form.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").Setup} Setup */
/** @typedef {import("./admin.types.js").Queue} Queue */

/** @param {Admin} admin @param {HTMLElement} root */
export function openQueues(admin, root) {
  const setup = () => /** @type {Setup} */ (admin.setup || { settings: {}, queues: [], services: [], windows: [], clerks: [] });
  const windowsOf = (/** @type {string} */ prefix) =>
    setup().windows.filter((window) => window.queues.some((served) => served.prefix === prefix)).map((window) => window.number);
  const servicesOf = (/** @type {string} */ prefix) => setup().services.filter((service) => service.prefix === prefix);
  const waiting = (/** @type {string} */ prefix) => {
    const line = admin.state.queues.find((queue) => queue.prefix === prefix);
    return line ? line.waiting : 0;
  };
  const freePrefix = () => {
    const taken = new Set(setup().queues.map((queue) => queue.prefix));
    return "ABCDEFGHJKLMNPQRSTUVWXYZ".split("").find((letter) => !taken.has(letter)) || "";
  };

  return new EntriesTab(admin, root, {
    part: "queues",
    key: (queue) => queue.prefix,
    name: (queue) => queue.prefix + " " + nameOf(queue),
    columns: [
      { title: "queues.prefix", cls: "key", cell: (queue) => h("b", { class: "number" }, queue.prefix) },
      { title: "entry.name", cell: (queue) => h("span", { class: "clamp" }, nameOf(queue)) },
      { title: "queues.waiting", cls: "figure", cell: (queue) => h("span", { class: "live" }, t("unit.people", { n: waiting(queue.prefix) })) },
      { title: "queues.windows", cls: "figure", cell: (queue) => windowsOf(queue.prefix).length
        || h("span", { class: "state", "data-state": "away" }, t("queues.no_window")) },
      { title: "queues.services", cls: "figure", cell: (queue) => servicesOf(queue.prefix).length },
      { title: "queues.limit", cls: "figure", cell: (queue) => queue.daily_limit || t("queues.no_limit") },
    ],
    sign: (queue) => JSON.stringify(queue) + waiting(queue.prefix) + windowsOf(queue.prefix) + servicesOf(queue.prefix).length,
    words: (queue) => [queue.prefix, queue.name, queue.name_en].join(" "),
    draft: (queue) => {
      const entry = queue || { prefix: freePrefix(), name: "", name_en: "", daily_limit: null, sessions: null };
      return Object.assign(entry, { $windows: queue ? windowsOf(queue.prefix) : [] });
    },
    copy: (draft) => { draft.prefix = freePrefix(); },
    form: (form, draft, isNew) => {
      const own = h("div", null);
      const drawOwn = () => replace(own, draft.sessions
        ? sessionsEditor(draft.sessions, () => { form.clear("sessions"); form.changed(); })
        : null);
      const toggle = h("input", {
        type: "checkbox", checked: draft.sessions !== null,
        onchange: () => {
          draft.sessions = toggle.checked ? [{ start: "08:30", until: "12:00", by_appointment: false }] : null;
          drawOwn();
          form.changed();
        },
      });
      drawOwn();
      const services = isNew ? [] : servicesOf(draft.prefix);
      return [
        section(t("queues.section.what"),
          form.text("prefix", { label: t("queues.prefix"), hint: isNew ? t("queues.prefix_hint") : t("entry.key_fixed"), max: 2, upper: true, disabled: !isNew }),
          form.text("name", { label: t("entry.name"), hint: t("queues.name_hint"), max: 40 }),
          form.text("name_en", { label: t("entry.name_en"), hint: t("entry.name_en_hint"), max: 80 }),
          form.field("$windows", { label: t("queues.windows_field"), hint: t("queues.windows_hint"), wide: true },
            windowPicker({
              windows: setup().windows,
              get: () => draft.$windows,
              set: (numbers) => { draft.$windows = numbers; form.changed(); },
            }))),
        section(t("queues.section.when"),
          form.number("daily_limit", { label: t("queues.limit"), hint: t("queues.limit_hint"), unit: t("queues.limit_unit"), least: 1, most: 9999, empty: null, placeholder: t("queues.no_limit") }),
          form.field("sessions", { label: t("queues.hours"), hint: t("queues.hours_hint"), wide: true },
            h("div", null, h("label", { class: "check" }, toggle, t("queues.own_hours")), own))),
        isNew ? null : section(t("queues.section.services"),
          h("p", { class: "wide" }, services.length
            ? services.map((service, index) => [index ? t("list.and") : "", h("a", {
              href: "#services/" + service.id,
              onclick: (/** @type {Event} */ event) => { event.preventDefault(); admin.go("services", service.id); },
            }, nameOf(service))])
            : h("span", { class: "soft" }, t("queues.no_services")))),
      ];
    },
    check: (draft) => {
      const wrong = [];
      if (!/^[A-Z]{1,2}$/.test(draft.prefix)) wrong.push({ field: "prefix", message: t("queues.prefix_wrong") });
      if (!draft.name.trim()) wrong.push({ field: "name", message: t("form.needed") });
      return wrong;
    },
    body: (entry, draft) => {
      // Windows that take it from now on, or no longer do, change in the same step.
      const wanted = new Set(draft.$windows);
      const windows = setup().windows.filter((window) => {
        const now = window.queues.some((served) => served.prefix === entry.prefix);
        return now !== wanted.has(window.number);
      }).map((window) => Object.assign({}, window, {
        queues: wanted.has(window.number)
          ? window.queues.concat({ prefix: entry.prefix, priority: 1 })
          : window.queues.filter((served) => served.prefix !== entry.prefix),
      }));
      return { queues: [entry], windows };
    },
    removal: (queue) => {
      const windows = setup().windows.filter((window) => window.queues.some((served) => served.prefix === queue.prefix));
      const freed = windows.map((window) => Object.assign({}, window, { queues: window.queues.filter((served) => served.prefix !== queue.prefix) }));
      return {
        text: t("queues.remove_text", { n: windows.length }),
        body: { removed_queues: [queue.prefix], windows: freed },
        undo: { queues: [queue], windows },
      };
    },
    intro: () => [
      h("h2", null, t("queues.intro.title")),
      h("p", null, t("queues.intro.text")),
      h("p", { class: "soft" }, t("entry.keys")),
    ],
  });
}
