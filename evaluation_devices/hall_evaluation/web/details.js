/**
 * What may be added to a rating, none of which is needed: reasons, words, a phone number. The pad
 * and the phone's page use the same form.
 */
import { h, setText, show } from "/static/core/dom.js";
import { lang, t } from "/static/core/i18n.js";

/** @typedef {import("./levels.js").Reason} Reason */
/** @typedef {{reasons: string[], text: string, phone: string}} Extras */

const TEXT_MOST = 500; // as the server has it
const PHONE_MOST = 20;

/** @returns {Extras} */
export function noExtras() {
  return { reasons: [], text: "", phone: "" };
}

/**
 * A number that somebody can be called back at: 7 to 15 figures, with the usual signs between.
 * @param {string} phone
 */
export function isPhone(phone) {
  const figures = phone.replace(/[\s()（）+-]/g, "");
  return /^\d{7,15}$/.test(figures);
}

/**
 * The body of `POST /evaluations`: what was not said is left out.
 * @param {{token: string, level: string, channel: "pad"|"phone"}} rating
 * @param {Extras} extras
 */
export function ratingBody(rating, extras) {
  /** @type {Record<string, any>} */
  const body = { token: rating.token, level: rating.level, channel: rating.channel };
  if (extras.reasons.length) body.reasons = extras.reasons;
  if (extras.text.trim()) body.text = extras.text.trim();
  if (isPhone(extras.phone)) body.contact = { phone: extras.phone.trim() };
  return body;
}

/**
 * The form. It writes into `extras` as people type, so that a page that must stop early has it all.
 * @param {{extras: Extras, reasons: Reason[], freeText: boolean, rows?: number, onChange: () => void}} options
 * @returns {{node: HTMLElement, check: () => boolean}}  `check` shows a wrong phone number
 */
export function detailsForm(options) {
  const { extras, reasons, freeText, onChange } = options;
  const error = h("span", { class: "error", role: "alert", hidden: true });
  const phone = h("input", {
    type: "tel", inputmode: "tel", maxlength: PHONE_MOST, autocomplete: "tel", value: extras.phone,
    oninput: () => {
      extras.phone = phone.value;
      show(error, false);
      phone.removeAttribute("aria-invalid");
      onChange();
    },
  });
  const words = h("textarea", {
    rows: options.rows || 3, maxlength: TEXT_MOST,
    oninput: () => {
      extras.text = words.value;
      onChange();
    },
  }, extras.text);
  const chips = reasons.map((reason) => {
    const chip = h("button", {
      class: "button reason-chip", type: "button", "aria-pressed": String(extras.reasons.indexOf(reason.id) >= 0),
      onclick: () => {
        const at = extras.reasons.indexOf(reason.id);
        if (at >= 0) extras.reasons.splice(at, 1);
        else extras.reasons.push(reason.id);
        chip.setAttribute("aria-pressed", String(at < 0));
        onChange();
      },
    }, (lang() === "en" && reason.text_en) || reason.text);
    return chip;
  });
  const node = h(
    "div",
    { class: "details" },
    chips.length
      ? h("div", { class: "reason-box", role: "group", "aria-label": t("details.reasons") },
          h("p", { class: "ask" }, h("b", null, t("details.reasons")), h("span", { class: "hint" }, t("details.reasons_hint"))),
          h("div", { class: "reason-chips" }, chips))
      : null,
    freeText
      ? h("label", { class: "field words" },
          h("span", { class: "label" }, t("details.text"), h("span", { class: "hint" }, t("details.text_hint"))), words)
      : null,
    h("label", { class: "field phone" },
      h("span", { class: "label" }, t("details.phone"), h("span", { class: "hint" }, t("details.phone_hint"))), phone, error),
  );
  return {
    node,
    check: () => {
      if (!extras.phone.trim() || isPhone(extras.phone)) return true;
      setText(error, t("details.phone_wrong"));
      show(error, true);
      phone.setAttribute("aria-invalid", "true");
      phone.focus();
      return false;
    },
  };
}
