/**
 * The supervisors' wall: up to sixteen cameras of a hall, or of a saved list over several halls; stills
 * while nobody asks for more, live on demand, one camera large beside the windows that it sees.
 */
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { addTexts, t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { remember, remembered } from "/static/app/frame.js";
import { problemText } from "/static/app/words.js";
import { byNeed, stateText, tone } from "./camera.js";
import { Patrol } from "./patrol.js";
import { CameraView } from "./view.js";
import { CameraDetail } from "./wall.detail.js";
import { wallTexts } from "./wall.texts.js";

/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("/static/core/stream.js").HallStream} HallStream */
/** @typedef {{hall: string, camera: Camera}} Shown */
/** @typedef {{alert_id: string, kind: string, window: number|null, camera_id?: string|null, since: string, evidence?: string[], kind_text: string}} WallAlert */

const SIZES = [1, 4, 9, 16];
const EVERY_S = [5, 10, 20, 30, 60];
const KEPT = "hall.cameras.wall";
const PATROL_MS = 8000; // while the list is shown
const IDLE_PATROL_MS = 60000;
const CAPTION_PX = 54;
const FEW = 2; // windows of a picture whose numbers have room for words

addTexts(wallTexts);

export class Wall {
  /**
   * @param {{manages: boolean, hallName: (id: string) => string, alerts: (hall: string) => WallAlert[]}} options
   */
  constructor(options) {
    this.options = options;
    /** @type {HallStream|null} */
    this.stream = null;
    this.patrol = new Patrol();
    const kept = settings();
    this.source = kept.source;
    this.size = kept.size;
    this.every = kept.every;
    this.page = 0;
    this.live = false;
    this.rotating = false;
    this.active = false;
    this.rotatedAt = 0;
    this.patrolAt = -Infinity;
    /** @type {Map<string, CameraView>} */
    this.views = new Map();
    this.counts = h("span", { class: "wall-counts" });
    this.sourceSelect = h("select", { class: "input", onchange: () => { this.choose("source", this.sourceSelect.value); } });
    this.sizeSelect = h("select", { class: "input", onchange: () => { this.choose("size", Number(this.sizeSelect.value)); } });
    this.everySelect = h("select", { class: "input", onchange: () => { this.choose("every", Number(this.everySelect.value)); } });
    this.rotateButton = h("button", { class: "button small", type: "button", onclick: () => this.rotate(!this.rotating) });
    this.liveButton = h("button", { class: "button small", type: "button", onclick: () => this.goLive(!this.live) });
    this.pageText = h("span", { class: "number" });
    this.before = h("button", { class: "button small quiet", type: "button", onclick: () => this.turn(-1) }, "‹");
    this.after = h("button", { class: "button small quiet", type: "button", onclick: () => this.turn(1) }, "›");
    this.pages = h("span", { class: "wall-pages row" }, this.before, this.pageText, this.after);
    this.bar = h("header", { class: "wall-bar" }, this.counts,
      h("span", { class: "push row" }, this.pages, this.sourceSelect, this.sizeSelect, this.everySelect, this.rotateButton, this.liveButton));
    this.grid = h("div", { class: "wall-grid", role: "list" });
    this.none = h("div", { class: "empty", hidden: true });
    this.detail = new CameraDetail(this);
    this.node = h("section", { class: "wall live", hidden: true }, this.bar, this.grid, this.none, this.detail.node);
    this.timer = window.setInterval(() => this.tick(), 1000);
    window.addEventListener("resize", () => this.layout());
    this.words();
  }

  /** @returns {Camera[]} */
  get cameras() {
    const state = /** @type {any} */ (this.stream && this.stream.state);
    return (state && state.cameras) || [];
  }

  get hall() {
    return this.stream ? this.stream.hall : "";
  }

