/**
 * The upper platforms that the halls' cameras are offered to (GB/T 28181): how each is connected,
 * what it may see under which ids, and what was said to it last.
 */
import { ApiError, del, get, newKey, post, put } from "/static/core/api.js";
import { confirmBox, dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { hasText, t } from "/static/core/i18n.js";
import { momentText } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { channelsView, logView } from "./admin.cascade.views.js";
import { Form, section } from "./admin.form.js";
import { button, List, rounds, setCount, tabHead } from "./admin.list.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/**
 * @typedef {{platform_id: string, name: string, server_id: string, server_domain: string, host: string,
 *   port: number, transport: string, device_id: string, device_name: string, username: string,
 *   version: string, expires_s: number, keepalive_s: number, local_port: number, sessions_max: number,
 *   ptz: boolean, enabled: boolean, halls: string[], withheld: string[], has_password: boolean,
 *   id_fixed: boolean, cameras: number, cameras_online: number, state: string, why: string,
 *   why_text: string, registered_at: string|null, keepalive_at: string|null,
 *   watched: {camera_id: string, name: string, since: string, main: boolean}[]}} Platform
 */

const REFRESH_MS = 3000;
const PARTS = ["setup", "channels", "log"];
/** What is sent of a platform. */
const FIELDS = ["name", "server_id", "server_domain", "host", "port", "transport", "device_id", "device_name", "username",
  "version", "expires_s", "keepalive_s", "local_port", "sessions_max", "ptz", "enabled", "halls", "withheld"];
/** @type {Record<string, string>} */
const LOOKS = { online: "open", registering: "calling", waiting: "alert", refused: "alert", off: "closed" };

/** @param {Admin} admin @param {HTMLElement} root */
export function openCascade(admin, root) {
  return new CascadeTab(admin, root);
}

/** @param {Platform} platform */
function stateChip(platform) {
  return h("span", { class: "state chip", "data-state": LOOKS[platform.state] || "closed" }, t("cascade.state." + platform.state));
}

/** @param {Platform} platform */
function whyText(platform) {
  return hasText("cascade.why." + platform.why) ? t("cascade.why." + platform.why) : platform.why_text;
}

/** What changes when the cameras do. @param {Platform} platform */
function counts(platform) {
  return [platform.cameras_online, platform.cameras, platform.id_fixed].join("/");
}

/** @param {Platform} platform @returns {Record<string, any>} */
export function setupOf(platform) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const name of FIELDS) body[name] = /** @type {any} */ (platform)[name];
  return JSON.parse(JSON.stringify(body));
}

class CascadeTab {
  /** @param {Admin} admin @param {HTMLElement} root */
  constructor(admin, root) {
    this.admin = admin;
    this.root = root;
    /** @type {Platform[]} */
    this.platforms = [];
    this.loaded = false;
    this.stopped = false;
    this.part = "setup";
    this.isNew = false;
    /** @type {Record<string, any>|null} */
    this.draftNow = null;
    this.base = "";
    /** @type {Form|null} */
    this.form = null;
    this.busy = false;
    this.fixed = false;
    /** What the part shows, as text. */
    this.shown = "";
    /** Of the platform whose channels are shown. */
    this.seen = "";
    this.count = h("span", null);
    this.editor = h("section", { class: "panel editor" });
    this.live = h("div", { class: "cascade-live live" });
    this.body = h("div", { class: "editor-scroll" });
    this.problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
    this.state = h("span", { class: "save-state", role: "status" });
    this.revertButton = button("", () => this.revert());
    this.saveButton = button("", () => { this.save(); }, "primary");
    this.list = new List({
      label: () => t("tab.cascade"),
      columns: [
        { title: "cascade.name", cell: (/** @type {Platform} */ platform) => h("b", { class: "clamp" }, platform.name) },
        { title: "cascade.state", cell: (platform) => stateChip(platform) },
        { title: "cascade.cameras", cls: "figure", cell: (platform) => platform.cameras_online + " / " + platform.cameras },
        { title: "cascade.watched", cls: "figure", cell: (platform) => String(platform.watched.length || "–") },
      ],
      key: (platform) => platform.platform_id,
      words: (platform) => [platform.name, platform.server_id, platform.host, platform.device_id].join(" "),
      choose: (key) => this.choose(key),
      empty: () => t(this.loaded ? "cascade.empty" : "starting.title"),
      onCount: (shown, all) => setCount(this.count, shown, all),
    });
    this.draw();
    rounds(this, REFRESH_MS);
  }

