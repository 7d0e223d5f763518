/**
 * The pictures of an alert side by side, each with what it is: before, at the alert, at its end.
 */
import { h, setText } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { hhmmss } from "/static/core/time.js";

/** @typedef {{kind: string, kind_text?: string, since: string, evidence?: string[]}} Shown */

const AFTER_MS = 120000; // so long a picture of the alert's own moment is asked for; a later one is of its end

/** @param {Shown} alert @returns {HTMLElement|null} null: it has none */
export function evidence(alert) {
  const urls = alert.evidence || [];
  if (!urls.length) return null;
  const captions = urls.map(() => h("figcaption", null, "\u00a0"));
  Promise.all(urls.map(tellTime)).then((times) => captions.forEach((caption, index) => {
    const taken = times[index];
    setText(caption, t(taken ? whatOf(alert, times, index) : "evidence.gone") + (taken ? " " + hhmmss(taken) : ""));
  }));
  return h("div", { class: "wall-evidence" }, urls.map((url, index) =>
    h("figure", { class: "evidence" },
      h("a", { href: url, target: "_blank", rel: "noopener" },
        h("img", { src: url, alt: t("wall.evidence", { kind: alert.kind_text || "", i: index + 1 }), loading: "lazy" })),
      captions[index])));
}

/**
 * Of a camera: it was well, and then in trouble. Of a window: somebody was there, the alert, its end.
 * @param {Shown} alert @param {(Date|null)[]} times @param {number} index
 */
function whatOf(alert, times, index) {
  const late = (/** @type {Date|null} */ taken) => taken !== null && taken.getTime() - Date.parse(alert.since) > AFTER_MS;
  const first = index === 0 && times.length > 1 && !late(times[1]);
  if (alert.kind.indexOf("camera_") === 0) return first ? "evidence.good" : "evidence.bad";
  return late(times[index]) ? "evidence.end" : first ? "evidence.before" : "evidence.at";
}

/** When the picture was taken; null when it is gone. It comes from the browser's cache. @param {string} url */
async function tellTime(url) {
  try {
    const answer = await fetch(url, { credentials: "same-origin" });
    const taken = answer.ok ? answer.headers.get("Last-Modified") : null;
    return taken ? new Date(taken) : null;
  } catch (error) {
    return null;
  }
}
