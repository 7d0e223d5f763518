/**
 * Alerts to this window: what its clerk is asked about. Never a rating: nobody handles a case about
 * themselves, and totals come the next day.
 */
import { absenceText } from "/static/core/absence.js";
import { get, post } from "/static/core/api.js";
import { hasText, t } from "/static/core/i18n.js";
import { hhmm, isoDay, serverNow } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {import("/static/core/types.js").AlertEntry} Alert */

const KINDS = ["absence_overdue", "suspected_absent", "late_open", "device_fault"];
const ASKED = ["open", "acknowledged"]; // nothing was said about it yet
/** Of these a clerk may say, once back, what it was. */
const EXPLAINED = ["suspected_absent", "late_open"];

export class Alerts {
  /**
   * @param {HallStream} stream
   * @param {number} window
   * @param {() => void} changed
   */
  constructor(stream, window, changed) {
    this._stream = stream;
    this._window = window;
    /** Those of today that ended by themselves. @type {Alert[]} */
    this._ended = [];
    stream.on("change", (parts) => {
      if (parts.indexOf("alerts") >= 0 || parts.indexOf("*") >= 0) this._askEnded().then(changed);
    });
  }

  async _askEnded() {
    const hall = encodeURIComponent(this._stream.hall);
    try {
      const ended = await get("/halls/" + hall + "/alerts?state=closed&window=" + this._window);
      const today = isoDay(serverNow());
      this._ended = ended.filter((/** @type {Alert} */ alert) => EXPLAINED.indexOf(alert.kind) >= 0 && isoDay(alert.since) === today);
    } catch (error) {
      // What is known stays; the next change asks again.
    }
  }

  /** Unanswered ones first, last those that are over and may still be explained. @type {Alert[]} */
  get list() {
    const all = (this._stream.state && this._stream.state.alerts) || [];
    return all
      .filter((alert) => alert.window === this._window && KINDS.indexOf(alert.kind) >= 0)
      .sort((a, b) => Number(b.state === "open") - Number(a.state === "open") || a.since.localeCompare(b.since))
      .concat(this._ended);
  }

  /**
   * @param {Alert} alert
   * @param {"acknowledge"|"explain"|"appeal"} command
   * @param {string} text
   */
  async handle(alert, command, text) {
    return post("/alerts/" + encodeURIComponent(alert.alert_id) + "/commands", { command, text });
  }

  /**
   * @param {Alert} alert
   * @param {WindowEntry} mine
   */
  sentence(alert, mine) {
    const over = ASKED.indexOf(alert.state) < 0 && hasText("alert." + alert.kind + ".over");
    const key = "alert." + alert.kind + (over ? ".over" : "");
    const parts = [hasText(key) ? t(key, { text: absenceText(alert.detail || "") }) : alert.kind];
    if (alert.kind === "absence_overdue" && mine.absence) {
      parts[0] = t("alert.absence_overdue_other", { reason: absenceText(mine.absence.reason) });
      parts.push(t("away.was_due", { at: hhmm(mine.absence.expected_return) }));
    } else parts.push(t("alert.since", { at: hhmm(alert.since) }));
    if (alert.level !== "window" && alert.state !== "closed") parts.push(t("alert.level." + alert.level));
    if (alert.state !== "open" && hasText("alert.state." + alert.state)) parts.push(t("alert.state." + alert.state));
    return parts.join(" · ");
  }
}