  stop() {
    this.stopped = true;
  }

  async load() {
    const platforms = await inSession(() => get("/cascade/platforms"));
    if (this.stopped) return;
    this.platforms = platforms;
    this.loaded = true;
    this.list.show(platforms);
    this.drawLive();
    const platform = this.current();
    if (!platform || this.isNew) return;
    if (this.part === "log" || (this.part === "channels" && this.seen !== counts(platform))) await this.drawPart(platform);
    else if (this.part === "setup" && this.fixed !== platform.id_fixed && !this.admin.dirty) this.drawEditor();  // registered for the first time
  }

  current() {
    return this.platforms.find((platform) => platform.platform_id === this.list.chosen);
  }

  draw() {
    replace(this.root,
      tabHead(t("tab.cascade"), this.count, button(t("cascade.add"), () => { this.add(); }, "primary")),
      h("div", { class: "tab-split cascade" }, this.list.node, this.editor));
    this.list.words();
    this.list.show(this.platforms);
    this.drawEditor();
  }

  // --- which one ----------------------------------------------------------------------------------

  /** @param {string} key */
  async choose(key) {
    if ((key === this.list.chosen && !this.isNew) || !(await this.admin.mayLeave())) return;
    this.open(key);
  }

  /** @param {string} key */
  async open(key) {
    if (!this.loaded) await this.load().catch(() => undefined);
    const platform = this.platforms.find((other) => other.platform_id === key);
    this.isNew = false;
    this.list.reveal(platform ? key : "");
    this.admin.noteEntry(platform ? key : "");
    this.begin(platform ? setupOf(platform) : null);
  }

  async add() {
    if (!(await this.admin.mayLeave())) return;
    this.isNew = true;
    this.part = "setup";
    this.list.pick("");
    this.begin({
      name: "", server_id: "", server_domain: "", host: "", port: 5060, transport: "udp", device_id: "", device_name: "政务服务大厅",
      username: "", version: "2022", expires_s: 86400, keepalive_s: 60, local_port: 5060, sessions_max: 16, ptz: false, enabled: true,
      halls: this.admin.halls.map((hall) => hall.id), withheld: [],
    });
    const first = /** @type {HTMLElement|null} */ (this.editor.querySelector("input"));
    if (first) first.focus();
  }

  /** @param {Record<string, any>|null} draft */
  begin(draft) {
    if (draft) draft.password = "";
    this.draftNow = draft;
    this.base = JSON.stringify(draft);
    this.admin.setDirty(false);
    this.drawEditor();
  }

  revert() {
    this.admin.setDirty(false);
    if (this.isNew) this.open("");
    else this.open(this.list.chosen);
  }

  // --- the editor ---------------------------------------------------------------------------------

