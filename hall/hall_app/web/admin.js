/**
 * Administration: one hall's setup, its day, its devices, and the people who may sign in. This file
 * holds the frame (tabs, choice of hall, unsaved changes, live stream); each tab is a module.
 */
import { ApiError, get, post, sleep } from "/static/core/api.js";
import { reloadOnNewBuild } from "/static/core/device.js";
import { dialog } from "/static/core/dialog.js";
import { coalesce, h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { addTexts, nameOf, onLang, t } from "/static/core/i18n.js";
import { watchLink } from "/static/core/offline.js";
import { HallStream } from "/static/core/stream.js";
import { openCameras } from "/static/cameras/admin.js";
import { openAudit } from "./admin.audit.js";
import { openCascade } from "./admin.cascade.js";
import { openClerks } from "./admin.clerks.js";
import { openDay } from "./admin.day.js";
import { openDevices } from "./admin.devices.js";
import { openEvaluation } from "./admin.evaluation.js";
import { openHalls } from "./admin.halls.js";
import { openHours } from "./admin.hours.js";
import { openNotices } from "./admin.notices.js";
import { openPeople } from "./admin.people.js";
import { openQueues } from "./admin.queues.js";
import { openRelay } from "./admin.relay.js";
import { openServices } from "./admin.services.js";
import { openSettings } from "./admin.settings.js";
import { texts } from "./admin.texts.js";
import { cascadeTexts } from "./admin.texts.cascade.js";
import { evaluationTexts } from "./admin.texts.evaluation.js";
import { relayTexts } from "./admin.texts.relay.js";
import { rulesTexts } from "./admin.texts.rules.js";
import { systemTexts } from "./admin.texts.system.js";
import { openWindows } from "./admin.windows.js";
import { openWording } from "./admin.wording.js";
import { openWorkdays } from "./admin.workdays.js";
import { openFrame, remember, remembered, restoreDesk } from "./frame.js";
import { hasRole, inSession, requireStaff, signInAgain } from "./session.js";

/** @typedef {import("/static/core/types.js").Me} Me */
/** @typedef {import("./admin.types.js").Tab} Tab */
/** @typedef {import("./admin.types.js").Setup} Setup */
/** @typedef {import("./admin.types.js").HallRef} HallRef */

const HALL = "hall.admin.hall";
const MANAGE = ["manager", "admin"];

/** `all`: only for who is in charge of every hall.
 * @type {{group: string, tabs: {id: string, roles: string[], hall: boolean, all?: boolean, open: (admin: Admin, root: HTMLElement) => Tab}[]}[]} */
const GROUPS = [
  { group: "today", tabs: [{ id: "day", roles: MANAGE, hall: true, open: openDay }] },
  { group: "hall", tabs: [
    { id: "windows", roles: MANAGE, hall: true, open: openWindows },
    { id: "queues", roles: MANAGE, hall: true, open: openQueues },
    { id: "services", roles: MANAGE, hall: true, open: openServices },
    { id: "clerks", roles: MANAGE, hall: true, open: openClerks },
  ] },
  { group: "rules", tabs: [
    { id: "hours", roles: MANAGE, hall: true, open: openHours },
    { id: "settings", roles: MANAGE, hall: true, open: openSettings },
    { id: "texts", roles: MANAGE, hall: true, open: openWording },
    { id: "notices", roles: MANAGE, hall: true, open: openNotices },
    { id: "evaluation", roles: MANAGE, hall: true, open: openEvaluation },
    { id: "relay", roles: MANAGE, hall: true, open: openRelay },
    { id: "workdays", roles: MANAGE, hall: false, open: openWorkdays },
  ] },
  { group: "system", tabs: [
    { id: "devices", roles: MANAGE.concat("security"), hall: true, open: openDevices },
    { id: "cameras", roles: MANAGE, hall: true, open: openCameras },
    { id: "cascade", roles: ["admin"], hall: false, all: true, open: openCascade },
    { id: "people", roles: ["admin", "security"], hall: false, open: openPeople },
    { id: "halls", roles: ["admin"], hall: false, open: openHalls },
    { id: "audit", roles: ["auditor"], hall: false, open: openAudit },
  ] },
];

addTexts(texts);
addTexts(rulesTexts);
addTexts(evaluationTexts);
addTexts(relayTexts);
addTexts(systemTexts);
addTexts(cascadeTexts);
restoreDesk();

/** What the tabs share: who works here, on which hall, and what is not saved yet. */
export class Admin {
  /** @param {Me} me @param {HallRef[]} halls */
  constructor(me, halls) {
    this.me = me;
    this.halls = halls;
    /** @type {HallRef|null} */
    this.hall = null;
    /** @type {Setup|null} */
    this.setup = null;
    /** @type {HallStream|null} */
    this.stream = null;
    this.dirty = false;
    /** Of the setup that is being edited: what came since is not overwritten unseen. */
    this.seen = 0;
    this.hallsChanged = () => {};
    this.tabId = "";
    this.entry = "";
    /** @type {Tab|null} */
    this.tab = null;
    this.content = h("div", { class: "tab" });
    this.menu = h("nav", { class: "admin-menu" });
    this.clock = h("div", { class: "banner clock-banner", "data-state": "alert", role: "alert", hidden: true });
  }

  /** @param {...string} roles */
  is(...roles) {
    return hasRole(this.me, ...roles);
  }

  /** The path of this hall's calls. @param {string} rest */
  path(rest) {
    return "/halls/" + encodeURIComponent(this.hall ? this.hall.id : "") + rest;
  }

  /** The live state; empty lists before it is there. @returns {import("/static/core/types.js").HallState} */
  get state() {
    const state = this.stream && this.stream.state;
    return state || /** @type {any} */ ({ hall: this.hall || { id: "", name: "" }, windows: [], queues: [], recent_calls: [],
      services: [], setup: {}, notices: [], texts: {} });
  }

  // --- the setup ----------------------------------------------------------------------------------

  async loadSetup() {
    if (!this.hall || !this.is(...MANAGE)) return;
    const hall = this.hall;
    const setup = await inSession(() => get(this.path("/setup")));
    if (this.hall !== hall) return;
    this.takeSetup(setup);
  }

  /** @param {any} setup */
  takeSetup(setup) {
    if (!this.dirty) this.seen = setup.version;
    this.setup = {
      version: setup.version,
      settings: setup.settings,
      queues: setup.queues,
      services: setup.services,
      windows: setup.windows.slice().sort((/** @type {any} */ a, /** @type {any} */ b) => a.number - b.number),
      clerks: setup.clerks.slice().sort((/** @type {any} */ a, /** @type {any} */ b) => a.clerk_no.localeCompare(b.clerk_no)),
    };
    this.tell(["setup"]);
  }

  /**
   * Whole entries replace those with the same key; removals come by key.
   * @param {Record<string, any>} body
   */
  async changeSetup(body) {
    try {
      const setup = await inSession(() => post(this.path("/setup"), Object.assign({ version: this.seen }, body)));
      this.seen = setup.version;
      this.takeSetup(setup);
    } catch (error) {
      if (error instanceof ApiError && error.code === "setup_changed") {
        await this.loadSetup();
        if (this.setup) this.seen = this.setup.version; // whoever saves again has been told
      }
      throw error;
    }
  }

  /** @param {HallRef[]} halls */
  takeHalls(halls) {
    const mine = this.hall;
    this.halls = halls;
    this.hall = halls.find((other) => mine !== null && other.id === mine.id) || mine;
    this.hallsChanged();
  }

  /** @param {string[]} parts */
  tell(parts) {
    if (this.tab && this.tab.changed) this.tab.changed(parts);
  }

  // --- what is not saved ---------------------------------------------------------------------------

  /** @param {boolean} dirty */
  setDirty(dirty) {
    if (dirty && !this.dirty && this.setup) this.seen = this.setup.version;
    this.dirty = dirty;
    if (!dirty && this.setup) this.seen = this.setup.version;
  }

  /** Whether the present entry may be left; asks when something is not saved. @returns {Promise<boolean>} */
  async mayLeave() {
    if (!this.dirty) return true;
    const tab = this.tab;
    const answer = await dialog(t("leave.title"), (/** @type {(r: "save"|"drop"|null) => void} */ close) => [
      h("p", null, t("leave.text")),
      h("div", { class: "actions" },
        h("button", { class: "button", type: "button", onclick: () => close(null) }, t("leave.stay")),
        h("button", { class: "button danger", type: "button", onclick: () => close("drop") }, t("leave.drop")),
        tab && tab.save ? h("button", { class: "button primary", type: "button", "data-first": true, onclick: () => close("save") }, t("leave.save")) : null),
    ]);
    if (answer === "save" && tab && tab.save) return tab.save();
    if (answer === "drop") this.setDirty(false);
    return answer === "drop";
  }

  // --- tabs ---------------------------------------------------------------------------------------

  /** The tabs this person may use. */
  tabs() {
    const all = GROUPS.map((group) => ({
      group: group.group,
      tabs: group.tabs.filter((tab) => this.is(...tab.roles) && (!tab.hall || this.hall)
        && (!tab.all || this.me.all_halls)),
    }));
    return all.filter((group) => group.tabs.length);
  }

  drawMenu() {
    this.menu.setAttribute("aria-label", t("admin.menu"));
    replace(this.menu, this.tabs().map((group) => h("section", null,
      h("h2", { class: "menu-group" }, t("group." + group.group)),
      group.tabs.map((tab) => h("a", {
        href: "#" + tab.id, "aria-current": tab.id === this.tabId ? "page" : null,
        onclick: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          this.go(tab.id);
        },
      }, t("tab." + tab.id))))));
  }

  /**
   * Opens a tab, and an entry in it.
   * @param {string} id
   * @param {string} [key]
   */
  async go(id, key) {
    if (!(await this.mayLeave())) {
      this.noteEntry(this.entry);
      return;
    }
    const all = this.tabs().reduce((list, group) => list.concat(group.tabs), /** @type {any[]} */ ([]));
    const tab = all.find((other) => other.id === id) || all[0];
    if (this.tab && this.tab.stop) this.tab.stop();
    this.setDirty(false);
    this.tab = null;
    this.tabId = tab ? tab.id : "";
    this.noteEntry(key || "");
    this.drawMenu();
    replace(this.content);
    this.content.scrollTop = 0;
    setAttrs(this.content, { "data-tab": this.tabId });
    if (!tab) return;
    this.tab = tab.open(this, this.content);
    if (key && this.tab && this.tab.open) this.tab.open(key);
  }

  /** Keeps the address in line with what is open. @param {string} key */
  noteEntry(key) {
    this.entry = key;
    const hash = "#" + this.tabId + (key ? "/" + encodeURIComponent(key) : "");
    if (location.hash !== hash) history.replaceState(null, "", location.pathname + location.search + hash);
  }

  fromAddress() {
    const [id, key] = location.hash.slice(1).split("/");
    return { id, key: key ? decodeURIComponent(key) : "" };
  }

  // --- the hall -----------------------------------------------------------------------------------

  /** @param {HallRef} hall */
  async enter(hall) {
    if (this.stream) this.stream.stop();
    this.stream = null;
    this.hall = hall;
    this.setup = null;
    remember(HALL, hall.id);
    const url = new URL(location.href);
    url.searchParams.set("hall", hall.id);
    history.replaceState(null, "", url.pathname + url.search + url.hash);
    if (!this.is(...MANAGE)) return;
    const stream = new HallStream({ hall: hall.id });
    this.stream = stream;
    /** @type {Set<string>} */
    const waiting = new Set();
    const tell = coalesce(() => {
      if (this.stream !== stream) return;
      const parts = Array.from(waiting);
      waiting.clear();
      this.drawClock();
      this.tell(parts);
    });
    stream.on("change", (parts) => {
      parts.forEach((/** @type {string} */ part) => waiting.add(part === "setup" ? "rules" : part));
      // The setup was edited, here or at another desk: read the whole of it.
      if (parts.indexOf("setup") >= 0) this.loadSetup().catch(() => undefined);
      tell();
    });
    stream.on("waits", () => { waiting.add("waits"); tell(); });
    stream.on("status", (status) => { if (status === "refused") signInAgain(); });
    watchLink(stream, () => ({ title: t("offline.title"), text: t("admin.offline") }));
    stream.start();
    for (;;) {
      try {
        await this.loadSetup();
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 403) throw error;
        await sleep(1500);
      }
    }
  }

  drawClock() {
    const day = /** @type {any} */ (this.state).day;
    const doubted = Boolean(day && day.clock_doubted);
    show(this.clock, doubted && this.tabId !== "day");
    if (doubted) {
      replace(this.clock, h("span", { class: "grow" }, t("day.clock.short")),
        h("button", { class: "button small", type: "button", onclick: () => { this.go("day"); } }, t("day.clock.look")));
    }
  }
}

