/**
 * What needs a person now: alerts of all halls in scope, the most urgent first, handled by keys; and
 * those that ended by themselves today, which may still be judged.
 */
import { alertText } from "/static/core/alert.js";
import { get, post } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { isoDay, serverNow } from "/static/core/time.js";
import { inSession } from "./session.js";
import { AlertStory } from "./supervision.story.js";
import { minutesShort, minutesSince, problemText, wordFor } from "./words.js";

/**
 * @typedef {{state: string, at: string, by: string, text: string|null}} Said
 * @typedef {{alert_id: string, kind: string, level: "window"|"hall"|"supervision", state: string,
 *   since: string, window: number|null, clerk: string|null, detail: string, detail_en: string, hall: string,
 *   camera_id?: string|null, evidence?: string[], waiting?: number, said?: Said[]}} Alert
 * @typedef {Alert & {hall_name: string}} Listed
 * @typedef {"acknowledge"|"explain"|"confirm"|"dismiss"|"close"} Verb
 */

const CASES = ["negative_evaluation", "case_overdue"];
const MANY = 12; // alerts; from here on they can be narrowed down to a kind or a hall
const URGENCY = ["supervision", "hall", "window"];
/** What may be done about an alert, by the states in which it is possible (hall_core/alerts.py). */
/** @type {{verb: Verb, key: string, of: string[]}[]} */
const VERBS = [
  { verb: "acknowledge", key: "a", of: ["open"] },
  { verb: "explain", key: "e", of: ["open", "acknowledged", "closed"] },
  { verb: "confirm", key: "v", of: ["open", "acknowledged", "explained", "appealed", "closed"] },
  { verb: "dismiss", key: "x", of: ["open", "acknowledged", "explained", "confirmed", "appealed", "closed"] },
  { verb: "close", key: "c", of: ["open", "acknowledged", "explained", "confirmed"] },
];
/** Which comes first: what nobody has seen, then what waits for a decision, then what is known. */
const ORDER = ["open", "appealed", "explained", "acknowledged", "confirmed"];

/**
 * The alerts within reach that wait for a person, or those that ended by themselves today.
 * @param {boolean} ended
 * @returns {Promise<Alert[]>}
 */
export async function fetchAlerts(ended) {
  if (!ended) return get("/alerts?state=open");
  const today = isoDay(serverNow());
  return (await get("/alerts?state=closed")).filter((/** @type {Alert} */ alert) => isoDay(alert.since) === today);
}

/**
 * The panel. `goTo` shows a window of a hall; `changed` is called after an alert was handled;
 * `mine` are the levels that are this person's.
 */
export class AlertPanel {
  /**
   * @param {{mine: string[], goTo: (hall: string, window: number|null, camera: string|null) => void, changed: () => void}} options
   */
  constructor(options) {
    this.options = options;
    /** All that there are. @type {Listed[]} */
    this.all = [];
    /** Those that are shown. @type {Listed[]} */
    this.list = [];
    this.only = ""; // "kind:…" or "hall:…"
    this.chosen = "";
    this.busy = false;
    this.ended = false; // those of today that ended by themselves are shown
    this.count = h("span", { class: "count number" });
    this.rows = h("div", { class: "alert-rows", role: "listbox", tabindex: 0 });
    this.narrow = h("select", { class: "input alert-narrow", hidden: true, onchange: () => { this.only = this.narrow.value; this.show(this.all); } });
    this.empty = h("p", { class: "empty" });
    this.acts = h("div", { class: "alert-acts" });
    this.heading = h("h2", null);
    this.turn = h("button", { class: "button quiet small", type: "button", onclick: () => { this.ended = !this.ended; this.words(); options.changed(); } });
    this.story = new AlertStory();
    this.node = h(
      "section",
      { class: "panel alerts live" },
      h("header", { class: "panel-head" }, this.heading, this.count, this.turn),
      this.narrow,
      this.rows,
      this.empty,
      this.story.node,
      this.acts,
    );
    this.words();
  }

  /** Draws what only changes with the language. */
  words() {
    const title = t(this.ended ? "alerts.ended_title" : "alerts.title");
    setText(this.heading, title);
    setText(this.empty, t(this.ended ? "alerts.ended_none" : "alerts.none"));
    setText(this.turn, t(this.ended ? "alerts.to_open" : "alerts.to_ended"));
    this.rows.setAttribute("aria-label", title);
    setAttrs(this.narrow, { "aria-label": t("alerts.narrow"), "data-sign": null });
    this.story.words();
    this.drawNarrow();
    this.draw();
  }

