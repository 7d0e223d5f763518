/**
 * One camera's picture in a box: the newest still, asked for now and then, or live. Says how old a
 * still is; one of a camera that has gone is shown grey, as an old picture.
 */
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { pathOf } from "./camera.js";
import { Player, playerChip } from "./player.js";

/** @typedef {import("./camera.js").Camera} Camera */

const OLD_S = 20;

export class CameraView {
  /** @param {{every: number}} options  seconds between two stills */
  constructor(options) {
    this.every = options.every;
    this.image = h("img", { class: "camera-picture", alt: "", hidden: true });
    this.cover = h("div", { class: "camera-cover" });
    this.box = h("div", { class: "camera-box" }, this.image, this.cover);
    this.chip = h("span", { class: "camera-age soft nowrap" });
    /** @type {Camera|null} */
    this.camera = null;
    /** @type {Player|null} */
    this.player = null;
    this.address = "";
    this.taken = 0; // when the still was taken, by performance.now()
    this.asked = -Infinity;
    this.busy = false;
    this.stopped = false;
    this.timer = window.setInterval(() => this.tick(), 500);
  }

  /** @param {Camera|null} camera */
  use(camera) {
    const other = !camera || !this.camera || camera.camera_id !== this.camera.camera_id;
    const came = camera && this.camera && camera.state === "online" && this.camera.state !== "online";
    this.camera = camera;
    if (other) {
      this.live(false);
      this.drop();
    }
    if (other || came) this.asked = -Infinity;
    setAttrs(this.image, { alt: camera ? t("view.of", { name: camera.name }) : "" });
    this.tick();
  }

  get isLive() {
    return this.player !== null;
  }

  /** @param {boolean} on */
  live(on) {
    if (on === this.isLive || (on && !this.camera)) return;
    if (this.player) {
      this.box.removeChild(this.player.node);
      this.player.stop();
      this.player = null;
    }
    if (on && this.camera) {
      const player = new Player(this.camera.camera_id, (state, late) => {
        if (this.player === player || !this.player) replace(this.chip, playerChip(state, late));
      });
      this.player = player;
      this.box.appendChild(player.node);
      replace(this.chip, playerChip("opening", 0));
      player.start();
    } else this.asked = -Infinity;
    setAttrs(this.box, { "data-live": on ? "yes" : null });
    this.tick();
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    this.live(false);
    this.drop();
  }

  drop() {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = "";
    this.taken = 0;
    this.image.removeAttribute("src");
    show(this.image, false);
  }

  tick() {
    if (this.stopped || this.isLive) return;
    this.draw();
    // Of a camera that is not there no newer picture comes, and there is none before its first.
    const again = !this.camera || this.camera.state === "online" ? this.every * 1000 : Infinity;
    const due = (this.asked === -Infinity || performance.now() - this.asked > again) && Boolean(this.camera && this.camera.width);
    if (this.camera && due && !this.busy && !document.hidden && this.box.offsetParent) this.fetch(this.camera);
  }

  /** @param {Camera} camera */
  async fetch(camera) {
    this.busy = true;
    this.asked = performance.now();
    try {
      const answer = await fetch("/api/v1" + pathOf(camera.camera_id, "/snapshot.jpg"), { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const taken = performance.now() - Number(answer.headers.get("Age") || 0) * 1000;
      const blob = await answer.blob();
      if (this.stopped || !this.camera || this.camera.camera_id !== camera.camera_id) return;
      const before = this.address;
      this.address = URL.createObjectURL(blob);
      this.image.src = this.address;
      this.taken = taken;
      if (before) URL.revokeObjectURL(before);
    } catch (error) {
      // The last one stays, and its age says so.
    } finally {
      this.busy = false;
      this.draw();
    }
  }

  draw() {
    if (this.isLive) return;
    const there = Boolean(this.address);
    show(this.image, there);
    show(this.cover, !there);
    setText(this.cover, this.camera && this.busy ? t("view.opening") : t("view.no_still"));
    const age = (performance.now() - this.taken) / 1000;
    const old = there && (age > OLD_S + this.every || Boolean(this.camera && this.camera.state !== "online"));
    setAttrs(this.box, { "data-old": old ? "yes" : null });
    const chip = h("span", { class: old ? "state" : "soft", "data-state": old ? "away" : null }, (old ? t("view.old") + " " : "") + ageText(age));
    if (!there) replace(this.chip);
    else if (this.chip.textContent !== chip.textContent) replace(this.chip, chip);
  }
}

/** @param {number} seconds */
function ageText(seconds) {
  if (seconds < 3) return t("view.now");
  if (seconds < 90) return t("view.seconds", { n: Math.round(seconds) });
  if (seconds < 5400) return t("view.minutes", { n: Math.round(seconds / 60) });
  return t("view.hours", { n: Math.round(seconds / 3600) });
}
