/**
 * Who may sign in: accounts, their roles and scope, new passwords. A hall with one administrator is
 * one forgotten password away from trouble, so the page asks for a second.
 */
import { ApiError, get, post } from "/static/core/api.js";
import { confirmBox, dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmm, isoDay, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { Form } from "./admin.form.js";
import { button, List, setCount, tabHead } from "./admin.list.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").User} User */

const ROLES = ["manager", "supervisor", "admin", "security", "auditor"];
const SIGNS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789";

/** A password that can be read out: four groups of four. */
function randomPassword() {
  const numbers = crypto.getRandomValues(new Uint32Array(16));
  const text = Array.from(numbers, (number) => SIGNS[number % SIGNS.length]).join("");
  return [0, 4, 8, 12].map((at) => text.slice(at, at + 4)).join("-");
}

/** Accounts that can help another administrator in. @param {User[]} users */
export function administrators(users) {
  return users.filter((user) => !user.disabled && user.roles.indexOf("admin") >= 0);
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openPeople(admin, root) {
  return new PeopleTab(admin, root);
}

class PeopleTab {
  /** @param {Admin} admin @param {HTMLElement} root */
  constructor(admin, root) {
    this.admin = admin;
    this.root = root;
    /** @type {User[]} */
    this.users = [];
    /** @type {{code: string, name: string, level: string}[]} */
    this.regions = [];
    this.loaded = false;
    this.count = h("span", null);
    this.second = h("div", { class: "banner", "data-state": "away", hidden: true });
    this.editor = h("section", { class: "panel editor" });
    this.list = new List({
      label: () => t("tab.people"),
      columns: [
        { title: "people.name", cls: "key", cell: (user) => h("b", null, user.name) },
        { title: "people.roles", cell: (user) => rolesText(user) },
        { title: "people.scope", cell: (user) => h("span", { class: "clamp" }, this.scopeText(user)) },
        { title: "people.is_clerk", cell: (user) => h("span", { class: "clamp" }, this.clerkText(user)) },
        { title: "people.state", cell: (user) => stateOf(user) },
        { title: "people.created", cls: "key", cell: (user) => isoDay(user.created_at) },
      ],
      key: (user) => user.name,
      words: (user) => [user.name, rolesText(user), this.scopeText(user), this.clerkText(user)].join(" "),
      facetLabel: "people.all_roles",
      facets: () => ROLES.map((role) => ({ value: role, label: t("role." + role), test: (/** @type {User} */ user) => user.roles.indexOf(role) >= 0 })),
      choose: (key) => this.open(key),
      empty: () => t(this.loaded ? "people.empty" : "starting.title"),
      onCount: (shown, all) => setCount(this.count, shown, all),
    });
    this.draw();
    this.load();
  }

  async load() {
    try {
      this.users = await inSession(() => get("/users"));
      this.loaded = true;
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
    try {
      if (!this.regions.length) this.regions = (await get("/supervision/tree")).regions;
    } catch (error) {
      // A security administrator may not read the tree; halls can still be chosen.
    }
    this.show();
  }

  show() {
    this.list.show(this.users);
    const alone = this.loaded && administrators(this.users).length < 2;
    show(this.second, alone);
    if (alone) {
      replace(this.second, h("span", { class: "grow" }, t("people.second")),
        button(t("people.second_do"), () => this.add(["admin", "manager", "security"]), "small"));
    }
    this.drawEditor();
  }

  draw() {
    replace(this.root,
      tabHead(t("tab.people"), this.count, button(t("people.add"), () => this.add([]), "primary")),
      this.second,
      h("div", { class: "tab-split" }, this.list.node, this.editor));
    this.list.words();
    this.show();
  }

  /** @param {User} user */
  scopeText(user) {
    if (user.halls === null && user.regions === null) return t("people.everywhere");
    const halls = (user.halls || []).map((id) => {
      const hall = this.admin.halls.find((other) => other.id === id);
      return hall ? nameOf(hall) : id;
    });
    const regions = (user.regions || []).map((code) => {
      const region = this.regions.find((other) => other.code === code);
      return t("people.region", { name: region ? region.name : code });
    });
    return halls.concat(regions).join(t("list.and")) || t("people.nowhere");
  }

  /** Which clerk an account is; "": none. @param {User} user */
  clerkText(user) {
    if (!user.clerk_no) return "";
    const hall = this.admin.halls.find((other) => other.id === user.clerk_hall);
    const clerk = this.clerksOf(user.clerk_hall || "").find((other) => other.clerk_no === user.clerk_no);
    const known = [user.clerk_no, clerk ? clerk.name : ""].filter(Boolean).join(" ");
    return this.admin.halls.length > 1 && hall ? known + " · " + nameOf(hall) : known;
  }

  /** The clerks of the hall that is open here; of others, none are known. @param {string} id */
  clerksOf(id) {
    const { hall, setup } = this.admin;
    return hall && hall.id === id && setup ? setup.clerks : [];
  }

  /** @param {string} key */
  open(key) {
    this.list.pick(key);
    this.admin.noteEntry(key);
    this.drawEditor();
  }

  drawEditor() {
    const user = this.users.find((other) => other.name === this.list.chosen);
    if (!user) {
      replace(this.editor, h("div", { class: "editor-intro" },
        h("h2", null, t("people.intro.title")), h("p", null, t("people.intro.text")),
        h("dl", { class: "role-list" }, ROLES.map((role) => [h("dt", null, t("role." + role)), h("dd", { class: "soft" }, t("people.role." + role))]))));
      return;
    }
    const own = user.name === this.admin.me.name;
    replace(this.editor,
      h("header", { class: "panel-head editor-head" }, h("h2", { class: "clamp-1" }, user.name),
        h("span", { class: "push" }, stateOf(user))),
      h("div", { class: "editor-scroll" },
        h("dl", { class: "facts" },
          h("dt", null, t("people.roles")), h("dd", null, rolesText(user)),
          h("dt", null, t("people.scope")), h("dd", null, this.scopeText(user)),
          user.clerk_no ? [h("dt", null, t("people.is_clerk")), h("dd", null, this.clerkText(user))] : null,
          h("dt", null, t("people.created")), h("dd", null, isoDay(user.created_at))),
        h("div", { class: "row-wrap" },
          h("button", { class: "button", type: "button", disabled: own, title: own ? t("problem.own_account") : null, onclick: () => this.edit(user) }, t("people.edit")),
          button(t("people.reset"), () => this.reset(user)),
          isLocked(user) ? button(t("people.unlock"), () => this.send(user, { command: "unlock" }, "people.unlocked")) : null,
          user.disabled
            ? button(t("people.enable"), () => this.send(user, { command: "enable" }, "people.enabled_done"))
            : h("button", { class: "button danger", type: "button", disabled: own, title: own ? t("problem.own_account") : null, onclick: () => this.disable(user) }, t("people.disable"))),
        own ? h("p", { class: "soft small" }, t("people.own")) : null));
  }

  /** @param {User} user @param {Record<string, any>} body @param {string} done */
  async send(user, body, done) {
    try {
      await inSession(() => post("/users/" + encodeURIComponent(user.name) + "/commands", body));
      toast(t(done, { name: user.name }), { state: "open" });
      await this.load();
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  }

  /** @param {User} user */
  async disable(user) {
    const sure = await confirmBox({ title: t("people.disable_title", { name: user.name }), text: t("people.disable_text"), ok: t("people.disable"), danger: true });
    if (sure) this.send(user, { command: "disable" }, "people.disabled_done");
  }

  /** @param {User} user */
  reset(user) {
    const own = user.name === this.admin.me.name;
    return dialog(t("people.reset_title", { name: user.name }), (/** @type {(r: null) => void} */ close) => {
      const box = h("div", { class: "stack" });
      const draft = { password: randomPassword() };
      const form = new Form(draft, () => undefined);
      const submit = h("button", { class: "button primary", type: "submit" }, t("people.reset_do"));
      replace(box, h("form", { class: "stack", onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        submit.disabled = true;
        try {
          await inSession(() => post("/users/" + encodeURIComponent(user.name) + "/commands", { command: "reset_password", password: draft.password }));
          replace(box, passwordShown(user.name, draft.password, close));
        } catch (error) {
          submit.disabled = false;
          const rest = error instanceof ApiError ? form.markAll(error.errors) : [];
          if (rest.length || !(error instanceof ApiError) || !error.errors.length) toast(problemText(error), { state: "alert" });
        }
      } },
      h("p", null, t(own ? "people.reset_own" : "people.reset_text")),
      form.text("password", { label: t("people.password"), hint: t("people.password_hint"), max: 128, tidy: (text) => text }),
      h("div", { class: "actions" }, button(t("cancel"), () => close(null)), submit)));
      return box;
    });
  }

  /** @param {string[]} roles  chosen at first */
  add(roles) {
    /** @type {Record<string, any>} */
    const draft = { name: "", password: randomPassword(), clerk_no: "", roles: roles.slice(), everywhere: roles.length > 0 || this.admin.halls.length === 1, halls: this.admin.hall && !roles.length ? [this.admin.hall.id] : [], regions: [] };
    return this.ask({
      title: t("people.add"), draft, submit: t("people.add_do"),
      before: (form) => [form.text("name", { label: t("people.name"), hint: t("people.name_hint"), max: 40 })],
      after: (form) => [
        this.clerkField(form, this.admin.hall),
        form.text("password", { label: t("people.password"), hint: t("people.password_hint"), max: 128, tidy: (text) => text }),
      ],
      wrong: () => (draft.name.trim() ? [] : [{ field: "name", message: t("form.needed") }]),
      send: async (rights, close) => {
        const clerk = { clerk_no: draft.clerk_no || null, clerk_hall: draft.clerk_no && this.admin.hall ? this.admin.hall.id : null };
        await post("/users", Object.assign({ name: draft.name.trim(), password: draft.password }, clerk, rights));
        return passwordShown(draft.name.trim(), draft.password, close);
      },
    });
  }

  /** @param {User} user */
  edit(user) {
    /** @type {Record<string, any>} */
    const draft = {
      roles: user.roles.slice(), everywhere: user.halls === null && user.regions === null,
      halls: (user.halls || []).slice(), regions: (user.regions || []).slice(), clerk_no: user.clerk_no || "",
    };
    const hall = this.admin.halls.find((entry) => entry.id === user.clerk_hall) || this.admin.hall;
    return this.ask({
      title: t("people.edit_title", { name: user.name }), draft, submit: t("people.edit_do"),
      before: () => [h("p", { class: "soft" }, t("people.edit_text"))],
      after: (form) => [this.clerkField(form, hall)],
      wrong: () => [],
      send: async (rights, close) => {
        const path = "/users/" + encodeURIComponent(user.name) + "/commands";
        await post(path, Object.assign({ command: "change" }, rights));
        if (draft.clerk_no !== (user.clerk_no || ""))
          await post(path, { command: "set_clerk", clerk_no: draft.clerk_no || null, clerk_hall: draft.clerk_no && hall ? hall.id : null });
        toast(t("people.edited", { name: user.name }), { state: "open" });
        close(null);
        return null;
      },
    });
  }

  /**
   * Roles and scope, with what stands before and after them. What `send` gives is shown instead.
   * @param {{title: string, draft: Record<string, any>, submit: string, before: (form: Form) => Child[],
   *   after: (form: Form) => Child[], wrong: () => {field: string, message: string}[],
   *   send: (rights: Record<string, any>, close: (r: null) => void) => Promise<Child>}} options
   */
  async ask(options) {
    const draft = options.draft;
    await dialog(options.title, (/** @type {(r: null) => void} */ close) => {
      const box = h("div", { class: "stack" });
      const form = new Form(draft, () => undefined);
      const problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
      const submit = h("button", { class: "button primary", type: "submit" }, options.submit);
      const send = async () => {
        show(problem, false);
        const wrong = options.wrong();
        if (!draft.roles.length) wrong.push({ field: "roles", message: t("people.no_role") });
        if (!draft.everywhere && !draft.halls.length && !draft.regions.length) wrong.push({ field: "scope", message: t("people.no_scope") });
        form.clearAll();
        if (wrong.length) {
          form.markAll(wrong);
          return;
        }
        submit.disabled = true;
        try {
          const rights = {
            roles: draft.roles, halls: draft.everywhere ? null : draft.halls,
            regions: draft.everywhere || !draft.regions.length ? null : draft.regions,
          };
          replace(box, await inSession(() => options.send(rights, close)));
          this.load();
        } catch (error) {
          submit.disabled = false;
          const fields = error instanceof ApiError ? error.errors.map((entry) => ({ field: entry.field.replace(/^(halls|regions)\b.*/, "scope").split("[")[0], message: entry.message })) : [];
          const rest = form.markAll(fields);
          if (rest.length || !fields.length) {
            setText(problem, problemText(error));
            show(problem, true);
          }
        }
      };
      replace(box, h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); send(); } },
        problem,
        ...options.before(form),
        form.field("roles", { label: t("people.roles") }, this.rolePicks(draft, form)),
        form.field("scope", { label: t("people.scope"), hint: t("people.scope_hint") }, this.scopePicks(draft)),
        ...options.after(form),
        h("div", { class: "actions" }, button(t("cancel"), () => close(null)), submit)));
      return box;
    });
  }

  /** Which clerk this is: nobody handles a case about themselves. @param {Form} form @param {{id: string, name: string, name_en?: string}|null} hall */
  clerkField(form, hall) {
    const options = { label: t("people.clerk"), hint: t("people.clerk_hint", { hall: hall ? nameOf(hall) : "" }) };
    const clerks = this.clerksOf(hall ? hall.id : "");
    if (!clerks.length) return form.text("clerk_no", Object.assign({ max: 20 }, options));
    const choices = clerks.map((clerk) => /** @type {[string, string]} */ ([clerk.clerk_no, clerk.clerk_no + " " + clerk.name]));
    return form.choice("clerk_no", Object.assign({ options: [/** @type {[string, string]} */ (["", t("people.clerk_none")]), ...choices] }, options));
  }

  /** @param {Record<string, any>} draft @param {Form} form */
  rolePicks(draft, form) {
    const box = h("div", { class: "role-picks" });
    const draw = () => replace(box, ROLES.map((role) => {
      const auditor = draft.roles.indexOf("auditor") >= 0;
      const blocked = role === "auditor" ? draft.roles.length > 0 && !auditor : auditor;
      const input = h("input", { type: "checkbox", checked: draft.roles.indexOf(role) >= 0, disabled: blocked, onchange: () => {
        draft.roles = ROLES.filter((other) => (other === role ? input.checked : draft.roles.indexOf(other) >= 0));
        form.clear("roles");
        draw();
      } });
      return h("label", { class: "check" }, input, h("span", null, h("b", null, t("role." + role)), h("span", { class: "hint" }, t("people.role." + role))));
    }));
    draw();
    return box;
  }

  /** @param {Record<string, any>} draft */
  scopePicks(draft) {
    const box = h("div", { class: "scope-picks" });
    const some = (/** @type {string} */ name, /** @type {string} */ value, /** @type {string} */ label) => {
      const input = h("input", { type: "checkbox", checked: draft[name].indexOf(value) >= 0, onchange: () => {
        draft[name] = draft[name].filter((/** @type {string} */ other) => other !== value).concat(input.checked ? value : []);
      } });
      return h("label", { class: "check" }, input, label);
    };
    const radio = (/** @type {boolean} */ value, /** @type {string} */ label) =>
      h("label", { class: "check" }, h("input", { type: "radio", name: "scope", checked: draft.everywhere === value, onchange: () => { draft.everywhere = value; draw(); } }), label);
    const draw = () => replace(box, radio(true, t("people.everywhere")), radio(false, t("people.only")),
      draft.everywhere ? null : h("div", { class: "scope-list" },
        this.regions.length > 1 ? h("p", { class: "soft small" }, t("people.by_region")) : null,
        this.regions.length > 1 ? this.regions.map((region) => some("regions", region.code, region.name)) : null,
        h("p", { class: "soft small" }, t("people.by_hall")), this.admin.halls.map((hall) => some("halls", hall.id, nameOf(hall)))));
    draw();
    return box;
  }
}

/** Whether too many wrong passwords keep them out now. @param {User} user */
function isLocked(user) {
  return Boolean(user.locked_until) && Date.parse(/** @type {string} */ (user.locked_until)) > serverNow().getTime();
}

/** @param {User} user */
function stateOf(user) {
  if (!user.disabled && isLocked(user)) {
    return h("span", { class: "state", "data-state": "alert" }, t("people.locked", { at: hhmm(/** @type {string} */ (user.locked_until)) }));
  }
  return h("span", { class: "state", "data-state": user.disabled ? "closed" : "open" }, t(user.disabled ? "people.disabled" : "people.enabled"));
}

/** @param {User} user */
function rolesText(user) {
  return user.roles.map((role) => t("role." + role)).join(t("list.and"));
}

/** The password, once. @param {string} name @param {string} password @param {(r: null) => void} close */
function passwordShown(name, password, close) {
  return [
    h("p", null, t("people.password_is", { name })),
    h("div", { class: "pairing-code number password-shown" }, password),
    h("p", { class: "soft" }, t("people.password_once")),
    h("div", { class: "actions" }, h("button", { class: "button primary", type: "button", "data-first": true, onclick: () => close(null) }, t("people.noted"))),
  ];
}
