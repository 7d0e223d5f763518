/**
 * What is asked of the server, and under which idempotency key. An answer that got lost may mean a
 * ticket that nobody holds: until the server has answered, the same goes with the same key, so that
 * whoever tries again gets that very ticket. When nobody does for a minute, it is asked for once
 * more and given back; otherwise an empty chair would be called.
 */
import { ApiError, newKey } from "/static/core/api.js";

const LEFT_MS = 60000;

/**
 * @typedef {(key: string) => Promise<any>} Ask
 * @typedef {{key: string, ask: Ask, giveBack: ((answer: any) => Promise<any>)|null, lostAt: number}} Question
 */

/** @param {unknown} error  Was there no answer at all? */
export function isLost(error) {
  return error instanceof ApiError && error.status === 0;
}

export class Asked {
  constructor() {
    /** By what is wanted. @type {Map<string, Question>} */
    this._open = new Map();
  }

  /**
   * Asks for something; the same again until it was answered.
   * @param {string} wanted
   * @param {Ask} ask
   * @param {((answer: any) => Promise<any>)|null} giveBack  what undoes it, when nobody wants it any more
   */
  async ask(wanted, ask, giveBack) {
    const question = this._open.get(wanted) || { key: newKey(), ask, giveBack, lostAt: 0 };
    this._open.set(wanted, question);
    try {
      const answer = await ask(question.key);
      this._open.delete(wanted);
      this.forget();
      return answer;
    } catch (error) {
      question.lostAt = isLost(error) ? performance.now() : 0;
      throw error;
    }
  }

  /** A new person: the same is another ticket now, unless an answer is still missing. */
  forget() {
    this._open.forEach((question, wanted) => {
      if (!question.lostAt) this._open.delete(wanted);
    });
  }

  /** Gives back what nobody tried again for; called now and then. */
  tidy() {
    this._open.forEach((question, wanted) => {
      if (!question.lostAt || performance.now() - question.lostAt < LEFT_MS) return;
      this._open.delete(wanted); // from now on, the same is another ticket
      this._giveBack(wanted, question);
    });
  }

  /** @param {string} wanted @param {Question} question */
  async _giveBack(wanted, question) {
    if (!question.giveBack) return;
    try {
      await question.giveBack(await question.ask(question.key));
    } catch (error) {
      if (!isLost(error) || this._open.has(wanted)) return;
      question.lostAt = performance.now(); // still nobody there: later
      this._open.set(wanted, question);
    }
  }
}
