/**
 * The tabs that edit entries of the setup (windows, queues, services, clerks): a list on the left,
 * one entry's form on the right. Whole entries are sent; what the server refuses stands next to its
 * field; what is not saved is said, and asked about before it is left.
 */
import { ApiError } from "/static/core/api.js";
import { confirmBox } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { Form } from "./admin.form.js";
import { button, List, setCount, tabHead } from "./admin.list.js";
import { problemText } from "./words.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {Record<string, any>} Draft  an entry; what is not sent as part of it begins with `$` */

/**
 * @typedef {{
 *   part: "windows"|"queues"|"services"|"clerks",
 *   key: (entry: any) => string,
 *   name: (entry: any) => string,
 *   columns: {title: string, cls?: string, cell: (entry: any) => Child}[],
 *   words: (entry: any) => string,
 *   sign?: (entry: any) => string,
 *   facets?: () => {value: string, label: string, test: (entry: any) => boolean}[],
 *   facetLabel?: string,
 *   draft: (entry: any|null) => Draft,
 *   again?: string[],
 *   copy?: (draft: Draft) => void,
 *   form: (form: Form, draft: Draft, isNew: boolean) => Child,
 *   check?: (draft: Draft, isNew: boolean) => {field: string, message: string}[],
 *   body: (entry: any, draft: Draft) => Record<string, any>,
 *   after?: (draft: Draft) => Promise<void>,
 *   removal: (entry: any) => {text: string, body: Record<string, any>, undo: Record<string, any>},
 *   intro: () => Child,
 *   extra?: () => Child,
 *   live?: (entry: any) => Child,
 * }} Kind  `again`: names of what the next new entry takes over when several are added in a row
 */

/** The draft without what is not part of the entry. @param {Draft} draft */
function entryOf(draft) {
  /** @type {Record<string, any>} */
  const entry = {};
  for (const name of Object.keys(draft)) if (name.charAt(0) !== "$") entry[name] = draft[name];
  return entry;
}

/** @param {any} value */
function clone(value) {
  return JSON.parse(JSON.stringify(value));
}

export class EntriesTab {
  /**
   * @param {Admin} admin
   * @param {HTMLElement} root
   * @param {Kind} kind
   */
  constructor(admin, root, kind) {
    this.admin = admin;
    this.root = root;
    this.kind = kind;
    /** @type {Draft|null} */
    this.draftNow = null;
    this.isNew = false;
    this.base = ""; // the draft as it was, to see what changed
    this.stored = ""; // the entry as the server had it when it was opened
    this.count = h("span", null);
    this.editor = h("section", { class: "panel editor" });
    /** @type {Form|null} */
    this.form = null;
    this.state = h("span", { class: "save-state", role: "status" });
    this.other = h("div", { class: "banner", "data-state": "away", hidden: true });
    this.problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
    this.revertButton = button("", () => this.revert());
    this.saveButton = button("", () => { this.save(); }, "primary");
    this.busy = false;
    this.list = new List({
      label: () => t("tab." + kind.part),
      columns: kind.columns, key: kind.key, words: kind.words, facets: kind.facets, facetLabel: kind.facetLabel,
      sign: kind.sign, extra: kind.extra,
      choose: (key, byKeyboard) => this.choose(key, byKeyboard),
      empty: () => t(kind.part + ".empty"),
      onCount: (shown, all) => setCount(this.count, shown, all),
    });
    this.draw();
  }

  entries() {
    const setup = this.admin.setup;
    return setup ? /** @type {any[]} */ (setup[this.kind.part]) : [];
  }

  // --- the tab ------------------------------------------------------------------------------------

  draw() {
    replace(this.root,
      tabHead(t("tab." + this.kind.part), this.count, button(t(this.kind.part + ".add"), () => this.add(), "primary")),
      h("div", { class: "tab-split" }, this.list.node, this.editor));
    this.list.words();
    this.list.show(this.entries());
    this.drawEditor();
  }

