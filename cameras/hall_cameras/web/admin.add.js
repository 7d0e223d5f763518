/**
 * Adding cameras: those that answer on the network, one by its ONVIF or RTSP address, or many from
 * a table.
 */
import { ApiError, get, post } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { Form } from "/static/app/admin.form.js";
import { button } from "/static/app/admin.list.js";
import { inSession } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { passwordField, profileOptions } from "./admin.access.js";

/** @typedef {import("/static/app/admin.js").Admin} Admin */
/** @typedef {import("./camera.js").Identity} Identity */
/** @typedef {{onvif: string, name: string, hardware: string, camera_id: string|null}} Found */
/** @typedef {"discover"|"onvif"|"rtsp"|"import"} Way */

/** @type {Way[]} */
const WAYS = ["discover", "onvif", "rtsp", "import"];
const DISCOVER_MS = 20000; // a worker may have to start first
const PROBE_MS = 30000;
const FILE_MAX = 180 * 1024; // bytes; more than the 200 cameras that may come at once need

/** @param {Admin} admin @returns {Promise<string[]>} ids of what was added */
export async function addCameras(admin) {
  const added = await dialog(t("add.title"), (/** @type {(ids: string[]|null) => void} */ close) => new Adding(admin, close).node);
  return added || [];
}

class Adding {
  /** @param {Admin} admin @param {(ids: string[]|null) => void} close */
  constructor(admin, close) {
    this.admin = admin;
    this.close = close;
    /** @type {Way} */
    this.way = "discover";
    this.draft = { name: "", onvif: "", rtsp: "", username: "", password: "", profile: "" };
    /** @type {Identity|null} */
    this.identity = null;
    /** @type {Found[]|null} */
    this.found = null;
    this.tabs = h("div", { class: "camera-parts", role: "tablist" });
    this.body = h("div", { class: "stack add-body" });
    this.said = h("p", { class: "add-said", role: "status" });
    this.foot = h("div", { class: "actions" });
    this.node = h("div", { class: "add-cameras stack" }, this.tabs, this.body, this.said, this.foot);
    this.turn("discover");
  }

  /** @param {Way} way */
  turn(way) {
    this.way = way;
    replace(this.tabs, WAYS.map((other) => h("button", {
      class: "camera-tab", type: "button", role: "tab", "aria-selected": String(other === way), "data-way": other,
      onclick: () => this.turn(other),
    }, t("add.way." + other))));
    this.say("", "");
    if (way === "discover") this.drawFound();
    else if (way === "import") this.drawImport();
    else this.drawForm();
    if (way === "discover" && !this.found) this.discover();
  }

  /** @param {string} text @param {string} state */
  say(text, state) {
    replace(this.said, text ? h("span", { class: state ? "state add-state" : "soft", "data-state": state || null }, text) : null);
  }

  /** @param {...import("/static/core/dom.js").Child} more */
  drawFoot(...more) {
    replace(this.foot, button(t("cancel"), () => this.close(null)), ...more);
  }

  // --- discovery ----------------------------------------------------------------------------------

  async discover() {
    this.found = null;
    this.drawFound();
    try {
      const found = await inSession(() => get(this.admin.path("/cameras/discovery"), { patienceMs: DISCOVER_MS }));
      this.found = found;
    } catch (error) {
      this.found = [];
      this.say(problemText(error), "alert");
    }
    if (this.way === "discover") this.drawFound();
  }

  drawFound() {
    const found = this.found;
    if (!found) {
      replace(this.body, h("p", { class: "empty", role: "status" }, t("add.searching")));
      this.drawFoot();
      return;
    }
    replace(this.body,
      h("p", { class: "soft" }, found.length ? t("add.found", { n: found.length }) : t("add.found_none")),
      found.length ? h("ul", { class: "found-list" }, found.map((device) => h("li", { class: "found-row" },
        h("span", { class: "grow" }, h("b", { class: "clamp-1" }, device.name || device.hardware || device.onvif),
          h("span", { class: "soft small clamp-1" }, [device.hardware, hostOf(device.onvif)].filter(Boolean).join(" · "))),
        device.camera_id ? h("span", { class: "state", "data-state": "open" }, t("add.known"))
          : button(t("add.choose"), () => this.choose(device), "small")))) : null);
    this.drawFoot(button(t("add.again"), () => { this.discover(); }));
  }

  /** @param {Found} device */
  choose(device) {
    this.draft.onvif = device.onvif;
    this.draft.name = this.draft.name || device.name;
    this.identity = null;
    this.turn("onvif");
  }

  // --- one camera ---------------------------------------------------------------------------------

