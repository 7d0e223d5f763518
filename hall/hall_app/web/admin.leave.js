/**
 * Posting where a clerk went (去向留言) in the clerk's place, also before the window was opened.
 */
import { absenceText } from "/static/core/absence.js";
import { ApiError, post } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { dayAfter, sessionsOn } from "/static/core/sessions.js";
import { hhmm, isoDay, longDate, minuteOfDay, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { Form } from "./admin.form.js";
import { minutesOf, tidyTime } from "./hours.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

const DAY_MIN = 24 * 60;

/**
 * Moments a notice usually ends at: in a while, and at the hall's next sessions.
 * @param {Admin} admin
 * @returns {{label: string, at: Date}[]}
 */
function usualReturns(admin) {
  const now = serverNow();
  const inMinutes = (/** @type {number} */ n) => new Date(now.getTime() + n * 60000);
  const list = [10, 30, 60].map((n) => ({ label: t("leave.in", { n }), at: inMinutes(n) }));
  const setup = admin.state.setup;
  const minute = minuteOfDay(now);
  for (const session of sessionsOn(setup, isoDay(now))) {
    const ahead = minutesOf(session.start) - minute;
    if (ahead > 15) list.push({ label: t("leave.session", { at: session.start }), at: inMinutes(ahead) });
  }
  const tomorrow = sessionsOn(setup, dayAfter(isoDay(now), 1));
  if (tomorrow.length) {
    const ahead = minutesOf(tomorrow[0].start) + DAY_MIN - minute;
    if (ahead > 0 && ahead <= DAY_MIN) list.push({ label: t("leave.tomorrow", { at: tomorrow[0].start }), at: inMinutes(ahead) });
  }
  return list;
}

/**
 * The form, in place of the window's actions.
 * @param {Admin} admin
 * @param {WindowEntry} window
 * @param {() => void} back
 */
export function leaveForm(admin, window, back) {
  const settings = admin.setup ? admin.setup.settings : /** @type {any} */ ({ absence_reasons: [] });
  /** @type {Record<string, any>} */
  const draft = { reason: "", time: "", contact: window.phone || "", destination: "", backup_clerk: "" };
  /** @type {Date|null} */
  let at = null;
  const form = new Form(draft, () => admin.setDirty(true));
  const problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
  const submit = h("button", { class: "button primary", type: "submit" }, t("leave.post"));
  const saidAt = h("span", { class: "hint" });

  const reasonBox = h("div", { class: "reason-picks" });
  const drawReasons = () => replace(reasonBox, settings.absence_reasons.map((/** @type {string} */ reason) =>
    h("button", { class: "pick word", type: "button", "aria-pressed": String(draft.reason === reason), onclick: () => {
      draft.reason = reason;
      form.clear("reason");
      drawReasons();
      form.changed();
      const now = /** @type {HTMLElement|null} */ (reasonBox.querySelector("[aria-pressed=true]"));
      if (now) now.focus();
    } }, absenceText(reason))));
  drawReasons();

  const time = h("input", { type: "text", class: "input time-input", maxlength: 5, placeholder: "15:30", "aria-label": t("leave.time"), inputmode: "numeric", autocomplete: "off",
    oninput: () => {
      const minute = minutesOf(tidyTime(time.value));
      at = null;
      if (!isNaN(minute)) {
        let ahead = minute - minuteOfDay(serverNow());
        if (ahead <= 0) ahead += DAY_MIN; // a time that has passed means tomorrow's
        at = new Date(serverNow().getTime() + ahead * 60000);
      }
      sayAt();
    },
    onchange: () => { time.value = tidyTime(time.value); } });
  const returns = usualReturns(admin);
  const picks = h("div", { class: "reason-picks" }, returns.map((entry) =>
    h("button", { class: "pick word", type: "button", onclick: () => {
      at = entry.at;
      time.value = hhmm(entry.at);
      sayAt();
    } }, entry.label)), time);
  const sayAt = () => {
    form.clear("expected_return");
    form.changed();
    setText(saidAt, at ? t("leave.back_at", { at: (isoDay(at) === isoDay(serverNow()) ? t("leave.today") : longDate(at)) + " " + hhmm(at) }) : "");
  };

  const own = window.clerk ? window.clerk.clerk_no : "";
  const here = new Set((window.signed_in || []).map((clerk) => clerk.clerk_no));
  const clerks = (admin.setup ? admin.setup.clerks : []).filter((clerk) => clerk.clerk_no !== own);
  const near = clerks.filter((clerk) => here.has(clerk.clerk_no) || clerk.windows.indexOf(window.number) >= 0);
  const others = clerks.filter((clerk) => near.indexOf(clerk) < 0);
  const option = (/** @type {{clerk_no: string, name: string}} */ clerk) =>
    h("option", { value: clerk.clerk_no }, clerk.name + " " + clerk.clerk_no + (here.has(clerk.clerk_no) ? t("leave.is_here") : ""));
  const backup = h("select", { onchange: () => { draft.backup_clerk = backup.value; form.changed(); } },
    h("option", { value: "" }, t("leave.nobody")),
    near.length ? h("optgroup", { label: t("leave.of_window") }, near.map(option)) : null,
    h("optgroup", { label: t("leave.others") }, others.map(option)));

  const send = async () => {
    show(problem, false);
    form.clearAll();
    const wrong = [];
    if (!draft.reason) wrong.push({ field: "reason", message: t("leave.reason_missing") });
    if (!at) wrong.push({ field: "expected_return", message: t("leave.time_missing") });
    if (wrong.length || !at) {
      form.markAll(wrong);
      return;
    }
    submit.disabled = true;
    const body = {
      command: "leave", reason: draft.reason, expected_return: at.toISOString(), contact: draft.contact.trim(),
      destination: draft.destination.trim(), backup_clerk: draft.backup_clerk || null,
    };
    try {
      await inSession(() => post(admin.path("/windows/" + window.number + "/commands"), body));
      toast(t("leave.done", { n: window.number }), { state: "open" });
      back();
    } catch (error) {
      submit.disabled = false;
      const rest = error instanceof ApiError && error.errors.length ? form.markAll(error.errors) : [problemText(error)];
      if (rest.length) {
        setText(problem, rest.join(" "));
        show(problem, true);
      }
    }
  };

  return h("form", { class: "leave-form", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); send(); } },
    h("header", { class: "panel-head editor-head" }, h("h2", null, t("leave.heading", { n: window.number })),
      window.clerk ? h("span", { class: "soft push" }, window.clerk.name) : null),
    h("div", { class: "editor-scroll" }, problem,
      window.state === "closed" ? h("p", { class: "soft" }, t("leave.closed_hint")) : null,
      form.field("reason", { label: t("leave.reason") }, reasonBox),
      form.field("expected_return", { label: t("leave.return") }, picks, h("div", null, picks, saidAt)),
      form.text("contact", { label: t("leave.contact"), hint: t("leave.contact_hint"), max: 60 }),
      form.text("destination", { label: t("leave.destination"), hint: t("leave.destination_hint"), max: 60 }),
      form.field("backup_clerk", { label: t("leave.backup"), hint: t("leave.backup_hint") }, backup)),
    h("footer", { class: "editor-foot" }, h("span", { class: "soft small" }, t("leave.shown")),
      h("div", { class: "push row" }, h("button", { class: "button", type: "button", onclick: back }, t("cancel")), submit)));
}
