/**
 * My queue: who is called next at this window and why, as the server orders it. Fetched again when
 * an event touches what this window serves, a little later than the first event of a burst.
 */
import { get } from "/static/core/api.js";
import { Asked } from "./desk.js";

/**
 * @typedef {{number: string, reason: string, service: string, issued_at: string, priority: string,
 *   ticket_id: string, requeues: number}} Entry
 */

export class Line extends Asked {
  /**
   * @param {string} hall
   * @param {number} window
   * @param {() => void} changed
   */
  constructor(hall, window, changed) {
    super({ load: () => this._fetch(), changed, soonMs: 120, apartMs: 500, againMs: 2000, atLeastMs: 30000 });
    this._path = "/halls/" + encodeURIComponent(hall) + "/windows/" + window + "/line";
    /** @type {Entry[]} */
    this.entries = [];
    this.known = false;
  }

  async _fetch() {
    this.entries = (await get(this._path)).line;
    this.known = true;
  }

  /** Is this number in it, as far as is known? @param {string} number */
  has(number) {
    return this.entries.some((entry) => entry.number === number);
  }
}
