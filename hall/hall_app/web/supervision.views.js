/**
 * What the right side of the supervision page shows of a hall: its windows as a board, or its
 * cameras as a wall.
 */
import { h, replace, setAttrs, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { tone } from "/static/cameras/camera.js";
import { remember, remembered } from "./frame.js";

/** @typedef {import("./supervision.board.js").Board} Board */
/** @typedef {import("/static/cameras/wall.js").Wall} Wall */

const KEPT = "hall.supervision.view";
const VIEWS = ["windows", "cameras"];

export class Views {
  /** @param {Board} board @param {Wall} wall */
  constructor(board, wall) {
    this.board = board;
    this.wall = wall;
    this.view = remembered(KEPT) === "cameras" ? "cameras" : "windows";
    /** What is to be shown as soon as its hall is there. @type {{camera: string|null, window: number|null}|null} */
    this.waiting = null;
    this.bar = h("div", { class: "sup-views live", role: "tablist" });
    this.boardSide = h("div", { class: "sup-side" }, board.node);
    this.node = h("div", { class: "sup-sides" }, this.boardSide, wall.node);
  }

  words() {
    setAttrs(this.bar, { "aria-label": t("wall.views") });
    this.wall.words();
    this.draw();
  }

  draw() {
    const cameras = this.view === "cameras";
    const there = Boolean(this.board.stream);
    show(this.boardSide, !cameras);
    show(this.bar, there);
    this.wall.activate(cameras && there);
    if (cameras) this.wall.draw();
    else this.board.draw();
    const trouble = this.wall.cameras.filter((camera) => ["alert", "away"].indexOf(tone(camera)) >= 0).length;
    const sign = [this.view, this.wall.cameras.length, trouble, t("wall.cameras")].join();
    if (this.bar.getAttribute("data-sign") !== sign) {
      this.bar.setAttribute("data-sign", sign);
      replace(this.bar, VIEWS.map((view) => h("button", {
        class: "sup-view", type: "button", role: "tab", "aria-selected": String(view === this.view), onclick: () => this.turn(view),
      }, t("wall." + view),
      view === "cameras" && this.wall.cameras.length ? h("span", { class: "number" }, this.wall.cameras.length) : null,
      view === "cameras" && trouble ? h("span", { class: "state", "data-state": "alert" }, trouble) : null)),
      h("kbd", null, "W"));
    }
    if (!this.waiting || !this.wall.stream) return;
    const { camera, window } = this.waiting;
    this.waiting = null;
    const seen = window ? this.wall.cameraOf(window) : null;
    if (camera) this.openCamera(camera);
    else if (cameras && seen) this.openCamera(seen.camera_id);
    else if (cameras) this.turn("windows");
  }

  /** @param {string} view */
  turn(view) {
    this.view = view;
    remember(KEPT, view);
    this.draw();
  }

  /** @param {string} camera */
  openCamera(camera) {
    if (this.view !== "cameras") this.turn("cameras");
    this.wall.openCamera(camera);
  }

  /**
   * An alert was chosen: its camera comes up. One of a window stays in the view that is shown, if
   * that shows the window.
   * @param {string|null} camera @param {number|null} window
   */
  wanted(camera, window) {
    this.waiting = { camera, window };
    this.draw();
  }

  /** @param {string} key @returns {boolean} whether it was one of these views */
  key(key) {
    if (this.wall.key(key)) return true;
    if (key === "w") this.turn(this.view === "windows" ? "cameras" : "windows");
    else if (key === "p" && this.board.chosen) {
      const picture = this.board.options.picture(this.board.chosen);
      if (picture) picture();
    } else return false;
    return true;
  }
}
