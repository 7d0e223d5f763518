/**
 * The five levels of 好差评, the same wherever somebody rates: an order, a word and a face each.
 * All five are drawn alike, so that neither size nor colour suggests an answer.
 */
import { svg } from "/static/core/dom.js";
import { addTexts, t } from "/static/core/i18n.js";
import { texts } from "./levels.texts.js";

/** @typedef {"very_satisfied"|"satisfied"|"mostly_satisfied"|"dissatisfied"|"very_dissatisfied"} Level */
/** @typedef {{id: string, text: string, text_en?: string}} Reason */
/** @typedef {{clerk_no: string, name: string, title?: string, stars?: number, photo?: string}} ClerkCard */

addTexts(texts);

/** @type {Level[]} */
export const LEVELS = ["very_satisfied", "satisfied", "mostly_satisfied", "dissatisfied", "very_dissatisfied"];

/** 差评: what is followed up. @param {string} level */
export function isNegative(level) {
  return level === "dissatisfied" || level === "very_dissatisfied";
}

/** @param {string} level */
export function levelText(level) {
  return t("level." + level);
}

// Eyes and mouth on a field of 48 by 48; a brow where the eyes alone would say too little.
/** @type {Record<Level, {lines: string[], filled?: string}>} */
const FEATURES = {
  very_satisfied: { lines: ["M12.5 20.5q3.5-5 7 0", "M28.5 20.5q3.5-5 7 0"], filled: "M12.5 27h23a11.5 11.5 0 0 1-23 0z" },
  satisfied: { lines: ["M16 18v2.5", "M32 18v2.5", "M13.5 29q10.5 9.5 21 0"] },
  mostly_satisfied: { lines: ["M16 18v2.5", "M32 18v2.5", "M15 31.5q9 2.5 18 0"] },
  dissatisfied: { lines: ["M16 19.5v2.5", "M32 19.5v2.5", "M14.5 35q9.5-7.5 19 0"] },
  very_dissatisfied: { lines: ["M11.5 15l8 3.5", "M36.5 15l-8 3.5", "M16 22v1.5", "M32 22v1.5", "M13 37q11-13 22 0"] },
};

/**
 * The face of a level; the word beside it says the same.
 * @param {Level} level
 */
export function face(level) {
  const { lines, filled } = FEATURES[level];
  return svg(
    "svg",
    { class: "face", viewBox: "0 0 48 48", "aria-hidden": "true", fill: "none", stroke: "currentColor",
      "stroke-width": 3, "stroke-linecap": "round", "stroke-linejoin": "round" },
    svg("circle", { cx: 24, cy: 24, r: 21.5 }),
    lines.map((line) => svg("path", { d: line })),
    filled ? svg("path", { d: filled, fill: "currentColor" }) : null,
  );
}
