/**
 * Turning and zooming a camera in small steps, and its presets. Shown only for a camera that can.
 */
import { get, post } from "/static/core/api.js";
import { h, replace, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { inSession } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { pathOf } from "./camera.js";

const SECONDS = 0.4;
/** @type {{name: string, key: string, sign: string, pan: number, tilt: number, zoom: number}[]} */
const MOVES = [
  { name: "up", key: "ArrowUp", sign: "▲", pan: 0, tilt: 0.5, zoom: 0 },
  { name: "left", key: "ArrowLeft", sign: "◀", pan: -0.5, tilt: 0, zoom: 0 },
  { name: "right", key: "ArrowRight", sign: "▶", pan: 0.5, tilt: 0, zoom: 0 },
  { name: "down", key: "ArrowDown", sign: "▼", pan: 0, tilt: -0.5, zoom: 0 },
  { name: "out", key: "-", sign: "−", pan: 0, tilt: 0, zoom: -0.5 },
  { name: "in", key: "+", sign: "+", pan: 0, tilt: 0, zoom: 0.5 },
];

export class Ptz {
  constructor() {
    this.camera = "";
    this.busy = false;
    /** @type {{token: string, name: string}[]} */
    this.presets = [];
    this.node = h("section", { class: "wall-part ptz", hidden: true });
  }

  /** @param {string} camera */
  async use(camera) {
    this.camera = camera;
    show(this.node, false);
    try {
      const told = await inSession(() => get(pathOf(camera, "/presets"), { patienceMs: 10000 }));
      if (this.camera !== camera || !told.ptz) return;
      this.presets = told.presets;
      this.draw();
      show(this.node, true);
    } catch (error) {
      // It does not answer.
    }
  }

  draw() {
    replace(this.node,
      h("h3", null, t("ptz.title")),
      h("div", { class: "ptz-pad", onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const move = MOVES.find((one) => one.key === event.key || (one.key === "+" && event.key === "="));
        if (!move) return;
        event.preventDefault();
        event.stopPropagation();
        this.move(move);
      } }, MOVES.map((move) => h("button", {
        class: "button small ptz-" + move.name, type: "button", "aria-label": t("ptz." + move.name), title: t("ptz." + move.name),
        onclick: () => { this.move(move); },
      }, move.sign))),
      this.presets.length ? h("div", { class: "row-wrap ptz-presets" }, this.presets.map((preset) => h("button", {
        class: "button small", type: "button", onclick: () => { this.send({ command: "preset", token: preset.token }); },
      }, preset.name || t("ptz.preset", { name: preset.token })))) : null,
      h("p", { class: "soft small" }, t("ptz.hint")));
  }

  /** @param {typeof MOVES[0]} move */
  move(move) {
    this.send({ command: "move", pan: move.pan, tilt: move.tilt, zoom: move.zoom, seconds: SECONDS });
  }

  /** One at a time: a camera that is slow is not sent round for half a minute. @param {Record<string, any>} body */
  async send(body) {
    if (this.busy) return;
    this.busy = true;
    try {
      await inSession(() => post(pathOf(this.camera, "/commands"), body, { retryMs: 0, patienceMs: 10000 }));
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    } finally {
      this.busy = false;
    }
  }
}
