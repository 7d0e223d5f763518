/**
 * Which call is said next, and how often. Pure: no page, no sound, no clock.
 *
 * Calls never cut each other off. A call is said as often as the hall's text says (twice); when
 * what waits behind it would take more than SAY_ONCE_S it is said once, and when it would take
 * more than SKIP_S, calls that somebody has already answered are left out.
 */

/** @typedef {{id: string, number: string, window: number, times: number}} Call */

export const SAY_ONCE_S = 10;
const SKIP_S = 20;

/** @template {Call} C */
export class CallQueue {
  /**
   * @param {(call: C) => number} secondsOf  how long saying it once takes, with the pause after it
   * @param {(call: C) => boolean} isAnswered  its window no longer calls that number
   */
  constructor(secondsOf, isAnswered) {
    this._secondsOf = secondsOf;
    this._isAnswered = isAnswered;
    /** @type {C[]} */
    this.waiting = [];
  }

  /**
   * A number that is called again while it still waits here keeps its place and is said as it is
   * called now: once announced, wherever it is called last.
   * @param {C} call
   */
  add(call) {
    const at = this.waiting.findIndex((other) => other.number === call.number);
    if (at < 0) this.waiting.push(call);
    else this.waiting[at] = call;
  }

  /** Seconds that everything waiting would take if it were said in full. */
  backlog() {
    return this.waiting.reduce((sum, call) => sum + call.times * this._secondsOf(call), 0);
  }

  /**
   * Takes the next call.
   * @returns {C|null}
   */
  next() {
    for (;;) {
      const call = this.waiting.shift();
      if (!call) return null;
      if (this.backlog() > SKIP_S && this._isAnswered(call)) continue;
      return call;
    }
  }

  /**
   * Whether a call that was said `said` times is said once more.
   * @param {C} call
   * @param {number} said
   */
  again(call, said) {
    if (said === 0) return true;
    return said < call.times && this.backlog() <= SAY_ONCE_S;
  }
}
