/**
 * Words in two languages, Chinese first. Every page keeps its words in a catalogue file beside it
 * (`kiosk.texts.js`), so that a reader can check them all, and a page holds no sentence of its own.
 *
 * A text has parameters `{n}`, and for English a choice by number: `{n} {n|person|people}`.
 */
import { core } from "./core.texts.js";

/** @typedef {"zh"|"en"} Lang */
/** @typedef {Record<string, [string, string]>} Catalogue  key → [Chinese, English] */
/** @typedef {Record<string, string|number>} Params */

/** @type {Catalogue} */
const texts = Object.assign({}, core);
/** @type {Lang} */
let current = "zh";
/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Adds a page's texts. Call it once, before the page is drawn.
 * @param {Catalogue} catalogue
 */
export function addTexts(catalogue) {
  Object.assign(texts, catalogue);
}

/**
 * The text in the language of the page.
 * @param {string} key
 * @param {Params} [params]
 * @returns {string}
 */
export function t(key, params) {
  return tIn(current, key, params);
}

/**
 * The text in a given language (a ticket that is printed in both, a language button).
 * @param {Lang} lang
 * @param {string} key
 * @param {Params} [params]
 * @returns {string}
 */
export function tIn(lang, key, params) {
  const entry = texts[key];
  if (!entry) {
    console.warn("no text", key);
    return key;
  }
  return fill(entry[lang === "en" ? 1 : 0], params || {});
}

/**
 * Is there such a text? For names that come from the server (states, reasons).
 * @param {string} key
 */
export function hasText(key) {
  return Object.prototype.hasOwnProperty.call(texts, key);
}

/**
 * Fills `{name}` and `{name|one|many}`.
 * @param {string} template
 * @param {Params} params
 * @returns {string}
 */
export function fill(template, params) {
  return template.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name, one, many) => {
    if (!Object.prototype.hasOwnProperty.call(params, name)) return whole;
    if (one !== undefined) return Number(params[name]) === 1 ? one : many;
    return String(params[name]);
  });
}

/** @returns {Lang} */
export function lang() {
  return current;
}

/**
 * @param {Lang} next
 */
export function setLang(next) {
  document.documentElement.lang = next === "en" ? "en" : "zh-CN";
  if (next === current) return;
  current = next;
  translate(document);
  listeners.forEach((listener) => listener());
}

/**
 * Calls `listener` after each change of language; draw the page anew there.
 * @param {() => void} listener
 */
export function onLang(listener) {
  listeners.add(listener);
}

/**
 * An entry's own name in the language of the page; Chinese where there is no English one.
 * @param {{name: string, name_en?: string}} entry
 * @returns {string}
 */
export function nameOf(entry) {
  return (current === "en" && entry.name_en) || entry.name;
}

/**
 * Puts texts into elements that name them: data-t="key" sets the content, data-t-label and
 * data-t-placeholder the attributes.
 * @param {ParentNode} root
 */
export function translate(root) {
  root.querySelectorAll("[data-t]").forEach((node) => {
    node.textContent = t(node.getAttribute("data-t") || "");
  });
  root.querySelectorAll("[data-t-label]").forEach((node) => {
    node.setAttribute("aria-label", t(node.getAttribute("data-t-label") || ""));
  });
  root.querySelectorAll("[data-t-placeholder]").forEach((node) => {
    node.setAttribute("placeholder", t(node.getAttribute("data-t-placeholder") || ""));
  });
}

// `?lang=en` opens a page in English.
if (new URLSearchParams(location.search).get("lang") === "en") setLang("en");
else document.documentElement.lang = "zh-CN";
