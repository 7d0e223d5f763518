/**
 * A short list whose order counts (reasons, as counters and pads show them): each line may be edited,
 * moved and taken out, and one may be added.
 */
import { h, replace } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { button } from "./admin.list.js";

/** @typedef {import("./admin.form.js").Form} Form */

/**
 * @template Line
 * @param {Form} form
 * @param {string} name  of the field
 * @param {{label: string, hint: string, head: string[], list: Line[], least: number, most: number,
 *   inputs: (index: number, edited: () => void) => Node[], removal: (index: number) => string,
 *   removed?: () => void, add: string, blank: () => Line, boxClass?: string}} options
 *   `head`: over the inputs of a line; `removal`: what its × is called; `blank`: a line that is added
 */
export function orderedLines(form, name, options) {
  const { list } = options;
  const box = h("div", { class: "reasons " + (options.boxClass || "") });
  const edited = () => {
    form.clear(name);
    form.changed();
  };
  const changed = () => {
    draw();
    edited();
  };
  /** @param {number} at @param {number} by */
  const move = (at, by) => {
    const [line] = list.splice(at, 1);
    list.splice(at + by, 0, line);
    changed();
  };
  /** @param {number} index */
  const remove = (index) => {
    list.splice(index, 1);
    if (options.removed) options.removed();
    changed();
  };
  const add = () => {
    list.push(options.blank());
    changed();
    /** @type {HTMLElement} */ (box.querySelector(".reason:last-of-type input")).focus();
  };
  /** @param {string} sign @param {string} label @param {string} title @param {boolean} off @param {() => void} press */
  const small = (sign, label, title, off, press) => h("button", {
    class: "button quiet small", type: "button", disabled: off, "aria-label": label, title, onclick: press,
  }, sign);
  const draw = () => replace(box,
    h("div", { class: "reason reason-head soft small" }, options.head.map((text) => h("span", null, text))),
    list.map((line, index) => h("div", { class: "reason" },
      options.inputs(index, edited),
      small("↑", t("move.up"), t("move.up"), index === 0, () => move(index, -1)),
      small("↓", t("move.down"), t("move.down"), index === list.length - 1, () => move(index, 1)),
      small("×", options.removal(index), t("entry.remove"), list.length <= options.least, () => remove(index)))),
    list.length < options.most ? button(options.add, add, "quiet small") : null);
  draw();
  return form.field(name, { label: options.label, hint: options.hint, wide: true }, box);
}
