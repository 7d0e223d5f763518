/**
 * A camera live: fragmented MP4 over a WebSocket into MediaSource, or JPEGs where that cannot be
 * played. What is shown is never old without saying so: a picture that lags is called late, and one
 * that stopped is covered.
 */
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { pathOf } from "./camera.js";

/** @typedef {"opening"|"live"|"pictures"|"late"|"lost"|"none"|"denied"|"removed"|"too_many"|"paused"} PlayerState */

const LATE_MS = 1500;
const LOST_MS = 4000;
const AGAIN_MS = [500, 1000, 2000, 5000];
const PICTURES_SLOWER = 6; // pictures come with key frames: every second or few
const BEHIND_S = 1.5; // more than this behind what is there: jump
const CATCH_UP_S = 0.12; // more than this and a picture: play a little faster ...
const CAUGHT_UP_S = 0.04; // ... until it is no more than this and a picture
const EDGE_S = 0.15; // this much behind what is there after a jump
const KEEP_S = 12; // of what was played
const QUEUE_MAX = 8 << 20; // bytes that wait to be played
const HIDDEN_MS = 5000;
/** @type {Record<number, PlayerState>} */
const CLOSED = { 4401: "denied", 4403: "denied", 4404: "removed", 4409: "none", 4429: "too_many" };
const FINAL = ["denied", "removed"];

export class Player {
  /**
   * @param {string} camera
   * @param {(state: PlayerState, late: number) => void} [told]  called when it changes; `late`: seconds
   */
  constructor(camera, told) {
    this.camera = camera;
    this.told = told || (() => {});
    this.video = h("video", { class: "camera-picture", playsinline: true, hidden: true });
    this.video.muted = true;
    this.image = h("img", { class: "camera-picture", alt: "", hidden: true });
    this.cover = h("div", { class: "camera-cover", role: "status" });
    this.node = h("div", { class: "camera-player" }, this.video, this.image, this.cover);
    /** @type {PlayerState} */
    this.state = "opening";
    this.pictures = false;
    this.running = false;
    this.tries = 0;
    /** @type {WebSocket|null} */
    this.socket = null;
    /** @type {MediaSource|null} */
    this.source = null;
    /** @type {SourceBuffer|null} */
    this.buffer = null;
    /** @type {ArrayBuffer[]} */
    this.queue = [];
    this.queued = 0;
    this.heard = 0;
    this.shown = false;
    this.end = 0; // of what can be played, seconds
    this.step = 0.04;
    this.timer = 0;
    this.again = 0;
    this.address = "";
    this.visibility = () => this.seen();
    this.say("opening", 0);
  }

  start() {
    if (this.running) return;
    this.running = true;
    document.addEventListener("visibilitychange", this.visibility);
    this.timer = window.setInterval(() => this.watch(), 250);
    this.open();
  }

  stop() {
    this.running = false;
    document.removeEventListener("visibilitychange", this.visibility);
    clearInterval(this.timer);
    this.close();
  }

  /** A page that nobody sees does not look. */
  seen() {
    clearTimeout(this.again);
    if (document.hidden) {
      this.again = window.setTimeout(() => {
        this.close();
        this.say("paused", 0);
      }, HIDDEN_MS);
    } else if (!this.socket) this.open();
  }

  // --- the connection -----------------------------------------------------------------------------

  open() {
    this.close();
    if (this.state !== "lost" && this.state !== "none") this.say("opening", 0);
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const socket = new WebSocket(scheme + location.host + "/api/v1" + pathOf(this.camera, "/live"));
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heard = performance.now() + 6000; // it takes a moment until something comes
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", token: null, pictures: this.pictures }));
    socket.onmessage = (message) => {
      if (socket !== this.socket) return;
      this.heard = performance.now();
      if (typeof message.data === "string") this.begin(JSON.parse(message.data).mime);
      else this.take(message.data);
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.close();
      const state = CLOSED[event.code] || "lost";
      this.say(state, 0);
      if (FINAL.indexOf(state) < 0) this.retry();
    };
  }

  close() {
    clearTimeout(this.again);
    const socket = this.socket;
    this.socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.clear();
  }

  retry() {
    clearTimeout(this.again);
    const pause = AGAIN_MS[Math.min(this.tries, AGAIN_MS.length - 1)];
    this.tries += 1;
    this.again = window.setTimeout(() => {
      if (this.running && !document.hidden) this.open();
    }, pause * (0.7 + Math.random() * 0.6));
  }

  // --- the picture --------------------------------------------------------------------------------

