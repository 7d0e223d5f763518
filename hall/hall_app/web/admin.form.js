/**
 * Forms of the administration: a field is a label, a control, its unit, a hint and the room for what
 * is wrong with it. Fields write straight into the draft, so a form can be drawn anew (in another
 * language, after a save) without losing what was typed.
 */
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { minutesOf, tidyTime } from "./hours.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("./hours.js").Session} Session */
/** @typedef {{label: string, hint?: Child, unit?: string, wide?: boolean}} FieldOptions */
/** @typedef {HTMLInputElement|HTMLSelectElement|HTMLTextAreaElement} Control */

let ids = 0;

/**
 * The fields of one draft.
 */
export class Form {
  /**
   * @param {Record<string, any>} draft
   * @param {() => void} onChange  called after each change
   */
  constructor(draft, onChange) {
    this.draft = draft;
    this.onChange = onChange;
    /** @type {Map<string, {error: HTMLElement, control: HTMLElement}>} */
    this.fields = new Map();
    /** Fields whose text cannot be read yet, and why. @type {Map<string, string>} */
    this.unreadable = new Map();
  }

  changed() {
    this.onChange();
  }

  /**
   * A field around any control.
   * @param {string} name
   * @param {FieldOptions} options
   * @param {HTMLElement} control
   * @param {HTMLElement} [shown]  what is put into the field when it is more than the control
   */
  field(name, options, control, shown) {
    const id = "f" + (ids += 1);
    const group = !/^(INPUT|SELECT|TEXTAREA)$/.test(control.tagName);
    const error = h("span", { class: "error", id: id + "e", role: "alert", hidden: true });
    const hint = options.hint ? h("span", { class: "hint", id: id + "h" }, options.hint) : null;
    const label = h(group ? "span" : "label", { class: "label", id: id + "l", for: group ? null : id }, options.label);
    control.setAttribute("aria-describedby", (hint ? id + "h " : "") + id + "e");
    if (group) {
      control.setAttribute("role", control.getAttribute("role") || "group");
      control.setAttribute("aria-labelledby", id + "l");
    } else control.id = id;
    this.fields.set(name, { error, control });
    const inner = shown || control;
    return h(
      "div",
      { class: "field" + (options.wide ? " wide" : ""), "data-field": name },
      label,
      options.unit ? h("div", { class: "with-unit" }, inner, h("span", { class: "unit" }, options.unit)) : inner,
      hint,
      error,
    );
  }

  /**
   * One line of text.
   * @param {string} name
   * @param {FieldOptions & {max?: number, placeholder?: string, list?: string[], disabled?: boolean,
   *   upper?: boolean, tidy?: (text: string) => string}} options
   */
  text(name, options) {
    const listId = options.list ? "l" + (ids += 1) : null;
    const input = h("input", {
      type: "text", value: this.draft[name] === null || this.draft[name] === undefined ? "" : this.draft[name],
      maxlength: options.max, placeholder: options.placeholder, list: listId, disabled: options.disabled,
      autocomplete: "off", spellcheck: "false",
      oninput: () => {
        this.draft[name] = options.upper ? input.value.toUpperCase() : input.value;
        this.clear(name);
        this.changed();
      },
      onchange: () => {
        const tidied = (options.tidy || ((text) => text.trim()))(input.value);
        input.value = options.upper ? tidied.toUpperCase() : tidied;
        this.draft[name] = input.value;
        this.changed();
      },
    });
    if (options.upper) input.style.textTransform = "uppercase";
    const list = options.list
      ? h("datalist", { id: listId }, options.list.map((value) => h("option", { value })))
      : null;
    return this.field(name, options, input, list ? h("div", null, input, list) : undefined);
  }

  /**
   * Several lines of text.
   * @param {string} name
   * @param {FieldOptions & {max?: number, rows?: number}} options
   */
  area(name, options) {
    const input = h("textarea", {
      rows: options.rows || 3, maxlength: options.max,
      oninput: () => {
        this.draft[name] = input.value;
        this.clear(name);
        this.changed();
      },
    }, this.draft[name] || "");
    return this.field(name, options, input);
  }

