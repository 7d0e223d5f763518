/**
 * Saying calls aloud: the server's voice (recorded clips or its synthesiser), else the browser's
 * own. One sentence at a time, never cut off, and a caption with each, also where nothing can be
 * heard. When the browser does not let a page sound before somebody touched it, the page says so
 * and the hall's manager is told.
 */
import { ApiError, post } from "/static/core/api.js";
import { deviceId } from "/static/core/device.js";
import { minuteOfDay, serverNow } from "/static/core/time.js";
import { CallQueue } from "./callqueue.js";
import { volumeAt } from "./settings.js";

/** @typedef {import("/static/core/types.js").Announcement} Announcement */
/** @typedef {import("./settings.js").ScreenSettings} ScreenSettings */
/** @typedef {"autoplay_blocked"|"no_voice"|null} Fault */
/** @typedef {Announcement & {zone?: string, spoken_en?: string, audio_en?: string}} Call */

const PAUSE_MS = 500;
const FETCH_MS = 4000;
const LEAD_MS = 400; // before the first word and after the last
const SIGN_MS = 260; // one spoken character, until real sentences were measured
const SENTENCE_MAX_MS = 25000; // a voice that never says that it ended

export class Announcer {
  /**
   * @param {{hall: string, screen: string, settings: () => ScreenSettings,
   *   isAnswered: (call: Call) => boolean, onSay: (call: Call|null) => void,
   *   onFault: (fault: Fault) => void}} options
   *   `onSay`: the call whose sentence begins, null when all is said
   */
  constructor(options) {
    this._options = options;
    this._signMs = SIGN_MS;
    /** @type {CallQueue<Call>} */
    this._queue = new CallQueue(
      (call) => (this._estimate(call) + PAUSE_MS) / 1000,
      options.isAnswered,
    );
    this._speaking = false;
    /** @type {Fault} */
    this.fault = null;
    /** @type {Fault|undefined} */
    this._reported = undefined;
    this._reporting = false;
    this._misses = 0;
    /** @type {Map<string, Promise<string|null>>} */
    this._clips = new Map();
  }

  /** Nothing is being said and nothing waits. */
  get idle() {
    return !this._speaking && this._queue.waiting.length === 0;
  }

  /** Finds out whether this page may sound; again at each touch while it may not. */
  start() {
    const knock = () => {
      if (this.fault === "autoplay_blocked") this._probe();
    };
    ["pointerup", "keyup", "touchend"].forEach((type) => window.addEventListener(type, knock));
    if (window.speechSynthesis) window.speechSynthesis.getVoices(); // starts loading them
    this._probe();
  }

  /** @param {Call[]} calls */
  hear(calls) {
    calls.forEach((call) => {
      this._queue.add(call);
      this._fetch(call.audio);
      this._fetch(call.audio_en);
    });
    if (!this._speaking) this._sayAll();
  }

