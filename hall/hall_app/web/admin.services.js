/**
 * The hall's services (事项): what a citizen picks at the kiosk, and the queue it leads to.
 */
import { h } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { EntriesTab } from "./admin.entries.js";
import { section } from "./admin.form.js";
import { distinct } from "./admin.windows.js";
import { wordFor } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").Setup} Setup */
/** @typedef {import("./admin.types.js").Service} Service */

const CASE_TYPES = ["instant", "promised", "joint", "escalated", "rejected", "supplement", "agency"];

/** @param {Admin} admin @param {HTMLElement} root */
export function openServices(admin, root) {
  const setup = () => /** @type {Setup} */ (admin.setup || { settings: {}, queues: [], services: [], windows: [], clerks: [] });
  const queueName = (/** @type {string} */ prefix) => {
    const queue = setup().queues.find((other) => other.prefix === prefix);
    return prefix + (queue ? " " + nameOf(queue) : "");
  };
  const freeId = () => {
    const taken = new Set(setup().services.map((service) => service.id));
    let n = setup().services.length + 1;
    while (taken.has("item-" + n)) n += 1;
    return "item-" + n;
  };
  const marks = (/** @type {Service} */ service) => [
    service.green ? t("services.mark.green") : "",
    service.id_required ? t("services.mark.id") : "",
    service.extended ? t("services.mark.extended") : "",
  ].filter(Boolean).join(t("list.and"));

  return new EntriesTab(admin, root, {
    part: "services",
    key: (service) => service.id,
    name: (service) => nameOf(service),
    columns: [
      { title: "entry.name", cell: (service) => h("span", { class: "clamp" }, nameOf(service)) },
      { title: "services.queue", cell: (service) => h("span", { class: "clamp" }, queueName(service.prefix)) },
      { title: "services.minutes", cls: "figure", cell: (service) => t("unit.minutes", { n: service.minutes }) },
      { title: "services.case_type", cell: (service) => wordFor("services.case", service.case_type) },
      { title: "services.marks", cell: (service) => marks(service) },
    ],
    sign: (service) => JSON.stringify(service) + queueName(service.prefix),
    words: (service) => [service.id, service.name, service.name_en, service.group, queueName(service.prefix), marks(service)].join(" "),
    facetLabel: "windows.all_queues",
    facets: () => setup().queues.map((queue) => ({
      value: queue.prefix, label: queue.prefix + " " + nameOf(queue), test: (service) => service.prefix === queue.prefix,
    })),
    draft: (service) => service || {
      id: freeId(), name: "", prefix: setup().queues.length ? setup().queues[0].prefix : "", name_en: "", minutes: 10,
      case_type: "instant", id_required: false, green: false, extended: false, group: "",
    },
    again: ["prefix", "group", "minutes", "case_type"],
    copy: (draft) => { draft.id = freeId(); },
    form: (form, draft, isNew) => [
      section(t("services.section.what"),
        form.text("name", { label: t("entry.name"), hint: t("services.name_hint"), max: 40 }),
        form.text("name_en", { label: t("entry.name_en"), hint: t("entry.name_en_hint"), max: 80 }),
        form.choice("prefix", { label: t("services.queue"), hint: t("services.queue_hint"), options: setup().queues.map((queue) => [queue.prefix, queue.prefix + " " + nameOf(queue)]) }),
        form.text("group", { label: t("services.group"), hint: t("services.group_hint"), max: 40, list: distinct(setup().services.map((service) => service.group)) }),
        form.number("minutes", { label: t("services.minutes"), hint: t("services.minutes_hint"), unit: t("services.minutes_unit"), least: 0.5, most: 480, step: 0.5 }),
        form.choice("case_type", { label: t("services.case_type"), options: CASE_TYPES.map((type) => [type, t("services.case." + type)]) })),
      section(t("services.section.rules"),
        form.check("green", { label: t("services.green"), hint: t("services.green_hint") }),
        form.check("id_required", { label: t("services.id_required"), hint: t("services.id_required_hint") }),
        form.check("extended", { label: t("services.extended"), hint: t("services.extended_hint") }),
        form.text("id", { label: t("services.id"), hint: isNew ? t("services.id_hint") : t("entry.key_fixed"), max: 40, disabled: !isNew, tidy: (text) => text.trim().toLowerCase() })),
    ],
    check: (draft) => {
      const wrong = [];
      if (!draft.name.trim()) wrong.push({ field: "name", message: t("form.needed") });
      if (!draft.prefix) wrong.push({ field: "prefix", message: t("services.no_queue") });
      if (!/^[a-z0-9][a-z0-9_-]{0,39}$/.test(draft.id)) wrong.push({ field: "id", message: t("services.id_wrong") });
      return wrong;
    },
    body: (entry) => ({ services: [entry] }),
    removal: (service) => ({
      text: t("services.remove_text"), body: { removed_services: [service.id] }, undo: { services: [service] },
    }),
    intro: () => [
      h("h2", null, t("services.intro.title")),
      h("p", null, t("services.intro.text")),
      setup().queues.length ? null : h("p", { class: "state", "data-state": "away" }, t("services.no_queue")),
      h("p", { class: "soft" }, t("entry.keys")),
    ],
  });
}
