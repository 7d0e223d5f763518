/**
 * The forms of the counter. Each is a few fields and one command; a number that has changed since
 * the form was opened is the server's to refuse, and the form says so and stays.
 */
import { absenceText } from "/static/core/absence.js";
import { get, newKey, post } from "/static/core/api.js";
import { confirmBox, dialog } from "/static/core/dialog.js";
import { h } from "/static/core/dom.js";
import { lang, nameOf, t } from "/static/core/i18n.js";
import { hhmm } from "/static/core/time.js";
import { clerkOptions, clerksOf } from "./counter.clerks.js";
import { lineRow } from "./counter.rows.js";
import { form, Missing, pickField, rulesOf, selectField, serviceText, textField } from "./desk.js";

/** @typedef {import("./counter.js").Counter} Counter */
/** @typedef {import("./counter.commands.js").Body} Body */

/**
 * 工号 and, when the hall asks for it, PIN. The answer 422 `pin` brings the field as well.
 * @param {Counter} counter
 * @param {{title: string, text?: string, submit: string, command: string, without?: string, first?: string}} options
 */
async function clerkForm(counter, options) {
  const clerks = await clerksOf(counter);
  const clerk = pickField({
    name: "clerk", label: t("clerk.label"), placeholder: t("clerk.hint"), free: true, rows: 5, value: options.first || "",
    options: clerkOptions(clerks, counter.mine()).filter((option) => option.value !== options.without),
  });
  const pin = textField({ name: "pin", label: t("pin.label"), type: "password", maxlength: 20, inputmode: "numeric" });
  pin.node.hidden = !rulesOf(counter.state()).pin_required;
  return form({
    title: options.title, text: options.text, submit: options.submit, fields: [clerk, pin],
    failed: (error) => {
      if (!error.field("pin") && error.code !== "wrong_pin") return;
      pin.node.hidden = false;
      pin.input.value = "";
      setTimeout(pin.focus, 0);
    },
    send: async () => {
      const clerkNo = clerk.value();
      if (!clerkNo) throw new Missing("clerk", t("clerk.missing"));
      if (!pin.node.hidden && !pin.input.value) throw new Missing("pin", t("pin.missing"));
      /** @type {Body} */
      const body = { command: options.command, clerk: clerkNo };
      if (!pin.node.hidden) body.pin = pin.input.value;
      await counter.commands.send(body);
      return clerkNo;
    },
  });
}

const LAST_CLERK = "hall.counter.clerk:";

/** @param {Counter} counter */
export async function openForm(counter) {
  const place = LAST_CLERK + counter.hall + ":" + counter.number;
  let last = "";
  try {
    last = localStorage.getItem(place) || "";
  } catch (error) {
    // without storage the number is typed
  }
  const opened = await clerkForm(counter, {
    title: t("open.title", { n: counter.number }), submit: t("open.submit"), command: "open", first: last,
  });
  if (!opened) return;
  try {
    localStorage.setItem(place, opened);
  } catch (error) {
    // as above
  }
}

/** @param {Counter} counter */
export function handoverForm(counter) {
  const mine = counter.mine();
  return clerkForm(counter, {
    title: t("handover.title"), text: t("handover.text"), submit: t("handover.submit"), command: "handover",
    without: mine.clerk ? mine.clerk.clerk_no : "",
  });
}

/** @param {Counter} counter */
export async function signInForm(counter) {
  const mine = counter.mine();
  const present = mine.signed_in || [];
  if (present.length) {
    /** @type {string|null} */
    const chosen = await dialog(t("sign_in.title"), (close) => [
      h("div", { class: "stack" },
        present.map((clerk) => h("button", { class: "button wide", type: "button", onclick: () => close(clerk.clerk_no) },
          t("sign_in.out", { name: clerk.clerk_no + " " + clerk.name }))),
        h("button", { class: "button primary wide", type: "button", onclick: () => close("+") }, t("sign_in.title"))),
    ]);
    if (!chosen) return;
    if (chosen !== "+") {
      await counter.press({ command: "sign_out", clerk: chosen });
      return;
    }
  }
  await clerkForm(counter, {
    title: t("sign_in.title"), text: t("sign_in.text"), submit: t("sign_in.submit"), command: "sign_in",
    without: mine.clerk ? mine.clerk.clerk_no : "",
  });
}

/** @param {Counter} counter */
export async function closeForm(counter) {
  const waiting = counter.waiting();
  const sure = await confirmBox({
    title: t("close.title", { n: counter.number }),
    text: [
      t("close.text"), waiting ? t("close.waiting", { n: waiting }) : "", counter.mine().absence ? t("close.absence") : "",
    ].filter(Boolean).join(lang() === "en" ? " " : ""),
    ok: t("close.submit"), danger: true,
  });
  if (sure) await counter.press({ command: "close" });
}

