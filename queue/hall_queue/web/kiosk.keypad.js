/**
 * Typing a number: a missed ticket that comes back, or the code of an appointment.
 */
import { h, setText } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";

/** @typedef {import("./kiosk.js").Kiosk} Kiosk */
/** @typedef {import("./kiosk.js").Screen} Screen */

const CODE_LENGTH = 8; // of an appointment

/**
 * A missed ticket comes back: by scanner, or by typing its number.
 * @param {Kiosk} kiosk
 * @returns {Screen}
 */
export function missedScreen(kiosk) {
  const letters = kiosk.state().queues.map((queue) => queue.prefix);
  return keypadScreen({
    title: t("missed.title"),
    hint: t("missed.hint"),
    example: t("missed.example", { example: (letters[0] || "A") + "012" }),
    letters,
    add: (text, sign) => {
      if (/[A-Z]/.test(sign)) return sign; // a letter starts a number anew
      return text && text.length < 6 ? text + sign : text;
    },
    show: (text) => text,
    whole: (text) => /^[A-Z]{1,2}\d{3,4}$/.test(text),
    submit: t("missed.submit"),
    done: (text) => kiosk.checkIn(text),
  });
}

/**
 * Checking in with an appointment: its code of eight figures, and a ticket comes.
 * @param {Kiosk} kiosk
 * @returns {Screen}
 */
export function appointmentScreen(kiosk) {
  return keypadScreen({
    title: t("booked.title"),
    hint: t("booked.hint"),
    example: t("booked.example"),
    letters: [],
    add: (text, sign) => (/\d/.test(sign) && text.length < CODE_LENGTH ? text + sign : text),
    show: (text) => text.slice(0, 4) + (text.length > 4 ? " " + text.slice(4) : ""),
    whole: (text) => text.length === CODE_LENGTH,
    submit: t("booked.submit"),
    done: (text) => kiosk.come(text),
  });
}

/**
 * @param {{title: string, hint: string, example: string, letters: string[], submit: string,
 *   add: (text: string, sign: string) => string, show: (text: string) => string,
 *   whole: (text: string) => boolean, done: (text: string) => void}} typing
 *   `letters`: keys above the figures; `add`: what was typed with one more sign, where it may follow
 * @returns {Screen}
 */
function keypadScreen(typing) {
  const shown = h("output", { class: "typed number" });
  const submit = h("button", { class: "button primary", type: "button", onclick: () => send() }, typing.submit);
  let text = "";
  const write = (/** @type {string} */ next) => {
    text = next;
    setText(shown, text ? typing.show(text) : typing.example);
    shown.classList.toggle("soft", !text);
    submit.disabled = !typing.whole(text);
  };
  const add = (/** @type {string} */ sign) => write(typing.add(text, sign));
  const drop = () => write(text.slice(0, -1));
  const send = () => {
    if (!submit.disabled) typing.done(text);
  };
  const key = (/** @type {string} */ sign) =>
    h("button", { class: "button key", type: "button", onclick: () => add(sign) }, sign);
  const node = h(
    "section",
    { class: "screen keypad-screen" },
    h("div", { class: "words" }, h("h2", null, typing.title), h("p", { class: "lead" }, typing.hint)),
    h("div", { class: "spacer" }),
    shown,
    typing.letters.length ? h("div", { class: "letters" }, typing.letters.map(key)) : null,
    h("div", { class: "keypad" },
      "123456789".split("").map(key),
      h("button", { class: "button", type: "button", onclick: drop }, t("missed.delete")),
      key("0"), submit),
  );
  write("");
  return {
    node,
    say: () => typing.title + "。" + typing.hint,
    typed: (pressed) => {
      if (pressed === "Backspace") drop();
      else if (pressed === "Enter") send();
      else if (/^[0-9a-zA-Z]$/.test(pressed)) add(pressed.toUpperCase());
    },
  };
}
