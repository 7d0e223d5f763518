/**
 * Presses that are on their way. What a citizen pressed is first written to this device and then
 * sent, again and again with the same key until the server has answered, also after a reload or a
 * day without network. The server counts a key once, so nothing is lost and nothing counts twice.
 */
import { ApiError, newKey, post } from "/static/core/api.js";
import { noExtras, ratingBody } from "./details.js";

/** @typedef {import("./details.js").Extras} Extras */
/** @typedef {import("./levels.js").Level} Level */

/**
 * @typedef {{token: string, level: Level, key: string, at: string, extras: Extras, kept?: boolean}} Press
 *   `at`: when something was last pressed; `kept`: the server is told that it was pressed earlier
 *   than it is sent
 * @typedef {"recorded"|"already"|"refused"|"kept"} Outcome
 *   `kept`: could not be sent now and waits; the others are final
 * @typedef {{press: Press, name: string, ready: boolean, saved: boolean, tried: boolean}} Entry
 *   `name`: where it lies on this device; `ready`: nothing more will be added; `saved`: it lies there
 */

const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 60000;
const ALL = "hall.pad.kept:";
const LEFT_MS = 60000; // twice as long as reasons wait for a touch: nobody is choosing them any more
const NOT_HERE_NOW = ["window_closed", "wrong_window", "wrong_hall"];
const LATER = [0, 401, 408, 429]; // and every 5xx: the same request may work another time

export class KeptPresses {
  /**
   * @param {{place: string, onOutcome: (token: string, outcome: Outcome, entry: Entry) => void}} options
   *   `place`: hall and window; a pad that replaces another there delivers at once what it left
   */
  constructor(options) {
    this._prefix = ALL + options.place + ":";
    this._onOutcome = options.onOutcome;
    /** @type {Entry[]} */
    this._entries = [];
    this._sending = false;
    this._again = false;
    this._failures = 0;
    this._timer = 0;
  }

  /**
   * Delivers what an earlier page left, also at another window that this pad stood at before. A rating
   * whose reasons were being chosen goes as it was; a browser may hold pads of several windows (the
   * demonstration), so what lies there for another one is first left to its page.
   */
  start() {
    window.addEventListener("online", () => this.wake());
    this._adopt(this._prefix, 0);
    setTimeout(() => this._adopt(ALL, LEFT_MS), LEFT_MS);
  }

  /**
   * @param {string} prefix
   * @param {number} age  ms since something was pressed
   */
  _adopt(prefix, age) {
    const known = this._entries.map((entry) => entry.name);
    const left = this._read(prefix).filter((entry) =>
      known.indexOf(entry.name) < 0 && !(Math.abs(Date.now() - Date.parse(entry.press.at)) < age));
    this._entries = this._entries.concat(left);
    this.wake();
  }

  /** How many wait because they could not be sent. */
  get waiting() {
    return this._entries.filter((entry) => entry.tried).length;
  }

  /**
   * Somebody pressed. It counts from here on, whatever happens to this page.
   * @param {string} token
   * @param {Level} level
   * @param {boolean} ready  false: reasons may follow (see `complete`)
   * @returns {boolean} whether it is on this device; if not, this page holds it
   */
  press(token, level, ready) {
    const press = { token, level, key: newKey(), at: new Date().toISOString(), extras: noExtras() };
    const entry = { press, name: this._prefix + press.key, ready, saved: false, tried: false };
    this._entries.push(entry);
    this._save(entry);
    if (ready) this.wake();
    return entry.saved;
  }

  /**
   * What has been added up to now.
   * @param {string} token
   * @param {Extras} extras
   */
  add(token, extras) {
    const entry = this._open(token);
    if (!entry) return;
    entry.press.extras = extras;
    entry.press.at = new Date().toISOString();
    this._save(entry);
  }

  /** Nothing more will be added. @param {string} token */
  complete(token) {
    const entry = this._open(token);
    if (!entry) return;
    entry.ready = true;
    this.wake();
  }

  /** Tries now, e.g. because the connection is back. */
  wake() {
    clearTimeout(this._timer);
    this._failures = 0;
    this._deliver();
  }

  /** @param {string} token */
  _open(token) {
    return this._entries.find((entry) => entry.press.token === token && !entry.ready);
  }

  // --- sending --------------------------------------------------------------------------------------

