/**
 * The one live stream that every screen uses: a snapshot, then events without gaps. A page never
 * guesses: a gap means asking again, and 5 s of silence means saying so instead of showing old
 * numbers. After a lost connection the right state is back within 2 s.
 *
 * While the server is away, it is probed by plain requests, and a WebSocket is opened only when it
 * answers: Chromium delays WebSockets by up to 5 s after a dozen failures in three minutes.
 */
import { noteServerTime, setZone } from "./time.js";

/** @typedef {import("./types.js").HallState} HallState */
/** @typedef {import("./types.js").Wait} Wait */
/** @typedef {"connecting"|"online"|"offline"|"refused"} LinkStatus */

/** Lists whose entries are replaced one by one; everything else is replaced whole. */
/** @type {Record<string, string>} */
const KEYS = { windows: "number", queues: "prefix", alerts: "alert_id", device_faults: "where",
  cameras: "camera_id" };

const SILENCE_MS = 4300; // heartbeats come every 3 s at least; the promise is to say so within 5 s
const CLOSED_MS = 3000; // the same when the connection is known to be gone: a restart is quicker
const FIRST_PAUSE_MS = 300;
const MAX_PAUSE_MS = 800;
const PROBE_MS = 1500;
const RESUME_MS = 30000; // after a longer absence a whole snapshot is asked for

export class HallStream {
  /**
   * @param {{hall: string, device?: string|null, query?: string}} options
   */
  constructor(options) {
    this.hall = options.hall;
    this.device = options.device || "";
    /** @type {HallState|null} */
    this.state = null;
    this.version = -1;
    /** Waiting times of a new ordinary ticket, by queue prefix. @type {Record<string, Wait>} */
    this.waits = {};
    /** Why a queue gives no tickets just now, by prefix. @type {Record<string, string>} */
    this.stopped = {};
    /** @type {LinkStatus} */
    this.status = "connecting";
    /** @type {Record<string, ((...values: any[]) => void)[]>} */
    this._listeners = {};
    /** @type {WebSocket|null} */
    this._socket = null;
    this._failures = 0;
    this._heard = performance.now();
    this._synced = 0; // when the state was last known to be right
    this._resynced = -1000;
    this._whole = true; // ask for a snapshot rather than for the missing events
    this._running = false;
    this._retryTimer = 0;
    this._watchTimer = 0;
    this._waitedOut = false;
    this._online = () => {
      if (this._running && !this._socket) this._retry(0);
    };
  }

  /**
   * Listens. `change(parts, changed)`: names of the lists that changed (`["*"]` after a snapshot)
   * and the raw entries; `announcement(list)`: what is to be said now; `waits(waits)`;
   * `status(status, before)`; `event(event, version)`.
   * @param {"change"|"announcement"|"waits"|"status"|"event"} type
   * @param {(...values: any[]) => void} listener
   * @returns {this}
   */
  on(type, listener) {
    (this._listeners[type] = this._listeners[type] || []).push(listener);
    return this;
  }

  /** Connects, and stays connected until `stop()`. */
  start() {
    if (this._running) return this;
    this._running = true;
    this._heard = performance.now();
    this._watchTimer = window.setInterval(() => this._watch(), 200);
    window.addEventListener("online", this._online);
    this._open();
    return this;
  }

  stop() {
    this._running = false;
    clearInterval(this._watchTimer);
    clearTimeout(this._retryTimer);
    window.removeEventListener("online", this._online);
    this._drop();
  }

  /** Asks for the whole state again: at once, but not twice within a second. */
  resync() {
    this._whole = true;
    this._drop();
    if (!this._running) return;
    const soon = performance.now() - this._resynced < 1000;
    this._resynced = performance.now();
    if (soon) this._retry(1000);
    else this._open();
  }

  // --- the connection -----------------------------------------------------------------------------

  _open() {
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const query = this.device ? "?device=" + encodeURIComponent(this.device) : "";
    const path = "/api/v1/halls/" + encodeURIComponent(this.hall) + "/stream" + query;
    this._drop();
    /** @type {WebSocket} */
    let socket;
    try {
      socket = new WebSocket(scheme + location.host + path);
    } catch (error) {
      this._failed();
      return;
    }
    this._socket = socket;
    const patience = setTimeout(() => socket.close(), 3000); // no answer to the handshake
    socket.onopen = () => {
      clearTimeout(patience);
      const fresh = this._whole || !this.state || performance.now() - this._synced > RESUME_MS;
      socket.send(JSON.stringify({ type: "hello", token: null, after: fresh ? null : this.version }));
    };
    socket.onmessage = (message) => {
      if (socket === this._socket) this._receive(message.data);
    };
    socket.onclose = (close) => {
      clearTimeout(patience);
      if (socket !== this._socket) return;
      this._socket = null;
      if (close.code === 4401 || close.code === 4404) {
        this._setStatus("refused");
        this._whole = true;
        this._failures += 1;
        this._retry(5000);
      } else this._failed();
    };
  }

