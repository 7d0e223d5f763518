/**
 * 去向留言: leaving with a notice, in a form or with one key, and coming back.
 */
import { absenceText } from "/static/core/absence.js";
import { confirmBox, dialog } from "/static/core/dialog.js";
import { h, setText } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { sessionsOn } from "/static/core/sessions.js";
import { dayAnd, hhmm, isoDay, minuteOfDay, serverNow } from "/static/core/time.js";
import { clerkOptions, clerksOf } from "./counter.clerks.js";
import { choiceField, form, Missing, rulesOf, selectField, textField } from "./desk.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("/static/core/types.js").AbsenceEntry} AbsenceEntry */
/** @typedef {import("./counter.js").Counter} Counter */
/** @typedef {import("./counter.commands.js").Body} Body */

// --- leaving ---------------------------------------------------------------------------------------

/** @param {number} minutes */
export function durationText(minutes) {
  const m = Math.max(0, Math.round(minutes));
  if (m < 60) return t("duration.m", { m });
  return m % 60 ? t("duration.hm", { h: Math.floor(m / 60), m: m % 60 }) : t("duration.h", { h: m / 60 });
}

/**
 * Minutes from now to the next time that the hall's clock shows `text`; -1: no time of day.
 * @param {string} text
 */
function minutesTo(text) {
  const found = /^(\d{1,2})[:：.]?(\d{2})$/.exec(text.trim());
  if (!found || Number(found[1]) > 23 || Number(found[2]) > 59) return -1;
  const ahead = Number(found[1]) * 60 + Number(found[2]) - minuteOfDay(serverNow());
  return ahead <= 0 ? ahead + 1440 : ahead;
}

/** @param {number} minutes from now, to the full minute */
function inMinutes(minutes) {
  const at = serverNow();
  at.setSeconds(0, 0);
  return new Date(at.getTime() + minutes * 60000);
}

