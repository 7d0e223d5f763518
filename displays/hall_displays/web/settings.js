/**
 * A display device's settings as its pages use them. Pure. Whatever an administrator typed, a page
 * gets something it can show: what does not fit is left at its default.
 *
 * One paired PC may own several screens: `?screen=2` takes settings.screens["2"] over the rest.
 */

/**
 * @typedef {{from: string, until: string, volume: number}} VolumeSpan  "HH:MM", 0…1
 * @typedef {{
 *   theme: "light"|"dark", lang: "zh"|"en", zones: string[], window: number|null,
 *   rotation: 0|90|180|270, overscan: number, scale: number,
 *   voice: boolean, volume: number, volumes: VolumeSpan[], notices: boolean
 * }} ScreenSettings
 *   `zones`: whose windows' calls it shows and speaks (none: all); `overscan`: percent that the
 *   frame hides on each side; `scale`: of type; `volumes`: by time of day, `volume` otherwise
 */

/**
 * @param {Record<string, any>|null|undefined} device  the device's settings
 * @param {string} screen  "" or the number in ?screen=
 * @param {boolean} speaks  whether a screen of this kind speaks unless told
 * @returns {ScreenSettings}
 */
export function readSettings(device, screen, speaks) {
  const all = isRecord(device) ? device : {};
  const screens = isRecord(all.screens) ? all.screens : {};
  const own = isRecord(screens[screen]) ? screens[screen] : {};
  const raw = Object.assign({}, all, own);
  const rotation = [0, 90, 180, 270].indexOf(Number(raw.rotation)) >= 0 ? Number(raw.rotation) : 0;
  // Two screens of one PC would say everything twice: only the first speaks unless told.
  const voice = screen ? own.voice === true : typeof raw.voice === "boolean" ? raw.voice : speaks;
  return {
    theme: raw.theme === "dark" ? "dark" : "light",
    lang: raw.lang === "en" ? "en" : "zh",
    zones: texts(raw.zones),
    window: Number.isInteger(raw.window) && raw.window > 0 ? raw.window : null,
    rotation: /** @type {0|90|180|270} */ (rotation),
    overscan: between(raw.overscan, 0, 10, 0),
    scale: between(raw.scale, 0.6, 1.6, 1),
    voice,
    volume: between(raw.volume, 0, 1, 1),
    volumes: spans(raw.volumes),
    notices: raw.notices !== false,
  };
}

/**
 * How loud it is at a time of day.
 * @param {ScreenSettings} settings
 * @param {number} minute  since midnight
 */
export function volumeAt(settings, minute) {
  const span = settings.volumes.find((one) => {
    const from = minuteOf(one.from);
    const until = minuteOf(one.until);
    return from <= until ? from <= minute && minute < until : minute >= from || minute < until;
  });
  return span ? span.volume : settings.volume;
}

/**
 * Where the picture stands today: a few pixels from yesterday, so that nothing burns in.
 * @param {string} day  "2026-11-22"
 * @returns {[number, number]}
 */
export function shiftOn(day) {
  const days = Math.floor(Date.parse(day + "T00:00:00Z") / 86400000) || 0;
  // 7 and 9 have no common divisor: 63 places before one comes again.
  return [((days * 2) % 7) - 3, ((days * 4) % 9) - 4];
}

/** @param {string} text */
function minuteOf(text) {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {unknown} value
 * @param {number} low
 * @param {number} high
 * @param {number} otherwise
 */
function between(value, low, high, otherwise) {
  return typeof value === "number" && isFinite(value) ? Math.min(high, Math.max(low, value)) : otherwise;
}

/**
 * @param {unknown} value
 * @returns {string[]}
 */
function texts(value) {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string" && one !== "") : [];
}

/**
 * @param {unknown} value
 * @returns {VolumeSpan[]}
 */
function spans(value) {
  if (!Array.isArray(value)) return [];
  const time = /^([01]\d|2[0-4]):[0-5]\d$/;
  return value
    .filter((one) => isRecord(one) && time.test(one.from) && time.test(one.until) && typeof one.volume === "number")
    .map((one) => ({ from: one.from, until: one.until, volume: between(one.volume, 0, 1, 1) }));
}
