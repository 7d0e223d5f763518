/**
 * Alerts to this window: what its clerk is asked about. Never a rating: nobody handles a case about
 * themselves, and totals come the next day.
 */
import { absenceText } from "/static/core/absence.js";
import { alertText } from "/static/core/alert.js";
import { get, post } from "/static/core/api.js";
import { hasText, t } from "/static/core/i18n.js";
import { hhmm, isoDay, serverNow } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {import("/static/core/types.js").AlertEntry} Alert */

const KINDS = ["absence_overdue", "device_fault"];
const ASKED = ["open", "acknowledged"]; // nothing was said about it yet
/** These only their own window is told of, when it asks; once back, its clerk may say what it was. */
const OWN = ["suspected_absent", "late_open"];

/** Unanswered ones first, last those that are over. @param {Alert} alert */
function rank(alert) {
  return alert.state === "open" ? 0 : alert.state === "closed" ? 2 : 1;
}

export class Alerts {
  /**
   * @param {HallStream} stream
   * @param {number} window
   * @param {() => void} changed
   */
  constructor(stream, window, changed) {
    this._stream = stream;
    this._window = window;
    /** Those that wait, then those of today that ended by themselves. @type {Alert[]} */
    this._own = [];
    this._asked = 0; // an answer that was overtaken counts no more
    stream.on("change", (parts, what) => {
      const told = (what && what.alerts) || [];
      if (parts.indexOf("*") >= 0 || told.some((/** @type {{removed?: boolean}} */ one) => one.removed)) this._ask().then(changed);
    });
  }

  async _ask() {
    const asked = ++this._asked;
    const path = "/halls/" + encodeURIComponent(this._stream.hall) + "/alerts?window=" + this._window + "&state=";
    try {
      const [waiting, ended] = await Promise.all([get(path + "open"), get(path + "closed")]);
      if (asked !== this._asked) return;
      const today = isoDay(serverNow());
      const own = waiting.concat(ended.filter((/** @type {Alert} */ alert) => isoDay(alert.since) === today));
      this._own = own.filter((/** @type {Alert} */ alert) => OWN.indexOf(alert.kind) >= 0);
    } catch (error) {
      // What is known stays; the next change asks again.
    }
  }

  /** Unanswered ones first, last those that are over and may still be explained. @type {Alert[]} */
  get list() {
    const all = (this._stream.state && this._stream.state.alerts) || [];
    return all
      .filter((alert) => alert.window === this._window && KINDS.indexOf(alert.kind) >= 0)
      .concat(this._own)
      .sort((a, b) => rank(a) - rank(b) || a.since.localeCompare(b.since));
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
    const parts = [hasText(key) ? t(key, { text: alertText(alert) }) : alert.kind];
    const late = (mine.absences_before || []).concat(mine.absence || []).find((absence) =>
      absence.reason === alert.detail && Date.parse(absence.expected_return) <= Date.parse(alert.since));
    if (alert.kind === "absence_overdue" && late) {
      parts[0] = t("alert.absence_overdue_other", { reason: absenceText(late.reason) });
      parts.push(t("away.was_due", { at: hhmm(late.expected_return) }));
    } else parts.push(t("alert.since", { at: hhmm(alert.since) }));
    if (alert.level !== "window" && alert.state !== "closed") parts.push(t("alert.level." + alert.level));
    if (alert.state !== "open" && hasText("alert.state." + alert.state)) parts.push(t("alert.state." + alert.state));
    return parts.join(" · ");
  }
}