/** The end of the session that runs now, "12:00", or "". @param {HallState} state */
function sessionEnd(state) {
  const today = sessionsOn(state.setup, isoDay(serverNow()));
  const now = minuteOfDay(serverNow());
  const minutes = (/** @type {string} */ text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  const running = today.find((one) => minutes(one.start) <= now && now < minutes(one.until));
  return running && running.until !== "24:00" ? running.until : "";
}

/** @param {Counter} counter */
export async function leaveForm(counter) {
  const state = counter.state();
  const rules = rulesOf(state);
  const mine = counter.mine();
  const reason = choiceField({
    name: "reason", label: t("leave.reason"), value: "",
    options: rules.absence_reasons.map((name) => ({ value: name, label: absenceText(name) })),
    onpick: () => reason.fail(""),
  });
  const back = textField({
    name: "expected_return", label: t("leave.back"), value: hhmm(inMinutes(30)), maxlength: 5, inputmode: "numeric",
  });
  const hint = h("span", { class: "hint" });
  const tell = () => {
    const minutes = minutesTo(back.input.value);
    setText(hint, minutes < 0 ? t("leave.back_bad")
      : t("leave.back_hint", { when: dayAnd(inMinutes(minutes).toISOString()), left: durationText(minutes) }));
  };
  const setBack = (/** @type {string} */ text) => {
    back.input.value = text;
    back.fail("");
    tell();
  };
  back.input.addEventListener("input", tell);
  const end = sessionEnd(state);
  const quick = h("div", { class: "quicks" },
    [10, 30, 60, 120].map((n) => h("button", { class: "button quick", type: "button", onclick: () => setBack(hhmm(inMinutes(n))) },
      n < 60 ? t("leave.plus", { n }) : t("leave.plus_hours", { n: n / 60 }))),
    end ? h("button", { class: "button quick", type: "button", onclick: () => setBack(end) }, t("leave.session_end", { at: end })) : null);
  back.node.insertBefore(quick, back.input.nextSibling);
  back.node.insertBefore(hint, quick.nextSibling);
  tell();
  const contact = textField({
    name: "contact", label: t("leave.contact"), hint: t("leave.contact_hint"), value: mine.phone || "",
  });
  const destination = textField({ name: "destination", label: t("leave.destination") });
  const backup = selectField({ name: "backup_clerk", label: t("leave.backup"), options: [{ value: "", label: t("leave.backup_none") }] });
  const ready = clerksOf(counter).then((clerks) => {
    for (const option of clerkOptions(clerks, mine)) {
      if (mine.clerk && option.value === mine.clerk.clerk_no) continue;
      const here = (mine.signed_in || []).some((one) => one.clerk_no === option.value);
      backup.input.appendChild(h("option", { value: option.value },
        here ? t("leave.backup_here", { name: option.label }) : option.label));
      if (here && !backup.input.value) backup.input.value = option.value;
    }
  });
  const answer = form({
    title: t("leave.title"), submit: t("leave.submit"),
    fields: [reason, back, h("div", { class: "pair" }, contact.node, destination.node), backup],
    also: [contact, destination],
    send: async () => {
      await ready;
      if (!reason.value()) throw new Missing("reason", t("leave.reason_missing"));
      const minutes = minutesTo(back.input.value);
      if (minutes < 0) throw new Missing("expected_return", t("leave.back_bad"));
      /** @type {Body} */
      const body = {
        command: "leave", reason: reason.value(), expected_return: inMinutes(minutes).toISOString(),
        contact: contact.input.value.trim(), destination: destination.input.value.trim(),
      };
      if (backup.input.value) body.backup_clerk = backup.input.value;
      return counter.commands.send(body);
    },
  });
  const sent = await answer;
  if (sent) counter.saidLeft();
}

/**
 * One key: 短时离开 for the hall's minutes, with the desk number; who is signed in beside carries on.
 * @param {Counter} counter
 */
export async function quickLeave(counter) {
  const rules = rulesOf(counter.state());
  const mine = counter.mine();
  /** @type {Body} */
  const body = {
    command: "leave",
    reason: rules.quick_absence_reason || rules.absence_reasons[rules.absence_reasons.length - 1] || "",
    expected_return: inMinutes(rules.quick_absence_min).toISOString(),
    contact: mine.phone || "",
  };
  const beside = mine.signed_in || [];
  if (beside.length) body.backup_clerk = beside[0].clerk_no;
  const sent = await counter.press(body);
  if (sent) counter.saidLeft();
}

// --- coming back -----------------------------------------------------------------------------------

/**
 * Whoever stands in for an absent clerk leaves, too, or gives the window back: which of the two is
 * asked, because what follows is booked to whoever has the window.
 * @param {Counter} counter
 */
export async function standInForm(counter) {
  const mine = counter.mine();
  const notices = noticesUp(mine);
  const mayLeave = (mine.commands || []).indexOf("leave") >= 0;
  if (!mayLeave && notices.length === 1) return returnForm(counter, notices[0]);
  /** @type {AbsenceEntry|"leave"|null} */
  const chosen = await dialog(t("stand_in.title"), (close) => [
    h("p", null, t("stand_in.text", { name: notices.map(nameIn(mine)).join(t("list.comma")) })),
    h("div", { class: "stack" },
      mayLeave ? h("button", { class: "button primary wide", type: "button", onclick: () => close("leave") }, t("stand_in.leave")) : null,
      notices.map((notice) => h("button", { class: "button wide", type: "button", onclick: () => close(notice) },
        t("stand_in.return", { name: nameIn(mine)(notice) })))),
  ]);
  if (chosen === "leave") return leaveForm(counter);
  if (chosen) return returnForm(counter, chosen);
}

/**
 * The absent clerk comes back to a window that the B post kept open.
 * @param {Counter} counter
 * @param {AbsenceEntry} notice
 */
async function returnForm(counter, notice) {
  const name = notice.clerk_name || "";
  const sure = await confirmBox({
    title: t("return.title", { name }), text: t("return.text", { name }), ok: t("return.submit"),
  });
  if (sure) await counter.press(returning(notice));
}

/**
 * Nobody is there: who is back takes the window over. Asked only where it may be one of several.
 * @param {Counter} counter
 */
export async function backForm(counter) {
  const mine = counter.mine();
  const notices = noticesUp(mine);
  if (notices.length < 2) return counter.press({ command: "return" });
  /** @type {AbsenceEntry|null} */
  const back = await dialog(t("back.title"), (close) => [
    h("p", null, t("back.text")),
    h("div", { class: "stack" }, notices.map((notice, at) =>
      h("button", { class: "button wide" + (at ? "" : " primary"), type: "button", onclick: () => close(notice) },
        t("back.who", { name: nameIn(mine)(notice), reason: absenceText(notice.reason) })))),
  ]);
  if (back) await counter.press(returning(back));
}

/** Who left last first, as they are most likely to be back. @param {WindowEntry} mine */
function noticesUp(mine) {
  return (mine.absences_before || []).concat(mine.absence || []).reverse();
}

/** @param {WindowEntry} mine @returns {(notice: AbsenceEntry) => string} */
function nameIn(mine) {
  return (notice) => notice.clerk_name || t("window.n", { n: mine.number });
}

/** @param {AbsenceEntry} notice @returns {Body} */
function returning(notice) {
  return notice.clerk_no ? { command: "return", clerk: notice.clerk_no } : { command: "return" };
}
