/**
 * What pages know of a camera, and how they say it.
 */
import { h } from "/static/core/dom.js";
import { addTexts, hasText, lang, t } from "/static/core/i18n.js";
import { cameraTexts } from "./camera.texts.js";

/**
 * @typedef {{window: number, polygon: [number, number][]}} Zone
 * @typedef {{black_mean: number, frozen_s: number, blurred_ratio: number, covered_share: number, moved_share: number,
 *   clock_wrong_s: number, width: number, height: number, lasts_s: number}} CameraSettings
 * @typedef {{camera_id: string, name: string, group: string, state: string, why: string, why_text: string,
 *   faults: string[], since: string, width: number, height: number, fps: number, codec: string,
 *   zones: Zone[], settings: CameraSettings,
 *   presence?: {window: number, present: boolean|null}[], dismissed_rate?: number|null}} Camera
 * @typedef {{token: string, name: string, source: string, codec: string, width: number, height: number, fps: number}} Profile
 * @typedef {{onvif: string, manufacturer: string, model: string, firmware: string, serial: string, profiles: Profile[],
 *   chosen: string, ptz: boolean, clock_off_s: number, snapshot: boolean}} Identity
 * @typedef {{mean: number, contrast: number, still_s: number, sharpness: number, lost: number, edges: number,
 *   moved_px: number, alike: number, clock_off_s: number, width: number, height: number, learned: boolean,
 *   says: string[]}} Measures
 * @typedef {Camera & {onvif: string|null, rtsp: string|null, username: string, profile: string, identity: Identity,
 *   measures: Measures|null}} CameraDetails
 */

addTexts(cameraTexts);

/** A camera that nobody has reached yet is not called offline. @param {Camera} camera */
export function isConnecting(camera) {
  return camera.state === "unreachable" && (camera.why === "new" || camera.why === "connecting");
}

/** The colour and shape of a camera's state. @param {Camera} camera */
export function tone(camera) {
  if (camera.state === "disabled" || isConnecting(camera)) return "closed";
  if (camera.state !== "online") return "alert";
  return camera.faults.length ? "away" : "open";
}

/** Its state in a word or two; what is wrong with the picture comes first. @param {Camera} camera */
export function stateText(camera) {
  if (isConnecting(camera)) return t("camera.state.connecting");
  if (camera.state === "online" && camera.faults.length) return faultsText(camera);
  return t("camera.state." + camera.state);
}

/** @param {Camera} camera */
export function faultsText(camera) {
  return camera.faults.map((fault) => (hasText("camera.fault." + fault) ? t("camera.fault." + fault) : fault)).join(lang() === "en" ? ", " : "、");
}

/** Why it is not online. @param {Camera} camera */
export function whyText(camera) {
  return hasText("camera.why." + camera.why) ? t("camera.why." + camera.why) : camera.why_text;
}

/** @param {Camera} camera */
export function stateChip(camera) {
  return h("span", { class: "state", "data-state": tone(camera) }, stateText(camera));
}

/** `1、2、3号窗口`. @param {Camera} camera */
export function windowsText(camera) {
  const numbers = camera.zones.map((zone) => zone.window).sort((a, b) => a - b);
  return numbers.length ? t("camera.windows", { numbers: numbers.join(lang() === "en" ? ", " : "、") }) : "";
}

/** A codec as people call it. @param {string} codec FFmpeg's name */
export function codecName(codec) {
  return codec === "h264" ? "H.264" : codec === "hevc" ? "H.265" : codec.toUpperCase();
}

/** Those that need a look first, then by name. @param {Camera} a @param {Camera} b */
export function byNeed(a, b) {
  const order = ["alert", "away", "open", "closed"];
  return order.indexOf(tone(a)) - order.indexOf(tone(b)) || byName(a, b);
}

/** @param {Camera} a @param {Camera} b */
export function byName(a, b) {
  return a.name.localeCompare(b.name, "zh", { numeric: true });
}

/** @param {string} id @param {string} [rest] */
export function pathOf(id, rest) {
  return "/cameras/" + encodeURIComponent(id) + (rest || "");
}