/** The choice of hall in the bar. @param {Admin} admin */
function hallChooser(admin) {
  const hall = admin.hall;
  const needed = admin.tabs().some((group) => group.tabs.some((tab) => tab.hall));
  if (!hall || !needed) return null;
  if (admin.halls.length === 1) return h("b", { class: "clamp-1" }, nameOf(hall));
  const levels = ["city", "county", "township", "village"];
  const select = h("select", {
    class: "input hall-chooser", "aria-label": t("admin.hall"),
    onchange: async () => {
      const next = admin.halls.find((other) => other.id === select.value);
      if (!next || !(await admin.mayLeave())) {
        select.value = admin.hall ? admin.hall.id : "";
        return;
      }
      admin.setDirty(false);
      await admin.enter(next);
      admin.go(admin.tabId);
    },
  }, levels.map((level) => {
    const mine = admin.halls.filter((other) => other.level === level);
    return mine.length
      ? h("optgroup", { label: t("level." + level) }, mine.map((other) =>
        h("option", { value: other.id, selected: other.id === hall.id }, nameOf(other))))
      : null;
  }));
  return h("label", { class: "row chooser" }, h("span", { class: "soft" }, t("admin.hall")), select);
}

async function start() {
  const me = await requireStaff("manager", "admin", "security", "auditor");
  const { main, slot } = openFrame({ page: "admin", me, title: "admin.title" });
  const loading = h("p", { class: "empty", role: "status" }, t("starting.title"));
  replace(main, loading);
  /** @type {HallRef[]} */
  let halls = [];
  for (;;) {
    try {
      halls = await inSession(() => get("/halls"));
      break;
    } catch (error) {
      setText(loading, t("starting.text"));
      await sleep(1500);
    }
  }
  const admin = new Admin(me, halls);
  const wanted = new URLSearchParams(location.search).get("hall") || remembered(HALL) || me.hall || "";
  const first = halls.find((hall) => hall.id === wanted) || halls[0];
  if (first) await admin.enter(first);
  replace(main, h("div", { class: "admin" }, admin.menu, h("div", { class: "admin-content" }, admin.clock, admin.content)));

  const words = () => {
    replace(slot, hallChooser(admin));
    admin.drawMenu();
    admin.drawClock();
    if (admin.tab) admin.tab.draw();
  };
  onLang(words);
  admin.hallsChanged = () => {
    replace(slot, hallChooser(admin));
  };
  const address = admin.fromAddress();
  await admin.go(address.id, address.key);
  words();

  window.addEventListener("hashchange", () => {
    const next = admin.fromAddress();
    if (next.id !== admin.tabId || next.key !== admin.entry) admin.go(next.id, next.key);
  });
  window.addEventListener("beforeunload", (event) => {
    if (!admin.dirty) return;
    event.preventDefault();
    event.returnValue = "";
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      const active = /** @type {HTMLElement|null} */ (document.activeElement);
      if (active) active.dispatchEvent(new Event("change", { bubbles: true }));
      if (admin.tab && admin.tab.save && !document.querySelector(".veil")) admin.tab.save();
    }
  });
  reloadOnNewBuild(me, () => !admin.dirty && !document.querySelector(".veil"));
}

start();
