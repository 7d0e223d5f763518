/**
 * The working days of a year: what was announced (holidays, worked weekends) as a calendar of twelve
 * months and as a list; an administrator pastes the notice's dates, and the calendar shows at once
 * what they come to.
 */
import { ApiError, get, put } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { lang, t } from "/static/core/i18n.js";
import { isoDay, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { button, tabHead } from "./admin.list.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";
import { daysOf, isoOf, isoWeekday, linesOf } from "./admin.workdays.lines.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.workdays.lines.js").SpecialDay} SpecialDay */
/** @typedef {{year: number, known: boolean, days: SpecialDay[], missing: number[]}} WorkingDays */

const FIRST_YEAR = 2000;
const LAST_YEAR = 2100;
const DAY_MS = 86400000;
const MOST_WRONG = 6; // lines that are explained at once

/** @param {Admin} admin @param {HTMLElement} root */
export function openWorkdays(admin, root) {
  return new WorkdaysTab(admin, root);
}

/** @param {string} day @param {Intl.DateTimeFormatOptions} options */
function said(day, options) {
  const locale = lang() === "en" ? "en-GB" : "zh-CN";
  return new Intl.DateTimeFormat(locale, Object.assign({ timeZone: "UTC" }, options)).format(new Date(day + "T00:00:00Z"));
}

/** `1月1日`, `1 Jan`. @param {string} day */
const dateText = (day) => said(day, { month: "short", day: "numeric" });

/** Every day of a year. @param {number} year */
function daysOfYear(year) {
  const days = [];
  for (let at = Date.UTC(year, 0, 1); at < Date.UTC(year + 1, 0, 1); at += DAY_MS) days.push(isoOf(at));
  return days;
}

/**
 * Days that follow one another under one name, as one.
 * @param {SpecialDay[]} days
 */
function stretches(days) {
  /** @type {{from: string, until: string, count: number, workday: boolean, name: string}[]} */
  const all = [];
  for (const day of days) {
    const last = all[all.length - 1];
    const follows = last && Date.parse(day.day) - Date.parse(last.until) === DAY_MS;
    if (last && follows && last.name === day.name && last.workday === day.workday) {
      last.until = day.day;
      last.count += 1;
    } else all.push({ from: day.day, until: day.day, count: 1, workday: day.workday, name: day.name });
  }
  return all;
}

class WorkdaysTab {
  /** @param {Admin} admin @param {HTMLElement} root */
  constructor(admin, root) {
    this.admin = admin;
    this.root = root;
    this.mayImport = admin.is("admin") && Boolean(admin.me.all_halls);
    this.today = isoDay(serverNow());
    this.year = Number(this.today.slice(0, 4));
    /** @type {WorkingDays|null} */
    this.answer = null;
    /** What is being typed; null: nobody edits. @type {string|null} */
    this.text = null;
    this.asked = 0;
    this.busy = false;
    this.head = h("div", null);
    this.warning = h("div", { class: "banner", "data-state": "away", role: "status", hidden: true });
    this.calendar = h("div", { class: "year" });
    this.side = h("section", { class: "panel editor" });
    this.wrong = h("div", { class: "day-lines-wrong", role: "alert", hidden: true });
    this.sum = h("p", { class: "soft" });
    this.state = h("span", { class: "save-state", role: "status" });
    this.load();
  }

  /** @param {string} key  a year */
  open(key) {
    const year = Number(key);
    if (year >= FIRST_YEAR && year <= LAST_YEAR && year !== this.year) this.go(year);
  }

  /** @param {number} year */
  async go(year) {
    if (!(await this.admin.mayLeave())) return;
    this.year = year;
    this.answer = null;
    this.text = null;
    this.admin.setDirty(false);
    this.admin.noteEntry(String(year));
    this.load();
  }

  async load() {
    this.draw();
    const asked = (this.asked += 1);
    try {
      const answer = await inSession(() => get("/working-days?year=" + this.year));
      if (asked !== this.asked) return;
      this.answer = answer;
      this.draw();
    } catch (error) {
      if (asked === this.asked) replace(this.side, h("p", { class: "empty", role: "alert" }, problemText(error)));
    }
  }

  // --- drawing ------------------------------------------------------------------------------------

