/**
 * What the counter and the guide desk share: a form over the page that shows in place what went
 * wrong, a picker that is quicker than a drop-down, and sentences for errors.
 */
import { ApiError, errorText } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { hasText, lang, nameOf, t, tIn } from "/static/core/i18n.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("/static/core/types.js").HallState} HallState */

/**
 * A hall's own rules that these pages state or need.
 * @typedef {{pin_required: boolean, absence_reasons: string[], quick_absence_reason: string,
 *   quick_absence_min: number, missed_ticket: string, requeue_back: number, requeue_limit: number,
 *   recall_limit: number, no_show_wait: boolean, no_show_after_calls: number,
 *   greens_after_ordinary: number, undo_s: number, public_url: string, appointment_slot_min: number,
 *   appointment_early_min: number, appointment_late_min: number}} Rules
 */

/**
 * @param {HallState} state
 * @returns {Rules}
 */
export function rulesOf(state) {
  const setup = /** @type {any} */ (state.setup || {});
  return Object.assign(
    {
      pin_required: false, absence_reasons: [], quick_absence_reason: "", quick_absence_min: 10,
      missed_ticket: "parked", requeue_back: 3, requeue_limit: 2, recall_limit: 5, no_show_wait: false,
      no_show_after_calls: 2, greens_after_ordinary: 2, undo_s: 5, public_url: "",
      appointment_slot_min: 30, appointment_early_min: 15, appointment_late_min: 15,
    },
    setup,
    setup.settings || {},
  );
}

/**
 * What went wrong, as a sentence.
 * @param {unknown} error
 * @returns {string}
 */
export function sentence(error) {
  if (!(error instanceof ApiError)) return errorText(error);
  if (error.status === 0) return t("fail.network");
  if (lang() !== "en" || error.translated) return error.detail;
  const key = "fail." + error.code;
  return tIn("en", hasText(key) ? key : "fail.other");
}

/**
 * A service's name in the language of the page.
 * @param {HallState} state
 * @param {string|null|undefined} name  as the server says it
 */
export function serviceText(state, name) {
  const service = state.services.find((one) => one.name === name);
  return service ? nameOf(service) : name || t("service.none");
}

/** Is a form or question open over the page? */
export function formOpen() {
  return document.querySelector(".veil:not([hidden])") !== null;
}

// --- lists that are asked for ----------------------------------------------------------------------

const LOOK_MS = 5000;

/**
 * Something that the server knows, asked for again when it may have changed: a little after the
 * first event of a burst, not again right away, and now and then at least.
 */
export class Asked {
  /**
   * @param {{load: () => Promise<void>, changed: () => void, soonMs: number, apartMs: number,
   *   againMs: number, atLeastMs: number}} options  `load` asks and keeps the answer; `againMs`:
   *   after it failed
   */
  constructor(options) {
    this._options = options;
    this.failed = false;
    this._asked = -options.apartMs;
    this._timer = 0;
    this._loading = false;
    this._again = false;
    setInterval(() => {
      if (performance.now() - this._asked > options.atLeastMs) this.refresh();
    }, LOOK_MS);
  }

  /** Asks soon, once. */
  refresh() {
    if (this._loading) {
      this._again = true;
      return;
    }
    if (this._timer) return;
    const wait = Math.max(this._options.soonMs, this._asked + this._options.apartMs - performance.now());
    this._timer = window.setTimeout(() => this._load(), wait);
  }

  async _load() {
    this._timer = 0;
    this._loading = true;
    this._again = false;
    this._asked = performance.now();
    try {
      await this._options.load();
      this.failed = false;
    } catch (error) {
      this.failed = true;
      setTimeout(() => this.refresh(), this._options.againMs);
    }
    this._loading = false;
    this._options.changed();
    if (this._again) this.refresh();
  }
}

// --- forms ----------------------------------------------------------------------------------------

