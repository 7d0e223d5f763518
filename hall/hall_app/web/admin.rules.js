/**
 * The tabs that edit one part of a hall's rules as a whole (hours, settings, texts, notices): a form,
 * a foot that says whether something is unsaved, and errors next to their fields.
 */
import { ApiError } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { Form } from "./admin.form.js";
import { button } from "./admin.list.js";
import { problemText } from "./words.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("./admin.js").Admin} Admin */

/**
 * @typedef {{
 *   name: string,
 *   ready: () => boolean,
 *   load: () => Record<string, any>,
 *   form: (form: Form, draft: Record<string, any>) => Child,
 *   send: (draft: Record<string, any>) => Promise<void>,
 *   fieldOf: (serverField: string) => string,
 *   check?: (draft: Record<string, any>) => {field: string, message: string}[],
 *   parts: string[],
 * }} Rules  `parts`: names of what, when it changes, means that `load` may give something else
 */

export class RulesTab {
  /**
   * @param {Admin} admin
   * @param {HTMLElement} root
   * @param {Rules} rules
   */
  constructor(admin, root, rules) {
    this.admin = admin;
    this.root = root;
    this.rules = rules;
    /** @type {Record<string, any>|null} */
    this.draftNow = null;
    this.base = "";
    /** @type {Form|null} */
    this.form = null;
    this.state = h("span", { class: "save-state", role: "status" });
    this.problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
    this.other = h("div", { class: "banner", "data-state": "away", hidden: true });
    this.busy = false;
    this.revertButton = button("", () => { this.reload(); this.draw(); });
    this.saveButton = button("", () => { this.save(); }, "primary");
    this.reload();
    this.draw();
  }

  reload() {
    if (!this.rules.ready()) return;
    this.draftNow = JSON.parse(JSON.stringify(this.rules.load()));
    this.base = JSON.stringify(this.draftNow);
    this.admin.setDirty(false);
  }

  draw() {
    const draft = this.draftNow;
    if (!draft) {
      replace(this.root, h("p", { class: "empty" }, t("starting.title")));
      return;
    }
    const scrolled = this.root.querySelector(".rules-scroll");
    const top = scrolled ? scrolled.scrollTop : 0;
    const form = new Form(draft, () => this.edited());
    this.form = form;
    show(this.problem, false);
    show(this.other, false);
    const scroll = h("div", { class: "rules-scroll" }, this.other, this.problem, this.rules.form(form, draft));
    replace(this.root,
      h("header", { class: "tab-head" }, h("h1", null, t("tab." + this.rules.name)), h("p", { class: "soft tab-count" }, t(this.rules.name + ".lead"))),
      scroll,
      h("footer", { class: "editor-foot" }, this.state,
        h("div", { class: "push row" },
          this.revertButton, this.saveButton)));
    replace(this.revertButton, t("entry.revert"));
    replace(this.saveButton, t("entry.save"), h("kbd", null, "Ctrl+S"));
    scroll.scrollTop = top;
    this.said();
  }

  /** @param {string[]} parts */
  changed(parts) {
    if (this.busy || !parts.some((part) => this.rules.parts.indexOf(part) >= 0 || part === "*")) return;
    if (!this.rules.ready() || (this.draftNow && JSON.stringify(this.rules.load()) === this.base)) return;
    if (!this.draftNow || !this.admin.dirty) {
      this.reload();
      this.draw();
    } else this.offerLatest(t("entry.changed_elsewhere"));
  }

  /** What was typed stays until this person has decided. @param {string} why */
  offerLatest(why) {
    replace(this.other, h("span", { class: "grow" }, why),
      button(t("entry.reload"), () => { this.reload(); this.draw(); }, "small"));
    show(this.other, true);
    this.other.scrollIntoView({ block: "nearest" });
  }

  edited() {
    this.admin.setDirty(JSON.stringify(this.draftNow) !== this.base || Boolean(this.form && this.form.unreadable.size));
    this.said();
  }

  said() {
    setText(this.state, t(this.admin.dirty ? "entry.unsaved" : "entry.saved"));
    this.state.setAttribute("data-dirty", this.admin.dirty ? "yes" : "no");
    this.saveButton.disabled = this.revertButton.disabled = !this.admin.dirty;
  }

  /** @returns {Promise<boolean>} */
  async save() {
    const { form, draftNow: draft } = this;
    if (!form || !draft || this.busy) return false;
    show(this.problem, false);
    form.clearAll();
    if (!form.isReadable()) return false;
    const wrong = this.rules.check ? this.rules.check(draft) : [];
    if (wrong.length) {
      this.explain(form.markAll(wrong));
      return false;
    }
    this.busy = true;
    try {
      await this.rules.send(draft);
      this.reload();
      this.draw();
      toast(t("entry.saved_named", { name: t("tab." + this.rules.name) }), { state: "open" });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === "setup_changed") {
        this.offerLatest(t("problem.setup_changed"));
        return false;
      }
      const rest = error instanceof ApiError && error.errors.length
        ? form.markAll(error.errors.map((entry) => ({ field: this.rules.fieldOf(entry.field), message: entry.message })))
        : [problemText(error)];
      this.explain(rest);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** @param {string[]} messages */
  explain(messages) {
    if (!messages.length) return;
    setText(this.problem, messages.join(" "));
    show(this.problem, true);
    this.problem.scrollIntoView({ block: "nearest" });
  }
}
