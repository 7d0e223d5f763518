/**
 * The hall's devices: what is paired and when it was last heard, their settings, and pairing codes.
 */
import { get, post } from "/static/core/api.js";
import { confirmBox } from "/static/core/dialog.js";
import { h, replace, setText } from "/static/core/dom.js";
import { hasText, lang, t } from "/static/core/i18n.js";
import { momentText } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { draftOf, settingFields, settingsOf } from "./admin.device.settings.js";
import { Form, rangesOf, section } from "./admin.form.js";
import { button, List, rounds, setCount, tabHead } from "./admin.list.js";
import { PLACES, isHeard, newCode, placeOf } from "./admin.pairing.js";
import { inSession } from "./session.js";
import { agoText, problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").Device} Device */

const REFRESH_MS = 5000;


/** @param {Device} device */
function stateOf(device) {
  if (device.revoked) return "revoked";
  if (isHeard(device)) return device.faults.length ? "faulty" : "connected";
  return "silent";
}

/** @param {Device["faults"][0]} fault */
function faultText(fault) {
  return lang() === "en" ? fault.text_en : fault.text;
}

/** @param {{name: string, kind: string}} part */
function partText(part) {
  const kind = hasText("part." + part.kind) ? t("part." + part.kind) : part.kind;
  return part.name === part.kind ? kind : kind + " " + part.name;
}

/** What is wrong with a device, in one line. @param {Device} device */
function faultsText(device) {
  return device.faults.map((fault) => {
    const part = (device.parts || []).find((other) => other.name === fault.place);
    return (part ? partText(part) + "：" : "") + faultText(fault);
  }).join("；");
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openDevices(admin, root) {
  return new DevicesTab(admin, root);
}

class DevicesTab {
  /** @param {Admin} admin @param {HTMLElement} root */
  constructor(admin, root) {
    this.admin = admin;
    this.root = root;
    /** @type {Device[]} */
    this.devices = [];
    this.loaded = false;
    this.stopped = false;
    /** @type {Record<string, any>|null} */
    this.draftNow = null;
    this.base = "";
    this.count = h("span", null);
    this.editor = h("section", { class: "panel editor" });
    this.state = h("span", { class: "save-state", role: "status" });
    /** @type {Form|null} */
    this.form = null;
    this.revertButton = button("", () => { this.admin.setDirty(false); this.open(this.list.chosen); });
    this.saveButton = button("", () => { this.save(); }, "primary");
    this.list = new List({
      label: () => t("tab.devices"),
      columns: [
        { title: "devices.name", cell: (device) => h("span", { class: "clamp" }, device.name || t("devices.unnamed"),
          device.faults.length && !device.revoked ? h("span", { class: "device-fault clamp-1" }, faultsText(device)) : null) },
        { title: "devices.kind", cell: (device) => t("place." + placeOf(device)) },
        { title: "devices.window", cls: "figure", cell: (device) => device.window === null ? "" : t("window.n", { n: device.window }) },
        { title: "devices.state", cell: (device) => stateChip(device) },
        { title: "devices.last", cell: (device) => isHeard(device) ? t("devices.now") : device.last_seen ? agoText(device.last_seen) : t("devices.not_since_start") },
      ],
      key: (device) => device.device_id,
      words: (device) => [device.name, t("place." + placeOf(device)), device.window === null ? "" : t("window.n", { n: device.window }), device.device_id].join(" "),
      sign: (device) => JSON.stringify(device) + (device.last_seen && !isHeard(device) ? agoText(device.last_seen) : ""),
      facetLabel: "devices.in_use",
      facets: () => [
        { value: "all", label: t("devices.facet.all"), test: () => true },
        { value: "silent", label: t("devices.facet.silent"), test: (device) => stateOf(device) === "silent" },
        { value: "faulty", label: t("devices.facet.faulty"), test: (device) => !device.revoked && device.faults.length > 0 },
        { value: "revoked", label: t("devices.facet.revoked"), test: (device) => device.revoked },
      ],
      choose: (key) => this.choose(key),
      empty: () => t(this.loaded ? "devices.empty" : "starting.title"),
      onCount: (shown, all) => setCount(this.count, shown, all),
    });
    this.draw();
    rounds(this, REFRESH_MS);
  }

  stop() {
    this.stopped = true;
  }

  async load() {
    const devices = await inSession(() => get(this.admin.path("/devices")));
    if (this.stopped) return;
    this.devices = devices;
    this.loaded = true;
    this.show();
    if (!this.draftNow && !this.list.chosen) return;
    const now = this.current();
    if (!this.admin.dirty && now) this.drawLive(now);
  }

  /** Revoked devices are shown only when they are asked for. */
  show() {
    const all = this.list.facet === "revoked" || this.list.facet === "all";
    this.list.show((all ? this.devices : this.devices.filter((device) => !device.revoked)).slice().sort(byPlace));
  }

  current() {
    return this.devices.find((device) => device.device_id === this.list.chosen);
  }

  draw() {
    replace(this.root,
      tabHead(t("tab.devices"), this.count, button(t("devices.add"), () => this.pair(), "primary")),
      h("div", { class: "tab-split" }, this.list.node, this.editor));
    this.list.select.onchange = () => this.show();
    this.list.words();
    this.show();
    this.drawEditor();
  }

  /** @param {string} [replaces] */
  async pair(replaces) {
    if (!(await this.admin.mayLeave())) return;
    await newCode(this.admin, this.devices, this.devices.find((device) => device.device_id === replaces) || null);
    await this.load().catch(() => undefined);
    const now = this.current();
    if (replaces && now && now.revoked) this.open(""); // the new one took its place
  }

  /** @param {string} key */
  async choose(key) {
    if (key === this.list.chosen || !(await this.admin.mayLeave())) return;
    this.open(key);
  }

  /** `+counter:1-8` pairs what is missing. @param {string} key */
  open(key) {
    if (key.charAt(0) === "+") {
      const [place, windows] = key.slice(1).split(":");
      this.admin.noteEntry("");
      newCode(this.admin, this.devices, null, { place, windows: rangesOf(windows || "") || [] }).then(() => this.load().catch(() => undefined));
      return;
    }
    const device = this.devices.find((other) => other.device_id === key);
    this.list.reveal(device ? key : "");
    this.admin.noteEntry(device ? key : "");
    this.draftNow = device ? draftOf(device) : null;
    this.base = JSON.stringify(this.draftNow);
    this.admin.setDirty(false);
    this.drawEditor();
  }

  /** @param {Device} device */
  drawLive(device) {
    const live = this.editor.querySelector(".editor-live");
    if (live) replace(live, liveLine(device));
    const parts = this.editor.querySelector(".device-parts");
    if (parts) replace(parts, this.partRows(device));
  }

  drawEditor() {
    const device = this.current();
    const draft = this.draftNow;
    if (!device || !draft) {
      replace(this.editor, h("div", { class: "editor-intro" },
        h("h2", null, t("devices.intro.title")), h("p", null, t("devices.intro.text")),
        h("ol", { class: "numbered" }, ["1", "2", "3"].map((n) => h("li", null, t("devices.intro." + n)))),
        h("p", { class: "soft" }, t("devices.intro.dead"))));
      return;
    }
    const form = new Form(draft, () => this.edited());
    this.form = form;
    const extra = h("div", { class: "stack wide" });
    const drawExtra = () => replace(extra,
      draft.other.map((/** @type {[string, string]} */ pair, /** @type {number} */ index) => h("div", { class: "row pair-row" },
        h("input", { type: "text", class: "input", value: pair[0], placeholder: t("devices.setting_name"), "aria-label": t("devices.setting_name"),
          oninput: (/** @type {Event} */ event) => { pair[0] = /** @type {HTMLInputElement} */ (event.target).value.trim(); this.edited(); } }),
        h("input", { type: "text", class: "input", value: pair[1], placeholder: t("devices.setting_value"), "aria-label": t("devices.setting_value"),
          oninput: (/** @type {Event} */ event) => { pair[1] = /** @type {HTMLInputElement} */ (event.target).value; this.edited(); } }),
        h("button", { class: "button quiet small", type: "button", "aria-label": t("entry.remove"), onclick: () => { draft.other.splice(index, 1); drawExtra(); this.edited(); } }, "×"))),
      button(t("devices.setting_add"), () => { draft.other.push(["", ""]); drawExtra(); }, "quiet small"));
    drawExtra();
    replace(this.editor,
      h("header", { class: "panel-head editor-head" }, h("h2", { class: "clamp-1" }, device.name || t("devices.unnamed"))),
      h("div", { class: "editor-scroll" },
        h("div", { class: "editor-live" }, liveLine(device)),
        device.revoked ? h("div", { class: "banner", "data-state": "away" }, t("devices.revoked_text")) : null,
        section(t("devices.section.what"),
          form.text("name", { label: t("devices.name"), hint: t("devices.name_hint"), max: 60 }),
          settingFields(form, draft, device, this.admin, this.devices)),
        device.kind === "agent" && !device.revoked
          ? section(t("devices.section.parts"), h("ul", { class: "device-parts wide" }, this.partRows(device)))
          : null,
        h("details", { class: "form-section" }, h("summary", null, t("devices.other_settings")), h("p", { class: "hint" }, t("devices.other_hint")), extra),
        device.revoked ? null : section(t("devices.section.end"),
          h("p", { class: "wide soft" }, t("devices.replace_text")),
          h("div", { class: "row-wrap wide" },
            button(t("devices.replace"), () => this.pair(device.device_id)),
            button(t("devices.revoke"), () => this.revoke(device), "danger"))),
        h("p", { class: "soft small" }, t("devices.id", { id: device.device_id }))),
      h("footer", { class: "editor-foot" }, this.state,
        h("div", { class: "push row" },
          this.revertButton, this.saveButton)));
    replace(this.revertButton, t("entry.revert"));
    replace(this.saveButton, t("entry.save"), h("kbd", null, "Ctrl+S"));
    this.said();
  }

  /** @param {Device} device  an agent */
  partRows(device) {
    const parts = device.parts || [];
    if (!parts.length) return [h("li", { class: "soft" }, t("devices.parts.none"))];
    return parts.map((part) => {
      const fault = device.faults.find((other) => other.place === part.name);
      const state = !device.connected ? "closed" : !fault ? "open" : fault.fault === "paper_near_end" ? "away" : "alert";
      const words = !device.connected ? t("devices.parts.away") : fault ? faultText(fault) : t("devices.parts.well");
      return h("li", { class: "device-part" },
        h("strong", null, partText(part)),
        h("span", { class: "state", "data-state": state }, words),
        fault && device.connected ? h("span", { class: "soft" }, t("devices.parts.since", { at: momentText(fault.since) })) : null,
        part.kind === "printer" && device.connected
          ? h("span", { class: "push" }, button(t("devices.parts.test"), () => this.tryPrinter(device, part.name), "small"))
          : null);
    });
  }

  /** @param {Device} device @param {string} part */
  async tryPrinter(device, part) {
    try {
      await inSession(() => post(this.admin.path("/printer-tests"), { printer: device.device_id + "/" + part }));
      toast(t("devices.parts.tested"), { state: "open" });
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
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
    const device = this.current();
    const draft = this.draftNow;
    if (!device || !draft || !this.form) return false;
    if (!this.form.isReadable()) return false;
    if (!draft.name.trim()) {
      this.form.markAll([{ field: "name", message: t("form.needed") }]);
      return false;
    }
    try {
      await inSession(() => post("/devices/" + encodeURIComponent(device.device_id) + "/commands",
        { command: "configure", name: draft.name.trim(), settings: settingsOf(draft, device) }));
      this.admin.setDirty(false);
      await this.load();
      this.open(device.device_id);
      toast(t("devices.saved"), { state: "open" });
      return true;
    } catch (error) {
      toast(problemText(error), { state: "alert" });
      return false;
    }
  }

  /** @param {Device} device */
  async revoke(device) {
    const sure = await confirmBox({ title: t("devices.revoke_title", { name: device.name || t("devices.unnamed") }), text: t("devices.revoke_text"), ok: t("devices.revoke"), danger: true });
    if (!sure) return;
    try {
      await inSession(() => post("/devices/" + encodeURIComponent(device.device_id) + "/commands", { command: "revoke" }));
      toast(t("devices.revoked_done"), { state: "open" });
      this.draftNow = null;
      this.list.pick("");
      this.admin.setDirty(false);
      await this.load();
      this.drawEditor();
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  }
}

/** @param {Device} a @param {Device} b */
function byPlace(a, b) {
  const kinds = PLACES.map((place) => place.id);
  return kinds.indexOf(placeOf(a)) - kinds.indexOf(placeOf(b)) || (a.window || 0) - (b.window || 0) || a.name.localeCompare(b.name);
}

/** @param {Device} device */
function stateChip(device) {
  const state = stateOf(device);
  return h("span", { class: "state", "data-state": { connected: "open", silent: "away", revoked: "closed", faulty: "alert" }[state] }, t("devices.state." + state));
}

/** @param {Device} device */
function liveLine(device) {
  return [
    stateChip(device),
    h("span", null, t("place." + placeOf(device)), device.window === null ? "" : " · " + t("window.n", { n: device.window })),
    h("span", { class: "soft" }, t("devices.paired", { at: momentText(device.paired_at) })),
    h("span", { class: "soft" }, device.last_seen ? t("devices.seen", { at: momentText(device.last_seen) }) : t("devices.not_since_start")),
    device.version ? h("span", { class: "soft" }, t("devices.version", { version: device.version })) : null,
    device.faults.length && !device.parts ? h("span", { class: "device-fault" }, faultsText(device)) : null,
  ];
}
