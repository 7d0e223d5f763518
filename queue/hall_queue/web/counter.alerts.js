/**
 * Alerts to this window: what its clerk is asked about. Never a rating: nobody handles a case about
 * themselves, and totals come the next day.
 */
import { absenceText } from "/static/core/absence.js";
import { post } from "/static/core/api.js";
import { hasText, t } from "/static/core/i18n.js";
import { hhmm } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {import("/static/core/types.js").AlertEntry} Alert */

const KINDS = ["absence_overdue", "suspected_absent", "late_open", "device_fault"];

export class Alerts {
  /**
   * @param {HallStream} stream
   * @param {number} window
   */
  constructor(stream, window) {
    this._stream = stream;
    this._window = window;
  }

  /** Unanswered ones first. @type {Alert[]} */
  get list() {
    const all = (this._stream.state && this._stream.state.alerts) || [];
    return all
      .filter((alert) => alert.window === this._window && KINDS.indexOf(alert.kind) >= 0)
      .sort((a, b) => Number(b.state === "open") - Number(a.state === "open") || a.since.localeCompare(b.since));
  }

  /**
   * @param {Alert} alert
   * @param {"acknowledge"|"explain"} command
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
    const key = "alert." + alert.kind;
    const parts = [hasText(key) ? t(key, { text: alert.detail || "" }) : alert.kind];
    if (alert.kind === "absence_overdue" && mine.absence) {
      parts[0] = t("alert.absence_overdue_other", { reason: absenceText(mine.absence.reason) });
      parts.push(t("away.was_due", { at: hhmm(mine.absence.expected_return) }));
    } else parts.push(t("alert.since", { at: hhmm(alert.since) }));
    if (alert.level !== "window") parts.push(t("alert.level." + alert.level));
    if (alert.state !== "open" && hasText("alert.state." + alert.state)) parts.push(t("alert.state." + alert.state));
    return parts.join(" · ");
  }
}
