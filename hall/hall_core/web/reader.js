/**
 * Read-aloud for people who cannot read the page. The browser's own voice where it has one (most
 * kiosks on Windows), else the hall's voice from the server (espeak-ng), else the button goes away
 * rather than doing nothing.
 */
import { deviceId } from "./device.js";
import { h, setText, show } from "./dom.js";
import { lang, onLang, t } from "./i18n.js";

const LONGEST = 100; // characters the server says at once

/** @type {HTMLAudioElement|null} */
let audio = null;
let turn = 0;
let dead = false;
/** @type {Set<() => void>} */
const watchers = new Set();
let speaking = false;

/** @param {boolean} now */
function setSpeaking(now) {
  speaking = now;
  watchers.forEach((watcher) => watcher());
}

/** @returns {SpeechSynthesisVoice|null} */
function ownVoice() {
  if (!window.speechSynthesis) return null;
  const wanted = lang() === "en" ? /^en/i : /^(zh|cmn)/i;
  return window.speechSynthesis.getVoices().find((voice) => wanted.test(voice.lang)) || null;
}
if (window.speechSynthesis) window.speechSynthesis.getVoices(); // starts loading them

/** Ends what is being read. */
export function stopReading() {
  turn += 1;
  if (window.speechSynthesis) window.speechSynthesis.cancel();
  if (audio) audio.pause();
  audio = null;
  if (speaking) setSpeaking(false);
}

/**
 * Reads a text. Resolves false when this machine has no voice at all.
 * @param {string} text
 * @param {string} hall
 * @returns {Promise<boolean>}
 */
export async function read(text, hall) {
  stopReading();
  const mine = turn;
  const parts = sentences(text);
  if (!parts.length) return true;
  const voice = ownVoice();
  if (voice) {
    const speech = new SpeechSynthesisUtterance(text);
    speech.voice = voice;
    speech.lang = voice.lang;
    speech.rate = 0.9;
    speech.onend = speech.onerror = () => { if (mine === turn) setSpeaking(false); };
    setSpeaking(true);
    window.speechSynthesis.speak(speech);
    return true;
  }
  setSpeaking(true);
  try {
    let next = fetchSpeech(parts[0], hall);
    for (let i = 0; i < parts.length; i += 1) {
      const url = await next;
      if (mine !== turn) return true;
      if (i + 1 < parts.length) {
        next = fetchSpeech(parts[i + 1], hall); // while this one is being said
        next.catch(() => undefined);
      }
      await play(url);
      if (mine !== turn) return true;
    }
    setSpeaking(false);
    return true;
  } catch (error) {
    if (mine === turn) setSpeaking(false);
    return false;
  }
}

/**
 * Sentences, short enough for the server.
 * @param {string} text
 * @returns {string[]}
 */
export function sentences(text) {
  /** @type {string[]} */
  const parts = [];
  for (const sentence of text.split(/[。；！？\n]+|[.;!?]\s+/)) {
    let rest = sentence.trim();
    while (rest.length > LONGEST) {
      const cut = Math.max(rest.lastIndexOf("，", LONGEST), rest.lastIndexOf(",", LONGEST), LONGEST / 2);
      parts.push(rest.slice(0, cut));
      rest = rest.slice(cut).replace(/^[，,\s]+/, "");
    }
    if (rest) parts.push(rest);
  }
  return parts;
}

/**
 * @param {string} text
 * @param {string} hall
 * @returns {Promise<string>} an address to play
 */
async function fetchSpeech(text, hall) {
  const path = "/api/v1/halls/" + encodeURIComponent(hall) + "/voice/" + encodeURIComponent(text) + ".wav?lang=" + lang();
  /** @type {Record<string, string>} */
  const headers = deviceId() ? { "X-Hall-Device": deviceId() } : {};
  const response = await fetch(path, { headers, credentials: "same-origin" });
  if (!response.ok) throw new Error("no voice " + response.status);
  return URL.createObjectURL(await response.blob());
}

/**
 * @param {string} url
 * @returns {Promise<void>} when it was said, or stopped
 */
function play(url) {
  return new Promise((resolve, reject) => {
    const sound = new Audio(url);
    audio = sound;
    const end = () => {
      URL.revokeObjectURL(url);
      resolve();
    };
    sound.onended = sound.onpause = end;
    sound.onerror = () => reject(new Error("cannot play"));
    sound.play().catch(reject);
  });
}

/**
 * A button that reads what `say` returns, and stops when pressed again.
 * @param {() => string} say
 * @param {string} hall
 * @returns {HTMLButtonElement}
 */
export function readButton(say, hall) {
  const button = h("button", { class: "button", type: "button" });
  const draw = () => {
    setText(button, t(speaking ? "read_aloud.stop" : "read_aloud"));
    show(button, !dead);
  };
  button.addEventListener("click", async () => {
    if (speaking) stopReading();
    else if (!(await read(say(), hall))) dead = true;
    draw();
  });
  watchers.add(draw);
  onLang(draw);
  draw();
  return button;
}
