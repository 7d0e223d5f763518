/**
 * Drawing on a camera's picture where each window's staff sit: with the mouse, or with the keyboard
 * alone (a box to begin with, whose corners the arrow keys move).
 */
import { put } from "/static/core/api.js";
import { h, replace, setAttrs, setText, svg } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { button } from "/static/app/admin.list.js";
import { inSession } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { pathOf } from "./camera.js";
import { CameraView } from "./view.js";

/** @typedef {import("./admin.js").CamerasTab} CamerasTab */
/** @typedef {import("./camera.js").CameraDetails} CameraDetails */
/** @typedef {[number, number]} Point  of a picture of 1 by 1 */

const WIDE = 1000; // units of the drawing
const NEAR = 0.025; // a click so near the first corner ends the drawing
const STEP = 0.005;
const FAST = 0.03;
const POINTS_MAX = 32;

export class ZonesPart {
  /** @param {CamerasTab} tab */
  constructor(tab) {
    this.tab = tab;
    this.view = new CameraView({ every: 600 }); // a picture that holds still is drawn on more easily
    /** @type {Map<number, Point[]>} */
    this.zones = new Map();
    this.base = "";
    this.chosen = 0;
    /** @type {Point[]|null} */
    this.drawing = null;
    this.dragged = -1;
    this.high = (WIDE * 9) / 16;
    this.drawingNode = svg("svg", {
      class: "zone-drawing",
      onpointerdown: (/** @type {PointerEvent} */ event) => this.down(event),
      onpointermove: (/** @type {PointerEvent} */ event) => this.moved(event),
      onpointerup: () => { this.dragged = -1; },
      onpointercancel: () => { this.dragged = -1; },
    });
    this.view.box.appendChild(this.drawingNode);
    this.picks = h("div", { class: "picks zone-windows" });
    this.line = h("div", { class: "row zone-line", role: "status" });
    this.hint = h("p", { class: "hint" });
    this.node = h("div", { class: "editor-scroll zones-part", onkeydown: (/** @type {KeyboardEvent} */ event) => this.keys(event) },
      h("div", { class: "row" }, h("h3", null, t("zones.title")),
        h("span", { class: "push row" }, this.view.chip, button(t("zones.refresh"), () => { this.view.asked = -Infinity; this.view.tick(); }, "small"))),
      h("div", { class: "camera-frame" }, this.view.box),
      this.picks, this.line, this.hint);
  }

  stop() {
    this.view.stop();
  }

  draw() {}

  /** @param {CameraDetails} camera */
  show(camera) {
    this.view.use(camera);
    const high = camera.width ? Math.round((WIDE * camera.height) / camera.width) : (WIDE * 9) / 16;
    if (high !== this.high || !this.drawingNode.hasAttribute("viewBox")) {
      this.high = high;
      this.view.box.style.paddingTop = (100 * high) / WIDE + "%";
      setAttrs(this.drawingNode, { viewBox: "0 0 " + WIDE + " " + high });
    }
    const base = JSON.stringify(camera.zones);
    if (base !== this.base && !this.tab.admin.dirty) {
      this.base = base;
      this.zones = new Map();
      for (const zone of camera.zones) this.zones.set(zone.window, zone.polygon.map((point) => /** @type {Point} */ ([point[0], point[1]])));
      if (!this.chosen && camera.zones.length) this.chosen = camera.zones[0].window;
      this.paint();
    } else if (!this.picks.firstChild) this.paint();
  }

  /** @returns {{window: number, polygon: Point[]}[]} */
  all() {
    return Array.from(this.zones.entries()).sort((a, b) => a[0] - b[0]).map(([window, polygon]) => ({ window, polygon }));
  }

  edited() {
    this.tab.edited(JSON.stringify(this.all()) !== JSON.stringify(JSON.parse(this.base || "[]").sort((/** @type {any} */ a, /** @type {any} */ b) => a.window - b.window)));
    this.paint();
  }

  // --- the drawing --------------------------------------------------------------------------------

  /** @param {Point} point */
  at(point) {
    return [Math.round(point[0] * WIDE), Math.round(point[1] * this.high)];
  }