  words() {
    for (const [select, label] of /** @type {[HTMLSelectElement, string][]} */ ([[this.sourceSelect, "wall.source"], [this.sizeSelect, "wall.size"], [this.everySelect, "wall.every_label"]])) {
      select.setAttribute("aria-label", t(label));
    }
    setAttrs(this.before, { "aria-label": t("wall.earlier"), title: t("wall.earlier") });
    setAttrs(this.after, { "aria-label": t("wall.later"), title: t("wall.later") });
    replace(this.sizeSelect, SIZES.map((n) => h("option", { value: n, selected: n === this.size }, t("wall.size.n", { n }))));
    replace(this.everySelect, EVERY_S.map((n) => h("option", { value: n, selected: n === this.every }, t("wall.every", { n }))));
    this.detail.words();
    this.draw();
  }

  /** @param {HallStream|null} stream */
  use(stream) {
    if (stream !== this.stream) {
      this.page = this.source === "hall" ? 0 : this.page;
      if (!this.detail.hall || !stream || this.detail.hall !== stream.hall) this.detail.close();
    }
    this.stream = stream;
    this.draw();
  }

  /** Shown or not: what is not shown does not look. @param {boolean} on */
  activate(on) {
    if (on === this.active) return;
    this.active = on;
    show(this.node, on);
    if (!on) {
      this.rotate(false);
      this.goLive(false);
      this.detail.close();
    }
    this.draw();
  }

  /** @param {"source"|"size"|"every"} what @param {any} value */
  choose(what, value) {
    if (what === "source") this.source = value;
    else if (what === "size") this.size = value;
    else this.every = value;
    this.page = 0;
    remember(KEPT, JSON.stringify({ source: this.source, size: this.size, every: this.every }));
    this.rotatedAt = performance.now();
    this.draw();
  }

  /** @param {boolean} on */
  goLive(on) {
    this.live = on;
    this.draw();
  }

  /** @param {boolean} on */
  rotate(on) {
    this.rotating = on;
    this.rotatedAt = performance.now();
    this.draw();
  }

  /** @param {number} by */
  turn(by) {
    const all = this.pageCount();
    this.page = (this.page + by + all) % all;
    this.rotatedAt = performance.now();
    this.draw();
  }

  pageCount() {
    return Math.max(1, Math.ceil(this.all().length / this.size));
  }

  /** @returns {Shown[]} */
  all() {
    if (this.source === "patrol") return this.patrol.list();
    const hall = this.hall;
    return this.cameras.slice().sort(byNeed).filter((camera) => camera.state !== "disabled").map((camera) => ({ hall, camera }));
  }

  /** Shows one camera large. @param {string} id */
  openCamera(id) {
    const found = this.all().find((shown) => shown.camera.camera_id === id)
      || this.cameras.map((camera) => ({ hall: this.hall, camera })).find((shown) => shown.camera.camera_id === id);
    if (!found) return;
    this.rotate(false);
    this.goLive(false);
    this.detail.open(found);
    this.draw();
  }

  closeCamera() {
    const id = this.detail.id;
    this.detail.close();
    this.draw();
    const tile = /** @type {HTMLElement|null} */ (this.grid.querySelector("[data-camera='" + id + "'] .wall-tile"));
    if (tile) tile.focus();
  }

  /** The camera on whose picture this window was drawn. @param {number} window */
  cameraOf(window) {
    return this.cameras.find((camera) => camera.state !== "disabled" && camera.zones.some((zone) => zone.window === window)) || null;
  }

