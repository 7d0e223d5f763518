/**
 * Everyone who has a ticket now: waiting, missed, on hold, at a window. The last list stays in hand
 * with its time, so that it can be printed when the server is gone; while it is there, the list is
 * never older than half a minute.
 */
import { get } from "/static/core/api.js";
import { serverNow } from "/static/core/time.js";
import { Asked } from "./desk.js";

/** @typedef {import("/static/core/types.js").Wait} Wait */

/**
 * @typedef {{ticket_id: string, number: string, queue: string, state: string, service: string|null,
 *   service_name: string, channel: string, priority: string, cases: number, issued_at: string,
 *   called_at: string|null, started_at: string|null, ended_at: string|null, call_count: number,
 *   window: number|null, requeues: number, parked: boolean, ahead: number, wait_minutes: Wait|null,
 *   token?: string}} Ticket
 */

const STATES = "waiting,called,serving,held,no_show";
export class Tickets extends Asked {
  /**
   * @param {string} hall
   * @param {() => void} changed
   */
  constructor(hall, changed) {
    super({ load: () => this._fetch(), changed, soonMs: 300, apartMs: 2000, againMs: 2000, atLeastMs: 30000 });
    this._path = "/halls/" + encodeURIComponent(hall) + "/tickets?state=" + STATES;
    /** By time of issue. @type {Ticket[]} */
    this.all = [];
    /** When the list was true, by the server's clock. @type {Date|null} */
    this.at = null;
  }

  async _fetch() {
    this.all = await get(this._path);
    this.at = serverNow();
  }

  /** @param {string} state */
  in(state) {
    return this.all.filter((ticket) => ticket.state === state);
  }

  /** @param {string} id */
  byId(id) {
    return this.all.find((ticket) => ticket.ticket_id === id);
  }
}
