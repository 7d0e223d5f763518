/**
 * Everyone who has a ticket now: waiting, missed, on hold, at a window. The last list stays in hand
 * with its time, so that it can be printed when the server is gone; while it is there, the list is
 * never older than half a minute.
 */
import { get } from "/static/core/api.js";
import { serverNow } from "/static/core/time.js";

/** @typedef {import("/static/core/types.js").Wait} Wait */

/**
 * @typedef {{ticket_id: string, number: string, queue: string, state: string, service: string|null,
 *   service_name: string, channel: string, priority: string, cases: number, issued_at: string,
 *   called_at: string|null, started_at: string|null, ended_at: string|null, call_count: number,
 *   window: number|null, requeues: number, parked: boolean, ahead: number, wait_minutes: Wait|null,
 *   token?: string}} Ticket
 */

const STATES = "waiting,called,serving,held,no_show";
const SOON_MS = 300;
const APART_MS = 2000;
const AT_LEAST_MS = 30000;

export class Tickets {
  /**
   * @param {string} hall
   * @param {() => void} changed
   */
  constructor(hall, changed) {
    this._path = "/halls/" + encodeURIComponent(hall) + "/tickets?state=" + STATES;
    this._changed = changed;
    /** By time of issue. @type {Ticket[]} */
    this.all = [];
    /** When the list was true, by the server's clock. @type {Date|null} */
    this.at = null;
    this.failed = false;
    this._asked = -APART_MS;
    this._timer = 0;
    this._loading = false;
    this._again = false;
    setInterval(() => {
      if (performance.now() - this._asked > AT_LEAST_MS) this.refresh();
    }, 5000);
  }

  /** @param {string} state */
  in(state) {
    return this.all.filter((ticket) => ticket.state === state);
  }

  /** @param {string} id */
  byId(id) {
    return this.all.find((ticket) => ticket.ticket_id === id);
  }

  /** Asks for the list soon, once. */
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
      this.all = await get(this._path);
      this.at = serverNow();
      this.failed = false;
    } catch (error) {
      this.failed = true;
      setTimeout(() => this.refresh(), APART_MS);
    }
    this._loading = false;
    this._changed();
    if (this._again) this.refresh();
  }
}
