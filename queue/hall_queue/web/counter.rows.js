/**
 * One person in my queue: number, service, why they stand here, how long they have waited.
 */
import { h, replace, setAttrs } from "/static/core/dom.js";
import { hasText, t } from "/static/core/i18n.js";
import { hhmm, minutesUntil } from "/static/core/time.js";
import { serviceText } from "./desk.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("./counter.line.js").Entry} Entry */

/**
 * Why somebody stands where they stand. In the ordinary case that is the time of issue itself.
 * @param {{reason: string, issued_at: string}} entry
 */
export function reasonText(entry) {
  if (entry.reason === "time") return t("now.issued", { at: hhmm(entry.issued_at) });
  return hasText("reason." + entry.reason) ? t("reason." + entry.reason) : entry.reason;
}

/**
 * @param {HallState} state
 * @param {Entry} entry
 * @param {number} at  place in line, from 0
 */
export function lineRow(state, entry, at) {
  return drawRow(state, h("li", { class: "line-row" }), entry, at);
}

/**
 * @param {HallState} state
 * @param {HTMLElement} node
 * @param {Entry} entry
 * @param {number} at
 */
export function drawRow(state, node, entry, at) {
  const waited = Math.max(0, -minutesUntil(entry.issued_at));
  const drawn = [at, entry.number, entry.reason, entry.service, entry.priority, waited, document.documentElement.lang].join("|");
  if (node.getAttribute("data-drawn") === drawn) return node;
  setAttrs(node, { "data-drawn": drawn, "data-next": at === 0 });
  return replace(node,
    h("span", { class: "line-at soft" }, at + 1),
    h("span", { class: "line-number number" }, entry.number),
    h("span", { class: "line-service clamp-1" }, serviceText(state, entry.service)),
    h("span", { class: "line-why nowrap" + (entry.reason === "time" ? " soft" : " marked") }, reasonText(entry)),
    h("span", { class: "line-waited soft nowrap" }, t("minutes", { n: waited })));
}
