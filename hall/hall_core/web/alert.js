/**
 * What an alert says, in the language of the page.
 */
import { absenceText } from "./absence.js";
import { lang } from "./i18n.js";

/** A notice's reason is the hall's own word. @param {{detail?: string, detail_en?: string}} alert */
export function alertText(alert) {
  return (lang() === "en" && alert.detail_en) || absenceText(alert.detail || "");
}