  /**
   * A figure. `empty`: what an empty field means; without it a figure is needed.
   * @param {string} name
   * @param {FieldOptions & {least: number, most: number, step?: number, empty?: null, disabled?: boolean,
   *   placeholder?: string, get?: () => number|null, set?: (value: number|null) => void}} options
   */
  number(name, options) {
    const draft = this.draft;
    const get = options.get || (() => draft[name]);
    const set = options.set || ((value) => { draft[name] = value; });
    const now = get();
    const input = h("input", {
      type: "text", inputmode: "decimal", class: "figure", value: now === null || now === undefined ? "" : now,
      disabled: options.disabled, placeholder: options.placeholder, autocomplete: "off",
      oninput: () => {
        const text = input.value.trim();
        const value = Number(text);
        let problem = "";
        if (!text && options.empty !== undefined) set(null);
        else if (!text || isNaN(value)) problem = t("form.number");
        else if (options.step === undefined && value % 1) problem = t("form.whole");
        else if (value < options.least || value > options.most) {
          problem = t("form.range", { least: options.least, most: options.most });
        } else set(value);
        if (problem) this.unreadable.set(name, problem);
        else this.unreadable.delete(name);
        this.clear(name);
        if (problem && text) this.mark(name, problem);
        this.changed();
      },
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
        const value = Number(input.value);
        if (!by || isNaN(value)) return;
        event.preventDefault();
        input.value = String(Math.max(options.least, Math.min(options.most, value + by)));
        input.dispatchEvent(new Event("input"));
      },
    });
    return this.field(name, options, input);
  }

  /**
   * One of a few.
   * @param {string} name
   * @param {FieldOptions & {options: [string, string][], disabled?: boolean}} options  value, label
   */
  choice(name, options) {
    const known = options.options.some((option) => option[0] === String(this.draft[name]));
    const all = known || !this.draft[name] ? options.options : options.options.concat([[this.draft[name], this.draft[name]]]);
    const select = h("select", {
      disabled: options.disabled,
      onchange: () => {
        this.draft[name] = select.value;
        this.clear(name);
        this.changed();
      },
    }, all.map((option) => h("option", { value: option[0], selected: option[0] === String(this.draft[name]) }, option[1])));
    return this.field(name, options, select);
  }

  /**
   * Yes or no.
   * @param {string} name
   * @param {{label: string, hint?: Child}} options
   */
  check(name, options) {
    const id = "f" + (ids += 1);
    const error = h("span", { class: "error", role: "alert", hidden: true });
    const input = h("input", {
      type: "checkbox", id, checked: Boolean(this.draft[name]),
      onchange: () => {
        this.draft[name] = input.checked;
        this.clear(name);
        this.changed();
      },
    });
    this.fields.set(name, { error, control: input });
    return h("div", { class: "field check-field", "data-field": name },
      h("label", { class: "check", for: id }, input, h("span", null, options.label,
        options.hint ? h("span", { class: "hint" }, options.hint) : null)),
      error);
  }

  // --- what is wrong ------------------------------------------------------------------------------

  /** @param {string} name @param {string} message @returns {boolean} whether there is such a field */
  mark(name, message) {
    const field = this.fields.get(name);
    if (!field) return false;
    setText(field.error, message);
    show(field.error, true);
    field.control.setAttribute("aria-invalid", "true");
    return true;
  }

  /** @param {string} name */
  clear(name) {
    const field = this.fields.get(name);
    if (!field) return;
    show(field.error, false);
    field.control.removeAttribute("aria-invalid");
  }

  clearAll() {
    this.fields.forEach((field, name) => this.clear(name));
  }

  /**
   * Shows each error next to its field and goes to the first.
   * @param {{field: string, message: string}[]} errors  fields by the form's names
   * @returns {string[]} messages that belong to no field here
   */
  markAll(errors) {
    this.clearAll();
    const rest = errors.filter((error) => !this.mark(error.field, error.message)).map((error) => error.message);
    this.goToError();
    return rest;
  }

  /** Marks what cannot be read yet. @returns {boolean} whether everything can be sent */
  isReadable() {
    this.unreadable.forEach((message, name) => this.mark(name, message));
    if (this.unreadable.size) this.goToError();
    return !this.unreadable.size;
  }

  goToError() {
    const names = Array.from(this.fields.keys());
    const first = names.find((name) => {
      const field = this.fields.get(name);
      return field && !field.error.hidden;
    });
    const field = first && this.fields.get(first);
    if (!field) return;
    const control = field.control;
    const target = /^(INPUT|SELECT|TEXTAREA)$/.test(control.tagName)
      ? control : /** @type {HTMLElement|null} */ (control.querySelector("input, select, textarea, button")) || control;
    target.focus();
    target.scrollIntoView({ block: "center" });
  }
}

/**
 * A part of a form under a heading.
 * @param {string} title
 * @param {...Child} children
 */
export function section(title, ...children) {
  return h("section", { class: "form-section" }, h("h3", null, title), h("div", { class: "form-fields" }, ...children));
}

// --- window numbers --------------------------------------------------------------------------------

/** `[1,2,3,7]` → `1-3, 7`. @param {number[]} numbers */
export function rangesText(numbers) {
  const sorted = Array.from(new Set(numbers)).sort((a, b) => a - b);
  const parts = [];
  for (let at = 0; at < sorted.length; at += 1) {
    let end = at;
    while (sorted[end + 1] === sorted[end] + 1) end += 1;
    parts.push(end > at + 1 ? sorted[at] + "-" + sorted[end] : end > at ? sorted[at] + ", " + sorted[end] : String(sorted[at]));
    at = end;
  }
  return parts.join(", ");
}

/** `1-3, 7` → `[1,2,3,7]`; null when it cannot be read. @param {string} text @returns {number[]|null} */
export function rangesOf(text) {
  /** @type {number[]} */
  const numbers = [];
  for (const part of text.split(/[,，、;；\s]+/).filter(Boolean)) {
    const found = /^(\d{1,3})(?:[-–—~至到](\d{1,3}))?$/.exec(part);
    if (!found) return null;
    const from = Number(found[1]);
    const to = Number(found[2] || found[1]);
    if (to < from || to - from > 998) return null;
    for (let number = from; number <= to; number += 1) numbers.push(number);
  }
  return Array.from(new Set(numbers)).sort((a, b) => a - b);
}

