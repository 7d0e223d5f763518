/**
 * The administration's cameras: which there are and how they do; of one, its picture, the zones of
 * windows on it, the thresholds of its checks beside what they measure now, and how it is reached.
 */
import { get } from "/static/core/api.js";
import { h, replace, setText } from "/static/core/dom.js";
import { addTexts, t } from "/static/core/i18n.js";
import { button, List, setCount, tabHead } from "/static/app/admin.list.js";
import { inSession } from "/static/app/session.js";
import { minutesShort, minutesSince, problemText } from "/static/app/words.js";
import { toast } from "/static/core/toast.js";
import { AccessPart } from "./admin.access.js";
import { addCameras } from "./admin.add.js";
import { ChecksPart } from "./admin.checks.js";
import { PicturePart } from "./admin.picture.js";
import { adminTexts } from "./admin.texts.js";
import { ZonesPart } from "./admin.zones.js";
import { byNeed, pathOf, stateChip, stateText, tone, whyText, windowsText } from "./camera.js";

/** @typedef {import("/static/app/admin.js").Admin} Admin */
/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./camera.js").CameraDetails} CameraDetails */
/** @typedef {{node: HTMLElement, show: (details: CameraDetails) => void, draw: () => void, save?: () => Promise<boolean>,
 *   revert?: () => void, stop: () => void}} Part  one side of a camera; `show` after anything changed */

const REFRESH_MS = 2000;
const PARTS = ["picture", "zones", "checks", "access"];

addTexts(adminTexts);

/** @param {Admin} admin @param {HTMLElement} root */
export function openCameras(admin, root) {
  return new CamerasTab(admin, root);
}

export class CamerasTab {
  /** @param {Admin} admin @param {HTMLElement} root */
  constructor(admin, root) {
    this.admin = admin;
    this.root = root;
    /** @type {CameraDetails|null} */
    this.details = null;
    this.part = "picture";
    /** @type {Part|null} */
    this.open_part = null;
    this.stopped = false;
    this.count = h("span", null);
    this.head = h("header", { class: "panel-head editor-head" });
    this.body = h("div", { class: "camera-part" });
    this.state = h("span", { class: "save-state", role: "status" });
    this.revertButton = button("", () => this.revert());
    this.saveButton = button("", () => { this.save(); }, "primary");
    this.foot = h("footer", { class: "editor-foot" }, this.state, h("div", { class: "push row" }, this.revertButton, this.saveButton));
    this.editor = h("section", { class: "panel editor" });
    this.list = new List({
      label: () => t("tab.cameras"),
      columns: [
        { title: "cameras.name", cell: (camera) => [h("span", { class: "clamp" }, camera.name),
          camera.state === "online" || camera.state === "disabled" ? null : h("span", { class: "soft clamp-1 small" }, whyText(camera))] },
        { title: "cameras.windows", cell: (camera) => camera.zones.length ? h("span", { class: "clamp" }, zoneNumbers(camera)) : h("span", { class: "soft" }, t("cameras.no_zone")) },
        { title: "cameras.state", cell: (camera) => stateChip(camera) },
        { title: "cameras.since", cls: "figure", cell: (camera) => minutesShort(minutesSince(camera.since)) },
      ],
      key: (camera) => camera.camera_id,
      words: (camera) => [camera.name, camera.group, windowsText(camera), stateText(camera)].join(" "),
      sign: (camera) => JSON.stringify(camera) + Math.floor(minutesSince(camera.since)),
      facetLabel: "cameras.all",
      facets: () => [
        { value: "trouble", label: t("cameras.facet.trouble"), test: (camera) => ["alert", "away"].indexOf(tone(camera)) >= 0 },
        { value: "no_zone", label: t("cameras.facet.no_zone"), test: (camera) => !camera.zones.length },
        { value: "disabled", label: t("cameras.facet.disabled"), test: (camera) => camera.state === "disabled" },
      ],
      choose: (key) => { this.choose(key); },
      empty: () => t("cameras.empty"),
      onCount: (shown, all) => setCount(this.count, shown, all),
    });
    this.draw();
    this.timer = window.setInterval(() => { this.refresh(); }, REFRESH_MS);
  }

  /** @returns {Camera[]} */
  get cameras() {
    return /** @type {any} */ (this.admin.state).cameras || [];
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    if (this.open_part) this.open_part.stop();
  }

  draw() {
    replace(this.root,
      tabHead(t("tab.cameras"), this.count, button(t("cameras.add"), () => { this.add(); }, "primary")),
      h("div", { class: "tab-split" }, this.list.node, this.editor));
    this.list.words();
    this.changed(["cameras"]);
    this.drawEditor();
  }

  /** @param {string[]} parts */
  changed(parts) {
    if (parts.indexOf("cameras") < 0 && parts.indexOf("*") < 0) return;
    this.list.show(this.cameras.slice().sort(byNeed));
    const now = this.cameras.find((camera) => camera.camera_id === this.list.chosen);
    if (this.details && now) this.tell(Object.assign({}, this.details, now));
    else if (this.details && !now) this.open("");
  }

