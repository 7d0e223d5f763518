/**
 * The saved list of cameras that a supervisor goes round, of any hall. It is kept on this computer.
 */
import { get } from "/static/core/api.js";
import { remember, remembered } from "/static/app/frame.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {{hall: string, camera: string}} Stop */

const KEPT = "hall.cameras.patrol";
const MOST = 64;

export class Patrol {
  constructor() {
    /** @type {Stop[]} */
    this.stops = read();
    /** What is known of them, by id. @type {Map<string, Camera>} */
    this.known = new Map();
  }

  /** @param {string} camera */
  has(camera) {
    return this.stops.some((stop) => stop.camera === camera);
  }

  /** Puts a camera on the list, or takes it off. @param {string} hall @param {Camera} camera @returns {boolean} whether it is on it now */
  toggle(hall, camera) {
    const on = !this.has(camera.camera_id);
    this.stops = on ? this.stops.concat({ hall, camera: camera.camera_id }).slice(-MOST) : this.stops.filter((stop) => stop.camera !== camera.camera_id);
    if (on) this.known.set(camera.camera_id, camera);
    remember(KEPT, JSON.stringify(this.stops));
    return on;
  }

  /** Asks the halls of the list how their cameras are; one that is gone leaves the list's pictures. */
  async refresh() {
    const halls = Array.from(new Set(this.stops.map((stop) => stop.hall)));
    await Promise.all(halls.map(async (hall) => {
      try {
        const cameras = await get("/halls/" + encodeURIComponent(hall) + "/cameras");
        for (const stop of this.stops) if (stop.hall === hall) this.known.delete(stop.camera);
        for (const camera of cameras) this.known.set(camera.camera_id, camera);
      } catch (error) {
        // What is known stays; the next round asks again.
      }
    }));
  }

  /** @returns {{hall: string, camera: Camera}[]} */
  list() {
    const list = [];
    for (const stop of this.stops) {
      const camera = this.known.get(stop.camera);
      if (camera) list.push({ hall: stop.hall, camera });
    }
    return list;
  }
}

/** @returns {Stop[]} */
function read() {
  try {
    const kept = JSON.parse(remembered(KEPT) || "[]");
    return Array.isArray(kept) ? kept.filter((stop) => typeof stop.hall === "string" && typeof stop.camera === "string") : [];
  } catch (error) {
    return [];
  }
}