/**
 * Choosing windows: typed as ranges, or pressed one by one.
 * @param {{windows: {number: number, name: string}[], get: () => number[], set: (numbers: number[]) => void}} options
 * @returns {HTMLElement}
 */
export function windowPicker(options) {
  const known = options.windows.map((window) => window.number);
  const input = h("input", {
    type: "text", autocomplete: "off", placeholder: t("windows.pick_example"), "aria-label": t("windows.pick_typed"),
    oninput: () => {
      const numbers = rangesOf(input.value);
      const good = numbers !== null && numbers.every((number) => known.indexOf(number) >= 0);
      input.setAttribute("aria-invalid", String(!good));
      show(wrong, !good);
      if (numbers && good) {
        options.set(numbers);
        press();
      }
    },
    onchange: () => { if (input.getAttribute("aria-invalid") !== "true") input.value = rangesText(options.get()); },
  });
  const wrong = h("span", { class: "error", hidden: true }, t("windows.pick_wrong"));
  const buttons = options.windows.map((window) =>
    h("button", {
      class: "pick", type: "button", tabindex: -1, title: window.name, "data-number": window.number,
      onclick: () => {
        const chosen = new Set(options.get());
        if (!chosen.delete(window.number)) chosen.add(window.number);
        options.set(Array.from(chosen).sort((a, b) => a - b));
        input.value = rangesText(options.get());
        input.setAttribute("aria-invalid", "false");
        show(wrong, false);
        press();
      },
    }, window.number));
  const press = () => {
    const chosen = new Set(options.get());
    for (const button of buttons) button.setAttribute("aria-pressed", String(chosen.has(Number(button.getAttribute("data-number")))));
  };
  const grid = h("div", {
    class: "picks",
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
      if (!step || at < 0) return;
      event.preventDefault();
      buttons[(at + step + buttons.length) % buttons.length].focus();
    },
  }, buttons);
  if (buttons.length) buttons[0].tabIndex = 0;
  input.value = rangesText(options.get());
  press();
  return h("div", null, input, wrong,
    options.windows.length ? grid : h("span", { class: "hint" }, t("windows.pick_none")));
}

// --- sessions ---------------------------------------------------------------------------------------

/**
 * The opening periods of one day: from, until, by appointment; more or fewer of them.
 * @param {Session[]} sessions  edited in place
 * @param {() => void} changed
 * @returns {HTMLElement}
 */
export function sessionsEditor(sessions, changed) {
  const rows = h("div", { class: "sessions" });
  const draw = () => {
    replace(rows,
      sessions.map((session, index) => h("div", { class: "session" },
        timeInput(session, "start", t("hours.from"), changed), h("span", { class: "dash" }, "–"),
        timeInput(session, "until", t("hours.until"), changed),
        h("label", { class: "check small nowrap" },
          checkbox(Boolean(session.by_appointment), (value) => { session.by_appointment = value; changed(); }), t("hours.by_appointment")),
        h("button", { class: "button quiet small", type: "button", "aria-label": t("hours.remove"), title: t("hours.remove"),
          onclick: () => { sessions.splice(index, 1); draw(); changed(); } }, "×"),
        index === sessions.length - 1 ? add() : null)),
      sessions.length ? null : h("div", { class: "session" }, add()));
  };
  const add = () => sessions.length < 6
    ? h("button", { class: "button quiet small", type: "button", onclick: () => {
      sessions.push(following(sessions));
      draw();
      changed();
      const inputs = rows.querySelectorAll("input[type=text]");
      /** @type {HTMLElement} */ (inputs[inputs.length - 2]).focus();
    } }, t("hours.add"))
    : null;
  draw();
  return rows;
}

/** A likely next period. @param {Session[]} sessions @returns {Session} */
function following(sessions) {
  const last = sessions[sessions.length - 1];
  const after = last ? minutesOf(last.until) : 0;
  if (!last) return { start: "08:30", until: "12:00", by_appointment: false };
  if (after <= 14 * 60) return { start: "14:30", until: "17:30", by_appointment: false };
  return { start: last.until, until: after < 20 * 60 ? "20:00" : "24:00", by_appointment: false };
}

/**
 * @param {Session} session
 * @param {"start"|"until"} part
 * @param {string} label
 * @param {() => void} changed
 */
function timeInput(session, part, label, changed) {
  const input = h("input", {
    type: "text", class: "time-input", maxlength: 5, value: session[part], "aria-label": label, autocomplete: "off", inputmode: "numeric",
    oninput: () => {
      session[part] = tidyTime(input.value);
      input.setAttribute("aria-invalid", String(isNaN(minutesOf(session[part]))));
      changed();
    },
    onchange: () => { input.value = tidyTime(input.value); },
  });
  return input;
}

/** @param {boolean} checked @param {(value: boolean) => void} set */
function checkbox(checked, set) {
  const input = h("input", { type: "checkbox", checked, onchange: () => set(input.checked) });
  return input;
}
