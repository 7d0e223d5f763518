/**
 * Alerts to this window: what its clerk is asked about. Never a rating: nobody handles a case about
 * themselves, and totals come the next day.
 */
import { get, post } from "/static/core/api.js";
import { hasText, t } from "/static/core/i18n.js";
import { hhmm } from "/static/core/time.js";
import { absenceText } from "./desk.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

/**
 * @typedef {{alert_id: string, kind: string, window: number|null, level: string, state: string,
 *   since: string, detail?: string}} Alert
 */

const KINDS = ["absence_overdue", "suspected_absent", "late_open", "device_fault"];
const AGAIN_MS = 3000;

export class Alerts {
  /**
   * @param {string} hall
   * @param {number} window
   * @param {() => void} changed
   */
  constructor(hall, window, changed) {
    this._hall = hall;
    this._window = window;
    this._changed = changed;
    /** Unanswered ones first. @type {Alert[]} */
    this.list = [];
    this._timer = 0;
  }

  /** Asks for them soon, once. */
  refresh() {
    if (!this._timer) this._timer = window.setTimeout(() => this._load(), 150);
  }

  async _load() {
    this._timer = 0;
    try {
      /** @type {Alert[]} */
      const all = await get("/halls/" + encodeURIComponent(this._hall) + "/alerts?state=open");
      this.list = all
        .filter((alert) => alert.window === this._window && KINDS.indexOf(alert.kind) >= 0)
        .sort((a, b) => Number(b.state === "open") - Number(a.state === "open") || a.since.localeCompare(b.since));
    } catch (error) {
      setTimeout(() => this.refresh(), AGAIN_MS);
    }
    this._changed();
  }

  /**
   * @param {Alert} alert
   * @param {"acknowledge"|"explain"} command
   * @param {string} text
   */
  async handle(alert, command, text) {
    const done = await post("/alerts/" + encodeURIComponent(alert.alert_id) + "/commands", { command, text });
    this.refresh();
    return done;
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
