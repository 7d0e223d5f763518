/**
 * The small form of each thing that can be done about a case. What the server refuses is said
 * beside its field, and nothing that was typed is lost.
 */
import { ApiError } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { isoDay, serverNow } from "/static/core/time.js";
import { problemText } from "/static/app/words.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("./cases.types.js").Command} Command */
/** @typedef {HTMLInputElement|HTMLSelectElement|HTMLTextAreaElement} Control */

export const TEXT_MOST = 500;
/** What may be recorded without a word. @type {Command[]} */
const WORDLESS = ["assign", "close"];
const OUTCOMES = ["upheld", "mistaken", "malicious"];

/**
 * The fields of one form, by their names in the message to the server.
 */
export class Fields {
  constructor() {
    /** @type {Map<string, {control: HTMLElement, error: HTMLElement}>} */
    this.known = new Map();
    this.problem = h("p", { class: "note", role: "alert", hidden: true });
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {Control} control
   * @param {{hint?: string, also?: Child, wide?: boolean}} [more]
   */
  field(name, label, control, more) {
    const error = h("span", { class: "error", role: "alert", hidden: true });
    this.known.set(name, { control, error });
    control.addEventListener("input", () => this.clear(name));
    const { hint, also, wide } = more || {};
    return h("label", { class: wide ? "field wide" : "field" }, h("span", null, label), control, also,
      hint ? h("span", { class: "hint" }, hint) : null, error);
  }

  /**
   * One of a few, all to be seen.
   * @param {string} name
   * @param {string} label
   * @param {[string, string][]} choices  value, text
   * @param {string} [chosen]
   * @returns {{node: HTMLElement, value: () => string}}
   */
  radios(name, label, choices, chosen) {
    const error = h("span", { class: "error", role: "alert", hidden: true });
    const inputs = choices.map(([value]) =>
      h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => this.clear(name) }));
    this.known.set(name, { control: inputs[0], error });
    return {
      node: h("fieldset", { class: "field radios" }, h("legend", { class: "label" }, label),
        h("div", { class: "row-wrap" }, choices.map(([, text], index) => h("label", { class: "check" }, inputs[index], h("span", null, text)))),
        error),
      value: () => (inputs.find((input) => input.checked) || { value: "" }).value,
    };
  }

  /** @param {string} name */
  clear(name) {
    const field = this.known.get(name);
    if (!field) return;
    show(field.error, false);
    field.control.removeAttribute("aria-invalid");
  }

  /**
   * Says what is wrong with a field and goes there.
   * @param {string} name
   * @param {string} message
   * @returns {boolean} whether there is such a field
   */
  mark(name, message) {
    const field = this.known.get(name);
    if (!field) return false;
    setText(field.error, message);
    show(field.error, true);
    field.control.setAttribute("aria-invalid", "true");
    field.control.focus();
    return true;
  }

  /** What the server refused: at its fields, the rest above the buttons. @param {unknown} failure */
  refuse(failure) {
    const errors = failure instanceof ApiError ? failure.errors : [];
    // `contact.phone` is the field phone.
    const rest = errors.filter((error) => !this.mark(error.field.split(".").pop() || "", error.message));
    if (errors.length && !rest.length) return;
    setText(this.problem, problemText(failure));
    show(this.problem, true);
  }
}

/**
 * The foot of a form: its buttons, and Ctrl+Enter for the one that sends.
 * @param {Fields} fields
 * @param {{label: string, danger?: boolean, close: (done: boolean|null) => void, send: () => Promise<boolean>}} options
 *   `send`: false when something is still wrong
 * @param {...Child} content
 */
export function formBody(fields, options, ...content) {
  let busy = false;
  const go = async () => {
    if (busy) return;
    busy = submit.disabled = true;
    show(fields.problem, false);
    try {
      if (await options.send()) options.close(true);
    } catch (failure) {
      fields.refuse(failure);
    } finally {
      busy = submit.disabled = false;
    }
  };
  const submit = h("button", { class: "button " + (options.danger ? "danger" : "primary"), type: "submit" }, options.label, h("kbd", null, "Ctrl+Enter"));
  return h("form", {
    class: "stack case-form", novalidate: true,
    onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      go();
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        go();
      }
    },
  }, ...content, fields.problem,
    h("div", { class: "actions" },
      h("button", { class: "button", type: "button", onclick: () => options.close(null) }, t("cancel")), submit));
}