  /** @param {string[]} parts */
  changed(parts) {
    const own = parts.indexOf("setup") >= 0;
    if (own) this.list.words();
    this.list.show(this.entries());
    if (!own || !this.draftNow || this.isNew || this.busy) return;
    const now = this.entries().find((entry) => this.kind.key(entry) === this.list.chosen);
    if (now && JSON.stringify(now) === this.stored) return;
    if (!this.admin.dirty) this.open(this.list.chosen);
    else {
      // Somebody else saved it meanwhile: say so, and let the person decide.
      replace(this.other, h("span", { class: "grow" }, t(now ? "entry.changed_elsewhere" : "entry.removed_elsewhere")),
        button(t("entry.reload"), () => { this.admin.setDirty(false); this.open(this.list.chosen); }, "small"));
      show(this.other, true);
    }
  }

  /** @param {string} key @param {boolean} byKeyboard */
  async choose(key, byKeyboard) {
    if (key === this.list.chosen && !this.isNew) {
      if (byKeyboard) this.focusForm();
      return;
    }
    if (!(await this.admin.mayLeave())) return;
    this.open(key);
    if (byKeyboard) this.focusForm();
  }

  /** @param {string} key */
  open(key) {
    const entry = this.entries().find((other) => this.kind.key(other) === key);
    this.isNew = false;
    this.draftNow = entry ? this.kind.draft(clone(entry)) : null;
    this.stored = entry ? JSON.stringify(entry) : "";
    this.base = JSON.stringify(this.draftNow);
    this.admin.setDirty(false);
    this.admin.noteEntry(entry ? key : "");
    this.list.reveal(entry ? key : "");
    this.drawEditor();
  }

  async add() {
    if (!(await this.admin.mayLeave())) return;
    this.begin(this.kind.draft(null));
  }

  /** @param {Draft} draft */
  begin(draft) {
    this.isNew = true;
    this.draftNow = draft;
    this.stored = "";
    this.base = JSON.stringify(draft);
    this.admin.setDirty(false);
    this.list.pick("");
    this.drawEditor();
    this.focusForm();
  }

  copy() {
    if (!this.draftNow || !this.kind.copy) return;
    const draft = this.kind.draft(entryOf(clone(this.draftNow)));
    this.kind.copy(draft);
    this.begin(draft);
    this.edited();
  }

  focusForm() {
    const first = /** @type {HTMLElement|null} */ (
      this.editor.querySelector("input:not([disabled]):not([type=checkbox]), select:not([disabled])"));
    if (first) first.focus();
  }

  // --- one entry ----------------------------------------------------------------------------------

  drawEditor() {
    const draft = this.draftNow;
    this.form = null;
    if (!draft) {
      replace(this.editor, h("div", { class: "editor-intro" }, this.kind.intro()));
      return;
    }
    const kind = this.kind;
    const form = new Form(draft, () => this.edited());
    this.form = form;
    const before = /** @type {any} */ (this.editor);
    const scrolled = before.querySelector(".editor-scroll");
    const top = scrolled ? scrolled.scrollTop : 0;
    show(this.problem, false);
    show(this.other, false);
    const body = h("div", { class: "editor-scroll" }, this.other, this.problem,
      !this.isNew && kind.live ? h("div", { class: "editor-live live" }, kind.live(entryOf(draft))) : null,
      kind.form(form, draft, this.isNew));
    replace(this.editor,
      h("header", { class: "panel-head editor-head" },
        h("h2", { class: "clamp-1" }, this.isNew ? t(kind.part + ".new") : kind.name(entryOf(draft))),
        h("div", { class: "push row" },
          !this.isNew && kind.copy ? button(t("entry.copy"), () => this.leaveAnd(() => this.copy()), "quiet small") : null,
          this.isNew ? null : button(t("entry.remove"), () => this.remove(), "quiet small danger-text"))),
      body,
      h("footer", { class: "editor-foot" }, this.state,
        h("div", { class: "push row" },
          this.revertButton,
          this.isNew ? button(t("entry.save_more"), () => this.saveAndAdd()) : null,
          this.saveButton)));
    replace(this.revertButton, t(this.isNew ? "cancel" : "entry.revert"));
    replace(this.saveButton, t("entry.save"), h("kbd", null, "Ctrl+S"));
    body.scrollTop = this.isNew ? 0 : top;
    this.said();
  }