  draw() {
    const step = (/** @type {number} */ by, /** @type {string} */ sign) => h("button", {
      class: "button small", type: "button", "aria-label": t("workdays.year", { n: this.year + by }), title: t("workdays.year", { n: this.year + by }),
      disabled: this.year + by < FIRST_YEAR || this.year + by > LAST_YEAR, onclick: () => { this.go(this.year + by); },
    }, sign);
    const edits = this.mayImport && this.answer && this.text === null;
    replace(this.root,
      tabHead(t("tab.workdays"), t("workdays.lead"),
        h("div", { class: "row year-steps" }, step(-1, "‹"), h("h2", { "aria-live": "polite" }, t("workdays.year", { n: this.year })), step(1, "›")),
        edits ? button(t(this.answer && this.answer.known ? "workdays.change" : "workdays.import"), () => this.edit(), "primary") : null),
      this.warning,
      h("div", { class: "tab-split workdays" },
        h("section", { class: "panel" }, this.calendar), this.side));
    this.drawWarning();
    if (this.text === null) this.drawList();
    else this.drawEditor(this.text);
    this.drawCalendar();
  }

  /** @param {"off"|"worked"} kind */
  mark(kind) {
    return h("b", { class: "day-mark", "data-kind": kind, "aria-hidden": "true" }, t("workdays.mark." + kind));
  }

  /** @param {string} title */
  sideHead(title) {
    return h("header", { class: "panel-head" }, h("h2", { class: "grow" }, title),
      h("div", { class: "row small year-legend" },
        h("span", null, this.mark("off"), t("workdays.legend.off")), h("span", null, this.mark("worked"), t("workdays.legend.worked"))));
  }

  drawWarning() {
    const { answer } = this;
    const unknown = answer ? answer.missing.concat(answer.known ? [] : [answer.year]) : [];
    const years = Array.from(new Set(unknown)).sort();
    show(this.warning, years.length > 0);
    replace(this.warning, h("span", { class: "grow" }, t("workdays.unknown", { years: years.join("、") })),
      years.some((year) => year !== this.year)
        ? years.filter((year) => year !== this.year).map((year) => button(t("workdays.year", { n: year }), () => { this.go(year); }, "small")) : null);
  }

  /** The days to be shown: stored, or as they are being typed. @returns {SpecialDay[]} */
  shown() {
    if (this.text !== null) return daysOf(this.text, this.year).days;
    return this.answer ? this.answer.days : [];
  }

  drawCalendar() {
    const special = new Map(this.shown().map((day) => /** @type {[string, SpecialDay]} */ ([day.day, day])));
    const all = daysOfYear(this.year);
    const months = Array.from({ length: 12 }, (_, month) => all.filter((day) => Number(day.slice(5, 7)) === month + 1));
    replace(this.calendar, months.map((days) => this.month(days, special)));
    const worked = all.filter((day) => {
      const found = special.get(day);
      return found ? found.workday : isoWeekday(day) < 6;
    });
    const days = Array.from(special.values());
    setText(this.sum, t("workdays.sum", {
      off: days.filter((day) => !day.workday).length, worked: days.filter((day) => day.workday).length, all: worked.length,
    }));
  }

  /** @param {string[]} days @param {Map<string, SpecialDay>} special */
  month(days, special) {
    /** @type {(string|null)[]} */
    const cells = Array.from({ length: isoWeekday(days[0]) - 1 }, () => null);
    const all = cells.concat(days);
    const weeks = Array.from({ length: Math.ceil(all.length / 7) }, (_, week) => all.slice(week * 7, week * 7 + 7));
    const monday = "2024-01-0"; // the first was one
    return h("table", { class: "month" },
      h("caption", null, t("workdays.month", { n: Number(days[0].slice(5, 7)), name: said(days[0], { month: "long" }) })),
      h("thead", null, h("tr", null, [1, 2, 3, 4, 5, 6, 7].map((day) => h("th", { scope: "col", "data-weekend": day > 5 ? "yes" : null }, said(monday + day, { weekday: "narrow" }))))),
      h("tbody", null, weeks.map((week) => h("tr", null, week.map((day) => day ? this.day(day, special.get(day)) : h("td", null))))));
  }

  /** @param {string} day @param {SpecialDay|undefined} special */
  day(day, special) {
    const kind = special ? (special.workday ? "worked" : "off") : isoWeekday(day) > 5 ? "weekend" : null;
    const title = special ? dateText(day) + " " + t("workdays.legend." + kind) + (special.name ? " " + special.name : "") : null;
    return h("td", { "data-kind": kind, "data-today": day === this.today ? "yes" : null, title },
      Number(day.slice(8)), special ? h("small", null, t("workdays.mark." + kind)) : null);
  }