  /** @param {Shown} shown */
  async togglePatrol(shown) {
    try {
      const on = await this.patrol.toggle(shown.hall, shown.camera);
      toast(t(on ? "wall.patrol_added" : "wall.patrol_dropped", { name: shown.camera.name }), { state: on ? "open" : undefined });
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
    this.draw();
  }

  /** @param {string} key @returns {boolean} whether it was one of the wall's */
  key(key) {
    if (!this.active) return false;
    if (key === "Escape" && this.detail.id) this.closeCamera();
    else if (key === "l") this.goLive(!this.live);
    else if (key === "r") this.rotate(!this.rotating);
    else if (key === "PageDown" || key === "PageUp") this.turn(key === "PageDown" ? 1 : -1);
    else return false;
    return true;
  }

  tick() {
    if (!this.active) return;
    const now = performance.now();
    if (now - this.patrolAt > (this.source === "patrol" ? PATROL_MS : IDLE_PATROL_MS) && !document.hidden) {
      this.patrolAt = now;
      this.patrol.refresh().then(() => this.draw());
    }
    if (this.rotating && !this.detail.id && now - this.rotatedAt >= this.every * 1000) this.turn(1);
  }

  // --- drawing ------------------------------------------------------------------------------------

  draw() {
    if (!this.active) {
      this.keep([]);
      return;
    }
    const all = this.all();
    const large = Boolean(this.detail.id);
    show(this.bar, !large);
    show(this.grid, !large && all.length > 0);
    show(this.none, !large && !all.length);
    if (large) {
      this.keep([]);
      this.detail.draw();
      return;
    }
    this.drawBar(all);
    this.page = Math.min(this.page, this.pageCount() - 1);
    const shown = all.slice(this.page * this.size, (this.page + 1) * this.size);
    this.keep(shown);
    keyed(this.grid, shown, (one) => one.camera.camera_id, (one) => this.tile(one), (node, one) => this.fill(node, one));
    this.layout();
    if (!all.length) {
      replace(this.none, this.source === "patrol" ? t("wall.none_patrol") : t("wall.none"),
        this.source === "hall" && this.options.manages ? h("p", null, h("a", { href: "/admin?hall=" + encodeURIComponent(this.hall) + "#cameras" }, t("wall.none_manage"))) : null);
    }
  }

  /** @param {Shown[]} all */
  drawBar(all) {
    const trouble = all.filter((one) => ["alert", "away"].indexOf(tone(one.camera)) >= 0).length;
    replace(this.counts, h("b", { class: "number" }, t("wall.total", { n: all.length })),
      all.length ? h("span", { class: "state", "data-state": trouble ? "alert" : "open" }, trouble ? t("wall.trouble", { n: trouble }) : t("wall.well")) : null);
    replace(this.sourceSelect, ["hall", "patrol"].map((value) =>
      h("option", { value, selected: value === this.source }, t("wall.source." + value, { n: this.patrol.stops.length }))));
    const count = this.pageCount();
    show(this.pages, count > 1);
    setText(this.pageText, t("wall.page", { at: this.page + 1, all: count }));
    replace(this.rotateButton, t(this.rotating ? "wall.rotating" : "wall.rotate"), h("kbd", null, "R"));
    setAttrs(this.rotateButton, { "aria-pressed": String(this.rotating) });
    replace(this.liveButton, t(this.live ? "wall.still" : "wall.live"), h("kbd", null, "L"));
    setAttrs(this.liveButton, { "aria-pressed": String(this.live) });
  }

  /** Keeps the views of what is shown, and stops the others. @param {Shown[]} shown */
  keep(shown) {
    const wanted = new Set(shown.map((one) => one.camera.camera_id));
    this.views.forEach((view, id) => {
      if (wanted.has(id)) return;
      view.stop();
      this.views.delete(id);
    });
    if (!shown.length) replace(this.grid);
  }

  /** @param {Shown} one */
  tile(one) {
    const id = one.camera.camera_id;
    const view = new CameraView({ every: this.size >= 9 ? 5 : 3 });
    this.views.set(id, view);
    return h("div", { class: "wall-cell", role: "listitem", "data-camera": id },
      h("button", { class: "wall-tile", type: "button", onclick: () => this.openCamera(id) }, view.box,
        h("span", { class: "wall-caption" }, h("b", { class: "clamp-1 grow" }), h("span", { class: "state nowrap" })),
        h("span", { class: "wall-caption small" }, h("span", { class: "wall-windows grow" }), view.chip)));
  }

  /** @param {HTMLElement} node @param {Shown} one */
  fill(node, one) {
    const camera = one.camera;
    const view = this.views.get(camera.camera_id);
    if (view) {
      view.use(camera);
      const online = camera.state === "online";
      view.live(online && (this.live || this.size === 1));
    }
    const tile = node.children[0];
    setAttrs(tile, { "aria-label": t("wall.open", { name: camera.name }) });
    setAttrs(node, { "data-state": tone(camera) });
    const [first, second] = Array.from(tile.children).slice(1);
    setText(first.children[0], camera.name);
    setText(first.children[1], stateText(camera));
    setAttrs(first.children[1], { "data-state": tone(camera) });
    const here = one.hall === this.hall;
    const states = here ? this.windowStates(camera) : [];
    const sign = here ? JSON.stringify([states, this.size]) : one.hall;
    if (second.children[0].getAttribute("data-sign") !== sign) {
      second.children[0].setAttribute("data-sign", sign);
      replace(second.children[0], here
        ? this.strip(states)
        : h("span", { class: "soft" }, this.options.hallName(one.hall)));
    }
  }

  /**
   * The windows of a picture as far as there is room, those that need a person first.
   * @param {{number: number, state: string, text: string}[]} states
   */
  strip(states) {
    const room = this.size >= 16 ? FEW : 2 * FEW;
    const words = states.length <= FEW;
    const first = states.slice().sort((a, b) => Number(b.state === "alert") - Number(a.state === "alert") || a.number - b.number);
    const shown = first.slice(0, room).map((state) =>
      h("span", { class: "state", "data-state": state.state, title: t("window.n", { n: state.number }) + " " + state.text },
        words ? t("wall.window", { n: state.number }) : state.number));
    return states.length > room ? shown.concat(h("span", { class: "soft" }, "+" + (states.length - room))) : shown;
  }

  /** @param {Camera} camera @returns {{number: number, state: string, text: string}[]} */
  windowStates(camera) {
    const state = this.stream && this.stream.state;
    const windows = (state && state.windows) || [];
    const alerts = this.options.alerts(this.hall);
    return camera.zones.map((zone) => zone.window).sort((a, b) => a - b).map((number) => {
      const found = windows.find((window) => window.number === number);
      const alerted = alerts.some((alert) => alert.window === number);
      const now = found ? found.state : "closed";
      return { number, state: alerted ? "alert" : now, text: t("window.state." + now) };
    });
  }

  /** As many columns as make the pictures largest in the room there is. */
  layout() {
    const width = this.grid.clientWidth;
    const height = this.grid.clientHeight;
    const count = this.grid.children.length;
    if (!width || !height || !count) return;
    const slots = Math.min(this.size, Math.max(count, 1));
    let best = 1;
    let most = 0;
    for (let columns = 1; columns <= slots; columns += 1) {
      const rows = Math.ceil(slots / columns);
      const wide = Math.min(width / columns - 8, ((height / rows - 8 - CAPTION_PX) * 16) / 9);
      if (wide > most) {
        most = wide;
        best = columns;
      }
    }
    this.grid.style.gridTemplateColumns = "repeat(" + best + "," + Math.floor(most) + "px)";
  }
}

/** @returns {{source: string, size: number, every: number}} */
function settings() {
  let kept = /** @type {any} */ ({});
  try {
    kept = JSON.parse(remembered(KEPT) || "{}") || {};
  } catch (error) {
    // Somebody else's words: as if there were none.
  }
  return {
    source: kept.source === "patrol" ? "patrol" : "hall",
    size: SIZES.indexOf(kept.size) >= 0 ? kept.size : 9,
    every: EVERY_S.indexOf(kept.every) >= 0 ? kept.every : 10,
  };
}