/**
 * Asks for what goes with a command and sends it.
 * @param {Command} command
 * @param {{what: string, me: string, people: string[], send: (body: Record<string, any>) => Promise<void>}} options
 *   `people`: who has handled cases before
 * @returns {Promise<Record<string, any>|null>} what was sent, or null when the person thought better of it
 */
export async function askFor(command, options) {
  /** @type {Record<string, any>} */
  let sent = {};
  const done = await dialog(t("form.title." + command), (/** @type {(done: boolean|null) => void} */ close) => {
    const fields = new Fields();
    const needsText = WORDLESS.indexOf(command) < 0;
    const text = h("textarea", { rows: 4, maxlength: TEXT_MOST });
    /** @type {Child[]} */
    const parts = [h("p", { class: "soft" }, options.what)];
    /** Fills the message; false when something is missing. @type {((body: Record<string, any>) => boolean)[]} */
    const checks = [];

    if (command === "assign") {
      const to = h("input", { type: "text", maxlength: 40, list: "case-people", autocomplete: "off", "data-first": true });
      const mine = h("button", { class: "button small", type: "button", onclick: () => { to.value = options.me; fields.clear("to"); } }, t("form.to.me"));
      parts.push(fields.field("to", t("form.to"), to, { hint: t("form.to.hint") }), h("div", null, mine),
        h("datalist", { id: "case-people" }, options.people.map((value) => h("option", { value }))));
      checks.push((body) => {
        body.to = to.value.trim();
        return Boolean(body.to) || !fields.mark("to", t("form.missing"));
      });
    }
    if (command === "contact") {
      const reached = fields.radios("reached", t("form.reached"),
        [["yes", t("form.reached.yes")], ["settled", t("form.reached.settled")], ["no", t("form.reached.no")]]);
      parts.push(reached.node);
      checks.push((body) => {
        body.reached = reached.value() !== "no";
        if (reached.value() === "settled") body.outcome = "settled";
        return Boolean(reached.value()) || !fields.mark("reached", t("form.choose"));
      });
    }
    if (command === "review" || command === "appeal") {
      // An appeal claims what a review finds.
      const outcome = fields.radios("outcome", t("form.outcome." + command),
        OUTCOMES.slice(command === "appeal" ? 1 : 0).map((value) => /** @type {[string, string]} */ ([value, t("form." + command + "." + value)])));
      outcome.node.classList.add("below");
      parts.push(outcome.node);
      checks.push((body) => {
        body.outcome = outcome.value();
        return Boolean(body.outcome) || !fields.mark("outcome", t("form.choose"));
      });
    }
    if (command === "rectify") {
      const today = isoDay(serverNow());
      const due = h("input", { type: "date", min: today });
      parts.push(fields.field("due", t("form.due"), due, { hint: t("form.due.hint") }));
      checks.push((body) => {
        if (due.value) body.due = due.value;
        return !due.value || due.value >= today || !fields.mark("due", t("form.date"));
      });
    }
    if (command === "appeal" || command === "close") parts.push(h("p", null, t("form." + command + ".note")));
    if (parts.length < 2 || command === "rectify" || command === "close") text.setAttribute("data-first", "");
    parts.push(fields.field("text", t("form.text." + command), text, { hint: t(needsText ? "form.required" : "form.optional") }));
    checks.push((body) => {
      if (text.value.trim()) body.text = text.value.trim();
      // Nobody answered: there is nothing to tell.
      const silent = !needsText || (command === "contact" && !body.reached);
      return Boolean(body.text) || silent || !fields.mark("text", t("form.missing"));
    });

    return formBody(fields, {
      label: t("command." + command),
      close,
      send: async () => {
        /** @type {Record<string, any>} */
        const body = { command };
        if (!checks.every((check) => check(body))) return false;
        await options.send(body);
        sent = body;
        return true;
      },
    }, ...parts);
  });
  return done ? sent : null;
}