  /** Tells the server how this screen is, unless it knows. Call it again when the link is back. */
  async report() {
    if (this._reporting) return;
    this._reporting = true;
    try {
      for (;;) {
        const fault = this._options.settings().voice ? this.fault : null;
        if (fault === this._reported) break;
        const path = "/halls/" + encodeURIComponent(this._options.hall) + "/displays/health";
        await post(path, { fault, screen: this._options.screen }, { retryMs: 0 });
        this._reported = fault;
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    } finally {
      this._reporting = false;
    }
  }

  // --- one after the other ------------------------------------------------------------------------

  async _sayAll() {
    this._speaking = true;
    try {
      for (;;) {
        const call = this._queue.next();
        if (!call) break;
        for (let said = 0; this._queue.again(call, said); said += 1) {
          this._options.onSay(call);
          await this._say(call);
          await sleep(PAUSE_MS);
        }
        this._forget(call.audio);
        this._forget(call.audio_en);
      }
    } finally {
      this._speaking = false;
      this._options.onSay(null);
    }
  }

  /** @param {Call} call */
  async _say(call) {
    const settings = this._options.settings();
    const volume = settings.voice ? volumeAt(settings, minuteOfDay(serverNow())) : 0;
    if (volume === 0) {
      await sleep(this._estimate(call)); // the caption stands as long as others hear the words
      return;
    }
    await this._sentence(call.spoken, call.audio, "zh", volume);
    if (call.spoken_en) await this._sentence(call.spoken_en, call.audio_en, "en", volume);
  }

  /**
   * @param {string} words
   * @param {string|null|undefined} audio
   * @param {"zh"|"en"} language
   * @param {number} volume
   */
  async _sentence(words, audio, language, volume) {
    const began = performance.now();
    const clip = await this._fetch(audio);
    /** @type {Fault} */
    let fault = "no_voice";
    if (clip) fault = await this._play(clip, volume);
    if (fault === "no_voice") fault = await this._speakItself(words, language, volume);
    this._misses = fault === "no_voice" ? this._misses + 1 : 0;
    // Once may have been the network.
    if (this._misses !== 1) this._set(fault);
    const took = performance.now() - began;
    const expected = this._estimateOf(words, language);
    if (fault) await sleep(expected - took); // the caption stays
    else if (language === "zh" && took > 500) {
      this._signMs = this._signMs * 0.7 + ((took - LEAD_MS) / words.length) * 0.3;
    }
  }

  /**
   * @param {Call} call
   * @returns {number} milliseconds of saying it once
   */
  _estimate(call) {
    return this._estimateOf(call.spoken, "zh") + (call.spoken_en ? this._estimateOf(call.spoken_en, "en") : 0);
  }

  /**
   * @param {string} words
   * @param {"zh"|"en"} language
   */
  _estimateOf(words, language) {
    return LEAD_MS + words.length * (language === "zh" ? this._signMs : 80);
  }

  // --- voices -------------------------------------------------------------------------------------

  /**
   * The sentence from the server as something that can be played, fetched once and ahead of time.
   * @param {string|null|undefined} audio  relative to the hall
   * @returns {Promise<string|null>}
   */
  _fetch(audio) {
    if (!audio || !this._options.settings().voice) return Promise.resolve(null);
    const known = this._clips.get(audio);
    if (known) return known;
    const clip = fetchClip("/api/v1/halls/" + encodeURIComponent(this._options.hall) + "/" + audio);
    this._clips.set(audio, clip);
    return clip;
  }

  /** @param {string|null|undefined} audio */
  _forget(audio) {
    if (!audio || this._queue.waiting.some((call) => call.audio === audio || call.audio_en === audio)) return;
    const clip = this._clips.get(audio);
    this._clips.delete(audio);
    if (clip) clip.then((url) => url && URL.revokeObjectURL(url));
  }

  /**
   * @param {string} url
   * @param {number} volume
   * @returns {Promise<Fault>}
   */
  _play(url, volume) {
    const player = new Audio(url);
    player.volume = volume;
    return new Promise((resolve) => {
      const guard = setTimeout(() => end(null), SENTENCE_MAX_MS);
      /** @param {Fault} fault */
      const end = (fault) => {
        clearTimeout(guard);
        player.onended = player.onerror = null;
        player.removeAttribute("src"); // lets go of the sound: a screen runs for months
        player.load();
        resolve(fault);
      };
      player.onended = () => end(null);
      player.onerror = () => end("no_voice");
      player.play().catch((error) => end(error.name === "NotAllowedError" ? "autoplay_blocked" : "no_voice"));
    });
  }

  /**
   * @param {string} words
   * @param {"zh"|"en"} language
   * @param {number} volume
   * @returns {Promise<Fault>}
   */
  _speakItself(words, language, volume) {
    const voice = ownVoice(language);
    if (!voice) return Promise.resolve("no_voice");
    return new Promise((resolve) => {
      const speech = new SpeechSynthesisUtterance(words);
      speech.voice = voice;
      speech.lang = voice.lang;
      speech.volume = volume;
      speech.rate = 0.9;
      const guard = setTimeout(() => {
        window.speechSynthesis.cancel();
        resolve(null);
      }, SENTENCE_MAX_MS);
      speech.onend = () => {
        clearTimeout(guard);
        resolve(null);
      };
      speech.onerror = (event) => {
        clearTimeout(guard);
        resolve(event.error === "not-allowed" ? "autoplay_blocked" : "no_voice");
      };
      window.speechSynthesis.speak(speech);
    });
  }

  async _probe() {
    if (!this._options.settings().voice) {
      this.report();
      return;
    }
    const url = URL.createObjectURL(silence());
    const fault = await this._play(url, 1);
    URL.revokeObjectURL(url);
    // What can't play silence here may still speak: only a refusal counts.
    this._set(fault === "autoplay_blocked" ? fault : null);
  }

  /** @param {Fault} fault */
  _set(fault) {
    if (this.fault !== fault) {
      this.fault = fault;
      this._options.onFault(fault);
    }
    this.report();
  }
}

/**
 * @param {string} url
 * @returns {Promise<string|null>}
 */
async function fetchClip(url) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), FETCH_MS);
  /** @type {Record<string, string>} */
  const headers = deviceId() ? { "X-Hall-Device": deviceId() } : {};
  try {
    const response = await fetch(url, { headers, credentials: "same-origin", signal: stop.signal });
    return response.ok ? URL.createObjectURL(await response.blob()) : null;
  } catch (error) {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {"zh"|"en"} language
 * @returns {SpeechSynthesisVoice|null}
 */
function ownVoice(language) {
  if (!window.speechSynthesis) return null;
  const voices = window.speechSynthesis.getVoices();
  const wanted = language === "en" ? [/^en/i] : [/^(zh[-_]CN|cmn|zh[-_]Hans)/i, /^zh/i];
  for (const pattern of wanted) {
    const voice = voices.find((one) => pattern.test(one.lang));
    if (voice) return voice;
  }
  return null;
}

/** A tenth of a second of nothing: whether it may play tells whether sound may. */
function silence() {
  const samples = 800;
  const view = new DataView(new ArrayBuffer(44 + samples * 2));
  const write = (/** @type {number} */ at, /** @type {string} */ text) => {
    for (let index = 0; index < text.length; index += 1) view.setUint8(at + index, text.charCodeAt(index));
  };
  write(0, "RIFF");
  view.setUint32(4, 36 + samples * 2, true);
  write(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true); // mono
  view.setUint32(24, 8000, true);
  view.setUint32(28, 16000, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, "data");
  view.setUint32(40, samples * 2, true);
  return new Blob([view], { type: "audio/wav" });
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