  /** @param {Listed[]} all */
  show(all) {
    this.all = all;
    this.drawNarrow();
    const list = all.filter((alert) => !this.only || this.only === "kind:" + alert.kind || this.only === "hall:" + alert.hall);
    this.list = list.sort((a, b) => this.rank(a) - this.rank(b) || (b.waiting || 0) - (a.waiting || 0) || a.since.localeCompare(b.since));
    if (!this.list.some((alert) => alert.alert_id === this.chosen)) {
      this.chosen = this.list.length ? this.list[0].alert_id : "";
    }
    this.draw();
  }

  /** Kinds and halls to choose from, those with most alerts first. */
  drawNarrow() {
    /** @type {Map<string, {name: string, n: number}>} */
    const found = new Map();
    const count = (/** @type {string} */ key, /** @type {string} */ name) => {
      const entry = found.get(key) || { name, n: 0 };
      entry.n += 1;
      found.set(key, entry);
    };
    this.all.forEach((alert) => {
      count("kind:" + alert.kind, wordFor("alert.kind", alert.kind));
      count("hall:" + alert.hall, alert.hall_name);
    });
    if (!found.has(this.only)) this.only = "";
    show(this.narrow, this.all.length > MANY || Boolean(this.only));
    const entries = Array.from(found).sort((a, b) => b[1].n - a[1].n);
    const sign = JSON.stringify([this.all.length, entries]);
    if (this.narrow.getAttribute("data-sign") === sign) return;
    setAttrs(this.narrow, { "data-sign": sign });
    const group = (/** @type {string} */ prefix) => h("optgroup", { label: t("alerts.by_" + prefix) },
      entries.filter((entry) => entry[0].indexOf(prefix + ":") === 0)
        .map(([value, one]) => h("option", { value }, t("alerts.narrowed", { name: one.name, n: one.n }))));
    replace(this.narrow, h("option", { value: "" }, t("alerts.all", { n: this.all.length })), group("kind"), group("hall"));
    this.narrow.value = this.only;
  }

  /** @param {Alert} alert */
  isMine(alert) {
    return this.options.mine.indexOf(alert.level) >= 0;
  }

  /** Mine before others', what waits for a decision before what is known, higher level first; then those with people waiting. @param {Alert} alert */
  rank(alert) {
    return (this.isMine(alert) ? 0 : 100) + 10 * ORDER.indexOf(alert.state) + URGENCY.indexOf(alert.level);
  }

  draw() {
    const mine = this.list.filter((alert) => this.isMine(alert)).length;
    show(this.empty, !this.list.length);
    show(this.rows, this.list.length > 0);
    show(this.acts, this.list.length > 0);
    const others = this.list.length - mine;
    setText(this.count, this.list.length && !this.ended
      ? [mine ? t("alerts.mine", { n: mine }) : "", others ? t("alerts.others", { n: others }) : ""].filter(Boolean).join(" · ")
      : "");
    setAttrs(this.count, { "data-state": mine && !this.ended ? "alert" : null });
    keyed(this.rows, this.list, (alert) => alert.hall + alert.alert_id, (alert) => this.row(alert), (node, alert) => this.fill(node, alert));
    const at = this.rows.querySelector("[aria-selected=true]");
    setAttrs(this.rows, { "aria-activedescendant": at ? at.id : null });
    const alert = this.current();
    this.story.show(alert || null);
    this.drawActs(alert ? alert.state : "");
  }

  /** Only what can be done about the chosen one. @param {string} state */
  drawActs(state) {
    const sign = state + t("alert.act.confirm");
    if (this.acts.getAttribute("data-sign") === sign) return;
    this.acts.setAttribute("data-sign", sign);
    replace(
      this.acts,
      VERBS.filter((entry) => entry.of.indexOf(state) >= 0).map(({ verb, key }) =>
        h("button", { class: "button small", type: "button", onclick: () => this.act(verb) },
          t(actWord(verb, state)), h("kbd", null, key.toUpperCase()))),
    );
  }

  /** @param {Listed} alert */
  row(alert) {
    return h(
      "div",
      {
        class: "alert-row", role: "option", id: "alert-" + alert.alert_id,
        onclick: () => { this.choose(alert.alert_id); this.options.goTo(alert.hall, alert.window, alert.camera_id || null); },
      },
      h("div", { class: "line" }, h("span", { class: "state what" }), h("span", { class: "where clamp-1" }), h("span", { class: "since number" })),
      h("div", { class: "line soft small" }, h("span", { class: "level nowrap" }), h("span", { class: "hall clamp-1" }), h("span", { class: "handled nowrap" })),
    );
  }