  paint() {
    const focused = document.activeElement && document.activeElement.getAttribute("data-corner");
    const shapes = [];
    for (const { window, polygon } of this.all()) {
      const chosen = window === this.chosen && !this.drawing;
      shapes.push(svg("polygon", { class: "zone", "data-chosen": chosen ? "yes" : null, "data-window": window, points: polygon.map((point) => this.at(point).join(",")).join(" ") }));
      const middle = this.at([mean(polygon, 0), mean(polygon, 1)]);
      shapes.push(svg("circle", { class: "zone-badge", cx: middle[0], cy: middle[1], r: 26, "data-chosen": chosen ? "yes" : null }));
      shapes.push(svg("text", { class: "zone-number", x: middle[0], y: middle[1] + 11 }, window));
    }
    const polygon = this.zones.get(this.chosen);
    if (this.drawing) {
      const points = this.drawing.map((point) => this.at(point));
      shapes.push(svg("polyline", { class: "zone-line-drawn", points: points.map((point) => point.join(",")).join(" ") }));
      points.forEach((point, index) => shapes.push(svg("circle", { class: "zone-corner", cx: point[0], cy: point[1], r: index ? 7 : 12 })));
    } else if (polygon) {
      polygon.forEach((point, index) => {
        const [x, y] = this.at(point);
        shapes.push(svg("circle", {
          class: "zone-corner", cx: x, cy: y, r: 10, tabindex: 0, role: "button", "data-corner": index,
          "aria-label": t("zones.point", { n: this.chosen, i: index + 1 }),
        }));
      });
    }
    replace(this.drawingNode, shapes);
    setAttrs(this.drawingNode, { "data-drawing": this.drawing ? "yes" : null });
    if (focused !== null && focused !== undefined) this.focusCorner(Number(focused));
    this.paintWindows();
  }

  /** @param {number} index */
  focusCorner(index) {
    const corner = /** @type {SVGElement|null} */ (this.drawingNode.querySelector("[data-corner='" + index + "']"));
    if (corner) corner.focus();
  }

  paintWindows() {
    const windows = this.tab.admin.state.windows;
    const camera = this.tab.list.chosen;
    const elsewhere = new Map();
    for (const other of this.tab.cameras) {
      if (other.camera_id !== camera) for (const zone of other.zones) elsewhere.set(zone.window, other.name);
    }
    const focused = document.activeElement && this.picks.contains(document.activeElement);
    replace(this.picks, windows.map((window) => h("button", {
      class: "pick zone-pick", type: "button", "data-number": window.number, "aria-pressed": String(window.number === this.chosen),
      "data-drawn": this.zones.has(window.number) ? "yes" : null,
      title: window.name + (elsewhere.has(window.number) ? " · " + t("zones.elsewhere", { name: elsewhere.get(window.number) }) : ""),
      "aria-label": t("zones.of", { n: window.number }) + " " + t(this.zones.has(window.number) ? "zones.drawn" : "zones.none"),
      onclick: () => this.choose(window.number),
    }, window.number)));
    if (focused) {
      const now = /** @type {HTMLElement|null} */ (this.picks.querySelector("[aria-pressed=true]"));
      if (now) now.focus();
    }
    const has = this.zones.has(this.chosen);
    const at = elsewhere.get(this.chosen);
    if (!windows.length) replace(this.line, h("span", { class: "soft" }, t("zones.no_windows")));
    else if (this.drawing) {
      replace(this.line, h("b", null, t("zones.drawing", { n: this.chosen, points: this.drawing.length })),
        button(t("cancel"), () => this.cancel(), "small"));
    } else if (this.chosen) {
      replace(this.line,
        h("b", null, t("zones.of", { n: this.chosen })), h("span", { class: "state", "data-state": has ? "open" : "closed" }, t(has ? "zones.drawn" : "zones.none")),
        at ? h("span", { class: "soft clamp-1" }, t("zones.elsewhere", { name: at })) : null,
        h("span", { class: "push row-wrap" },
          button(t("zones.add"), () => this.begin(), "small"),
          has ? null : button(t("zones.box"), () => this.box(), "small"),
          has ? button(t("zones.remove"), () => this.remove(), "small danger") : null));
    } else replace(this.line);
    setText(this.hint, t(has && !this.drawing ? "zones.keys" : "zones.hint"));
  }

  /** @param {number} window */
  choose(window) {
    this.chosen = window;
    this.drawing = null;
    this.paint();
  }

