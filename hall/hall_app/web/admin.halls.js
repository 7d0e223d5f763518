/**
 * The halls of the city: adding one, and giving one another name. A new hall begins with one queue
 * and two windows, which its manager then changes.
 */
import { ApiError, get, post, put } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { Form } from "./admin.form.js";
import { button, List, setCount, tabHead } from "./admin.list.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").HallRef} HallRef */
/** @typedef {{code: string, name: string, level: string, parent: string|null}} Region */

const LEVELS = ["city", "county", "township", "village"];
const NEW_REGION = "new";

/** @param {Admin} admin @param {HTMLElement} root */
export function openHalls(admin, root) {
  return new HallsTab(admin, root);
}

class HallsTab {
  /** @param {Admin} admin @param {HTMLElement} root */
  constructor(admin, root) {
    this.admin = admin;
    this.root = root;
    /** @type {Region[]} */
    this.regions = [];
    this.count = h("span", null);
    this.editor = h("section", { class: "panel editor" });
    this.list = new List({
      label: () => t("tab.halls"),
      columns: [
        { title: "halls.name", cell: (/** @type {HallRef} */ hall) => h("b", { class: "clamp" }, nameOf(hall)) },
        { title: "halls.level", cell: (hall) => t("level." + hall.level) },
        { title: "halls.region", cell: (hall) => this.regionName(hall.region) },
        { title: "halls.id", cls: "key", cell: (hall) => hall.id },
      ],
      key: (hall) => hall.id,
      sign: (hall) => [hall.name, hall.name_en, this.regionName(hall.region), document.documentElement.lang].join("|"),
      words: (hall) => [hall.name, hall.name_en, hall.id, this.regionName(hall.region)].join(" "),
      choose: (key) => this.open(key),
      empty: () => t("halls.empty"),
      onCount: (shown, all) => setCount(this.count, shown, all),
    });
    this.draw();
    this.load();
  }

  async load() {
    try {
      const known = await inSession(() => get("/halls-and-regions"));
      this.regions = known.regions;
      this.admin.takeHalls(known.halls);
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
    this.show();
  }

  /** @param {string} code */
  regionName(code) {
    const region = this.regions.find((other) => other.code === code);
    return region ? region.name : code;
  }

  draw() {
    replace(this.root,
      tabHead(t("tab.halls"), this.count, this.admin.me.all_halls ? button(t("halls.add"), () => this.add(), "primary") : null),
      h("div", { class: "tab-split" }, this.list.node, this.editor));
    this.list.words();
    this.show();
  }

  show() {
    this.list.show(this.admin.halls);
    this.drawEditor();
  }

  /** @param {string} key */
  open(key) {
    this.list.pick(key);
    this.admin.noteEntry(key);
    this.drawEditor();
  }

  drawEditor() {
    const hall = this.admin.halls.find((other) => other.id === this.list.chosen);
    if (!hall) {
      replace(this.editor, h("div", { class: "editor-intro" }, h("h2", null, t("halls.intro.title")), h("p", null, t("halls.intro.text"))));
      return;
    }
    replace(this.editor,
      h("header", { class: "panel-head editor-head" }, h("h2", { class: "clamp-1" }, nameOf(hall))),
      h("div", { class: "editor-scroll" },
        h("dl", { class: "facts" },
          h("dt", null, t("halls.id")), h("dd", null, hall.id),
          h("dt", null, t("halls.level")), h("dd", null, t("level." + hall.level)),
          h("dt", null, t("halls.region")), h("dd", null, this.regionName(hall.region)),
          h("dt", null, t("halls.name_en")), h("dd", null, hall.name_en || "–")),
        h("div", { class: "row-wrap" }, button(t("halls.rename"), () => this.rename(hall)))));
  }

  /** @param {HallRef} hall */
  rename(hall) {
    const draft = { name: hall.name, name_en: hall.name_en || "" };
    return this.ask(t("halls.rename_title", { name: hall.name }), draft, (form) => [
      h("p", { class: "soft" }, t("halls.rename_text")),
      form.text("name", { label: t("halls.name"), max: 60 }),
      form.text("name_en", { label: t("halls.name_en"), max: 80 }),
    ], t("halls.rename_do"), async () => {
      await put("/halls/" + encodeURIComponent(hall.id), { name: draft.name, name_en: draft.name_en });
      toast(t("halls.renamed", { name: draft.name }), { state: "open" });
    });
  }

  add() {
    /** @type {Record<string, any>} */
    const draft = { id: "", name: "", name_en: "", level: "township", region: this.regions.length ? this.regions[0].code : NEW_REGION, "region.code": "", "region.name": "", "region.parent": "" };
    /** @type {[string, string][]} */
    const options = this.regions.map((region) => [region.code, region.name]);
    return this.ask(t("halls.add"), draft, (form) => {
      const fresh = h("div", { class: "stack" },
        form.text("region.code", { label: t("halls.region_code"), hint: t("halls.region_code_hint"), max: 12 }),
        form.text("region.name", { label: t("halls.region_name"), max: 60 }),
        form.choice("level", { label: t("halls.level"), options: LEVELS.map((level) => /** @type {[string, string]} */ ([level, t("level." + level)])) }),
        form.choice("region.parent", { label: t("halls.region_parent"), options: [/** @type {[string, string]} */ (["", "–"])].concat(options) }));
      const drawRegion = () => show(fresh, draft.region === NEW_REGION);
      form.onChange = drawRegion;
      drawRegion();
      return [
        form.text("name", { label: t("halls.name"), max: 60 }),
        form.text("name_en", { label: t("halls.name_en"), max: 80 }),
        form.text("id", { label: t("halls.id"), hint: t("halls.id_hint"), max: 40 }),
        form.choice("region", { label: t("halls.region"), options: options.concat([[NEW_REGION, t("halls.region_new")]]) }),
        fresh,
      ];
    }, t("halls.add_do"), async () => {
      const region = draft.region === NEW_REGION
        ? { code: draft["region.code"], name: draft["region.name"], level: draft.level, parent: draft["region.parent"] || null }
        : draft.region;
      const known = this.regions.find((other) => other.code === draft.region);
      const level = known ? known.level : draft.level; // a hall is of its region's level
      const hall = await post("/halls", { id: draft.id, name: draft.name, name_en: draft.name_en, level, region });
      toast(t("halls.added", { name: hall.name }), { state: "open" });
      this.list.chosen = hall.id;
    });
  }

  /**
   * A form over the page; what is wrong stands at its field.
   * @param {string} title
   * @param {Record<string, any>} draft
   * @param {(form: Form) => import("/static/core/dom.js").Child[]} fields
   * @param {string} label
   * @param {() => Promise<void>} send
   */
  async ask(title, draft, fields, label, send) {
    await dialog(title, (/** @type {(r: null) => void} */ close) => {
      const form = new Form(draft, () => undefined);
      const problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
      const submit = h("button", { class: "button primary", type: "submit" }, label);
      const onsubmit = async (/** @type {Event} */ event) => {
        event.preventDefault();
        form.clearAll();
        show(problem, false);
        submit.disabled = true;
        try {
          await inSession(send);
          close(null);
          await this.load();
        } catch (error) {
          submit.disabled = false;
          const wrong = error instanceof ApiError ? error.errors : [];
          const rest = form.markAll(wrong);
          if (rest.length || !wrong.length) {
            setText(problem, problemText(error));
            show(problem, true);
          }
        }
      };
      return h("form", { class: "stack", onsubmit }, problem, ...fields(form),
        h("div", { class: "actions" }, button(t("cancel"), () => close(null)), submit));
    });
  }
}
