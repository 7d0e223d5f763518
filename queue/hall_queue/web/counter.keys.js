/**
 * The letter keys: what each does, when, and why not. The server's list of commands says what is
 * possible; here are only the words and the two things that the clock decides.
 */
import { h, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { serverNow } from "/static/core/time.js";
import { rulesOf } from "./desk.js";
import { leaveForm, quickLeave, standInForm } from "./counter.away.js";
import * as forms from "./counter.forms.js";

/** @typedef {import("./counter.js").Counter} Counter */

/**
 * `why`: what stands in the way, "" when nothing does; `hint`: a few words under the name.
 * @typedef {{key: string, name: (c: Counter) => string, hint?: (c: Counter) => string,
 *   why: (c: Counter) => string, run: (c: Counter) => Promise<unknown>|void}} Key
 */

/** @param {Counter} c @param {string} command */
function can(c, command) {
  return (c.mine().commands || []).indexOf(command) >= 0;
}

/** @param {Counter} c @param {string} name */
function notNow(c, name) {
  return t("said.not_now", { command: name, state: t("window.state." + c.mine().state) });
}

/**
 * A key that needs one command.
 * @param {string} key
 * @param {string} command
 * @param {(c: Counter) => Promise<unknown>|void} run
 * @param {string} [text]
 * @returns {Key}
 */
function plain(key, command, run, text) {
  const name = () => t("key." + (text || command));
  return { key, name, run, why: (c) => (can(c, command) ? "" : notNow(c, name())) };
}

/** Seconds until the person who was called may be called missed. @param {Counter} c */
function secondsToNoShow(c) {
  const at = c.mine().can_no_show_at;
  return at ? Math.max(0, Math.ceil((Date.parse(at) - serverNow().getTime()) / 1000)) : 0;
}

/** Calls that are still needed for it. @param {Counter} c */
function callsToNoShow(c) {
  const mine = c.mine();
  const rules = rulesOf(c.state());
  if (mine.state !== "calling" || mine.can_no_show_at || !rules.no_show_wait || !mine.ticket_detail) return 0;
  return Math.max(0, rules.no_show_after_calls - mine.ticket_detail.call_count);
}

/** @type {Key[]} */
export const KEYS = [
  Object.assign(plain("R", "recall", (c) => c.press({ command: "recall" })), {
    why: (/** @type {Counter} */ c) => {
      if (can(c, "recall")) return "";
      return c.mine().state === "calling" ? t("said.recall_limit") : notNow(c, t("key.recall"));
    },
  }),
  {
    key: "N",
    name: () => t("key.no_show"),
    hint: (c) => {
      if (!can(c, "no_show")) return "";
      const calls = callsToNoShow(c);
      if (calls) return t("no_show.calls", { n: calls });
      const seconds = secondsToNoShow(c);
      return seconds ? t("no_show.in", { n: seconds }) : "";
    },
    why: (c) => {
      if (!can(c, "no_show")) return notNow(c, t("key.no_show"));
      const number = c.mine().ticket || "";
      const calls = callsToNoShow(c);
      if (calls) return t("no_show.wait_calls", { number, n: calls });
      const seconds = secondsToNoShow(c);
      return seconds ? t("no_show.wait", { number, n: seconds }) : "";
    },
    run: (c) => c.press({ command: "no_show" }),
  },
  plain("H", "hold", forms.holdForm),
  plain("T", "transfer", forms.transferForm),
  plain("F", "finish", forms.finishForm),
  plain("S", "call_specific", forms.specificForm),
  Object.assign(plain("B", "unhold", forms.unholdForm), {
    hint: (/** @type {Counter} */ c) => {
      const held = forms.heldWithin(c);
      return held.length === 1 ? held[0].number : held.length ? String(held.length) : "";
    },
    why: (/** @type {Counter} */ c) => {
      if (can(c, "unhold")) return "";
      return forms.heldWithin(c).length ? notNow(c, t("key.unhold")) : t("said.no_held");
    },
  }),
  { key: "W", name: () => t("key.list"), why: () => "", run: forms.lineForm },
  { key: "M", name: () => t("key.missed"), why: () => "", run: forms.missedForm },
  {
    key: "V",
    name: (c) => t(c.mine().covers ? "key.uncover" : "key.cover"),
    hint: (c) => (c.mine().covers ? t("key.uncover_hint", { n: c.mine().covers || 0 }) : ""),
    why: (c) => (can(c, "cover") || can(c, "uncover") ? "" : notNow(c, t("key.cover"))),
    run: forms.coverForm,
  },
  {
    key: "L",
    name: (c) => t(standsIn(c) ? "key.notices" : "key.leave"),
    why: (c) => (standsIn(c) || can(c, "leave") ? "" : notNow(c, t("key.leave"))),
    run: (c) => (standsIn(c) ? standInForm(c) : leaveForm(c)),
  },
  Object.assign(plain("Q", "leave", quickLeave, "quick"), {
    hint: (/** @type {Counter} */ c) => t("key.quick_hint", { n: rulesOf(c.state()).quick_absence_min }),
  }),
  plain("O", "handover", forms.handoverForm),
  Object.assign(plain("I", "sign_in", forms.signInForm), {
    hint: (/** @type {Counter} */ c) => (c.mine().signed_in || []).map((one) => one.name).join(" "),
  }),
  Object.assign(plain("C", "close", forms.closeForm), {
    why: (/** @type {Counter} */ c) => {
      if (can(c, "close")) return "";
      const mine = c.mine();
      return (mine.state === "open" || mine.state === "away") && (mine.held || []).length
        ? t("said.tickets_held", { list: (mine.held || []).join(t("list.comma")) })
        : notNow(c, t("key.close"));
    },
  }),
];

/** Stands beside the alert itself, not among the keys. @type {Key} */
export const ALERTS = {
  key: "A", name: () => t("key.alerts"), why: (c) => (c.alerts.list.length ? "" : t("said.no_alerts")), run: forms.alertsForm,
};

/** A notice is up and somebody else keeps the window open. @param {Counter} c */
function standsIn(c) {
  const mine = c.mine();
  return Boolean(mine.absence) && mine.state !== "away" && can(c, "return");
}

/**
 * The keys as buttons; they keep their places, and what cannot be done now is marked, not gone.
 * @param {Counter} counter
 * @param {(key: Key) => void} press
 * @returns {{node: HTMLElement, draw: () => void}}
 */
export function keyBoard(counter, press) {
  const buttons = KEYS.map((key) => {
    const name = h("span", { class: "key-name clamp-1" });
    const hint = h("span", { class: "key-hint clamp-1" });
    const button = h("button", { class: "button key", type: "button", "aria-keyshortcuts": key.key, onclick: () => press(key) },
      h("span", { class: "key-words" }, name, hint), h("kbd", null, key.key));
    return { key, button, name, hint };
  });
  const node = h("div", { class: "keys", role: "group" }, buttons.map((one) => one.button));
  const draw = () => {
    setAttrs(node, { "aria-label": t("keys.label") });
    for (const one of buttons) {
      const hint = one.key.hint ? one.key.hint(counter) : "";
      setText(one.name, one.key.name(counter));
      setText(one.hint, hint);
      show(one.hint, Boolean(hint));
      setAttrs(one.button, { "aria-disabled": counter.stream.status !== "online" || one.key.why(counter) ? "true" : null });
    }
  };
  return { node, draw };
}
