/**
 * Short messages at the foot of the page: what was done, what went wrong, and for a few seconds the
 * button that takes a press back.
 */
import { h } from "./dom.js";
import { t } from "./i18n.js";

/** @type {HTMLElement|null} */
let shelf = null;

/**
 * @param {string} text
 * @param {{state?: "open"|"away"|"alert", seconds?: number, undo?: () => void, undoLabel?: string}} [options]
 *   with `undo` the message holds a button and counts down
 * @returns {() => void} takes the message away
 */
export function toast(text, options) {
  const wanted = options || {};
  if (!shelf) {
    shelf = h("div", { class: "toasts no-print", role: "status", "aria-live": "polite" });
    document.body.appendChild(shelf);
  }
  let left = wanted.seconds || (wanted.undo ? 5 : 4);
  const label = wanted.undoLabel || t("undo");
  const undo = wanted.undo;
  const button = undo
    ? h("button", { class: "button", type: "button", onclick: () => { close(); undo(); } }, label + " " + left)
    : null;
  const node = h("div", { class: "toast", "data-state": wanted.state }, h("span", null, text), button);
  const timer = setInterval(() => {
    left -= 1;
    if (button) button.textContent = label + " " + left;
    if (left <= 0) close();
  }, 1000);
  const close = () => {
    clearInterval(timer);
    if (node.parentNode) node.parentNode.removeChild(node);
  };
  shelf.appendChild(node);
  while (shelf.children.length > 3 && shelf.firstChild) shelf.removeChild(shelf.firstChild);
  return close;
}