/** @param {Counter} counter */
export function transferForm(counter) {
  const state = counter.state();
  const mine = counter.mine();
  const queues = state.queues.map((queue) => ({
    value: "q" + queue.prefix,
    label: t("transfer.queue", { prefix: queue.prefix, name: nameOf(queue) }),
    hint: (queue.open_windows || []).length ? t("count.waiting", { n: queue.waiting }) : t("transfer.no_window"),
    words: queue.name,
  }));
  const windows = state.windows.filter((one) => one.number !== mine.number && one.state !== "closed").map((one) => ({
    value: "w" + one.number,
    label: t("window.n", { n: one.number }) + " " + nameOf(one),
    hint: t("window.state." + one.state),
    words: String(one.number) + " " + one.name + " " + (one.clerk ? one.clerk.name : ""),
  }));
  const target = pickField({ name: "queue", label: t("transfer.to"), options: queues.concat(windows), rows: 7 });
  return form({
    title: t("transfer.title", { number: mine.ticket || "" }), text: t("transfer.text"), submit: t("transfer.submit"),
    fields: [target],
    send: () => {
      const value = target.value();
      if (!value) throw new Missing("queue", t("pick.none"));
      return counter.commands.send(value[0] === "q"
        ? { command: "transfer", queue: value.slice(1) }
        : { command: "transfer", window: Number(value.slice(1)) });
    },
  });
}

/** @param {Counter} counter */
export function holdForm(counter) {
  const reason = textField({
    name: "reason", label: t("hold.reason"), suggest: t("hold.suggest").split("|"),
  });
  return form({
    title: t("hold.title", { number: counter.mine().ticket || "" }), submit: t("hold.submit"), fields: [reason],
    send: () => counter.commands.send({ command: "hold", reason: reason.input.value.trim() }),
  });
}

/** Numbers on hold within reach: mine, and those of the window that I cover. @param {Counter} counter */
export function heldWithin(counter) {
  const mine = counter.mine();
  const covered = counter.state().windows.find((one) => one.number === mine.covers);
  return (mine.held || []).map((number) => ({ number, window: mine.number }))
    .concat(((covered && covered.held) || []).map((number) => ({ number, window: covered ? covered.number : 0 })));
}

/** @param {Counter} counter */
export async function unholdForm(counter) {
  const held = heldWithin(counter);
  if (held.length === 1) {
    await counter.press({ command: "unhold", number: held[0].number });
    return;
  }
  const number = pickField({
    name: "number", label: t("unhold.label"),
    options: held.map((one) => ({
      value: one.number, label: one.number,
      hint: one.window === counter.number ? "" : t("unhold.covered", { n: one.window }),
    })),
  });
  await form({
    title: t("unhold.title"), submit: t("unhold.submit"), fields: [number],
    send: () => counter.commands.send({ command: "unhold", number: number.value() }),
  });
}

/** @param {Counter} counter */
export function specificForm(counter) {
  const number = pickField({
    name: "number", label: t("specific.number"), free: true, rows: 4,
    options: counter.line.entries.map((entry) => ({ value: entry.number, label: entry.number, hint: serviceText(counter.state(), entry.service) })),
  });
  const reason = textField({
    name: "reason", label: t("specific.reason"), hint: t("specific.reason_hint"), required: true,
    suggest: t("specific.suggest").split("|"),
  });
  return form({
    title: t("specific.title"), submit: t("specific.submit"), fields: [number, reason],
    send: () => {
      if (!number.value()) throw new Missing("number", t("specific.number_missing"));
      if (!reason.input.value.trim()) throw new Missing("reason", t("specific.reason_missing"));
      return counter.commands.send({
        command: "call_specific", number: number.value(), reason: reason.input.value.trim(),
      });
    },
  });
}

/** Who missed their call tells a clerk, and stands in line again. @param {Counter} counter */
export async function missedForm(counter) {
  const rules = rulesOf(counter.state());
  const base = "/halls/" + encodeURIComponent(counter.hall) + "/tickets";
  /** @type {import("./guide.tickets.js").Ticket[]} */
  const missed = await get(base + "?state=no_show").catch(() => []);
  const mine = counter.queues().map((queue) => queue.prefix);
  const rank = (/** @type {{queue: string}} */ ticket) => (mine.indexOf(ticket.queue) >= 0 ? 0 : 1);
  const number = pickField({
    name: "number", label: t("missed.label"), free: true, rows: 5,
    options: missed.filter((ticket) => ticket.parked).reverse().sort((a, b) => rank(a) - rank(b)).map((ticket) => ({
      value: ticket.number, label: ticket.number,
      hint: t("missed.hint", { window: ticket.window || "", at: ticket.ended_at ? hhmm(ticket.ended_at) : "" }),
    })),
  });
  /** One key for each number, however often it is sent. @type {Record<string, string>} */
  const keys = {};
  const back = await form({
    title: t("missed.title"), text: t("missed.text", { back: rules.requeue_back, limit: rules.requeue_limit }),
    submit: t("missed.submit"), fields: [number],
    send: async () => {
      const wanted = number.value().toUpperCase();
      if (!wanted) throw new Missing("number", t("specific.number_missing"));
      const known = missed.find((ticket) => ticket.number === wanted) || (await get(base + "/by-number/" + encodeURIComponent(wanted)));
      keys[wanted] = keys[wanted] || newKey();
      return post("/tickets/" + encodeURIComponent(known.ticket_id) + "/commands", { command: "requeue" }, { key: keys[wanted] });
    },
  });
  if (back) counter.say(t("missed.done", { number: back.number, n: back.ahead }));
}