  _drop() {
    const socket = this._socket;
    this._socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  _failed() {
    if (!this._running) return;
    const grown = FIRST_PAUSE_MS * Math.pow(2, Math.min(this._failures, 4));
    this._failures += 1;
    // An attempt that timed out has waited already.
    const pause = this._waitedOut ? 100 : Math.min(MAX_PAUSE_MS, grown);
    this._waitedOut = false;
    this._retry(pause * (0.6 + Math.random() * 0.4));
  }

  /** @param {number} pause */
  _retry(pause) {
    clearTimeout(this._retryTimer);
    this._retryTimer = window.setTimeout(() => this._attempt(), pause);
  }

  async _attempt() {
    if (!this._running || this._socket) return;
    if (this._failures > 1 && !(await this._answers())) {
      if (this._running && !this._socket) this._failed();
      return;
    }
    if (this._running && !this._socket) this._open();
  }

  async _answers() {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      this._waitedOut = true;
      stop.abort();
    }, PROBE_MS);
    try {
      return (await fetch("/readyz", { cache: "no-store", signal: stop.signal })).ok;
    } catch (error) {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }

  _watch() {
    const open = Boolean(this._socket && this._socket.readyState === WebSocket.OPEN);
    if (performance.now() - this._heard < (open ? SILENCE_MS : CLOSED_MS)) return;
    if (this.status === "connecting" || this.status === "online") this._setStatus("offline");
    if (open) {
      this._drop();
      this._heard = performance.now() - SILENCE_MS; // stays offline until something is heard
      this._failed();
    }
  }

  /** @param {LinkStatus} status */
  _setStatus(status) {
    if (status === this.status) return;
    const before = this.status;
    this.status = status;
    this._tell("status", status, before);
  }

  // --- what it says ---------------------------------------------------------------------------------

  /** @param {string} text */
  _receive(text) {
    this._heard = performance.now();
    let message;
    try {
      message = JSON.parse(text);
    } catch (error) {
      this.resync();
      return;
    }
    if (message.at) noteServerTime(message.at, message.type === "heartbeat" ? "heartbeat" : "snapshot");
    switch (message.type) {
      case "snapshot":
        this.state = message.state;
        this.version = message.version;
        setZone(message.state.hall.timezone);
        this._ok();
        this._tell("change", ["*"], message.state);
        break;
      case "event":
      case "version":
        if (message.version <= this.version) break; // heard before
        if (!this.state || message.version !== this.version + 1) {
          this.resync();
          return;
        }
        this.version = message.version;
        this._ok();
        if (message.changed) this._merge(message.changed);
        if (message.event && message.event.at) noteServerTime(message.event.at, "event");
        if (message.event) this._tell("event", message.event, message.version);
        break;
      case "heartbeat":
        if (!this.state || message.version !== this.version) {
          this.resync();
          return;
        }
        this._ok();
        if (message.changed) this._merge(message.changed);
        break;
      default: // a later release may say more
    }
    if (message.waits) {
      this.waits = message.waits;
      this.stopped = message.stopped || {};
      this._tell("waits", this.waits);
    }
  }

  _ok() {
    this._failures = 0;
    this._whole = false;
    this._synced = performance.now();
    this._setStatus("online");
  }

  /**
   * When the hall itself was edited (`setup` is among what changed), lists come whole: an entry may
   * have gone.
   * @param {Record<string, any>} changed
   */
  _merge(changed) {
    const state = /** @type {Record<string, any>} */ (this.state);
    const parts = [];
    for (const part of Object.keys(changed)) {
      const value = changed[part];
      if (part === "announcements") {
        this._tell("announcement", value);
        continue;
      }
      const key = KEYS[part];
      if (key && !changed.setup && Array.isArray(value) && Array.isArray(state[part])) {
        state[part] = mergeByKey(state[part], value, key);
      } else state[part] = value;
      parts.push(part);
    }
    if (parts.length) this._tell("change", parts, changed);
  }

  /**
   * @param {string} type
   * @param {...any} values
   */
  _tell(type, ...values) {
    for (const listener of this._listeners[type] || []) {
      try {
        listener(...values);
      } catch (error) {
        console.error(error); // one part of a page must not stop the others
      }
    }
  }
}

/**
 * A copy of `list` with whole entries replaced by key; new ones are put in order, and what is
 * `removed` goes.
 * @param {any[]} list
 * @param {any[]} entries
 * @param {string} key
 * @returns {any[]}
 */
function mergeByKey(list, entries, key) {
  const next = list.slice();
  for (const entry of entries) {
    const at = next.findIndex((old) => old[key] === entry[key]);
    if (entry.removed) {
      if (at >= 0) next.splice(at, 1);
    } else if (at >= 0) next[at] = entry;
    else if (typeof entry[key] === "number") {
      const behind = next.findIndex((old) => old[key] > entry[key]);
      next.splice(behind < 0 ? next.length : behind, 0, entry);
    } else next.push(entry);
  }
  return next;
}
