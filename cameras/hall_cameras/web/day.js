/**
 * A window's day as two lanes: what the window said of itself, and whether its zone showed somebody;
 * below them the chosen stretch in words, with its pictures.
 */
import { get } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { hhmm, isoDay, minuteOfDay, serverNow } from "/static/core/time.js";
import { minutesText } from "/static/app/words.js";
import { evidence } from "./evidence.js";

/**
 * @typedef {{state: string, since: string, until: string|null, clerk: string|null, number: string|null,
 *   alert_id: string|null, alert_state: string|null, evidence: string[]}} Stretch
 * @typedef {{camera_id: string, present: boolean, since: string, until: string|null}} Sight
 * @typedef {{day: string, window: number, intervals: Stretch[], presence: Sight[]}} Timeline
 */

const REFRESH_MS = 15000;
const ALERTED = ["suspected", "late"];

export class WindowDay {
  constructor() {
    this.hall = "";
    this.window = 0;
    /** @type {Timeline|null} */
    this.told = null;
    this.chosen = -1;
    this.askedAt = -Infinity;
    this.heading = h("h3", null);
    this.bar = h("div", { class: "day-lane", role: "listbox", tabindex: 0, onkeydown: (/** @type {KeyboardEvent} */ event) => this.keys(event) });
    this.sights = h("div", { class: "day-lane day-sights", "aria-hidden": "true" });
    this.hours = h("div", { class: "day-hours soft", "aria-hidden": "true" });
    this.words_ = h("p", { class: "day-words", role: "status" });
    this.pictures = h("div", null);
    this.node = h("section", { class: "wall-part window-day", hidden: true }, this.heading, this.hours, this.bar, this.sights, this.words_, this.pictures);
  }

  /** @param {string} hall @param {number} window  0: none */
  use(hall, window) {
    if (hall === this.hall && window === this.window) return;
    this.hall = hall;
    this.window = window;
    this.told = null;
    this.chosen = -1;
    this.askedAt = -Infinity;
    show(this.node, false);
    this.tick();
  }

  async tick() {
    if (!this.window || performance.now() - this.askedAt < REFRESH_MS || document.hidden) return;
    this.askedAt = performance.now();
    const { hall, window } = this;
    try {
      const told = await get("/halls/" + encodeURIComponent(hall) + "/windows/" + window + "/timeline");
      if (this.hall !== hall || this.window !== window) return;
      this.told = told;
      this.draw();
    } catch (error) {
      // The next round asks again.
    }
  }

  /** Minutes of the day, from its first stretch to now. */
  span() {
    const stretches = this.told ? this.told.intervals : [];
    const opened = stretches.filter((one) => one.state !== "closed");
    const now = minuteOfDay(serverNow());
    const first = opened.length ? this.minute(opened[0].since) : now;
    const from = Math.max(0, Math.floor(first / 60) * 60);
    const last = opened.length ? this.minute(opened[opened.length - 1].until) : now;
    return { from, to: Math.min(1440, Math.max(from + 60, Math.ceil((last + 1) / 60) * 60)) };
  }

  /** @param {string|null} at */
  minute(at) {
    if (at && this.told && isoDay(at) < this.told.day) return 0;
    return minuteOfDay(at || serverNow());
  }

  draw() {
    const told = this.told;
    if (!told) return;
    const { from, to } = this.span();
    /** @param {string} since @param {string|null} until */
    const place = (since, until) => {
      const start = Math.max(from, this.minute(since));
      const end = Math.min(to, this.minute(until));
      return "left:" + (100 * (start - from)) / (to - from) + "%;width:" + Math.max(0.4, (100 * (end - start)) / (to - from)) + "%";
    };
    setText(this.heading, t("day.title", { n: told.window }));
    const shown = told.intervals.filter((one) => this.minute(one.until) > from || one.state !== "closed");
    if (this.chosen < 0 || this.chosen >= told.intervals.length) this.chosen = told.intervals.length - 1;
    replace(this.bar, shown.map((one) => {
      const index = told.intervals.indexOf(one);
      return h("span", {
        class: "day-stretch", role: "option", style: place(one.since, one.until), "data-state": one.state,
        "aria-selected": String(index === this.chosen), "aria-label": this.say(one), title: this.say(one),
        onclick: () => { this.chosen = index; this.draw(); },
      });
    }));
    replace(this.sights, told.presence.map((one) =>
      h("span", { class: "day-sight", style: place(one.since, one.until), "data-present": one.present ? "yes" : "no",
        title: hhmm(one.since) + "–" + (one.until ? hhmm(one.until) : "") + " " + t("wall.presence." + (one.present ? "present" : "empty")) })));
    show(this.sights, told.presence.length > 0);
    const step = to - from > 360 ? 120 : 60;
    const marks = [];
    for (let minute = from; minute <= to; minute += step) marks.push(minute);
    replace(this.hours, marks.map((minute) => h("span", { style: "left:" + (100 * (minute - from)) / (to - from) + "%" }, String(Math.floor(minute / 60)).padStart(2, "0") + ":00")));
    const now = told.intervals[this.chosen];
    replace(this.words_, now ? [h("span", { class: "state", "data-state": tone(now.state) }, stateWord(now.state)), h("span", null, this.rest(now))] : t("day.none"));
    const sign = (now && now.evidence.join()) || "";
    if (this.pictures.getAttribute("data-sign") !== sign) {
      this.pictures.setAttribute("data-sign", sign);
      replace(this.pictures, sign ? evidence({ kind: now.state, kind_text: stateWord(now.state), since: now.since, evidence: now.evidence }) : null);
    }
    show(this.node, true);
  }

  /** @param {Stretch} one */
  rest(one) {
    const from = Date.parse(one.since);
    const to = one.until ? Date.parse(one.until) : serverNow().getTime();
    return [hhmm(one.since) + "–" + (one.until ? hhmm(one.until) : t("day.now")), minutesText((to - from) / 60000), one.number, one.clerk].filter(Boolean).join(" · ");
  }

  /** @param {Stretch} one */
  say(one) {
    return stateWord(one.state) + " " + this.rest(one);
  }

  /** @param {KeyboardEvent} event */
  keys(event) {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by || !this.told) return;
    event.preventDefault();
    this.chosen = Math.max(0, Math.min(this.told.intervals.length - 1, this.chosen + by));
    this.draw();
  }
}

/** @param {string} state */
function stateWord(state) {
  return ALERTED.indexOf(state) >= 0 ? t("day." + state) : t("window.state." + state);
}

/** @param {string} state */
function tone(state) {
  return ALERTED.indexOf(state) >= 0 ? "alert" : state;
}