  async _deliver() {
    this._again = this._sending;
    if (this._sending) return;
    this._sending = true;
    let later = false;
    try {
      for (const entry of this._entries.filter((one) => one.ready)) {
        const status = await this._send(entry);
        later = later || status !== null;
        if (status === 0) break; // nobody there: the others would wait for nothing
      }
    } finally {
      this._sending = false;
    }
    if (this._again) this._deliver();
    else if (later) {
      const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * Math.pow(2, this._failures));
      this._failures = Math.min(this._failures + 1, 10);
      clearTimeout(this._timer);
      this._timer = window.setTimeout(() => this._deliver(), pause * (0.7 + Math.random() * 0.6));
    }
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<number|null>} null when it is done with, else the status that says "later"
   */
  async _send(entry) {
    const { press } = entry;
    for (;;) {
      try {
        const body = ratingBody({ token: press.token, level: press.level, channel: "pad" }, press.extras);
        if (press.kept) body.kept = true;
        await post("/evaluations", body, { key: press.key, retryMs: 0 });
        this._end(entry, "recorded");
        return null;
      } catch (error) {
        const status = error instanceof ApiError ? error.status : 0;
        if (LATER.indexOf(status) >= 0 || status >= 500) {
          entry.tried = true;
          this._onOutcome(press.token, "kept", entry);
          return status;
        }
        const code = error instanceof ApiError ? error.code : "";
        if (NOT_HERE_NOW.indexOf(code) >= 0 && this._pressedBefore(entry)) continue;
        if (status === 422 && this._shorten(entry, /** @type {ApiError} */ (error))) continue;
        const already = code === "already_rated";
        this._end(entry, already ? "already" : "refused");
        return null;
      }
    }
  }

  /**
   * The window closed, or this pad was moved to another one, before this was sent. It was pressed where
   * it was asked, so it is sent again as such; the key must be another, because the request is.
   * @param {Entry} entry
   * @returns {boolean} false when that has been said already
   */
  _pressedBefore(entry) {
    if (entry.press.kept) return false;
    entry.press.kept = true;
    this._renew(entry);
    return true;
  }

  /**
   * The level counts even when something that was added is not accepted (a reason that the hall has
   * taken from its list meanwhile): that is left out and the rest sent, as another request.
   * @param {Entry} entry
   * @param {ApiError} error
   * @returns {boolean} whether there was anything to leave out
   */
  _shorten(entry, error) {
    const { extras } = entry.press;
    if (!extras.reasons.length && !extras.text && !extras.phone) return false;
    const names = error.errors.map((one) => one.field.split(/[.[]/)[0]);
    const known = names.some((name) => ["reasons", "text", "contact"].indexOf(name) >= 0);
    const drop = (/** @type {string} */ name) => !known || names.indexOf(name) >= 0;
    entry.press.extras = {
      reasons: drop("reasons") ? [] : extras.reasons,
      text: drop("text") ? "" : extras.text,
      phone: drop("contact") ? "" : extras.phone,
    };
    this._renew(entry);
    return true;
  }

  /** @param {Entry} entry */
  _renew(entry) {
    this._forget(entry);
    entry.press.key = newKey();
    entry.name = this._prefix + entry.press.key;
    this._save(entry);
  }

  /**
   * @param {Entry} entry
   * @param {Outcome} outcome
   */
  _end(entry, outcome) {
    this._entries = this._entries.filter((other) => other !== entry);
    this._forget(entry);
    this._onOutcome(entry.press.token, outcome, entry);
  }

  // --- on this device -------------------------------------------------------------------------------

  /** @param {Entry} entry */
  _save(entry) {
    try {
      localStorage.setItem(entry.name, JSON.stringify(entry.press));
      entry.saved = true;
    } catch (error) {
      entry.saved = false; // the page says so when it cannot be sent at once either
    }
  }

  /** @param {Entry} entry */
  _forget(entry) {
    try {
      localStorage.removeItem(entry.name);
    } catch (error) {
      // nothing was kept
    }
  }

  /** @param {string} prefix @returns {Entry[]} oldest first */
  _read(prefix) {
    /** @type {Entry[]} */
    const found = [];
    try {
      for (const name of Object.keys(localStorage)) {
        if (name.indexOf(prefix) !== 0) continue;
        const press = pressOf(localStorage.getItem(name));
        if (press) found.push({ press, name, ready: true, saved: true, tried: true });
        else localStorage.removeItem(name);
      }
    } catch (error) {
      // a browser without storage has kept nothing
    }
    return found.sort((a, b) => (a.press.at < b.press.at ? -1 : 1));
  }
}

/**
 * @param {string|null} text
 * @returns {Press|null} null when it is damaged
 */
function pressOf(text) {
  try {
    const press = JSON.parse(text || "");
    const whole = press && press.token && press.level && press.key && press.extras && Array.isArray(press.extras.reasons);
    return whole ? press : null;
  } catch (error) {
    return null;
  }
}