  drawEditor() {
    const draft = this.draftNow;
    if (!draft) {
      replace(this.editor, h("div", { class: "editor-intro" },
        h("h2", null, t("cascade.intro.title")), h("p", null, t("cascade.intro.text")),
        h("ol", { class: "numbered" }, ["1", "2", "3"].map((n) => h("li", null, t("cascade.intro." + n))))));
      return;
    }
    const platform = this.isNew ? undefined : this.current();
    replace(this.editor,
      h("header", { class: "panel-head editor-head" },
        h("h2", { class: "clamp-1" }, platform ? platform.name : t("cascade.new")),
        platform && platform.enabled ? h("span", { class: "push" }, button(t("cascade.retry"), () => { this.retry(platform); }, "small")) : null),
      platform ? this.live : null,
      platform ? h("div", { class: "cascade-parts", role: "tablist" }, PARTS.map((part) =>
        h("button", { class: "cascade-part", type: "button", role: "tab", "aria-selected": String(part === this.part),
          onclick: () => { this.turn(part); } }, t("cascade.part." + part)))) : null,
      this.body,
      this.part === "setup" ? h("footer", { class: "editor-foot" }, this.state, h("div", { class: "push row" }, this.revertButton, this.saveButton)) : null);
    this.shown = "";
    replace(this.revertButton, t("entry.revert"));
    replace(this.saveButton, t("entry.save"), h("kbd", null, "Ctrl+S"));
    this.drawLive();
    if (this.part === "setup") this.drawForm(draft, platform);
    else if (platform) this.drawPart(platform);
  }

  /** @param {string} part */
  async turn(part) {
    if (part === this.part || !(await this.admin.mayLeave())) return;
    this.part = part;
    replace(this.body);
    this.open(this.list.chosen);
  }

  drawLive() {
    const platform = this.current();
    if (!platform) return;
    const why = platform.state === "off" ? "" : whyText(platform);
    replace(this.live,
      h("div", { class: "row-wrap" }, stateChip(platform),
        platform.state === "online" && platform.registered_at ? h("span", null, t("cascade.registered_since", { at: momentText(platform.registered_at, true) })) : null,
        platform.state === "online" ? h("span", null, t("cascade.keepalive_at", { at: platform.keepalive_at ? momentText(platform.keepalive_at, true) : t("cascade.never") })) : null,
        why ? h("span", { class: "danger-text" }, why) : null),
      platform.watched.length ? h("ul", { class: "cascade-watched" },
        h("li", { class: "soft" }, t("cascade.watching", { n: platform.watched.length })),
        platform.watched.map((watched) => h("li", null, h("b", null, watched.name), " ",
          h("span", { class: "soft" }, t(watched.main ? "cascade.stream.main" : "cascade.stream.sub") + " · " + t("cascade.since", { at: momentText(watched.since, true) }))))) : null);
  }

  /** What is asked for when it is looked at. @param {Platform} platform */
  async drawPart(platform) {
    const part = this.part;
    this.seen = counts(platform);
    const path = "/cascade/platforms/" + encodeURIComponent(platform.platform_id);
    try {
      const answer = await inSession(() => get(path + (part === "log" ? "/log" : "/channels")));
      const text = part + JSON.stringify(answer);
      if (this.part !== part || this.list.chosen !== platform.platform_id || text === this.shown) return;
      this.shown = text;
      if (part === "log") logView(this.body, answer);
      else channelsView(this.body, answer, {
        withhold: (cameraId, withheld) => { this.withhold(platform, cameraId, withheld); },
        change: (node) => { this.changeId(platform, node); },
      });
    } catch (error) {
      if (part !== "log") replace(this.body, h("p", { class: "empty", role: "alert" }, problemText(error)));
    }
  }