  drawForm() {
    const draft = this.draft;
    const form = new Form(draft, () => undefined);
    const rtsp = this.way === "rtsp";
    const name = form.text("name", { label: t("cameras.name"), max: 60, wide: true });
    const check = rtsp ? null : button(t("add.check"), () => this.check(form));
    const save = button(t("add.save"), () => this.save(form), "primary");
    replace(this.body, h("form", { class: "form-fields", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); this.save(form); } },
      rtsp
        ? form.text("rtsp", { label: t("access.rtsp"), hint: t("access.rtsp_hint"), wide: true })
        : form.text("onvif", { label: t("access.onvif"), hint: t("access.onvif_hint"), wide: true }),
      form.text("username", { label: t("access.username"), max: 128 }),
      passwordField(form, ""),
      !rtsp && this.identity && this.identity.profiles.length
        ? form.choice("profile", { label: t("access.profile"), hint: t("access.profile_hint"), wide: true, options: profileOptions(this.identity.profiles) })
        : null,
      name,
      h("button", { type: "submit", hidden: true })));
    this.drawFoot(check, save);
    const first = /** @type {HTMLElement|null} */ (this.body.querySelector(draft.onvif && !rtsp ? "[data-field=username] input" : "input"));
    if (first) first.focus();
  }

  /** @param {Form} form */
  async check(form) {
    this.say(t("add.checking"), "");
    const { onvif, username, password } = this.draft;
    try {
      /** @type {Identity} */
      const identity = await inSession(() => post(this.admin.path("/cameras/probe"), { onvif, username, password }, { patienceMs: PROBE_MS, retryMs: 0 }));
      this.identity = identity;
      if (!this.draft.name) this.draft.name = [identity.manufacturer, identity.model].filter(Boolean).join(" ");
      if (this.way === "onvif") this.drawForm();
      this.say(t("add.checked", { what: [identity.manufacturer, identity.model, identity.serial].filter(Boolean).join(" · ") }), "open");
    } catch (error) {
      this.failed(form, error);
    }
  }

  /** @param {Form} form */
  async save(form) {
    const { name, onvif, rtsp, username, password, profile } = this.draft;
    if (!name.trim()) {
      form.markAll([{ field: "name", message: t("form.needed") }]);
      return;
    }
    const body = { name: name.trim(), onvif: this.way === "onvif" ? onvif : null, rtsp: this.way === "rtsp" ? rtsp : null, username, password, profile: this.way === "onvif" ? profile : "" };
    try {
      const camera = await inSession(() => post(this.admin.path("/cameras"), body));
      toast(t("add.done", { name: camera.name }), { state: "open" });
      this.close([camera.camera_id]);
    } catch (error) {
      this.failed(form, error);
    }
  }

  /** @param {Form} form @param {unknown} error */
  failed(form, error) {
    this.say("", "");
    if (error instanceof ApiError && error.errors.length && !form.markAll(error.errors).length) return;
    this.say(problemText(error), "alert");
  }

  // --- many ---------------------------------------------------------------------------------------

  drawImport() {
    const count = h("p", { class: "soft" });
    const error = h("span", { class: "error", role: "alert", hidden: true });
    let workbook = ""; // base64
    const text = h("textarea", { rows: 9, class: "mono import-text", "aria-label": t("add.import_label"), spellcheck: "false", oninput: () => {
      workbook = "";
      const lines = text.value.split("\n").filter((line) => line.trim()).length - 1;
      setText(count, lines > 0 ? t("add.import_rows", { n: lines }) : "");
      show(error, false);
    } });
    /** @param {string[]} lines */
    const failed = (lines) => {
      replace(error, h("span", { class: "import-faults" }, lines.map((line) => h("span", null, line))));
      show(error, true);
    };
    const file = h("input", { type: "file", accept: ".xlsx,.csv,text/csv,text/plain", class: "visually-hidden", onchange: async () => {
      const chosen = file.files && file.files[0];
      if (!chosen) return;
      file.value = ""; // so that the same file, mended, can be chosen again
      if (chosen.size > FILE_MAX) {
        failed([t("add.import_too_large")]);
        return;
      }
      const data = await new Response(chosen).arrayBuffer();
      const zipped = isZip(data);
      text.value = zipped ? "" : decoded(data);
      text.dispatchEvent(new Event("input"));
      if (!zipped) return;
      workbook = base64(data);
      setText(count, t("add.import_chosen", { name: chosen.name }));
    } });
    const send = async () => {
      try {
        const done = await inSession(() => post(this.admin.path("/cameras/import"), workbook ? { xlsx: workbook } : { csv: asCsv(text.value) }));
        toast(t("add.done_n", { n: done.cameras.length }), { state: "open" });
        this.close(done.cameras.map((/** @type {{camera_id: string}} */ camera) => camera.camera_id));
      } catch (failure) {
        failed(failure instanceof ApiError && failure.errors.length ? failure.errors.map((one) => one.message) : [problemText(failure)]);
      }
    };
    replace(this.body, h("p", { class: "hint" }, t("add.import_hint")),
      h("div", { class: "field" }, text, error), h("div", { class: "row" }, button(t("add.import_file"), () => file.click(), "small"), file, count));
    this.drawFoot(button(t("add.import_save"), () => { send(); }, "primary"));
    text.focus();
  }
}

/** @param {string} address */
function hostOf(address) {
  const found = /^https?:\/\/([^/]+)/.exec(address);
  return found ? found[1] : address;
}

/** Spreadsheets of this country save as GBK as often as not. @param {ArrayBuffer} data */
function decoded(data) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch (error) {
    return new TextDecoder("gbk").decode(data);
  }
}

/** As .xlsx files begin. @param {ArrayBuffer} data */
function isZip(data) {
  const head = new Uint8Array(data, 0, Math.min(2, data.byteLength));
  return head[0] === 0x50 && head[1] === 0x4b;
}

/** @param {ArrayBuffer} data */
function base64(data) {
  return btoa(Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte)).join(""));
}

/** What was copied from a spreadsheet comes with tabs. @param {string} text */
function asCsv(text) {
  if (text.indexOf("\t") < 0) return text;
  return text.split("\n").map((line) => line.replace(/\r$/, "").split("\t").map((cell) => '"' + cell.replace(/"/g, '""') + '"').join(",")).join("\n");
}
