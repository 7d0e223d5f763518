/**
 * The hall's clerks, for the forms of the counter that ask for one.
 */
import { get } from "/static/core/api.js";
import { t } from "/static/core/i18n.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("./counter.js").Counter} Counter */
/** @typedef {{clerk_no: string, name: string, title?: string, windows: number[]}} Clerk */

/** @param {Counter} counter @returns {Promise<Clerk[]>} */
export async function clerksOf(counter) {
  try {
    return await get("/halls/" + encodeURIComponent(counter.hall) + "/clerks");
  } catch (error) {
    return []; // the number can be typed; the server knows it
  }
}

/**
 * @param {Clerk[]} clerks
 * @param {WindowEntry} mine
 */
export function clerkOptions(clerks, mine) {
  const here = (/** @type {Clerk} */ clerk) => clerk.windows.indexOf(mine.number) >= 0;
  const signed = (/** @type {Clerk} */ clerk) => (mine.signed_in || []).some((one) => one.clerk_no === clerk.clerk_no);
  const rank = (/** @type {Clerk} */ clerk) => (signed(clerk) ? 0 : here(clerk) ? 1 : 2);
  return clerks
    .slice()
    .sort((a, b) => rank(a) - rank(b) || a.clerk_no.localeCompare(b.clerk_no))
    .map((clerk) => ({
      value: clerk.clerk_no,
      label: clerk.clerk_no + " " + clerk.name,
      hint: signed(clerk) ? t("clerk.signed_in") : here(clerk) ? t("clerk.here")
        : clerk.windows.map((n) => t("window.short", { n })).join(t("list.comma")),
    }));
}
