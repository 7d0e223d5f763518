/**
 * A question over the page. The focus stays inside and returns where it was; Escape means no.
 */
import { h } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * Opens a dialog with any content (the element with data-first gets the focus); resolves with what `close` was called with, or null.
 * @template R
 * @param {string} title
 * @param {(close: (result: R|null) => void) => Child} content
 * @returns {Promise<R|null>}
 */
export function dialog(title, content) {
  return new Promise((resolve) => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    const close = (/** @type {R|null} */ result) => {
      document.removeEventListener("keydown", keys, true);
      if (veil.parentNode) veil.parentNode.removeChild(veil);
      if (before && before.focus) before.focus();
      resolve(result);
    };
    const box = h(
      "div",
      { class: "dialog", role: "dialog", "aria-modal": "true", "aria-label": title, tabindex: -1 },
      h("h2", null, title),
      content(close),
    );
    const veil = h("div", { class: "veil", onpointerdown: (/** @type {Event} */ event) => {
      if (event.target === veil) close(null);
    } }, box);
    const keys = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        close(null);
      } else if (event.key === "Tab") {
        const all = focusable(box);
        if (!all.length) return;
        const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
        const next = event.shiftKey ? (at <= 0 ? all.length - 1 : at - 1) : at === all.length - 1 ? 0 : at + 1;
        event.preventDefault();
        all[next].focus();
      }
    };
    document.addEventListener("keydown", keys, true);
    document.body.appendChild(veil);
    const first = /** @type {HTMLElement|null} */ (box.querySelector("[data-first]")) || focusable(box)[0] || box;
    first.focus();
  });
}

/**
 * A yes-or-no question. Enter answers yes, unless that would destroy something.
 * @param {{title: string, text?: string, ok?: string, cancel?: string, danger?: boolean}} options
 * @returns {Promise<boolean>}
 */
export async function confirmBox(options) {
  const answer = await dialog(options.title, (/** @type {(r: boolean|null) => void} */ close) => [
    options.text ? h("p", null, options.text) : null,
    h(
      "div",
      { class: "actions" },
      h("button", { class: "button", type: "button", onclick: () => close(false), "data-first": options.danger },
        options.cancel || t("cancel")),
      h("button", { class: "button " + (options.danger ? "danger" : "primary"), type: "button",
        onclick: () => close(true), "data-first": !options.danger }, options.ok || t("ok")),
    ),
  ]);
  return answer === true;
}

/**
 * What is there to be used: nothing hidden, and a group of choices once.
 * @param {HTMLElement} box
 * @returns {HTMLElement[]}
 */
function focusable(box) {
  const found = box.querySelectorAll(
    "button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled]), a[href], [tabindex='0']");
  const all = /** @type {HTMLElement[]} */ (Array.from(found));
  return all.filter((node) => node.tabIndex >= 0 && node.offsetParent !== null);
}