  /** @param {CameraDetails} details */
  tell(details) {
    this.details = details;
    this.drawHead();
    if (this.open_part) this.open_part.show(details);
  }

  /** What the stream does not say: address, measures. */
  async refresh() {
    const chosen = this.list.chosen;
    if (!chosen || document.hidden) return;
    try {
      const details = await inSession(() => get(pathOf(chosen)));
      if (!this.stopped && this.list.chosen === chosen && this.details) this.tell(details);
    } catch (error) {
      // The banner says when the server is away; the next round asks again.
    }
  }

  async add() {
    if (!(await this.admin.mayLeave())) return;
    const added = await addCameras(this.admin);
    if (added.length) this.open(added[0]);
  }

  /** @param {string} key */
  async choose(key) {
    if (key === this.list.chosen || !(await this.admin.mayLeave())) return;
    this.open(key);
  }

  /** @param {string} key */
  async open(key) {
    this.admin.setDirty(false);
    if (this.open_part) this.open_part.stop();
    this.open_part = null;
    this.details = null;
    this.list.reveal(key);
    this.admin.noteEntry(key);
    if (key) {
      try {
        const details = await inSession(() => get(pathOf(key)));
        if (this.stopped || this.list.chosen !== key) return;
        this.details = details;
      } catch (error) {
        toast(problemText(error), { state: "alert" });
        this.list.pick("");
        this.admin.noteEntry("");
      }
    }
    this.drawEditor();
  }

  /** @param {string} part */
  async turn(part) {
    if (part === this.part || !(await this.admin.mayLeave())) return;
    this.part = part;
    this.drawEditor();
    const chosen = /** @type {HTMLElement|null} */ (this.head.querySelector("[aria-selected=true]"));
    if (chosen) chosen.focus();
  }

  drawEditor() {
    const details = this.details;
    if (!details) {
      replace(this.editor, h("div", { class: "editor-intro" },
        h("h2", null, t("cameras.intro.title")), h("p", null, t("cameras.intro.text")),
        h("ol", { class: "numbered" }, ["1", "2", "3"].map((n) => h("li", null, t("cameras.intro." + n)))),
        h("p", { class: "soft" }, t("cameras.intro.privacy"))));
      return;
    }
    if (this.open_part) this.open_part.stop();
    this.admin.setDirty(false);
    const part = this.make();
    this.open_part = part;
    replace(this.revertButton, t("entry.revert"));
    replace(this.saveButton, t("entry.save"), h("kbd", null, "Ctrl+S"));
    this.drawHead();
    replace(this.body, part.node);
    replace(this.editor, this.head, this.body, part.save ? this.foot : null);
    part.show(details);
    this.edited(false);
  }

  /** @returns {Part} */
  make() {
    if (this.part === "zones") return new ZonesPart(this);
    if (this.part === "checks") return new ChecksPart(this);
    if (this.part === "access") return new AccessPart(this);
    return new PicturePart(this);
  }

  drawHead() {
    const details = this.details;
    if (!details) return;
    const sign = details.name + this.part + stateText(details) + t("entry.save");
    if (this.head.getAttribute("data-sign") === sign) return;
    this.head.setAttribute("data-sign", sign);
    replace(this.head,
      h("div", { class: "camera-name" }, h("h2", { class: "clamp-1", title: details.name }, details.name), stateChip(details)),
      h("div", { class: "camera-parts", role: "tablist" }, PARTS.map((part) => h("button", {
        class: "camera-tab", type: "button", role: "tab", "aria-selected": String(part === this.part),
        tabindex: part === this.part ? 0 : -1, "data-part": part,
        onclick: () => { this.turn(part); },
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
          if (step) this.turn(PARTS[(PARTS.indexOf(part) + step + PARTS.length) % PARTS.length]);
        },
      }, t("cameras.part." + part)))));
  }

  /** A part was edited. @param {boolean} dirty */
  edited(dirty) {
    this.admin.setDirty(dirty);
    setText(this.state, t(dirty ? "entry.unsaved" : "entry.saved"));
    this.state.setAttribute("data-dirty", dirty ? "yes" : "no");
    this.saveButton.disabled = this.revertButton.disabled = !dirty;
  }

  revert() {
    this.admin.setDirty(false);
    this.drawEditor();
  }

  /** @returns {Promise<boolean>} */
  async save() {
    if (!this.open_part || !this.open_part.save || !this.admin.dirty) return true;
    const saved = await this.open_part.save();
    if (saved) {
      this.edited(false);
      await this.refresh();
    }
    return saved;
  }
}

/** @param {Camera} camera */
function zoneNumbers(camera) {
  return camera.zones.map((zone) => zone.window).sort((a, b) => a - b).join(", ");
}