  /** Forgets what was played. */
  clear() {
    this.queue = [];
    this.queued = 0;
    this.buffer = null;
    this.source = null;
    this.shown = false;
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = "";
    this.video.removeAttribute("src");
    this.video.load();
    this.image.removeAttribute("src");
  }

  /** What follows is of this type. @param {string} mime */
  begin(mime) {
    this.clear();
    const still = mime === "image/jpeg";
    show(this.image, still);
    show(this.video, !still);
    if (still) return;
    if (!window.MediaSource || !MediaSource.isTypeSupported(mime)) {
      this.pictures = true; // this browser cannot play it
      this.open();
      return;
    }
    const source = new MediaSource();
    this.source = source;
    this.address = URL.createObjectURL(source);
    this.video.src = this.address;
    source.addEventListener("sourceopen", () => {
      if (source !== this.source) return;
      const buffer = source.addSourceBuffer(mime);
      this.buffer = buffer;
      buffer.addEventListener("updateend", () => {
        if (buffer !== this.buffer) return;
        this.follow();
        this.append();
      });
      buffer.addEventListener("error", () => { if (buffer === this.buffer) this.broken(); });
      this.append();
    }, { once: true });
    const playing = this.video.play();
    if (playing) playing.catch(() => undefined); // it was stopped before it began
  }

  /** @param {ArrayBuffer} data */
  take(data) {
    if (!this.video.hidden) {
      this.queue.push(data);
      this.queued += data.byteLength;
      if (this.queued > QUEUE_MAX) this.broken();
      else this.append();
      return;
    }
    const before = this.address;
    this.address = URL.createObjectURL(new Blob([data], { type: "image/jpeg" }));
    this.image.src = this.address;
    if (before) URL.revokeObjectURL(before);
    this.good();
  }

  append() {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || !this.source || this.source.readyState !== "open") return;
    try {
      const played = this.video.currentTime - KEEP_S;
      if (buffer.buffered.length && buffer.buffered.start(0) < played - KEEP_S) {
        buffer.remove(0, played);
        return;
      }
      const next = this.queue.shift();
      if (!next) return;
      this.queued -= next.byteLength;
      buffer.appendBuffer(next);
    } catch (error) {
      this.broken();
    }
  }

  /** Stays at the newest that is there, across gaps too. */
  follow() {
    const ranges = this.video.buffered;
    if (!ranges.length) return;
    const start = ranges.start(ranges.length - 1);
    const end = ranges.end(ranges.length - 1);
    const behind = end - this.video.currentTime;
    if (behind > BEHIND_S || behind < 0 || this.video.currentTime < start) {
      this.video.currentTime = Math.max(start, end - EDGE_S);
    }
    const step = end - this.end; // from one picture to the next, when all goes well
    if (step > 0 && step < 1) this.step += 0.1 * (step - this.step);
    this.end = end;
    if (behind > this.step + CATCH_UP_S) this.video.playbackRate = 1.15;
    else if (behind < this.step + CAUGHT_UP_S) this.video.playbackRate = 1;
    if (this.video.paused) {
      const playing = this.video.play();
      if (playing) playing.catch(() => undefined);
    }
    this.good();
  }

  good() {
    this.shown = true;
    this.tries = 0;
    this.say(this.video.hidden ? "pictures" : "live", 0);
  }

  /** What came cannot be played: from the beginning again. */
  broken() {
    this.close();
    this.say("lost", 0);
    this.retry();
  }

  // --- saying how it is -----------------------------------------------------------------------------

  watch() {
    if (!this.socket) return;
    const silence = performance.now() - this.heard;
    const slower = this.video.hidden && !this.image.hidden ? PICTURES_SLOWER : 1;
    if (silence > LOST_MS * slower) this.broken();
    else if (silence > LATE_MS * slower && this.shown) this.say("late", Math.round(silence / 1000));
    else if (this.shown && this.state === "late") this.good();
  }

  /** @param {PlayerState} state @param {number} late */
  say(state, late) {
    const covered = state !== "live" && state !== "pictures" && state !== "late";
    setText(this.cover, covered ? t("view." + state) : "");
    show(this.cover, covered);
    setAttrs(this.node, { "data-playing": state });
    if (state === this.state && state !== "late") return;
    this.state = state;
    this.told(state, late);
  }
}

/** How a player does, as a state with a word. @param {PlayerState} state @param {number} late */
export function playerChip(state, late) {
  const tone = state === "live" || state === "pictures" ? "open" : state === "late" || state === "opening" || state === "paused" ? "away" : "alert";
  const words = state === "late" ? t("view.late", { n: late }) : t("view." + state);
  return replace(h("span", { class: "state nowrap", "data-state": tone }), words);
}