/**
 * One question of a form. `name`: the server's name of it, for its errors.
 * @typedef {{name: string, node: HTMLElement, fail: (text: string) => void, focus: () => void}} Field
 */

let serial = 0;

/**
 * A labelled input of one line.
 * @param {{name: string, label: string, hint?: string, value?: string, type?: string,
 *   maxlength?: number, required?: boolean, placeholder?: string, inputmode?: string,
 *   suggest?: string[]}} options  `suggest`: one press fills one of these in
 * @returns {Field & {input: HTMLInputElement}}
 */
export function textField(options) {
  const id = "f" + ++serial;
  const input = h("input", {
    id, type: options.type || "text", maxlength: options.maxlength || 60, autocomplete: "off",
    spellcheck: "false", placeholder: options.placeholder, inputmode: options.inputmode,
    "aria-describedby": id + "e", "aria-required": options.required ? "true" : null,
  });
  input.value = options.value || "";
  const suggestions = (options.suggest || []).map((text) =>
    h("button", { class: "button quick", type: "button", onclick: () => { input.value = text; input.focus(); } }, text));
  return Object.assign(fieldOf(options, id, [input, suggestions.length ? h("div", { class: "quicks" }, suggestions) : null], input), { input });
}

/**
 * A labelled drop-down.
 * @param {{name: string, label: string, hint?: string, options: {value: string, label: string}[], value?: string}} options
 * @returns {Field & {input: HTMLSelectElement}}
 */
export function selectField(options) {
  const id = "f" + ++serial;
  const input = h("select", { id, "aria-describedby": id + "e" },
    options.options.map((option) => h("option", { value: option.value }, option.label)));
  input.value = options.value || "";
  return Object.assign(fieldOf(options, id, [input], input), { input });
}

/**
 * @param {{name: string, label: string, hint?: string}} options
 * @param {string} id
 * @param {Child} content
 * @param {HTMLElement} input
 * @returns {Field}
 */