  begin() {
    if (!this.chosen) return;
    this.drawing = [];
    this.paint();
  }

  cancel() {
    this.drawing = null;
    this.paint();
  }

  /** A box in a free place, for who has no mouse. */
  box() {
    const x = Math.min(0.8, 0.04 + 0.16 * (this.zones.size % 5));
    this.zones.set(this.chosen, [[x, 0.35], [x + 0.15, 0.35], [x + 0.15, 0.75], [x, 0.75]]);
    this.edited();
    this.focusCorner(0);
  }

  remove() {
    this.zones.delete(this.chosen);
    this.edited();
  }

  finish() {
    const points = this.drawing;
    if (!points || points.length < 3) return;
    this.drawing = null;
    this.zones.set(this.chosen, points);
    this.edited();
  }

  /** Where on the picture. @param {PointerEvent} event @returns {Point} */
  where(event) {
    const box = this.drawingNode.getBoundingClientRect();
    return [bounded((event.clientX - box.left) / box.width), bounded((event.clientY - box.top) / box.height)];
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button) return;
    const point = this.where(event);
    const target = /** @type {Element} */ (event.target);
    if (this.drawing) {
      event.preventDefault();
      const first = this.drawing[0];
      if (first && this.drawing.length >= 3 && Math.abs(first[0] - point[0]) < NEAR && Math.abs(first[1] - point[1]) < NEAR * 1.6) this.finish();
      else if (this.drawing.length < POINTS_MAX) {
        this.drawing.push(point);
        this.paint();
      }
      return;
    }
    const corner = target.getAttribute("data-corner");
    if (corner !== null) {
      this.dragged = Number(corner);
      this.drawingNode.setPointerCapture(event.pointerId);
      /** @type {SVGElement} */ (target).focus();
      event.preventDefault();
      return;
    }
    const window = target.getAttribute("data-window");
    if (window) this.choose(Number(window));
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const polygon = this.zones.get(this.chosen);
    if (this.dragged < 0 || !polygon) return;
    polygon[this.dragged] = this.where(event);
    this.edited();
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    if (this.drawing) {
      if (event.key === "Enter" && !/^BUTTON$/.test(/** @type {Element} */ (event.target).tagName)) this.finish();
      else if (event.key === "Enter" && this.drawing.length >= 3) this.finish();
      else if (event.key === "Escape") this.cancel();
      else if (event.key === "Backspace") {
        this.drawing.pop();
        this.paint();
      } else return;
      event.preventDefault();
      return;
    }
    const corner = /** @type {Element} */ (event.target).getAttribute("data-corner");
    const polygon = this.zones.get(this.chosen);
    if (corner === null || !polygon) return;
    const at = Number(corner);
    const step = event.shiftKey ? FAST : STEP;
    /** @type {Record<string, Point>} */
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (by[event.key]) {
      polygon[at] = [bounded(polygon[at][0] + by[event.key][0]), bounded(polygon[at][1] + by[event.key][1])];
    } else if (event.key === "Delete" && polygon.length > 3) {
      polygon.splice(at, 1);
    } else if (event.key === "Insert" && polygon.length < POINTS_MAX) {
      const next = polygon[(at + 1) % polygon.length];
      polygon.splice(at + 1, 0, [rounded((polygon[at][0] + next[0]) / 2), rounded((polygon[at][1] + next[1]) / 2)]);
    } else return;
    event.preventDefault();
    this.edited();
  }

  /** @returns {Promise<boolean>} */
  async save() {
    if (this.drawing) this.finish();
    const zones = this.all();
    try {
      await inSession(() => put(pathOf(this.tab.list.chosen, "/zones"), zones));
    } catch (error) {
      toast(problemText(error), { state: "alert" });
      return false;
    }
    this.base = JSON.stringify(zones);
    toast(t("zones.saved"), { state: "open" });
    return true;
  }
}

/** @param {number} value */
function rounded(value) {
  return Math.round(value * 10000) / 10000;
}

/** @param {number} value */
function bounded(value) {
  return rounded(Math.max(0, Math.min(1, value)));
}

/** @param {Point[]} points @param {0|1} axis */
function mean(points, axis) {
  return points.reduce((sum, point) => sum + point[axis], 0) / points.length;
}
