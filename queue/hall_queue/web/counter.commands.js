/**
 * Sending a window's commands. One at a time: while one is on its way no other key works; when the
 * answer got lost, pressing again repeats it under the same key, so that nothing is done twice; and
 * after each change of what Enter would do there is a moment in which it does nothing, so that the
 * second half of a double press cannot start what the first half called.
 */
import { ApiError, newKey, post, sleep } from "/static/core/api.js";

/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

/**
 * @typedef {{command: string, [field: string]: any}} Body
 * @typedef {{window: WindowEntry, ticket: {number: string}|null, version: number}} Answer
 */

const SETTLE_MS = 600;
const CATCH_UP_MS = 1500;

export class Commands {
  /**
   * @param {{hall: string, window: number, stream: HallStream, changed: () => void}} options
   *   `changed`: `busy` changed
   */
  constructor(options) {
    this._path = "/halls/" + encodeURIComponent(options.hall) + "/windows/" + options.window + "/commands";
    this._stream = options.stream;
    this._changed = options.changed;
    this.busy = false;
    /** A command whose answer never came. @type {{text: string, key: string}|null} */
    this._lost = null;
    this._quietUntil = 0;
    this._next = "";
  }

  /**
   * What Enter would do now; when that changes, keys rest for a moment, and what was lost counts
   * as answered by what the stream shows.
   * @param {string} next
   */
  nextIs(next) {
    if (next === this._next) return;
    this._next = next;
    this._lost = null;
    this.rest();
  }

  /** Keys do nothing for a moment. */
  rest() {
    this._quietUntil = performance.now() + SETTLE_MS;
    this._changed();
    setTimeout(this._changed, SETTLE_MS + 20);
  }

  /** Would a key press be taken now? */
  get ready() {
    return !this.busy && performance.now() >= this._quietUntil && this._stream.status === "online";
  }

  /**
   * Sends one and waits until the stream shows what came of it. Throws an ApiError.
   * @param {Body} body
   * @returns {Promise<Answer>}
   */
  async send(body) {
    if (this.busy) throw new ApiError(409, "busy", "");
    const text = JSON.stringify(body);
    const key = this._lost && this._lost.text === text ? this._lost.key : newKey();
    this.busy = true;
    this._changed();
    try {
      const answer = await post(this._path, body, { key });
      this._lost = null;
      await this._caughtUp(answer.version);
      return answer;
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      this._lost = status === 0 || status >= 500 ? { text, key } : null;
      // What is on the page may be old: somebody else was quicker.
      if (status === 409) this._stream.resync();
      throw error;
    } finally {
      this.busy = false;
      this.rest();
    }
  }

  /** @param {number} version */
  async _caughtUp(version) {
    const until = performance.now() + CATCH_UP_MS;
    while (this._stream.version < version && performance.now() < until) await sleep(15);
    if (this._stream.version < version) this._stream.resync();
  }
}
