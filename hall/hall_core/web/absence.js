/**
 * The reason of a 去向留言, in the language of the page. The usual ones are known; a hall's own are
 * shown as it wrote them.
 */
import { hasText, t } from "./i18n.js";

/** @param {string} reason */
export function absenceText(reason) {
  return hasText("absence." + reason) ? t("absence." + reason) : reason;
}
