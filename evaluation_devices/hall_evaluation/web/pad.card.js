/** Whose window this is: the clerk's card, and what stands beside it while nobody rates. */
import { absenceText } from "/static/core/absence.js";
import { h, signs } from "/static/core/dom.js";
import { hoursToday } from "/static/core/hours.js";
import { lang, nameOf, t } from "/static/core/i18n.js";
import { hhmm, isoDay, minutesUntil, serverNow } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("./levels.js").ClerkCard} ClerkCard */
/** @typedef {(name: string) => string} PhotoAddress */

const MOST_SERVICES = 8;
const FEW = 4; // one below the other, larger

/**
 * A photo, or the first sign of the name: calm, and never a broken picture.
 * @param {ClerkCard} clerk
 * @param {PhotoAddress} photoAt
 */
function portrait(clerk, photoAt) {
  const initial = h("div", { class: "portrait initial", "aria-hidden": "true" }, Array.from(clerk.name || "·")[0]);
  if (!clerk.photo) return initial;
  const photo = h("img", { class: "portrait", src: photoAt(clerk.photo), alt: "" });
  photo.addEventListener("error", () => {
    if (photo.parentNode) photo.parentNode.replaceChild(initial, photo);
  });
  return photo;
}

/**
 * @param {ClerkCard} clerk
 * @param {PhotoAddress} photoAt
 */
export function clerkCard(clerk, photoAt) {
  const stars = Math.max(0, Math.min(5, clerk.stars || 0));
  return h(
    "section",
    { class: "clerk" },
    portrait(clerk, photoAt),
    h("h2", { class: "clerk-name clamp" + (signs(clerk.name) > 6 ? " long" : "") }, clerk.name || clerk.clerk_no),
    h("p", { class: "clerk-no" }, t("clerk_no") + " " + clerk.clerk_no),
    clerk.title ? h("p", { class: "clerk-title clamp" }, clerk.title) : null,
    stars
      ? h("p", { class: "stars", role: "img", "aria-label": t("stars", { n: stars }) }, "★".repeat(stars) + "☆".repeat(5 - stars))
      : null,
  );
}

/**
 * @param {HallState} state
 * @param {WindowEntry} entry
 */
export function services(state, entry) {
  const own = (state.services || []).filter((service) => entry.queues.indexOf(service.prefix) >= 0).map(nameOf);
  const names = own.length ? own : entry.services || [];
  const shown = names.length > MOST_SERVICES ? names.slice(0, MOST_SERVICES - 1) : names;
  return h(
    "section",
    { class: "offers" },
    h("h3", null, t("services")),
    h(
      "ul",
      { class: shown.length <= FEW ? "few" : null },
      shown.map((name) => h("li", { class: "clamp" }, name)),
      names.length ? null : h("li", null, t("services.all")),
      shown.length < names.length ? h("li", { class: "soft" }, t("services.more", { n: names.length })) : null,
    ),
    entry.phone ? h("p", { class: "phone" }, h("span", { class: "soft" }, t("phone")), h("b", null, entry.phone)) : null,
  );
}

/** The one line that says what happens here now. @param {WindowEntry} entry */
export function band(entry) {
  if (entry.state === "calling" && entry.ticket) {
    return h("p", { class: "band", "data-state": "calling" },
      h("span", { class: "state", "data-state": "calling" }, t("now.calling.before")),
      h("b", { class: "number" }, entry.ticket), h("span", null, t("now.calling.after")));
  }
  if (entry.state === "serving" && entry.ticket) {
    return h("p", { class: "band", "data-state": "serving" },
      h("span", { class: "state", "data-state": "serving" }, t("now.serving")), h("b", { class: "number" }, entry.ticket));
  }
  return h("p", { class: "band", "data-state": "open" }, h("span", { class: "state", "data-state": "open" }, t("now.open")));
}

/** Where the clerk went, until when, and who helps. @param {WindowEntry} entry */
export function absent(entry) {
  const absence = entry.absence;
  const backup = absence && absence.backup_clerk;
  const late = Boolean(absence && minutesUntil(absence.expected_return) < 0);
  const fact = (/** @type {string} */ key, /** @type {string|null|undefined} */ text) =>
    text ? [h("dt", null, t(key)), h("dd", { class: "clamp" }, text)] : null;
  return h(
    "section",
    { class: "notice-away" },
    h("h2", null, h("span", { class: "state", "data-state": "away" }, t("away"))),
    absence
      ? h("div", { class: "away-body" },
          h("dl", null,
            fact("away.reason", absenceText(absence.reason)), fact("away.destination", absence.destination),
            fact("away.contact", absence.contact), fact("away.backup", backup && (backup.name || backup.clerk_no))),
          h("div", { class: "away-until" },
            h("p", { class: "soft" }, t(late ? "away.was_due" : "away.return")),
            h("p", { class: "time" }, hhmm(absence.expected_return))))
      : null,
    h("p", { class: "soft" }, entry.covered_by ? t("go_to", { n: entry.covered_by }) : t("away.wait")),
  );
}

/**
 * @param {HallState} state
 * @param {WindowEntry} entry
 */
export function closed(state, entry) {
  return h(
    "section",
    { class: "plain" },
    h("h2", null, (lang() === "zh" && (state.texts || {})["screen.closed"]) || t("closed")),
    entry.covered_by ? h("p", { class: "go" }, t("go_to", { n: entry.covered_by })) : null,
    h("p", { class: "soft" }, hoursToday(state.setup, entry.queues)),
  );
}