  /** @param {Record<string, any>} draft @param {Platform|undefined} platform */
  drawForm(draft, platform) {
    const form = new Form(draft, () => this.edited());
    this.form = form;
    show(this.problem, false);
    const seconds = t("cascade.seconds");
    const fixed = this.fixed = Boolean(platform && platform.id_fixed);
    const password = h("input", { type: "password", autocomplete: "new-password", maxlength: 128, value: draft.password,
      oninput: () => {
        draft.password = password.value;
        form.clear("password");
        this.edited();
      } });
    /** @param {string} name */
    const hint = (name) => t("cascade." + name + ".hint");
    replace(this.body, this.problem,
      section(t("cascade.section.upper"),
        form.text("name", { label: t("cascade.name"), max: 60 }),
        form.text("server_id", { label: t("cascade.server_id"), hint: hint("server_id"), max: 20 }),
        form.text("host", { label: t("cascade.host"), max: 255 }),
        form.number("port", { label: t("cascade.port"), least: 1, most: 65535 }),
        form.choice("transport", { label: t("cascade.transport"), options: ["udp", "tcp"].map((value) => /** @type {[string, string]} */ ([value, t("cascade.transport." + value)])) }),
        form.choice("version", { label: t("cascade.version"), options: ["2022", "2016"].map((value) => /** @type {[string, string]} */ ([value, t("cascade.version." + value)])) }),
        form.text("username", { label: t("cascade.username"), hint: hint("username"), max: 64 }),
        form.field("password", { label: t("cascade.password"), hint: platform && platform.has_password ? t("cascade.password.kept") : "" }, password),
        form.text("server_domain", { label: t("cascade.server_domain"), hint: hint("server_domain"), max: 60 })),
      section(t("cascade.section.own"),
        form.text("device_id", { label: t("cascade.device_id"), hint: fixed ? t("cascade.device_id.fixed") : hint("device_id"), max: 20, disabled: fixed }),
        form.text("device_name", { label: t("cascade.device_name"), max: 60 }),
        form.number("local_port", { label: t("cascade.local_port"), hint: hint("local_port"), least: 1, most: 65535 }),
        form.number("keepalive_s", { label: t("cascade.keepalive_s"), unit: seconds, least: 10, most: 600 }),
        form.number("expires_s", { label: t("cascade.expires_s"), unit: seconds, least: 3600, most: 604800 })),
      section(t("cascade.section.rights"),
        form.number("sessions_max", { label: t("cascade.sessions_max"), unit: t("cascade.sessions_max.unit"), least: 1, most: 64 }),
        form.check("ptz", { label: t("cascade.ptz"), hint: hint("ptz") }),
        form.check("enabled", { label: t("cascade.enabled"), hint: hint(this.isNew ? "enabled.new" : "enabled") })),
      section(t("cascade.section.halls"), this.hallPicks(form, draft)),
      platform ? h("p", null, button(t("cascade.remove"), () => { this.remove(platform); }, "danger")) : null);
    this.said();
  }

  /** @param {Form} form @param {Record<string, any>} draft */
  hallPicks(form, draft) {
    const count = h("span", { class: "soft" });
    const boxes = this.admin.halls.map((hall) => ({ hall, input: h("input", { type: "checkbox", checked: draft.halls.indexOf(hall.id) >= 0, onchange: () => take() }) }));
    const take = () => {
      draft.halls = boxes.filter((box) => box.input.checked).map((box) => box.hall.id);
      setText(count, t("cascade.halls.count", { n: draft.halls.length, all: boxes.length }));
      this.edited();
    };
    /** @param {boolean} on */
    const all = (on) => {
      for (const box of boxes) box.input.checked = on;
      take();
    };
    setText(count, t("cascade.halls.count", { n: draft.halls.length, all: boxes.length }));
    const picks = h("div", { class: "scope-list" }, boxes.map((box) => h("label", { class: "check" }, box.input, h("span", null, box.hall.name))));
    const shown = h("div", null, h("div", { class: "row-wrap cascade-hall-tools" }, button(t("cascade.halls.all"), () => all(true), "quiet small"),
      button(t("cascade.halls.none"), () => all(false), "quiet small"), count), picks);
    return form.field("halls", { label: t("cascade.section.halls"), hint: t("cascade.halls.hint"), wide: true }, picks, shown);
  }

  edited() {
    this.admin.setDirty(JSON.stringify(this.draftNow) !== this.base);
    this.said();
  }

  said() {
    const dirty = this.admin.dirty;
    this.state.setAttribute("data-dirty", dirty ? "yes" : "no");
    setText(this.state, dirty ? t("entry.unsaved") : "");
    this.saveButton.disabled = this.busy || !(dirty || this.isNew);
    this.revertButton.disabled = this.busy || !(dirty || this.isNew);
  }

