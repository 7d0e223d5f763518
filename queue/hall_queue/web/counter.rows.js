/**
 * One person in my queue: number, service, why they stand here, how long they have waited.
 */
import { h, replace, setAttrs } from "/static/core/dom.js";
import { hasText, t } from "/static/core/i18n.js";
import { minutesUntil } from "/static/core/time.js";

/** @typedef {import("./counter.line.js").Entry} Entry */

/** @param {string} reason */
export function reasonText(reason) {
  return hasText("reason." + reason) ? t("reason." + reason) : reason;
}

/**
 * @param {Entry} entry
 * @param {number} at  place in line, from 0
 */
export function lineRow(entry, at) {
  return drawRow(h("li", { class: "line-row", role: "listitem" }), entry, at);
}

/**
 * @param {HTMLElement} node
 * @param {Entry} entry
 * @param {number} at
 */
export function drawRow(node, entry, at) {
  const waited = Math.max(0, -minutesUntil(entry.issued_at));
  const plain = entry.reason === "time";
  const wanted = [at, entry.number, entry.reason, entry.service, entry.priority, waited, document.documentElement.lang].join("|");
  if (node.getAttribute("data-drawn") === wanted) return node;
  setAttrs(node, { "data-drawn": wanted, "data-next": at === 0 });
  return replace(node,
    h("span", { class: "line-at soft" }, at + 1),
    h("span", { class: "line-number number" }, entry.number),
    h("span", { class: "line-what" },
      h("span", { class: "line-service clamp-1" }, entry.service || t("now.unspecified")),
      h("span", { class: "line-why clamp-1" + (plain ? " soft" : " marked") }, reasonText(entry.reason),
        entry.priority === "green_pending" ? " · " + t("priority.green_pending") : "")),
    h("span", { class: "line-waited soft nowrap" }, t("waited", { n: waited })));
}
