/**
 * How the evaluation desk pages name people, and which halls a person may look at.
 */
import { get } from "/static/core/api.js";
import { h, replace } from "/static/core/dom.js";
import { lang, nameOf, t } from "/static/core/i18n.js";

/**
 * @typedef {{clerk_no: string, name: string}} ClerkName
 * @typedef {{id: string, name: string, name_en?: string, region: string, level: string}} Hall
 * @typedef {{code: string, name: string, level: string, parent: string|null}} Region
 * @typedef {{regions: Region[], halls: Hall[]}} Tree
 */

/**
 * What was bad about it, in the page's language.
 * @param {{reasons: string[], reasons_en: string[]}} entry
 */
export function reasonsOf(entry) {
  return lang() === "en" ? entry.reasons_en : entry.reasons;
}

/** The halls of this person's scope, in the order of their regions. @returns {Promise<Tree>} */
export function fetchTree() {
  return get("/supervision/tree");
}

/** The English names of a hall's matters, by hall and Chinese name. @type {Map<string, Map<string, string>>} */
const english = new Map();

/**
 * Asks these halls for the English names of their matters, once, and only for a page in English;
 * then `matterName` knows them.
 * @param {string[]} halls
 */
export async function learnMatters(halls) {
  if (lang() !== "en") return;
  const unknown = halls.filter((hall, at) => hall && halls.indexOf(hall) === at && !english.has(hall));
  await Promise.all(unknown.map(async (hall) => {
    try {
      const { state } = await get("/halls/" + encodeURIComponent(hall) + "/snapshot");
      /** @type {Map<string, string>} */
      const names = new Map();
      for (const matter of state.services) if (matter.name_en) names.set(matter.name, matter.name_en);
      english.set(hall, names);
    } catch (error) {
      // In Chinese, then.
    }
  }));
}

/**
 * A matter in the language of the page; as the server calls it where there is no English name.
 * @param {string} hall
 * @param {string} name
 */
export function matterName(hall, name) {
  const known = lang() === "en" ? english.get(hall) : undefined;
  return (known && known.get(name)) || name;
}

/**
 * `王丽（004）`.
 * @param {ClerkName} clerk
 */
export function clerkText(clerk) {
  return clerk.name ? t("desk.clerk", { name: clerk.name, no: clerk.clerk_no }) : clerk.clerk_no;
}

/**
 * `6月16日`, `16 Jun`.
 * @param {string} day  2026-06-16
 */
export function shortDay(day) {
  const [, month, date] = day.split("-").map(Number);
  const name = new Date(day + "T00:00:00Z").toLocaleDateString("en-GB", { month: "short", timeZone: "UTC" });
  return t("desk.day", { month, day: date, month_name: name });
}

/**
 * Fills a choice of halls, grouped by region; with several halls the first choice is all of them.
 * @param {HTMLSelectElement} select
 * @param {Tree} tree
 * @param {string} chosen  a hall's id, "" for all
 */
export function fillHalls(select, tree, chosen) {
  const option = (/** @type {Hall} */ hall) =>
    h("option", { value: hall.id, selected: hall.id === chosen }, nameOf(hall));
  const known = tree.regions.filter((region) => tree.halls.some((hall) => hall.region === region.code));
  const elsewhere = tree.halls.filter((hall) => !known.some((region) => region.code === hall.region));
  const grouped = known.length > 1 && tree.halls.length > known.length;
  replace(select,
    tree.halls.length > 1 ? h("option", { value: "", selected: !chosen }, t("desk.all_halls", { n: tree.halls.length })) : null,
    elsewhere.map(option),
    grouped
      ? known.map((region) => h("optgroup", { label: region.name }, tree.halls.filter((hall) => hall.region === region.code).map(option)))
      : known.map((region) => tree.halls.filter((hall) => hall.region === region.code).map(option)));
  select.setAttribute("aria-label", t("desk.hall"));
  select.value = chosen;
}
