/**
 * The audit log, newest first: who signed in, who changed accounts and devices, from where.
 */
import { get } from "/static/core/api.js";
import { h, replace, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmmss, isoDay } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { button, List, setCount, tabHead } from "./admin.list.js";
import { inSession } from "./session.js";
import { problemText, wordFor } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {{id: number, at: string, actor: string, action: string, subject: string, hall: string|null,
 *   address: string, detail: string|null}} AuditEntry */

const PAGE = 200;
const NEWEST = Number.MAX_SAFE_INTEGER;

/** `user:admin` → `admin`; `device:…`, `command line` in words. @param {string} actor */
function actorText(actor) {
  const [kind, name] = actor.split(/:(.*)/);
  if (kind === "user") return name;
  return name ? wordFor("audit.actor", kind) + " " + name : wordFor("audit.actor", actor);
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openAudit(admin, root) {
  /** @type {AuditEntry[]} */
  let entries = [];
  let more = false;
  let loaded = false;
  const count = h("span", null);
  const older = button(t("audit.older"), () => load(false));
  const hallName = (/** @type {string|null} */ id) => {
    const hall = admin.halls.find((other) => other.id === id);
    return hall ? nameOf(hall) : id || "";
  };
  const list = new List({
    label: () => t("tab.audit"),
    columns: [
      { title: "audit.at", cell: (entry) => h("span", { class: "nowrap" }, isoDay(entry.at) + " " + hhmmss(entry.at)) },
      { title: "audit.who", cell: (entry) => actorText(entry.actor) },
      { title: "audit.what", cell: (entry) => h("span", entry.action === "sign_in_failed" ? { class: "state", "data-state": "alert" } : null, wordFor("audit.action", entry.action)) },
      { title: "audit.about", cell: (entry) => [entry.subject, entry.detail && entry.detail !== entry.subject ? h("span", { class: "soft" }, " " + entry.detail) : null] },
      { title: "audit.hall", cell: (entry) => hallName(entry.hall) },
      { title: "audit.address", cell: (entry) => h("span", { class: "nowrap" }, entry.address) },
    ],
    key: (entry) => String(entry.id),
    words: (entry) => [isoDay(entry.at), actorText(entry.actor), wordFor("audit.action", entry.action), entry.subject, entry.detail, hallName(entry.hall), entry.address].join(" "),
    facetLabel: "audit.all",
    facets: () => Array.from(new Set(entries.map((entry) => entry.action))).sort().map((action) => ({
      value: action, label: wordFor("audit.action", action), test: (/** @type {AuditEntry} */ entry) => entry.action === action,
    })),
    choose: (key) => list.pick(key),
    empty: () => t(loaded ? "audit.empty" : "starting.title"),
    onCount: (shown, all) => setCount(count, shown, all),
  });

  /** @param {boolean} fresh */
  const load = async (fresh) => {
    try {
      const last = entries[entries.length - 1];
      const before = fresh || !last ? NEWEST : last.id;
      const page = await inSession(() => get("/audit?limit=" + PAGE + "&before=" + before));
      entries = fresh ? page : entries.concat(page);
      more = page.length === PAGE;
      loaded = true;
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
    list.show(entries);
    show(older, more);
  };

  const draw = () => {
    replace(older, t("audit.older"));
    replace(root,
      tabHead(t("tab.audit"), count, button(t("audit.refresh"), () => { load(true); })),
      h("p", { class: "soft tab-note" }, t("audit.lead")),
      h("div", { class: "tab-single" }, list.node), h("div", { class: "tab-more" }, older));
    list.words();
    list.show(entries);
    show(older, more);
  };
  draw();
  load(true);
  return { draw };
}
