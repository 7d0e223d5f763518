/**
 * The thresholds of a camera's checks, each beside what the newest picture measures.
 */
import { ApiError, put } from "/static/core/api.js";
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { Form } from "/static/app/admin.form.js";
import { inSession } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { pathOf } from "./camera.js";
import { CameraView } from "./view.js";

/** @typedef {import("./admin.js").CamerasTab} CamerasTab */
/** @typedef {import("./camera.js").CameraDetails} CameraDetails */
/** @typedef {import("./camera.js").Measures} Measures */

/**
 * `most`: of the bar. `above`: whether more than the threshold is wrong. `learned`: it compares with
 * the usual picture.
 * @type {{id: string, field: string, least: number, limit: number, most: number, unit: string, above: boolean,
 *   learned: boolean, step?: number, value: (m: Measures) => number}[]}
 */
const CHECKS = [
  { id: "black", field: "black_mean", least: 0, limit: 128, most: 255, unit: "", above: false, learned: false, step: 1, value: (m) => m.mean },
  { id: "frozen", field: "frozen_s", least: 0, limit: 3600, most: 120, unit: "unit.s", above: true, learned: false, value: (m) => m.still_s },
  { id: "blurred", field: "blurred_ratio", least: 0, limit: 0.9, most: 1, unit: "", above: false, learned: true, step: 1, value: (m) => m.sharpness },
  { id: "covered", field: "covered_share", least: 0, limit: 1, most: 1, unit: "", above: true, learned: true, step: 1, value: (m) => m.lost },
  { id: "moved", field: "moved_share", least: 0, limit: 0.95, most: 1, unit: "", above: false, learned: true, step: 1, value: (m) => m.edges },
  { id: "clock", field: "clock_wrong_s", least: 0, limit: 86400, most: 120, unit: "unit.s", above: true, learned: false, value: (m) => Math.abs(m.clock_off_s) },
];

export class ChecksPart {
  /** @param {CamerasTab} tab */
  constructor(tab) {
    this.tab = tab;
    this.view = new CameraView({ every: 2 });
    this.note = h("p", { class: "hint" });
    this.says = h("p", { class: "banner", "data-state": "away", hidden: true });
    this.rows = h("div", { class: "checks-rows" });
    this.more = h("div", null);
    /** @type {Record<string, any>|null} */
    this.draft = null;
    this.base = "";
    /** @type {Form|null} */
    this.form = null;
    this.node = h("div", { class: "editor-scroll checks-part" },
      h("div", { class: "checks-top" },
        h("div", { class: "camera-frame small-frame" }, this.view.box, this.view.chip),
        h("div", { class: "stack" }, h("h3", null, t("checks.title")), h("p", { class: "soft" }, t("checks.off")), this.note, this.says, this.more)),
      this.rows);
  }

  stop() {
    this.view.stop();
  }

  draw() {}

  /** @param {CameraDetails} camera */
  show(camera) {
    this.view.use(camera);
    const base = JSON.stringify(camera.settings);
    if (!this.draft || (base !== this.base && !this.tab.admin.dirty)) {
      this.base = base;
      this.draft = Object.assign({}, camera.settings);
      this.form = new Form(this.draft, () => {
        this.tab.edited(JSON.stringify(this.draft) !== this.base || Boolean(this.form && this.form.unreadable.size));
        if (this.tab.details) this.drawRows(this.tab.details.measures);
      });
      const form = this.form;
      replace(this.rows);
      replace(this.more, h("div", { class: "form-fields" },
        form.number("lasts_s", { label: t("check.lasts"), hint: t("check.lasts.hint"), unit: t("unit.s"), least: 1, most: 600, wide: true }),
        form.number("width", { label: t("check.width"), hint: t("check.any_size"), unit: t("unit.px"), least: 0, most: 8192 }),
        form.number("height", { label: t("check.height"), hint: t("check.any_size"), unit: t("unit.px"), least: 0, most: 8192 })));
    }
    const measures = camera.measures;
    setText(this.note, !measures ? t("checks.no_measures") : measures.learned ? "" : t("checks.learning"));
    const says = measures ? measures.says.map((notice) => t("says." + notice)) : [];
    show(this.says, says.length > 0);
    setText(this.says, t("checks.says", { what: says.join(t("checks.says.and")) }));
    this.drawRows(measures);
  }

  /** @param {Measures|null} measures */
  drawRows(measures) {
    const draft = this.draft;
    const form = this.form;
    if (!draft || !form) return;
    keyed(this.rows, CHECKS, (check) => check.id,
      (check) => h("div", { class: "check-row" },
        h("div", { class: "check-what" }, h("b", null, t("check." + check.id)), h("span", { class: "hint" }, t("check." + check.id + ".hint"))),
        h("div", { class: "check-bar", "aria-hidden": "true" }, h("span", { class: "check-value" }), h("i", { class: "check-limit" })),
        h("div", { class: "check-now" }, h("b", { class: "number" }), h("span", { class: "state" })),
        form.number(check.field, { label: t("checks.threshold"), unit: check.unit ? t(check.unit) : undefined, least: check.least, most: check.limit, step: check.step })),
      (node, check) => {
        const limit = Number(draft[check.field]);
        const judged = measures && (!check.learned || measures.learned);
        const value = judged ? check.value(/** @type {Measures} */ (measures)) : 0;
        const over = judged && limit > 0 && (check.above ? value > limit : value < limit);
        const bar = /** @type {HTMLElement} */ (node.children[1]);
        const [fill, mark] = /** @type {HTMLElement[]} */ (Array.from(bar.children));
        fill.style.width = Math.min(100, (100 * value) / check.most) + "%";
        mark.style.left = Math.min(100, (100 * limit) / check.most) + "%";
        show(mark, limit > 0);
        setAttrs(bar, { "data-state": over ? "alert" : null });
        const [now, said] = Array.from(node.children[2].children);
        setText(now, judged ? String(Math.round(value * 100) / 100) + (check.unit ? " " + t(check.unit) : "") : "–");
        const word = !limit ? "switched_off" : !judged ? "" : over ? "over" : "fine";
        setText(said, word ? t("checks." + word) : "");
        setAttrs(said, { "data-state": word === "over" ? "alert" : word === "fine" ? "open" : "closed", class: word ? "state" : "soft" });
      });
  }

  /** @returns {Promise<boolean>} */
  async save() {
    const form = this.form;
    if (!form || !form.isReadable()) return false;
    try {
      await inSession(() => put(pathOf(this.tab.list.chosen), { settings: this.draft }));
    } catch (error) {
      if (error instanceof ApiError && error.errors.length) {
        const errors = error.errors.map((one) => ({ field: one.field.replace(/^settings\./, ""), message: one.message }));
        if (!form.markAll(errors).length) return false;
      }
      toast(problemText(error), { state: "alert" });
      return false;
    }
    this.base = JSON.stringify(this.draft);
    toast(t("checks.saved"), { state: "open" });
    return true;
  }
}
