/**
 * Talking to the server. Every write carries an idempotency key and is repeated with the same key
 * when the answer got lost, so that a shaky network never makes two tickets out of one press.
 * Everything that goes wrong arrives as one ApiError whose `detail` is a sentence for people.
 */
import { lang, t } from "./i18n.js";
import { noteServerTime } from "./time.js";

const BASE = "/api/v1";
const ATTEMPT_MS = 6000;

let device = "";

/**
 * Names this page's device in every later request (one browser may hold several).
 * @param {string|null} id
 */
export function setDevice(id) {
  device = id || "";
}

/** A request that was answered with an error, or (status 0) not answered at all. */
export class ApiError extends Error {
  /**
   * @param {number} status  HTTP status; 0 when there was no answer
   * @param {string} code  for programs
   * @param {string} detail  a sentence for people
   * @param {{field: string, message: string}[]} [errors]  in the page's language where there is one
   * @param {boolean} [translated]  is `detail` in the page's language, which is not the server's?
   */
  constructor(status, code, detail, errors, translated) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = errors || [];
    this.translated = Boolean(translated);
  }

  /**
   * What is wrong with a field, or "".
   * @param {string} name
   */
  field(name) {
    const found = this.errors.find((error) => error.field === name);
    return found ? found.message : "";
  }
}

/** A fresh random key. Make one per intention (one choice screen), not per press. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => ("0" + byte.toString(16)).slice(-2)).join("");
}

/**
 * @typedef {{key?: string, retryMs?: number, patienceMs?: number, headers?: Record<string, string>}} SendOptions
 *   `key`: the idempotency key (made when left out); `retryMs`: how long a write whose answer got
 *   lost is repeated with the same key (default 8 s; 0: never).
 */

/**
 * @param {string} path  below /api/v1, e.g. "/halls/h1/snapshot"
 * @param {SendOptions} [options]
 * @returns {Promise<any>}
 */
export function get(path, options) {
  return attempt("GET", path, undefined, {}, (options || {}).patienceMs);
}

/**
 * @param {string} path
 * @param {unknown} [body]
 * @param {SendOptions} [options]
 * @returns {Promise<any>}
 */
export function post(path, body, options) {
  return send("POST", path, body, options || {});
}

/**
 * @param {string} path
 * @param {unknown} [body]
 * @param {SendOptions} [options]
 * @returns {Promise<any>}
 */
export function put(path, body, options) {
  return send("PUT", path, body, options || {});
}

/**
 * @param {string} path
 * @param {SendOptions} [options]
 * @returns {Promise<any>}
 */
export function del(path, options) {
  return send("DELETE", path, undefined, options || {});
}

/**
 * The sentence to show for anything that was thrown.
 * @param {unknown} error
 * @returns {string}
 */
export function errorText(error) {
  if (error instanceof ApiError) return error.detail;
  console.error(error);
  return t("error.server");
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {SendOptions} options
 */
async function send(method, path, body, options) {
  const headers = Object.assign({ "Idempotency-Key": options.key || newKey() }, options.headers || {});
  const patience = options.retryMs === undefined ? 8000 : options.retryMs;
  const until = performance.now() + patience;
  let pause = 300;
  for (;;) {
    try {
      return await attempt(method, path, body, headers, options.patienceMs);
    } catch (error) {
      // No answer, or one that promises to work later: the same key again is safe.
      const again = error instanceof ApiError && [0, 502, 503, 504].indexOf(error.status) >= 0;
      if (!again || performance.now() + pause > until) throw error;
      await sleep(pause * (0.7 + Math.random() * 0.6));
      pause = Math.min(pause * 2, 2000);
    }
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {Record<string, string>} extra
 * @param {number} [patience]
 */
async function attempt(method, path, body, extra, patience) {
  /** @type {Record<string, string>} */
  const headers = Object.assign({ Accept: "application/json" }, extra);
  if (device) headers["X-Hall-Device"] = device;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience || ATTEMPT_MS);
  let response;
  let text;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: stop.signal,
    });
    text = await response.text();
  } catch (error) {
    throw new ApiError(0, "network", t("error.network"));
  } finally {
    clearTimeout(timer);
  }
  const date = response.headers.get("Date");
  if (date) noteServerTime(date, "header");
  let data = null;
  try {
    data = text ? JSON.parse(text) : null;
  } catch (error) {
    if (response.ok) throw new ApiError(0, "unreadable", t("error.server"));
  }
  if (response.ok) return data;
  const problem = data && typeof data === "object" ? data : {};
  const fallback = response.status === 401 || response.status === 403 ? "error.denied" : "error.server";
  const wrong = fieldErrors(problem.errors);
  const inEnglish = lang() === "en" ? problem.detail_en || (wrong.length ? wrong[0].message_en : "") : "";
  const detail = inEnglish || problem.detail;
  throw new ApiError(
    response.status,
    typeof problem.code === "string" ? problem.code : "http_" + response.status,
    typeof detail === "string" && detail ? detail : t(fallback),
    wrong,
    Boolean(inEnglish),
  );
}

/**
 * What is wrong with which field, in the page's language where the server has it.
 * @param {unknown} errors
 * @returns {{field: string, message: string, message_en?: string}[]}
 */
function fieldErrors(errors) {
  if (!Array.isArray(errors)) return [];
  return errors.map((error) =>
    lang() === "en" && error.message_en ? Object.assign({}, error, { message: error.message_en }) : error);
}

/** @param {number} ms */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
