/**
 * Today: what is missing before the doors open, every window as it is now, and what a manager may do
 * in place of a clerk: close a window, post where somebody went, take the notice down, free a clerk,
 * send home who waits, confirm the clock.
 */
import { absenceText } from "/static/core/absence.js";
import { get, post } from "/static/core/api.js";
import { confirmBox } from "/static/core/dialog.js";
import { h, replace, setAttrs, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmm, isoDay, longDate, minutesUntil, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { checksOf } from "./admin.checks.js";
import { leaveForm } from "./admin.leave.js";
import { button, List, setCount, tabHead } from "./admin.list.js";
import { inSession } from "./session.js";
import { agoText, minutesText, problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

const FACTS_MS = 30000; // devices and accounts change rarely

/** @param {Admin} admin @param {HTMLElement} root */
export function openDay(admin, root) {
  return new DayTab(admin, root);
}

class DayTab {
  /** @param {Admin} admin @param {HTMLElement} root */
  constructor(admin, root) {
    this.admin = admin;
    this.root = root;
    this.stopped = false;
    this.leaving = false;
    /** @type {import("./admin.types.js").Device[]|null} */
    this.devices = null;
    /** @type {import("./admin.types.js").User[]|null} */
    this.users = null;
    this.count = h("span", null);
    this.clock = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
    this.checks = h("details", { class: "panel checks" });
    this.editor = h("section", { class: "panel editor" });
    this.queues = h("section", { class: "panel day-queues live" });
    this.side = h("div", { class: "day-side" }, this.editor, this.queues);
    this.list = new List({
      label: () => t("tab.windows"),
      columns: [
        { title: "windows.number", cls: "figure key", cell: (window) => h("b", { class: "number" }, window.number) },
        { title: "day.state", cell: (window) => h("span", { class: "state", "data-state": window.state }, t("window.state." + window.state)) },
        { title: "day.what", cell: (window) => whatOf(window) },
        { title: "day.clerk", cell: (window) => h("span", { class: "clamp" }, presentAt(window).join(t("list.and"))) },
        { title: "entry.name", cell: (window) => h("span", { class: "clamp soft" }, nameOf(window)) },
      ],
      key: (window) => String(window.number),
      words: (window) => [window.number, window.name, window.ticket, t("window.state." + window.state), presentAt(window).join(" "),
        window.clerk && window.clerk.clerk_no, window.absence && window.absence.reason].filter(Boolean).join(" "),
      sign: (window) => JSON.stringify(window) + Math.floor(serverNow().getTime() / 60000),
      facetLabel: "day.all_states",
      facets: () => ["open", "calling", "serving", "away", "closed"].map((state) => ({
        value: state, label: t("window.state." + state), test: (/** @type {WindowEntry} */ window) => window.state === state || (state === "away" && Boolean(window.absence)),
      })),
      choose: (key, byKeyboard) => this.open(key, byKeyboard),
      empty: () => t("windows.empty"),
      onCount: (shown, all) => setCount(this.count, shown, all),
    });
    this.list.node.classList.add("live");
    this.draw();
    this.rounds();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  async rounds() {
    try {
      this.devices = await get(this.admin.path("/devices"));
      if (this.admin.is("admin", "security")) this.users = await get("/users");
    } catch (error) {
      // Known facts stay; asked again below.
    }
    if (this.stopped) return;
    this.drawChecks();
    this.timer = window.setTimeout(() => this.rounds(), FACTS_MS);
  }

  draw() {
    replace(this.root,
      tabHead(t("tab.day"), this.count),
      this.clock, this.checks,
      h("div", { class: "tab-split" }, this.list.node, this.side));
    this.list.words();
    this.changed(["*"]);
  }

  /** @param {string[]} parts */
  changed(parts) {
    const only = parts.every((part) => part === "waits" || part === "recent_calls");
    if (only) return;
    this.list.show(this.admin.state.windows);
    this.drawClock();
    this.drawChecks();
    this.drawQueues();
    if (!this.leaving) this.drawEditor();
  }

  // --- the clock, and what is missing -------------------------------------------------------------

  drawClock() {
    const day = /** @type {any} */ (this.admin.state).day;
    const doubted = Boolean(day && day.clock_doubted);
    show(this.clock, doubted);
    if (!doubted || this.clock.firstChild) {
      if (!doubted) replace(this.clock);
      return;
    }
    replace(this.clock,
      h("div", { class: "grow" }, h("p", null, t("day.clock.title", { now: longDate(serverNow()) + " " + hhmm(serverNow()) })),
        h("p", { class: "small" }, t("day.clock.text", { day: day.day }))),
      button(t("day.clock.confirm"), () => this.confirmClock(), "primary"));
  }

  async confirmClock() {
    const sure = await confirmBox({
      title: t("day.clock.ask", { now: longDate(serverNow()) + " " + hhmm(serverNow()) }), text: t("day.clock.ask_text"), ok: t("day.clock.confirm"),
    });
    if (sure) await this.send(() => post(this.admin.path("/commands"), { command: "confirm_clock" }), t("day.clock.done"));
  }

  drawChecks() {
    const checks = checksOf(this.admin, this.devices, this.users);
    const open = checks.filter((check) => !check.good);
    show(this.checks, checks.length > 0);
    const was = this.checks.getAttribute("data-sign");
    const sign = JSON.stringify(checks) + document.documentElement.lang;
    if (was === sign) return;
    this.checks.setAttribute("data-sign", sign);
    setAttrs(this.checks, { "data-open": open.length ? "yes" : null });
    replace(this.checks,
      h("summary", null,
        h("span", { class: "state", "data-state": open.length ? "away" : "open" }, open.length ? t("checks.missing", { n: open.length }) : t("checks.good")),
        h("span", { class: "soft checks-first clamp-1" }, open.slice(0, 3).map((check) => check.text).join(" · "))),
      h("ul", { class: "check-list" }, checks.map((check) =>
        h("li", null, h("span", { class: "state", "data-state": check.good ? "open" : "away" }, t(check.good ? "checks.ok" : "checks.todo")),
          h("span", { class: "grow" }, check.text),
          check.good ? null : button(t("checks.go"), () => this.admin.go(check.tab, check.key), "quiet small")))));
  }

  // --- one window ---------------------------------------------------------------------------------

  /** @param {string} key @param {boolean} [byKeyboard] */
  async open(key, byKeyboard) {
    if (!(await this.admin.mayLeave())) return;
    this.admin.setDirty(false);
    this.leaving = false;
    this.list.reveal(key);
    this.admin.noteEntry(key);
    this.editor.removeAttribute("data-sign");
    this.drawEditor();
    const first = byKeyboard ? /** @type {HTMLElement|null} */ (this.editor.querySelector("button:not([disabled])")) : null;
    if (first) first.focus();
  }

  current() {
    return this.admin.state.windows.find((window) => String(window.number) === this.list.chosen);
  }

  drawEditor() {
    show(this.queues, true);
    const window = this.current();
    const sign = JSON.stringify(window) + document.documentElement.lang + Math.floor(serverNow().getTime() / 60000);
    if (this.editor.getAttribute("data-sign") === sign) return;
    this.editor.setAttribute("data-sign", sign);
    const focused = document.activeElement && this.editor.contains(document.activeElement)
      ? document.activeElement.getAttribute("data-act") : null;
    if (!window) {
      replace(this.editor, h("div", { class: "editor-intro" }, h("h2", null, t("day.intro.title")), h("p", null, t("day.intro.text"))));
      return;
    }
    replace(this.editor,
      h("header", { class: "panel-head editor-head" }, h("h2", null, t("window.n", { n: window.number })),
        h("span", { class: "state chip", "data-state": window.state }, t("window.state." + window.state)),
        h("span", { class: "soft clamp-1 push" }, nameOf(window))),
      h("div", { class: "editor-scroll" }, factsOf(window), this.actions(window)));
    const again = focused ? /** @type {HTMLElement|null} */ (this.editor.querySelector("[data-act=" + focused + "]")) : null;
    if (again) again.focus();
  }

  /** @param {WindowEntry} window */
  actions(window) {
    const clerk = window.clerk;
    /** @param {string} name @param {() => void} press @param {string} [look] */
    const act = (name, press, look) => {
      const node = button(t("day.act." + name), press, look);
      node.setAttribute("data-act", name);
      return node;
    };
    const present = window.signed_in || [];
    return h("div", { class: "day-actions" },
      window.absence ? act("return", () => this.returns(window), "primary") : act("leave", () => this.leave(window), "primary"),
      window.state === "closed" ? null : act("close", () => this.close(window), "danger"),
      clerk && window.state !== "closed"
        ? h("p", { class: "soft small wide" }, t("day.free_hint", { name: clerk.name }))
        : null,
      present.map((other) => h("div", { class: "row wide" },
        h("span", null, t("day.also", { name: other.name, no: other.clerk_no })),
        button(t("day.act.sign_out"), () => this.window(window.number, { command: "sign_out", clerk: other.clerk_no }, t("day.done.sign_out", { name: other.name })), "small"))));
  }

  /** @param {() => Promise<any>} call @param {string} done @returns {Promise<boolean>} */
  async send(call, done) {
    try {
      await inSession(call);
      toast(done, { state: "open" });
      return true;
    } catch (error) {
      toast(problemText(error), { state: "alert", seconds: 8 });
      return false;
    }
  }

  /** @param {number} number @param {Record<string, any>} body @param {string} done */
  window(number, body, done) {
    return this.send(() => post(this.admin.path("/windows/" + number + "/commands"), body), done);
  }

  /** @param {WindowEntry} window */
  async close(window) {
    const words = [];
    if (window.ticket) words.push(t("day.close.ticket", { number: window.ticket }));
    if ((window.held || []).length) words.push(t("day.close.held", { numbers: (window.held || []).join(t("list.and")) }));
    if (window.absence) words.push(t("day.close.absence"));
    if (window.clerk) words.push(t("day.close.clerk", { name: window.clerk.name }));
    const sure = await confirmBox({ title: t("day.close.title", { n: window.number }), text: words.join(""), ok: t("day.act.close"), danger: true });
    if (sure) await this.window(window.number, { command: "close" }, t("day.done.close", { n: window.number }));
  }

  /** @param {WindowEntry} window */
  async returns(window) {
    const absence = window.absence;
    const sure = await confirmBox({
      title: t("day.return.title", { n: window.number }),
      text: t(window.clerk || (absence && absence.clerk_name) ? "day.return.text" : "day.return.text_closed"), ok: t("day.act.return"),
    });
    if (sure) await this.window(window.number, { command: "return" }, t("day.done.return", { n: window.number }));
  }

  /** @param {WindowEntry} window */
  leave(window) {
    this.leaving = true;
    const back = () => {
      this.leaving = false;
      this.admin.setDirty(false);
      this.editor.removeAttribute("data-sign");
      this.drawEditor();
    };
    show(this.queues, false); // the form needs the room
    replace(this.editor, leaveForm(this.admin, window, back));
    const first = /** @type {HTMLElement|null} */ (this.editor.querySelector("button.pick, select, input"));
    if (first) first.focus();
  }

  // --- who waits ----------------------------------------------------------------------------------

  drawQueues() {
    const queues = this.admin.state.queues;
    const all = queues.reduce((sum, queue) => sum + queue.waiting, 0);
    const sign = JSON.stringify(queues.map((queue) => [queue.prefix, queue.waiting, nameOf(queue), (queue.open_windows || []).length])) + document.documentElement.lang;
    if (this.queues.getAttribute("data-sign") === sign) return;
    this.queues.setAttribute("data-sign", sign);
    replace(this.queues,
      h("header", { class: "panel-head" }, h("h2", null, t("day.waiting", { n: all })),
        h("div", { class: "push" }, all ? button(t("day.expire_all"), () => this.expire(null, all), "quiet small danger-text") : null)),
      queues.length
        ? h("div", { class: "day-queue-list" }, queues.map((queue) => h("div", { class: "day-queue" },
          h("b", { class: "number prefix" }, queue.prefix), h("span", { class: "grow clamp-1" }, nameOf(queue)),
          h("b", { class: "number" }, t("unit.people", { n: queue.waiting })),
          queue.waiting ? button(t("day.expire"), () => this.expire(queue, queue.waiting), "quiet small danger-text") : h("span", null))))
        : h("p", { class: "empty" }, t("queues.empty")));
  }

  /** @param {{prefix: string, name: string, name_en?: string}|null} queue @param {number} n */
  async expire(queue, n) {
    const name = queue ? queue.prefix + " " + nameOf(queue) : t("day.expire_everything");
    const sure = await confirmBox({ title: t("day.expire_title", { name, n }), text: t("day.expire_text"), ok: t("day.expire_do", { n }), danger: true });
    if (sure) await this.send(() => post(this.admin.path("/commands"), { command: "expire_waiting", queue: queue ? queue.prefix : null }), t("day.done.expire", { name }));
  }

  /** A notice that is being written is not lost by accident; Ctrl+S does not post it. */
  async save() {
    const form = /** @type {HTMLFormElement|null} */ (this.leaving ? this.editor.querySelector("form") : null);
    if (form) form.requestSubmit ? form.requestSubmit() : form.dispatchEvent(new Event("submit", { cancelable: true }));
    return false;
  }
}

/** @param {WindowEntry} window */
function presentAt(window) {
  const names = window.clerk ? [window.clerk.name] : [];
  return names.concat((window.signed_in || []).map((clerk) => clerk.name));
}

/** @param {WindowEntry} window */
function whatOf(window) {
  if (window.absence) {
    const late = -minutesUntil(window.absence.expected_return);
    return late > 0
      ? h("span", { class: "state", "data-state": "alert" }, t("day.late", { reason: absenceText(window.absence.reason), time: minutesText(late) }))
      : t("day.away", { reason: absenceText(window.absence.reason), at: hhmm(window.absence.expected_return) });
  }
  if (window.ticket) return h("b", { class: "number" }, window.ticket);
  return window.covered_by ? t("day.covered", { n: window.covered_by }) : "";
}

/** @param {WindowEntry} window */
function factsOf(window) {
  /** @type {[string, string][]} */
  const facts = [];
  if (window.clerk) facts.push([t("day.clerk"), window.clerk.name + " " + window.clerk.clerk_no]);
  const detail = window.ticket_detail;
  if (detail) facts.push([t("day.ticket"), [detail.number, detail.service, detail.started_at ? t("day.started", { time: agoText(detail.started_at) }) : detail.called_at ? t("day.called", { time: agoText(detail.called_at) }) : ""].filter(Boolean).join(" · ")]);
  if ((window.held || []).length) facts.push([t("day.held"), (window.held || []).join(t("list.and"))]);
  const absence = window.absence;
  if (absence) {
    const other = isoDay(absence.expected_return) === isoDay(serverNow()) ? "" : longDate(absence.expected_return) + " ";
    facts.push([t("day.absence"), [absence.clerk_name, absenceText(absence.reason)].filter(Boolean).join(" ")]);
    facts.push([t("day.back"), other + hhmm(absence.expected_return)]);
    if (absence.destination) facts.push([t("day.destination"), absence.destination]);
    if (absence.contact) facts.push([t("day.contact"), absence.contact]);
    if (absence.backup_clerk) facts.push([t("day.backup"), absence.backup_clerk.name]);
  }
  if (window.covers) facts.push([t("day.covers"), t("window.n", { n: window.covers })]);
  if (window.covered_by) facts.push([t("day.covered_by"), t("window.n", { n: window.covered_by })]);
  if (!facts.length) return h("p", { class: "soft" }, t(window.state === "closed" ? "day.nothing_closed" : "day.nothing"));
  return h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}
