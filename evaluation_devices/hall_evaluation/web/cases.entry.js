/**
 * Entering one case by hand: a complaint on the telephone, from the opinion box or the hotline, or
 * a matter that could not be settled at a window (办不成事).
 */
import { post } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmm, isoDay, serverNow } from "/static/core/time.js";
import { inSession } from "/static/app/session.js";
import { Fields, TEXT_MOST, formBody } from "./cases.forms.js";
import { isPhone } from "./details.js";
import { clerkText } from "./desk.words.js";

/** @typedef {import("./cases.types.js").Case} Case */
/**
 * @typedef {{windows: {number: number, name: string, name_en?: string, type: string}[],
 *   services: {id: string, name: string, name_en?: string}[],
 *   clerks: {clerk_no: string, name: string, windows?: number[]}[]}} HallSetup
 */

const SOURCES = ["telephone", "opinion_box", "hotline", "window"];

/**
 * The instant of a time of the hall's clock.
 * @param {string} naive  2026-06-16T09:30
 */
export function toIso(naive) {
  const guess = Date.parse(naive + ":00Z");
  const shown = isoDay(new Date(guess)) + "T" + hhmm(new Date(guess));
  return new Date(guess - (Date.parse(shown + ":00Z") - guess)).toISOString();
}

/**
 * Asks for a new case and sends it.
 * @param {string} hall
 * @param {HallSetup} setup
 * @returns {Promise<Case|null>}
 */
export async function enterCase(hall, setup) {
  /** @type {Case|null} */
  let made = null;
  await dialog(t("new.title"), (/** @type {(done: boolean|null) => void} */ close) => {
    const fields = new Fields();
    const unknown = () => h("option", { value: "" }, t("new.unknown"));
    const hears = setup.windows.some((entry) => entry.type === "unresolved"); // not every hall has such a window
    const source = fields.radios("source", t("new.source"),
      SOURCES.filter((value) => value !== "window" || hears).map((value) => /** @type {[string, string]} */ ([value, t("case.source." + value)])), SOURCES[0]);
    const text = h("textarea", { rows: 4, maxlength: TEXT_MOST, "data-first": true });
    const now = () => isoDay(serverNow()) + "T" + hhmm(serverNow());
    const happened = h("input", { type: "datetime-local", max: now() });
    const place = h("select", { onchange: () => fillClerks() });
    const clerk = h("select", null);
    const service = h("select", null, unknown(), setup.services.map((entry) => h("option", { value: entry.id }, nameOf(entry))));
    const name = h("input", { type: "text", maxlength: 40, autocomplete: "off" });
    const phone = h("input", { type: "tel", maxlength: 20, autocomplete: "off" });
    const order = h("input", { type: "text", maxlength: 40, autocomplete: "off" });
    const orderField = fields.field("order_no", t("case.order_no"), order, { hint: t("new.order_hint") });

    /** A matter that could not be settled was heard at the window for those. */
    const fillWindows = () => {
      const unresolved = source.value() === "window";
      const chosen = place.value;
      const windows = setup.windows.filter((entry) => !unresolved || entry.type === "unresolved");
      replace(place, unresolved ? null : unknown(), windows.map((entry) => h("option", { value: entry.number }, nameOf(entry))));
      if (windows.some((entry) => String(entry.number) === chosen)) place.value = chosen;
      fillClerks();
    };
    /** The clerks of the chosen window first: one of them it usually was. */
    const fillClerks = () => {
      const chosen = clerk.value;
      const number = Number(place.value);
      const ofWindow = (/** @type {{windows?: number[]}} */ entry) => Boolean(number && (entry.windows || []).indexOf(number) >= 0);
      const sorted = setup.clerks.filter(ofWindow).concat(setup.clerks.filter((entry) => !ofWindow(entry)));
      replace(clerk, unknown(), sorted.map((entry) => h("option", { value: entry.clerk_no }, clerkText(entry))));
      clerk.value = chosen;
    };
    const fitSource = () => {
      fillWindows();
      show(orderField, source.value() === "hotline");
    };
    source.node.addEventListener("change", fitSource);
    fitSource();

    return formBody(fields, {
      label: t("new.save"),
      close,
      send: async () => {
        /** @type {Record<string, any>} */
        const body = { source: source.value(), text: text.value.trim() };
        if (!body.text) return !fields.mark("text", t("form.missing"));
        if (happened.value > now()) return !fields.mark("happened_at", t("new.later"));
        if (phone.value.trim() && !isPhone(phone.value)) return !fields.mark("phone", t("form.phone"));
        if (name.value.trim() && !phone.value.trim()) return !fields.mark("phone", t("form.missing"));
        if (order.value.trim() && source.value() === "hotline") body.order_no = order.value.trim();
        if (happened.value) body.happened_at = toIso(happened.value);
        if (place.value) body.window = Number(place.value);
        if (clerk.value) body.clerk_no = clerk.value;
        if (service.value) body.service = service.value;
        if (phone.value.trim()) body.contact = { name: name.value.trim(), phone: phone.value.trim() };
        made = await inSession(() => post("/halls/" + encodeURIComponent(hall) + "/cases", body));
        return true;
      },
    },
      source.node,
      orderField,
      fields.field("text", t("new.text"), text, { hint: t("form.required") }),
      h("div", { class: "case-grid" },
        fields.field("window", t("new.window"), place),
        fields.field("clerk_no", t("new.clerk"), clerk),
        fields.field("service", t("new.service"), service),
        fields.field("happened_at", t("new.happened"), happened),
        fields.field("name", t("new.name"), name),
        fields.field("phone", t("new.phone"), phone),
      ),
      h("p", { class: "soft small" }, t("new.contact_hint")));
  });
  return made;
}