  drawList() {
    const { answer } = this;
    replace(this.side,
      this.sideHead(t("workdays.list")),
      h("div", { class: "editor-scroll" },
        !answer ? h("p", { class: "empty" }, t("starting.title"))
          : answer.known
            ? h("ul", { class: "day-list" }, stretches(answer.days).map((entry) => h("li", { "data-kind": entry.workday ? "worked" : "off" },
              this.mark(entry.workday ? "worked" : "off"),
              h("b", { class: "clamp-1" }, entry.name || t("workdays.unnamed")),
              h("span", { class: "push nowrap" }, entry.count > 1 ? dateText(entry.from) + " – " + dateText(entry.until) : dateText(entry.from)),
              h("span", { class: "soft nowrap" }, entry.count > 1 ? t("workdays.days", { n: entry.count }) : said(entry.from, { weekday: "short" })))))
            : h("p", { class: "empty" }, t("workdays.none", { n: this.year })),
        answer ? this.sum : null,
        answer && !this.mayImport ? h("p", { class: "soft" }, t("workdays.admins")) : null));
  }

  // --- the notice's dates -------------------------------------------------------------------------

  edit() {
    this.text = this.answer ? linesOf(this.answer.days) : "";
    this.draw();
    const area = this.root.querySelector("textarea");
    if (area) area.focus();
  }

  /** @param {string} text */
  drawEditor(text) {
    const area = h("textarea", {
      class: "input mono day-lines", spellcheck: "false", "aria-label": t("workdays.lines"), placeholder: t("workdays.example", { n: this.year }),
      oninput: () => {
        this.text = area.value;
        this.edited();
      },
    }, text);
    replace(this.side,
      this.sideHead(t("workdays.lines")),
      h("div", { class: "editor-scroll day-lines-box" },
        h("p", { class: "hint" }, t("workdays.hint", { n: this.year })), area, this.wrong, this.sum),
      h("footer", { class: "editor-foot" }, this.state,
        h("div", { class: "push row" },
          button(t("cancel"), () => this.cancel()),
          button(t("entry.save"), () => { this.save(); }, "primary"))));
    this.edited();
  }

  edited() {
    if (this.text === null) return;
    const changed = this.text.trim() !== linesOf(this.answer ? this.answer.days : []).trim();
    this.admin.setDirty(changed);
    setText(this.state, t(changed ? "entry.unsaved" : "entry.saved"));
    this.state.setAttribute("data-dirty", changed ? "yes" : "no");
    this.drawCalendar();
    const { wrong } = daysOf(this.text, this.year);
    this.explain(wrong.map((entry) => t("workdays.line", { n: entry.line }) + t("workdays.wrong." + entry.why, { day: entry.day, n: this.year })));
  }

  /** @param {string[]} problems */
  explain(problems) {
    show(this.wrong, problems.length > 0);
    const more = problems.length - MOST_WRONG;
    replace(this.wrong, problems.slice(0, MOST_WRONG).map((problem) => h("p", null, problem)),
      more > 0 ? h("p", null, t("workdays.wrong.more", { n: more })) : null);
  }

  cancel() {
    this.text = null;
    this.admin.setDirty(false);
    this.draw();
  }

  /** @returns {Promise<boolean>} */
  async save() {
    if (this.text === null || this.busy) return false;
    const { days, wrong } = daysOf(this.text, this.year);
    if (wrong.length) {
      this.edited();
      return false;
    }
    this.busy = true;
    try {
      const body = { days: days.map(({ day, workday, name }) => ({ day, workday, name })) };
      this.answer = await inSession(() => put("/working-days?year=" + this.year, body));
      this.text = null;
      this.admin.setDirty(false);
      this.draw();
      toast(t("workdays.saved", { n: this.year }), { state: "open" });
      return true;
    } catch (error) {
      this.explain(error instanceof ApiError && error.errors.length ? error.errors.map((entry) => {
        const at = /^days\[(\d+)\]/.exec(entry.field);
        return (at && days[Number(at[1])] ? t("workdays.line", { n: days[Number(at[1])].line }) : "") + entry.message;
      }) : [problemText(error)]);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