export function fieldOf(options, id, content, input) {
  const error = h("span", { class: "error", id: id + "e", role: "alert", hidden: true });
  const node = h("div", { class: "field" },
    h("label", { class: "label", for: id }, options.label), content,
    options.hint ? h("span", { class: "hint" }, options.hint) : null, error);
  return {
    name: options.name,
    node,
    focus: () => input.focus(),
    fail: (text) => {
      setText(error, text);
      show(error, Boolean(text));
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/** Thrown by a form's `send` when something is missing: said at its field, and nothing was sent. */
export class Missing extends Error {
  /**
   * @param {string} field
   * @param {string} text
   */
  constructor(field, text) {
    super(text);
    this.field = field;
  }
}

/**
 * A form over the page. Enter sends, Escape leaves; while it is on its way a second press does
 * nothing; what went wrong stands at its field or above the buttons, and what was typed stays.
 * @template R
 * @param {{title: string, text?: string, fields: (Field|Child)[], submit: string, danger?: boolean,
 *   wide?: boolean, multiline?: boolean, also?: Field[], second?: {label: string, send: () => Promise<R>}|null,
 *   send: () => Promise<R>|R, failed?: (error: ApiError) => void}} options  `also`: fields that stand
 *   inside another child; `second`: another button beside the one that Enter presses
 * @returns {Promise<R|null>}  what `send` gave, null when the form was left
 */
export function form(options) {
  const answer = dialog(options.title, (/** @type {(result: R|null) => void} */ close) => {
    const named = options.fields.filter(isField).concat(options.also || []);
    const problem = h("p", { class: "form-error", role: "alert", hidden: true });
    const submit = h("button", { class: "button " + (options.danger ? "danger" : "primary"), type: "submit" });
    const label = () => replace(submit, options.submit, h("kbd", null, options.multiline ? "Ctrl Enter" : "Enter"));
    label();
    const other = options.second;
    const second = other
      ? h("button", { class: "button", type: "button", onclick: () => go(other.send) }, other.label)
      : null;
    let sending = false;
    const go = async (/** @type {() => Promise<R>|R} */ send) => {
      if (sending) return;
      sending = true;
      submit.disabled = true;
      if (second) second.disabled = true;
      setText(submit, t("form.busy"));
      show(problem, false);
      named.forEach((field) => field.fail(""));
      try {
        const result = await send();
        if (document.body.contains(problem)) close(result);
      } catch (error) {
        complain(error, named, problem, options.failed);
      }
      sending = false;
      submit.disabled = false;
      if (second) second.disabled = false;
      label();
    };
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      go(options.send);
    };
    const onkeydown = (/** @type {KeyboardEvent} */ event) => {
      if (!options.multiline || event.key !== "Enter" || !event.ctrlKey) return;
      event.preventDefault();
      go(options.send);
    };
    return h("form", { class: "stack", novalidate: true, onsubmit, onkeydown },
      options.text ? h("p", { class: "soft" }, options.text) : null,
      ...options.fields.map((field) => (isField(field) ? field.node : field)),
      problem,
      h("div", { class: "actions" },
        h("button", { class: "button", type: "button", onclick: () => close(null) }, t("cancel"), h("kbd", null, "Esc")),
        second, submit));
  });
  if (options.wide) {
    document.querySelectorAll(".veil .dialog").forEach((box) => {
      if (box.getAttribute("aria-label") === options.title) box.classList.add("wide");
    });
  }
  return answer;
}

/**
 * @param {Field|Child} child
 * @returns {child is Field}
 */
function isField(child) {
  return Boolean(child && typeof child === "object" && "fail" in child);
}

/**
 * @param {unknown} error
 * @param {Field[]} fields
 * @param {HTMLElement} problem
 * @param {((error: ApiError) => void)|undefined} failed
 */
function complain(error, fields, problem, failed) {
  if (error instanceof Missing) {
    const field = fields.find((one) => one.name === error.field);
    if (field) {
      field.fail(error.message);
      field.focus();
      return;
    }
  }
  if (error instanceof ApiError && failed) failed(error);
  let placed = false;
  if (error instanceof ApiError) {
    for (const wrong of error.errors) {
      const field = fields.find((one) => one.name === wrong.field);
      if (!field) continue;
      field.fail(lang() === "en" && !error.translated ? sentence(error) : wrong.message);
      if (!placed) field.focus();
      placed = true;
    }
  }
  if (!placed) {
    setText(problem, error instanceof Missing ? error.message : sentence(error));
    show(problem, true);
  }
}

// --- picking one of many --------------------------------------------------------------------------

/** @typedef {{value: string, label: string, hint?: string, words?: string}} Option  `words`: also found by these */

/**
 * An input over a short list: typing narrows it, the arrows move, what is marked is chosen. Quicker
 * than a drop-down for a clerk with a keyboard, and as good with a finger.
 * @param {{name: string, label: string, options: Option[], rows?: number, placeholder?: string,
 *   hint?: string, value?: string, free?: boolean, onpick?: () => void}} options
 *   `free`: what was typed counts when nothing matches; `onpick`: something was pressed
 * @returns {Field & {value: () => string, set: (options: Option[]) => void}}
 */
export function pickField(options) {
  const id = "f" + ++serial;
  const rows = options.rows || 6;
  let all = options.options;
  /** @type {Option[]} */
  let shown = [];
  let active = 0;
  const list = h("div", { class: "pick-list", role: "listbox", id: id + "l" });
  const input = h("input", {
    id, type: "text", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "true",
    "aria-controls": id + "l", "aria-describedby": id + "e", placeholder: options.placeholder, maxlength: 40,
  });
  if (options.value) input.value = options.value;
  const draw = () => {
    const wanted = plain(input.value.trim());
    shown = all.filter((option) => !wanted || textOf(option).indexOf(wanted) >= 0);
    const exact = shown.findIndex((option) => plain(option.value) === wanted || plain(option.label) === wanted);
    if (exact > 0) shown.unshift(shown.splice(exact, 1)[0]);
    active = Math.max(0, Math.min(active, shown.length - 1));
    const first = Math.max(0, Math.min(active - rows + 1, shown.length - rows));
    const visible = shown.slice(first, first + rows);
    replace(list,
      visible.map((option, at) => h("button", {
        class: "pick", type: "button", role: "option", tabindex: -1, id: id + "o" + (first + at),
        "aria-selected": String(first + at === active),
        onclick: () => {
          active = first + at;
          draw();
          if (options.onpick) options.onpick();
        },
      }, h("span", { class: "clamp-1 grow" }, option.label), option.hint ? h("span", { class: "soft clamp-1" }, option.hint) : null)),
      shown.length ? null : h("div", { class: "pick-none" }, t("pick.none")),
      shown.length > first + rows ? h("div", { class: "pick-none" }, t("pick.more", { n: shown.length - first - rows })) : null);
    if (shown.length) input.setAttribute("aria-activedescendant", id + "o" + active);
  };
  input.addEventListener("input", () => {
    active = 0;
    draw();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    if (!shown.length) return;
    active = (active + (event.key === "ArrowDown" ? 1 : shown.length - 1)) % shown.length;
    draw();
  });
  draw();
  const field = fieldOf(options, id, [input, list], input);
  return Object.assign(field, {
    value: () => (shown[active] ? shown[active].value : options.free ? input.value.trim() : ""),
    set: (/** @type {Option[]} */ next) => {
      all = next;
      draw();
    },
  });
}

/** @param {Option} option */
function textOf(option) {
  return plain(option.value + " " + option.label + " " + (option.hint || "") + " " + (option.words || ""));
}

/** To compare by: a Chinese keyboard types ００９ and （ for 009 and (. @param {string} text */
function plain(text) {
  return text.normalize("NFKC").toLowerCase();
}

/**
 * A few answers side by side, one pressed; digits press them.
 * @param {{name: string, label: string, options: Option[], value: string, onpick?: (value: string) => void}} options
 * @returns {Field & {value: () => string, press: (value: string) => void}}
 */
export function choiceField(options) {
  const id = "f" + ++serial;
  let value = options.value;
  const buttons = options.options.map((option, at) =>
    h("button", {
      class: "button choice", type: "button", role: "radio", "aria-checked": "false",
      onclick: () => press(option.value),
    }, h("span", { class: "clamp-1" }, option.label), at < 9 && !option.hint ? h("kbd", null, at + 1) : null));
  const draw = () => {
    buttons.forEach((button, at) => {
      const on = options.options[at].value === value;
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on || (at === 0 && !options.options.some((option) => option.value === value)) ? 0 : -1;
    });
  };
  const press = (/** @type {string} */ next) => {
    value = next;
    draw();
    if (options.onpick) options.onpick(value);
  };
  const group = h("div", { class: "choices", id, role: "radiogroup", "aria-label": options.label }, buttons);
  group.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    let next = -1;
    if (/^[1-9]$/.test(event.key)) next = Number(event.key) - 1;
    else if (event.key === "ArrowRight" || event.key === "ArrowDown") next = (at + 1) % buttons.length;
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") next = (at + buttons.length - 1) % buttons.length;
    if (event.key === "Enter") {
      // Enter sends the form; the arrows and digits choose.
      event.preventDefault();
      const owner = group.closest("form");
      const submit = owner && /** @type {HTMLElement|null} */ (owner.querySelector("[type=submit]"));
      if (submit) submit.click();
    }
    if (next < 0 || next >= buttons.length) return;
    event.preventDefault();
    press(options.options[next].value);
    buttons[next].focus();
  });
  draw();
  const field = fieldOf(options, id, [group], group);
  field.focus = () => (buttons.find((button) => button.tabIndex === 0) || buttons[0]).focus();
  return Object.assign(field, { value: () => value, press });
}
