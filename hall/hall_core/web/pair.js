/**
 * The pairing form. A kiosk or a pad has no keyboard, so the form brings its own keys; codes have
 * no letter that looks like a figure.
 */
import { ApiError } from "./api.js";
import { h, replace, setText, show } from "./dom.js";
import { t } from "./i18n.js";

const SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"; // as hall_core.access makes them

/**
 * Shows the form until a code was accepted.
 * @template R
 * @param {HTMLElement} root
 * @param {string} kind
 * @param {string} problem  what to say at first
 * @param {(code: string) => Promise<R>} pair
 * @returns {Promise<R>}
 */
export function askForCode(root, kind, problem, pair) {
  return new Promise((resolve) => {
    const input = h("input", {
      class: "input pair-code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
      maxlength: 12, "aria-label": t("pair.code"),
    });
    const error = h("span", { class: "error", role: "alert", hidden: !problem }, problem);
    const submit = h("button", { class: "button primary wide", type: "submit" }, t("pair.submit"));
    const keys = h("div", { class: "pair-keys", hidden: true });
    const type = (/** @type {string} */ sign) => {
      input.value = grouped(input.value + sign);
    };
    for (const sign of SIGNS) {
      keys.appendChild(h("button", { class: "button", type: "button", onclick: () => type(sign) }, sign));
    }
    keys.appendChild(
      h("button", { class: "button", type: "button",
        onclick: () => { input.value = grouped(input.value.replace(/-?.$/, "")); } }, t("pair.delete")),
    );
    input.addEventListener("input", () => {
      if (input.selectionStart === input.value.length) input.value = grouped(input.value);
    });
    const form = h(
      "form",
      {
        class: "card",
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          if (submit.disabled || !input.value.trim()) return;
          submit.disabled = true;
          try {
            resolve(await pair(input.value));
          } catch (failure) {
            setText(error, failure instanceof ApiError ? failure.detail : t("pair.failed"));
            show(error, true);
            submit.disabled = false;
            input.select();
          }
        },
      },
      h("h2", null, t("pair.title") + " · " + t("pair.kind." + kind)),
      h("p", { class: "soft" }, t("pair.hint")),
      h("div", { class: "field" }, input, error),
      submit,
      h("button", { class: "button quiet wide", type: "button", onclick: () => show(keys, keys.hidden === true) }, t("pair.keys")),
      keys,
    );
    if (matchMedia("(pointer: coarse)").matches) show(keys, true);
    replace(root, h("div", { class: "plain-page" }, form));
    input.focus();
  });
}

/** @param {string} text */
function grouped(text) {
  const signs = text.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 8);
  return signs.length > 4 ? signs.slice(0, 4) + "-" + signs.slice(4) : signs;
}
