/**
 * My queue: who is called next at this window and why, as the server orders it. Fetched again when
 * an event touches what this window serves, a little later than the first event of a burst.
 */
import { get } from "/static/core/api.js";

/**
 * @typedef {{number: string, reason: string, service: string, issued_at: string, priority: string,
 *   ticket_id: string, requeues: number}} Entry
 */

const SOON_MS = 120;
const APART_MS = 500;
const AGAIN_MS = 2000;
const AT_LEAST_MS = 30000;

export class Line {
  /**
   * @param {string} hall
   * @param {number} window
   * @param {() => void} changed
   */
  constructor(hall, window, changed) {
    this._path = "/halls/" + encodeURIComponent(hall) + "/windows/" + window + "/line";
    this._changed = changed;
    /** @type {Entry[]} */
    this.entries = [];
    this.known = false;
    this.failed = false;
    this._asked = -APART_MS;
    this._timer = 0;
    this._loading = false;
    this._again = false;
    setInterval(() => {
      if (performance.now() - this._asked > AT_LEAST_MS) this.refresh();
    }, 5000);
  }

  /** Is this number in it, as far as is known? @param {string} number */
  has(number) {
    return this.entries.some((entry) => entry.number === number);
  }

  /** Asks for it soon, once. */
  refresh() {
    if (this._loading) {
      this._again = true;
      return;
    }
    if (this._timer) return;
    const wait = Math.max(SOON_MS, this._asked + APART_MS - performance.now());
    this._timer = window.setTimeout(() => this._load(), wait);
  }

  async _load() {
    this._timer = 0;
    this._loading = true;
    this._again = false;
    this._asked = performance.now();
    try {
      this.entries = (await get(this._path)).line;
      this.known = true;
      this.failed = false;
    } catch (error) {
      this.failed = true;
      setTimeout(() => this.refresh(), AGAIN_MS);
    }
    this._loading = false;
    this._changed();
    if (this._again) this.refresh();
  }
}
