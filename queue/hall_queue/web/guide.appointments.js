/**
 * Appointments at the guide desk: a day's list, booking one, cancelling one. The code is told once,
 * to who booked; the list never has it.
 */
import { get, post } from "/static/core/api.js";
import { confirmBox, dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { dayAfter, holidayOn, sessionsOn, weekdayOf } from "/static/core/sessions.js";
import { hhmm, isoDay, serverNow } from "/static/core/time.js";
import { form, Missing, pickField, rulesOf, selectField, sentence, textField } from "./desk.js";
import { wanted, wantOptions } from "./guide.forms.js";

/** @typedef {import("./guide.js").Guide} Guide */

/**
 * @typedef {{appointment_id: string, queue: string, service: string|null, day: string, start: string,
 *   until: string, state: string, phone: string}} Appointment
 * @typedef {{day: string, appointments: Appointment[], counts: Record<string, number>}} Day
 */

const DAYS = 15; // today, and as far ahead as may be booked

/** @param {Guide} guide */
function path(guide) {
  return "/halls/" + encodeURIComponent(guide.hall) + "/appointments";
}

/**
 * The days on which the hall opens, as far ahead as may be booked, and those on which it would but
 * for a holiday: what was booked for them before can still be cancelled.
 * @param {Guide} guide
 */
function openDays(guide) {
  const setup = guide.state().setup;
  const days = [];
  for (let ahead = 0; ahead < DAYS; ahead += 1) {
    const day = dayAfter(isoDay(serverNow()), ahead);
    const holiday = holidayOn(setup, day);
    const label = day.slice(5) + " " + t("weekday." + weekdayOf(day));
    if (holiday !== null) days.push({ day, off: true, label: label + " " + t("booked.holiday", { name: holiday || t("booked.holiday_unnamed") }) });
    else if (sessionsOn(setup, day).length) days.push({ day, off: false, label });
  }
  return days;
}

/**
 * Slots of a day that still lie ahead, in the hours of the queue that is wanted.
 * @param {Guide} guide
 * @param {string} day
 * @param {string|null} choice
 */
function slots(guide, day, choice) {
  const minutes = rulesOf(guide.state()).appointment_slot_min;
  const today = day === isoDay(serverNow());
  const options = [];
  for (const session of sessionsOn(guide.state().setup, day, choice ? prefixOf(guide, wanted(choice)) : "")) {
    const clock = (/** @type {string} */ text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
    for (let at = clock(session.start); at + minutes <= clock(session.until); at += minutes) {
      const text = ("0" + Math.floor(at / 60)).slice(-2) + ":" + ("0" + (at % 60)).slice(-2);
      if (!today || text > hhmm(serverNow())) options.push({ value: text, label: text });
    }
  }
  return options;
}

/** @param {Guide} guide @param {{service?: string, queue?: string}} choice */
function prefixOf(guide, choice) {
  const service = guide.state().services.find((other) => other.id === choice.service);
  return service ? service.prefix : choice.queue || "";
}

/** @param {Guide} guide @param {Appointment} one */
function what(guide, one) {
  const state = guide.state();
  const service = state.services.find((other) => other.id === one.service);
  const queue = state.queues.find((other) => other.prefix === one.queue);
  return service ? nameOf(service) : queue ? queue.prefix + " " + nameOf(queue) : one.queue;
}

/**
 * The list of a day; from here one is booked or cancelled.
 * @param {Guide} guide
 */
export async function appointmentsDialog(guide) {
  let day = isoDay(serverNow());
  for (;;) {
    const next = await listDialog(guide, day, (chosen) => { day = chosen; });
    if (next !== "book") return;
    const made = await bookForm(guide, day);
    if (made) {
      day = made.day;
      await codeDialog(guide, made);
    }
  }
}

/**
 * @param {Guide} guide
 * @param {string} first
 * @param {(day: string) => void} chose
 * @returns {Promise<"book"|null>}
 */
function listDialog(guide, first, chose) {
  const answer = dialog(t("booked.list"), (/** @type {(r: "book"|null) => void} */ close) => {
    const counts = h("p", { class: "soft" });
    const rows = h("div", { class: "booked-rows", role: "list" });
    const problem = h("p", { class: "form-error", role: "alert", hidden: true });
    const select = h("select", { class: "input", "aria-label": t("booked.day"), onchange: () => load(select.value) },
      openDays(guide).map((one) => h("option", { value: one.day, selected: one.day === first }, one.label)));
    const load = async (/** @type {string} */ day) => {
      chose(day);
      try {
        /** @type {Day} */
        const found = await get(path(guide) + "?day=" + encodeURIComponent(day));
        setText(counts, t("booked.counts", { n: found.counts.booked, came: found.counts.checked_in, missed: found.counts.missed }));
        replace(rows, found.appointments.length ? found.appointments.map((one) => row(one)) : h("p", { class: "empty" }, t("booked.none")));
        show(problem, false);
      } catch (error) {
        setText(problem, sentence(error));
        show(problem, true);
      }
    };
    const row = (/** @type {Appointment} */ one) => h("div", { class: "booked-row", role: "listitem" },
      h("b", { class: "nowrap" }, hhmm(one.start) + "–" + hhmm(one.until)),
      h("span", { class: "grow clamp-1" }, what(guide, one)),
      h("span", { class: "soft nowrap" }, one.phone),
      h("span", { class: "nowrap booked-state" }, t("booked.state." + one.state)),
      one.state === "booked"
        ? h("button", { class: "button", type: "button", onclick: () => cancel(one) }, t("booked.cancel"))
        : h("span", { class: "booked-blank" }));
    const cancel = async (/** @type {Appointment} */ one) => {
      const sure = await confirmBox({
        title: t("booked.cancel_title", { at: hhmm(one.start), what: what(guide, one) }), text: t("booked.cancel_text"),
        ok: t("booked.cancel_do"), danger: true,
      });
      if (!sure) return;
      try {
        await post(path(guide) + "/" + one.appointment_id + "/commands", { command: "cancel" });
        guide.say(t("booked.cancelled"), "open");
        load(one.day);
      } catch (error) {
        setText(problem, sentence(error));
        show(problem, true);
      }
    };
    load(first);
    return h("div", { class: "stack" }, h("div", { class: "row" }, h("div", { class: "booked-day" }, select), counts), problem, rows,
      h("div", { class: "actions" },
        h("button", { class: "button", type: "button", onclick: () => close(null) }, t("close"), h("kbd", null, "Esc")),
        h("button", { class: "button primary", type: "button", "data-first": true, onclick: () => close("book") }, t("booked.new"))));
  });
  document.querySelectorAll(".veil .dialog").forEach((box) => box.classList.add("wide"));
  return answer;
}

/**
 * @param {Guide} guide
 * @param {string} first  the day that was looked at
 * @returns {Promise<(Appointment & {code: string})|null>}
 */
function bookForm(guide, first) {
  const days = openDays(guide);
  const service = pickField({
    name: "service", label: t("booked.what"), placeholder: t("issue.search"), rows: 5, options: wantOptions(guide.state()),
    onpick: () => times(),
  });
  const open = days.filter((one) => !one.off);
  const chosen = open.find((one) => one.day === first) || open[0];
  const day = selectField({
    name: "day", label: t("booked.day"), options: days.map((one) => ({ value: one.day, label: one.label })), value: chosen ? chosen.day : "",
  });
  const start = selectField({ name: "start", label: t("booked.start"), options: [] });
  const phone = textField({ name: "phone", label: t("booked.phone"), hint: t("booked.phone_hint"), maxlength: 20, inputmode: "tel" });
  Array.from(day.input.options).forEach((option, at) => { option.disabled = days[at].off; });
  const times = () => {
    const before = start.input.value;
    const options = slots(guide, day.input.value, service.value());
    replace(start.input, options.map((one) => h("option", { value: one.value, selected: one.value === before }, one.label)));
  };
  day.input.addEventListener("change", times);
  start.input.addEventListener("focus", times); // what is wanted may have been typed since
  times();
  return form({
    title: t("booked.new"), submit: t("booked.do"),
    fields: [service, h("div", { class: "pair" }, day.node, start.node), phone], also: [day, start],
    send: () => {
      if (!service.value()) throw new Missing("service", t("issue.choose"));
      if (!start.input.value) throw new Missing("start", t("booked.no_time"));
      return post(path(guide), Object.assign({ day: day.input.value, start: start.input.value, phone: phone.input.value.trim() }, wanted(service.value())));
    },
  });
}

/** @param {Guide} guide @param {Appointment & {code: string}} made */
function codeDialog(guide, made) {
  return dialog(t("booked.done"), (close) => h("div", { class: "stack" },
    h("p", null, made.day + " " + hhmm(made.start) + "–" + hhmm(made.until) + " · " + what(guide, made)),
    h("div", { class: "booked-code number" }, made.code.slice(0, 4) + " " + made.code.slice(4)),
    h("p", { class: "soft" }, t("booked.code_hint", {
      early: rulesOf(guide.state()).appointment_early_min, late: rulesOf(guide.state()).appointment_late_min,
    })),
    h("div", { class: "actions" },
      h("button", { class: "button primary", type: "button", "data-first": true, onclick: () => close(null) }, t("booked.told"), h("kbd", null, "Enter")))));
}