/** @param {Counter} counter */
export function finishForm(counter) {
  const caseNo = textField({ name: "case_no", label: t("finish.case_no"), maxlength: 40 });
  const next = selectField({
    name: "next_queue", label: t("finish.next"), hint: t("finish.next_hint"),
    options: [{ value: "", label: t("finish.next_none") }].concat(counter.state().queues.map((queue) => ({
      value: queue.prefix, label: t("transfer.queue", { prefix: queue.prefix, name: nameOf(queue) }),
    }))),
  });
  return form({
    title: t("finish.title", { number: counter.mine().ticket || "" }), submit: t("finish.submit"), fields: [caseNo, next],
    send: () => {
      /** @type {Body} */
      const body = { command: "finish" };
      if (caseNo.input.value.trim()) body.case_no = caseNo.input.value.trim();
      if (next.input.value) body.next_queue = next.input.value;
      return counter.commands.send(body);
    },
  });
}

/** @param {Counter} counter */
export async function coverForm(counter) {
  const mine = counter.mine();
  if (mine.covers) {
    const sure = await confirmBox({ title: t("key.uncover"), text: t("uncover.text", { n: mine.covers }) });
    if (sure) await counter.press({ command: "uncover", window: mine.covers });
    return;
  }
  const options = counter.state().windows
    .filter((one) => one.number !== mine.number && !one.covered_by && (one.state === "closed" || one.state === "away"))
    .sort((a, b) => Number(b.state === "away") - Number(a.state === "away")
      || Math.abs(a.number - mine.number) - Math.abs(b.number - mine.number))
    .map((one) => ({
      value: String(one.number), label: t("window.n", { n: one.number }) + " " + nameOf(one),
      hint: one.absence ? absenceText(one.absence.reason) : t("window.state." + one.state), words: one.name,
    }));
  if (!options.length) {
    counter.say(t("cover.none"));
    return;
  }
  const target = pickField({ name: "window", label: t("cover.label"), options });
  await form({
    title: t("cover.title"), text: t("cover.text", { n: mine.number }), submit: t("cover.submit"), fields: [target],
    send: () => counter.commands.send({ command: "cover", window: Number(target.value()) }),
  });
}

// --- alerts, and the whole line -----------------------------------------------------------------------

const DECIDING = ["explained", "appealed"]; // said by the window, and now others'

/** @param {Counter} counter */
export async function alertsForm(counter) {
  const list = counter.alerts.list;
  const alert = list.find((one) => DECIDING.indexOf(one.state) < 0) || list[0];
  if (!alert) {
    counter.say(t("said.no_alerts"));
    return;
  }
  if (DECIDING.indexOf(alert.state) >= 0) {
    counter.say(counter.alerts.sentence(alert, counter.mine()));
    return;
  }
  const verb = alert.state === "confirmed" ? "appeal" : "explain";
  const text = textField({ name: "text", label: t("alert." + verb + "_label"), hint: t("alert.explain_hint"), maxlength: 200 });
  await form({
    title: t("alert.title"), submit: t("alert." + verb), also: [],
    fields: [h("p", { class: "banner", "data-state": "alert" }, counter.alerts.sentence(alert, counter.mine())), text],
    second: alert.state === "open"
      ? { label: t("alert.acknowledge"), send: () => counter.alerts.handle(alert, "acknowledge", "") }
      : null,
    send: () => {
      if (!text.input.value.trim()) throw new Missing("text", t("alert.explain_missing"));
      return counter.alerts.handle(alert, verb, text.input.value.trim());
    },
  });
}

/** @param {Counter} counter */
export async function lineForm(counter) {
  const rules = rulesOf(counter.state());
  const entries = counter.line.entries;
  const all = Math.max(counter.waiting() || 0, entries.length);
  await dialog(t("line.title", { n: all }), (close) => [
    h("p", { class: "soft small" }, t("line.rule", { greens: rules.greens_after_ordinary, back: rules.requeue_back })),
    entries.length < all ? h("p", { class: "soft small" }, t("line.first", { n: entries.length, all })) : null,
    h("div", { class: "line-all", tabindex: 0, role: "list" },
      entries.length ? entries.map((entry, at) => lineRow(counter.state(), entry, at)) : h("p", { class: "empty" }, t("line.none"))),
    h("div", { class: "actions" },
      h("button", { class: "button primary", type: "button", "data-first": true, onclick: () => close(null) }, t("close"), h("kbd", null, "Esc"))),
  ]);
}
