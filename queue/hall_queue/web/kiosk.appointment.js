/**
 * Checking in with an appointment: its code of eight figures, and a ticket comes.
 */
import { h, setText } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";

/** @typedef {import("./kiosk.js").Kiosk} Kiosk */
/** @typedef {import("./kiosk.js").Screen} Screen */

const LENGTH = 8;

/**
 * @param {Kiosk} kiosk
 * @returns {Screen}
 */
export function appointmentScreen(kiosk) {
  const shown = h("output", { class: "typed number" });
  let code = "";
  const submit = h("button", { class: "button primary", type: "button", onclick: () => send() }, t("booked.submit"));
  const draw = () => {
    setText(shown, code ? code.slice(0, 4) + (code.length > 4 ? " " + code.slice(4) : "") : t("booked.example"));
    shown.classList.toggle("soft", !code);
    submit.disabled = code.length < LENGTH;
  };
  const add = (/** @type {string} */ figure) => {
    if (code.length < LENGTH) code += figure;
    draw();
  };
  const drop = () => {
    code = code.slice(0, -1);
    draw();
  };
  const send = () => {
    if (!submit.disabled) kiosk.come(code);
  };
  const key = (/** @type {string} */ figure) =>
    h("button", { class: "button key", type: "button", onclick: () => add(figure) }, figure);
  const node = h(
    "section",
    { class: "screen keypad-screen" },
    h("div", { class: "words" },
      h("h2", null, t("booked.title")),
      h("p", { class: "lead" }, t("booked.hint"))),
    h("div", { class: "spacer" }),
    shown,
    h("div", { class: "keypad" },
      "123456789".split("").map(key),
      h("button", { class: "button", type: "button", onclick: drop }, t("missed.delete")),
      key("0"), submit),
  );
  draw();
  return {
    node,
    say: () => t("booked.title") + "。" + t("booked.hint"),
    typed: (pressed) => {
      if (pressed === "Backspace") drop();
      else if (pressed === "Enter") send();
      else if (/^[0-9]$/.test(pressed)) add(pressed);
    },
  };
}
