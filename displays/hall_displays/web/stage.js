/**
 * The screen as a stage of the right size and way up: rotation, overscan, scale and theme by the
 * device's settings, and a few pixels of shift each day against burn-in. Settings that an
 * administrator changes arrive within a minute, without a visit to the screen.
 */
import { get } from "/static/core/api.js";
import { setLang } from "/static/core/i18n.js";
import { isoDay, serverNow } from "/static/core/time.js";
import { readSettings, shiftOn } from "./settings.js";

/** @typedef {import("/static/core/types.js").Me} Me */
/** @typedef {import("./settings.js").ScreenSettings} ScreenSettings */

const SETTINGS_MS = 45000;
const LEAST = 0.035; // of the height: the smallest text on a public screen
const STRIP = 2.6; // wider than this is a strip over a window
const STRIP_LEAST = 0.2;

/** Which screen of its PC this page is: "" or the number in `?screen=`. */
export function screenName() {
  const name = new URLSearchParams(location.search).get("screen") || "";
  return /^[0-9A-Za-z]{1,20}$/.test(name) ? name : "";
}

/**
 * Sets the stage, and again whenever the window, the day or the settings change.
 * @param {Me} me
 * @param {{speaks: boolean, onChange: () => void}} options
 *   `speaks`: whether such a screen speaks unless told; `onChange`: draw anew
 * @returns {{settings: ScreenSettings}}  always the current ones
 */
export function setStage(me, options) {
  const screen = screenName();
  const stage = { settings: readSettings(me.settings, screen, options.speaks) };
  let known = JSON.stringify(me.settings);
  let day = "";
  const lay = () => {
    day = isoDay(serverNow());
    layOut(stage.settings, day);
    options.onChange();
  };
  window.addEventListener("resize", lay);
  setInterval(async () => {
    if (isoDay(serverNow()) !== day) lay();
    try {
      const now = await get("/me");
      const text = JSON.stringify(now.settings);
      if (text === known) return;
      known = text;
      stage.settings = readSettings(now.settings, screen, options.speaks);
      lay();
    } catch (error) {
      // Without a server the screen stays as it is; the stream says that it is cut off.
    }
  }, SETTINGS_MS);
  lay();
  return stage;
}

/**
 * @param {ScreenSettings} settings
 * @param {string} day
 */
function layOut(settings, day) {
  const root = document.documentElement;
  const params = new URLSearchParams(location.search);
  root.setAttribute("data-theme", params.get("theme") || settings.theme);
  setLang(params.get("lang") === "en" ? "en" : settings.lang);
  const outerWidth = window.innerWidth;
  const outerHeight = window.innerHeight;
  const upright = settings.rotation % 180 === 0;
  const fullWidth = upright ? outerWidth : outerHeight;
  const fullHeight = upright ? outerHeight : outerWidth;
  const inset = settings.overscan / 100;
  const width = Math.round(fullWidth * (1 - 2 * inset));
  const height = Math.round(fullHeight * (1 - 2 * inset));
  const shape = width > height * STRIP ? "strip" : width >= height ? "wide" : "tall";
  document.body.setAttribute("data-shape", shape);
  const least = shape === "strip" ? STRIP_LEAST * height : LEAST * Math.min(width, height);
  root.style.fontSize = (least * settings.scale).toFixed(2) + "px";
  const [right, down] = shape === "strip" ? [0, 0] : shiftOn(day);
  const left = Math.round(fullWidth * inset) + right;
  const top = Math.round(fullHeight * inset) + down;
  const turn = {
    0: "",
    90: "translate(" + outerWidth + "px,0) rotate(90deg) ",
    180: "translate(" + outerWidth + "px," + outerHeight + "px) rotate(180deg) ",
    270: "translate(0," + outerHeight + "px) rotate(270deg) ",
  }[settings.rotation];
  const style = document.body.style;
  style.width = width + "px";
  style.height = height + "px";
  style.transform = turn + "translate(" + left + "px," + top + "px)";
}
