/**
 * Says in large letters that the page hears nothing, and takes the old numbers away: whatever
 * has the class `live` disappears (its room stays) until the right state is back.
 */
import { h, setText } from "./dom.js";
import { onLang, t } from "./i18n.js";

/** @typedef {import("./stream.js").HallStream} HallStream */

/** @type {HTMLElement|null} */
let banner = null;
/** @type {() => {title: string, text: string}} */
let words = () => ({ title: t("offline.title"), text: t("offline.text") });

/**
 * Shows or hides the banner; also for pages without a stream (the phone's).
 * @param {boolean} offline
 */
export function setOffline(offline) {
  document.documentElement.setAttribute("data-link", offline ? "offline" : "online");
  if (offline && !banner) {
    banner = h(
      "div",
      { class: "offline", role: "alert" },
      h("div", { class: "title" }),
      h("div", { class: "text" }),
    );
    document.body.appendChild(banner);
    onLang(write);
  }
  if (banner) banner.hidden = !offline;
  write();
}

function write() {
  if (!banner) return;
  const said = words();
  setText(banner.children[0], said.title);
  setText(banner.children[1], said.text);
}

/**
 * The page's own words for the banner (where to go meanwhile).
 * @param {() => {title: string, text: string}} say
 */
export function sayOffline(say) {
  words = say;
}

/**
 * Keeps the banner in line with a stream.
 * @param {HallStream} stream
 * @param {() => {title: string, text: string}} [say]  see `sayOffline`
 */
export function watchLink(stream, say) {
  if (say) sayOffline(say);
  stream.on("status", (status) => {
    if (status === "online") setOffline(false);
    else if (status === "offline" || status === "refused") setOffline(true);
  });
}