  /** @param {() => void} act */
  async leaveAnd(act) {
    if (await this.admin.mayLeave()) act();
  }

  edited() {
    this.admin.setDirty(JSON.stringify(this.draftNow) !== this.base || Boolean(this.form && this.form.unreadable.size));
    this.said();
  }

  said() {
    const dirty = this.admin.dirty;
    setText(this.state, t(dirty ? "entry.unsaved" : this.isNew ? "entry.not_yet" : "entry.saved"));
    this.state.setAttribute("data-dirty", dirty ? "yes" : "no");
    this.saveButton.disabled = this.revertButton.disabled = !dirty && !this.isNew;
  }

  async revert() {
    if (this.isNew) {
      if (!(await this.admin.mayLeave())) return;
      this.draftNow = null;
      this.isNew = false;
      this.admin.setDirty(false);
      this.drawEditor();
    } else if (this.admin.dirty) {
      this.admin.setDirty(false);
      this.open(this.list.chosen);
    }
  }

  async saveAndAdd() {
    const before = this.draftNow;
    if (!(await this.save()) || !before) return;
    const next = this.kind.draft(null);
    for (const name of this.kind.again || []) next[name] = clone(before[name]);
    this.begin(next);
  }

  /** @returns {Promise<boolean>} */
  async save() {
    const { kind, form, draftNow: draft } = this;
    if (!form || !draft || this.busy) return false;
    show(this.problem, false);
    form.clearAll();
    if (!form.isReadable()) return false;
    const entry = entryOf(draft);
    const wrong = kind.check ? kind.check(draft, this.isNew) : [];
    if (this.isNew && this.entries().some((other) => kind.key(other) === kind.key(entry))) {
      wrong.push({ field: keyField(kind), message: t(kind.part + ".taken") });
    }
    if (wrong.length) {
      form.markAll(wrong);
      return false;
    }
    this.busy = true;
    try {
      await this.admin.changeSetup(kind.body(entry, draft));
      if (kind.after) await kind.after(draft);
      this.admin.setDirty(false);
      toast(t("entry.saved_named", { name: kind.name(entry) }), { state: "open" });
      this.busy = false;
      this.open(kind.key(entry));
      return true;
    } catch (error) {
      this.fail(error, kind.key(entry));
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** @param {unknown} error @param {string} key */
  fail(error, key) {
    const form = this.form;
    const rest = [];
    if (form && error instanceof ApiError && error.errors.length) {
      const start = this.kind.part + "." + key + ".";
      const index = new RegExp("^" + this.kind.part + "\\[\\d+\\]\\.");
      const fields = error.errors.map((wrong) => ({
        field: (wrong.field.indexOf(start) === 0 ? wrong.field.slice(start.length) : wrong.field.replace(index, "")).split(/[.[]/)[0],
        message: wrong.message,
      }));
      rest.push(...form.markAll(fields));
      if (!rest.length) return;
    }
    setText(this.problem, rest.join(" ") || problemText(error));
    show(this.problem, true);
    this.problem.scrollIntoView({ block: "nearest" });
  }

  async remove() {
    const { kind, draftNow: draft } = this;
    if (!draft) return;
    const entry = this.entries().find((other) => kind.key(other) === this.list.chosen);
    if (!entry) return;
    const { text, body, undo } = kind.removal(entry);
    const sure = await confirmBox({ title: t("entry.remove_title", { name: kind.name(entry) }), text, ok: t("entry.remove"), danger: true });
    if (!sure) return;
    try {
      await this.admin.changeSetup(body);
      this.admin.setDirty(false);
      this.draftNow = null;
      this.list.pick("");
      this.drawEditor();
      toast(t("entry.removed", { name: kind.name(entry) }), {
        seconds: 8,
        undo: async () => {
          try {
            await this.admin.changeSetup(undo);
            this.leaveAnd(() => this.open(kind.key(entry)));
          } catch (error) {
            toast(problemText(error), { state: "alert" });
          }
        },
      });
    } catch (error) {
      this.fail(error, kind.key(entry));
    }
  }
}

/** @param {Kind} kind */
function keyField(kind) {
  return { windows: "number", queues: "prefix", services: "id", clerks: "clerk_no" }[kind.part];
}
