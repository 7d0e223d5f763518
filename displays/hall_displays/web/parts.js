/** What hall and window screens draw alike. */
import { h, replace, setText, show, svg } from "/static/core/dom.js";
import { openingNow } from "/static/core/hours.js";
import { lang, t } from "/static/core/i18n.js";
import { hhmm, longDate, minutesUntil, serverNow } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */

/** The arrow from a number to its window; it has a word for those who hear the page. */
export function arrow() {
  return svg(
    "svg",
    { class: "arrow", viewBox: "0 0 24 24", role: "img", "aria-label": t("to") },
    svg("path", { d: "M1.5 10.1h13.2L9.6 5l2.7-2.7 9.7 9.7-9.7 9.7L9.6 19l5.1-5.1H1.5z", fill: "currentColor" }),
  );
}

/**
 * 12号窗口, the figure large.
 * @param {number} window
 */
export function windowName(window) {
  const before = t("window.before");
  const after = t("window.after");
  return h(
    "span",
    { class: "window" },
    before && h("small", null, before),
    h("b", null, window),
    after && h("small", null, after),
  );
}

/**
 * H012 → 12号窗口: the number and the window, always together. Drawn anew only when it changed.
 * @param {HTMLElement} node
 * @param {{number: string, window: number}} call
 */
export function drawCall(node, call) {
  const what = call.number + ">" + call.window + lang();
  if (node.getAttribute("data-call") === what) return;
  node.setAttribute("data-call", what);
  replace(node, h("span", { class: "number" }, call.number), arrow(), windowName(call.window));
}

/**
 * Makes one line smaller until it fits its box.
 * @param {HTMLElement} node
 * @param {number} [least]  of its full size
 * @param {number} [full]  in pixels, when it is not the style sheet's
 */
export function shrink(node, least, full) {
  node.style.fontSize = full ? full + "px" : "";
  const room = node.clientWidth;
  const needs = node.scrollWidth;
  if (!room || needs <= room) return;
  const size = parseFloat(getComputedStyle(node).fontSize);
  node.style.fontSize = Math.max(size * (least || 0.4), (size * room) / needs - 0.5) + "px";
}

/**
 * Makes a block's text smaller until the block and what stands beside it fit into their box.
 * @param {HTMLElement} node
 * @param {number} least  font size in pixels
 */
export function shrinkToHeight(node, least) {
  node.style.fontSize = "";
  const box = /** @type {HTMLElement} */ (node.parentNode);
  const bottom = box.offsetTop + box.offsetHeight;
  const fits = () => Array.from(box.children).every((child) => {
    const { offsetTop, offsetHeight } = /** @type {HTMLElement} */ (child);
    return offsetTop >= box.offsetTop - 1 && offsetTop + offsetHeight <= bottom + 1;
  });
  for (let size = parseFloat(getComputedStyle(node).fontSize); size > least && !fits(); ) {
    size = Math.max(least, size * 0.94);
    node.style.fontSize = size + "px";
  }
}

/**
 * Hall's name, date and time at the top of a screen.
 * @param {{name: HTMLElement, date: HTMLElement|null, clock: HTMLElement}} nodes
 * @param {() => string} name
 */
export function drawHead(nodes, name) {
  const now = serverNow();
  setText(nodes.name, name());
  if (nodes.date) setText(nodes.date, longDate(now));
  setText(nodes.clock, hhmm(now));
}

/**
 * Whether somebody may be called: the hall or one of its queues is in a session, or people at work
 * go on after it.
 * @param {HallState} state
 */
export function isOpenNow(state) {
  return openingNow(state.setup).open ||
    state.windows.some((window) => ["open", "calling", "serving"].indexOf(window.state) >= 0);
}

/**
 * Whether somebody should be back by now.
 * @param {string} expected
 */
export function isLate(expected) {
  return minutesUntil(expected) < 0;
}

/**
 * 预计10:30返回; once that has passed, it is no longer a promise.
 * @param {string} expected
 */
export function backAt(expected) {
  return t(isLate(expected) ? "back_was" : "back_at", { at: hhmm(expected) });
}

/**
 * The line that says why nothing is heard.
 * @param {HTMLElement} node
 * @param {"autoplay_blocked"|"no_voice"|null} fault
 */
export function drawSoundHint(node, fault) {
  show(node, fault !== null);
  if (fault) setText(node, t(fault === "autoplay_blocked" ? "sound.blocked" : "sound.none"));
}