  // --- what is done -------------------------------------------------------------------------------

  /** @returns {Promise<boolean>} */
  async save() {
    const draft = this.draftNow;
    const form = this.form;
    if (!draft || !form || this.busy || this.part !== "setup") return false;
    const wrong = Array.from(form.unreadable, ([field, message]) => ({ field, message }));
    if (wrong.length) {
      form.markAll(wrong);
      return false;
    }
    this.busy = true;
    this.said();
    const body = Object.assign({}, draft, { password: draft.password || (this.isNew ? "" : null) });
    try {
      const path = "/cascade/platforms";
      const saved = this.isNew ? await inSession(() => post(path, body))
        : await inSession(() => put(path + "/" + encodeURIComponent(this.list.chosen), body));
      this.busy = false;
      this.admin.setDirty(false);
      await this.load();
      this.open(saved.platform_id);
      toast(t(body.enabled ? "cascade.saved" : "cascade.saved.off"), { state: "open" });
      return true;
    } catch (error) {
      this.busy = false;
      const rest = error instanceof ApiError && error.errors.length ? form.markAll(error.errors) : [problemText(error)];
      setText(this.problem, rest.join(" "));
      show(this.problem, rest.length > 0);
      this.said();
      return false;
    }
  }

  /** @param {Platform} platform */
  async retry(platform) {
    await this.tried(() => post("/cascade/platforms/" + encodeURIComponent(platform.platform_id) + "/commands", { command: "retry" }), "cascade.retried");
  }

  /** @param {Platform} platform */
  async remove(platform) {
    const sure = await confirmBox({ title: t("cascade.remove.title", { name: platform.name }), text: t("cascade.remove.text"), ok: t("cascade.remove"), danger: true });
    if (!sure) return;
    const key = newKey();
    await this.tried(() => del("/cascade/platforms/" + encodeURIComponent(platform.platform_id), { key }), "cascade.removed", { name: platform.name });
    this.open("");
  }

  /** @param {Platform} platform @param {string} cameraId @param {boolean} withheld */
  async withhold(platform, cameraId, withheld) {
    const body = setupOf(platform);
    body.withheld = body.withheld.filter((/** @type {string} */ other) => other !== cameraId).concat(withheld ? [cameraId] : []);
    body.password = null;
    await this.tried(() => put("/cascade/platforms/" + encodeURIComponent(platform.platform_id), body), "");
    const now = this.current();
    if (now) {
      this.begin(setupOf(now));
      await this.drawPart(now);
    }
  }

  /** @param {Platform} platform @param {import("./admin.cascade.views.js").Node} node */
  async changeId(platform, node) {
    await dialog(t("cascade.id.change"), (/** @type {(r: null) => void} */ close) => {
      const draft = { gb_id: node.gb_id };
      const form = new Form(draft, () => undefined);
      const onsubmit = async (/** @type {Event} */ event) => {
        event.preventDefault();
        try {
          await inSession(() => put("/cascade/ids/" + node.gb_id, { gb_id: draft.gb_id.trim() }));
          close(null);
          toast(t("cascade.id.changed"), { state: "open" });
          await this.drawPart(platform);
        } catch (error) {
          form.mark("gb_id", error instanceof ApiError && error.errors.length ? error.errors[0].message : problemText(error));
        }
      };
      return h("form", { class: "stack", onsubmit }, h("p", null, t("cascade.id.text", { name: node.name })),
        form.text("gb_id", { label: t("cascade.column.id"), max: 20 }),
        h("div", { class: "actions" }, button(t("cancel"), () => close(null)), h("button", { class: "button primary", type: "submit" }, t("entry.save"))));
    });
  }

  /** @param {() => Promise<any>} act @param {string} said @param {Record<string, string>} [params] */
  async tried(act, said, params) {
    try {
      await inSession(act);
      if (said) toast(t(said, params), { state: "open" });
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
    await this.load().catch(() => undefined);
  }
}