  /** @param {HTMLElement} node @param {Listed} alert */
  fill(node, alert) {
    const [top, below] = Array.from(node.children);
    setAttrs(node, { "aria-selected": alert.alert_id === this.chosen ? "true" : "false", "data-mine": this.isMine(alert) ? "yes" : null });
    setAttrs(top.children[0], { "data-state": this.isMine(alert) && alert.state === "open" ? "alert" : "away" });
    setText(top.children[0], wordFor("alert.kind", alert.kind));
    const place = alert.window === null ? "" : t("alert.where", { window: alert.window });
    setText(top.children[1], [place, alert.waiting ? t("alert.waiting", { n: alert.waiting }) : alertText(alert)].filter(Boolean).join(" · "));
    setText(top.children[2], t("alert.since", { time: minutesShort(minutesSince(alert.since)) }));
    setText(below.children[0], wordFor("alert.level", alert.level));
    setText(below.children[1], alert.hall_name);
    setText(below.children[2], wordFor("alert.state", alert.state));
  }

  /** @returns {Listed|undefined} */
  current() {
    return this.list.find((alert) => alert.alert_id === this.chosen);
  }

  /** @param {string} id */
  choose(id) {
    this.chosen = id;
    this.draw();
    const node = document.getElementById("alert-" + id);
    if (node && node.scrollIntoView) node.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} by */
  move(by) {
    if (!this.list.length) return;
    const at = this.list.findIndex((alert) => alert.alert_id === this.chosen);
    this.choose(this.list[Math.max(0, Math.min(this.list.length - 1, at + by))].alert_id);
  }

  /** What was handled goes down the list; the person goes on with the next. @param {string} done */
  moveOn(done) {
    const at = this.list.findIndex((alert) => alert.alert_id === done);
    const next = this.list[at + 1] || this.list[at - 1];
    if (next && this.chosen === done) this.choose(next.alert_id);
  }

  go() {
    const alert = this.current();
    if (!alert) return;
    // What a citizen said about a clerk is handled on the page of cases.
    if (CASES.indexOf(alert.kind) >= 0) location.assign("/cases?hall=" + encodeURIComponent(alert.hall));
    else this.options.goTo(alert.hall, alert.window, alert.camera_id || null);
  }

  /**
   * A key that handles alerts.
   * @param {string} key
   * @returns {boolean} whether it was one
   */
  key(key) {
    if (key === "j" || key === "k") this.move(key === "j" ? 1 : -1);
    else if (key === "Enter") this.go();
    else {
      const found = VERBS.find((entry) => entry.key === key);
      if (!found) return false;
      const alert = this.current();
      if (alert && found.of.indexOf(alert.state) >= 0) this.act(found.verb);
    }
    return true;
  }

  /** @param {Verb} verb */
  async act(verb) {
    const alert = this.current();
    if (!alert || this.busy) return;
    this.busy = true;
    try {
      const what = wordFor("alert.kind", alert.kind) + (alert.window === null ? "" : " " + t("alert.where", { window: alert.window }));
      const text = verb === "acknowledge" ? "" : await askText(verb, alert.state, what + " · " + alert.hall_name);
      if (text === null) return;
      await inSession(() => post("/alerts/" + encodeURIComponent(alert.alert_id) + "/commands", { command: verb, text }));
      toast(t("alert.done." + verb, { what }), { state: "open" });
      this.moveOn(alert.alert_id);
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    } finally {
      this.busy = false;
      this.options.changed();
    }
  }
}

/** How a verb is called about an alert in this state: an appeal is upheld or turned down. @param {Verb} verb @param {string} state */
function actWord(verb, state) {
  return "alert.act." + verb + (state === "appealed" ? ".appealed" : "");
}

/**
 * The text that goes with a verb; null when the person thought better of it.
 * @param {Verb} verb
 * @param {string} state
 * @param {string} what
 * @returns {Promise<string|null>}
 */
function askText(verb, state, what) {
  const required = verb === "explain" || verb === "dismiss";
  return dialog(t(state === "appealed" ? actWord(verb, state) : "alert.ask." + verb), (/** @type {(text: string|null) => void} */ close) => {
    const text = h("textarea", { rows: 3, maxlength: 500, "data-first": true });
    const error = h("span", { class: "error", role: "alert", hidden: true }, t("alert.text_missing"));
    const send = () => {
      if (required && !text.value.trim()) {
        show(error, true);
        text.focus();
      } else close(text.value.trim());
    };
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
    });
    return [
      h("p", { class: "soft" }, what),
      h("label", { class: "field" }, h("span", null, t("alert.text")), text,
        h("span", { class: "hint" }, t(required ? "alert.text_required" : "alert.text_optional")), error),
      h("div", { class: "actions" },
        h("button", { class: "button", type: "button", onclick: () => close(null) }, t("cancel")),
        h("button", { class: "button primary", type: "button", onclick: send }, t(actWord(verb, state)), h("kbd", null, "Ctrl+Enter"))),
    ];
  });
}
