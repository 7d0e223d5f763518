/**
 * The list of cameras that a person goes round, of any hall. It is kept on the server, so that it
 * is there at every desk.
 */
import { get, put } from "/static/core/api.js";
import { inSession } from "/static/app/session.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {{hall: string, camera: string}} Stop */

const MOST = 64;

export class Patrol {
  constructor() {
    /** @type {Stop[]} */
    this.stops = [];
    /** What is known of them, by id. @type {Map<string, Camera>} */
    this.known = new Map();
  }

  /** @param {string} camera */
  has(camera) {
    return this.stops.some((stop) => stop.camera === camera);
  }

  /**
   * Puts a camera on the list, or takes it off.
   * @param {string} hall @param {Camera} camera
   * @returns {Promise<boolean>} whether it is on it now
   */
  async toggle(hall, camera) {
    this.stops = await get("/patrol"); // another desk of theirs may have changed it
    const on = !this.has(camera.camera_id);
    const rest = this.stops.filter((stop) => stop.camera !== camera.camera_id);
    this.stops = await inSession(() => put("/patrol", on ? rest.concat({ hall, camera: camera.camera_id }).slice(-MOST) : rest));
    if (on) this.known.set(camera.camera_id, camera);
    return on;
  }

  /** Asks for the list, and the halls of it how their cameras are; one that is gone leaves the pictures. */
  async refresh() {
    try {
      this.stops = await get("/patrol");
    } catch (error) {
      return; // What is known stays; the next round asks again.
    }
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
