/**
 * Opening hours: the week, each day with its sessions, and the same as a picture.
 */
import { h, replace } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { serverNow } from "/static/core/time.js";
import { sessionsEditor } from "./admin.form.js";
import { button } from "./admin.list.js";
import { RulesTab } from "./admin.rules.js";
import { minutesOf, weekday } from "./hours.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./hours.js").Session} Session */

const DAYS = ["1", "2", "3", "4", "5", "6", "7"];
const TICKS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

/** A day as a bar of 24 hours. @param {Session[]} sessions */
function dayBar(sessions) {
  return h("div", { class: "day-bar", "aria-hidden": "true" }, sessions.map((session) => {
    const from = minutesOf(session.start);
    const until = minutesOf(session.until);
    if (isNaN(from) || isNaN(until) || until <= from) return null;
    const style = "left:" + (from / 14.4).toFixed(2) + "%;width:" + ((until - from) / 14.4).toFixed(2) + "%";
    return h("span", { style, "data-kind": session.by_appointment ? "appointment" : "open", title: session.start + "–" + session.until });
  }));
}

/** Hours of a day added up. @param {Session[]} sessions */
function hoursOf(sessions) {
  const minutes = sessions.reduce((sum, session) => {
    const length = minutesOf(session.until) - minutesOf(session.start);
    return sum + (length > 0 ? length : 0);
  }, 0);
  return Math.round(minutes / 6) / 10;
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openHours(admin, root) {
  return new RulesTab(admin, root, {
    name: "hours",
    parts: ["setup"],
    ready: () => Boolean(admin.setup),
    load: () => {
      const week = admin.setup ? admin.setup.settings.week : {};
      /** @type {Record<string, Session[]>} */
      const all = {};
      DAYS.forEach((day) => (all[day] = week[day] || []));
      return { week: all, closed_on_holidays: Boolean(admin.setup && admin.setup.settings.closed_on_holidays) };
    },
    form: (form, draft) => {
      const today = String(weekday(serverNow()));
      const rows = h("div", { class: "week" });
      const draw = () => replace(rows,
        h("div", { class: "week-row week-head soft small" }, h("span", null), h("span", null),
          h("div", { class: "day-ticks" }, TICKS.map((hour) => h("span", { style: "left:" + (hour / 24) * 100 + "%" }, hour)))),
        DAYS.map((day) => {
          const sessions = draft.week[day];
          const bar = h("div", { class: "week-bar" }, dayBar(sessions));
          const total = h("span", { class: "soft small nowrap" });
          const say = () => {
            replace(bar, dayBar(sessions));
            replace(total, sessions.length ? t("hours.total", { n: hoursOf(sessions) }) : t("hours.closed"));
          };
          say();
          const editor = sessionsEditor(sessions, () => {
            form.clear("week." + day);
            say();
            form.changed();
          });
          const field = form.field("week." + day, { label: t("hours.day." + day) }, editor);
          return h("div", { class: "week-row", "data-today": day === today ? "yes" : null },
            h("div", { class: "week-name" }, h("b", null, t("hours.day." + day)), day === today ? h("span", { class: "today small" }, t("hours.today")) : null, total),
            field, bar);
        }));
      draw();
      /** @param {string[]} days @param {Session[]} sessions */
      const put = (days, sessions) => {
        days.forEach((day) => (draft.week[day] = JSON.parse(JSON.stringify(sessions))));
        draw();
        form.changed();
      };
      return [
        h("div", { class: "row-wrap week-tools" },
          button(t("hours.copy_workdays"), () => put(["2", "3", "4", "5"], draft.week["1"]), "small"),
          button(t("hours.copy_all"), () => put(DAYS.slice(1), draft.week["1"]), "small"),
          button(t("hours.close_weekend"), () => put(["6", "7"], []), "small")),
        rows,
        form.check("closed_on_holidays", { label: t("hours.closed_on_holidays"), hint: t("hours.closed_on_holidays.hint") }),
        h("p", { class: "soft hours-note" }, t("hours.note")),
      ];
    },
    check: (draft) => {
      const wrong = [];
      for (const day of DAYS) {
        let before = 0;
        for (const session of draft.week[day]) {
          const from = minutesOf(session.start);
          const until = minutesOf(session.until);
          if (isNaN(from) || isNaN(until)) wrong.push({ field: "week." + day, message: t("hours.wrong.format") });
          else if (from >= until) wrong.push({ field: "week." + day, message: t("hours.wrong.order", { from: session.start, until: session.until }) });
          else if (from < before) wrong.push({ field: "week." + day, message: t("hours.wrong.overlap") });
          else {
            before = until;
            continue;
          }
          break;
        }
      }
      return wrong;
    },
    send: (draft) => {
      /** @type {Record<string, Session[]>} */
      const week = {};
      DAYS.forEach((day) => { if (draft.week[day].length) week[day] = draft.week[day]; });
      const settings = Object.assign({}, admin.setup && admin.setup.settings, { week, closed_on_holidays: draft.closed_on_holidays });
      return admin.changeSetup({ settings });
    },
    fieldOf: (field) => field.replace(/^settings\./, ""),
  });
}
