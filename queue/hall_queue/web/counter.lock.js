/**
 * The counter's page, locked while the clerk is away from the keyboard. The window stays as it is,
 * and the stream goes on behind the cover; the clerk's PIN opens it again, where the hall asks for
 * one. A reload does not open it.
 */
import { ApiError, post } from "/static/core/api.js";
import { h, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { rulesOf, sentence } from "./desk.js";

/** @typedef {import("./counter.js").Counter} Counter */

const STORED = "counter.locked";

export class Lock {
  /**
   * @param {Counter} counter
   * @param {() => void} opened  the page may be used again
   */
  constructor(counter, opened) {
    this._counter = counter;
    this._opened = opened;
    this._busy = false;
    this.on = localStorage.getItem(STORED) === String(counter.number);
    this._title = h("h2");
    this._who = h("p", { class: "lock-who large" });
    this._label = h("span", { class: "label" });
    this._pin = h("input", { type: "password", inputmode: "numeric", maxlength: 20, autocomplete: "off" });
    this._field = h("label", { class: "field" }, this._label, this._pin);
    this._error = h("p", { class: "form-error", role: "alert", hidden: true });
    this._submit = h("button", { class: "button primary wide", type: "submit" });
    this._words = h("span");
    this._submit.appendChild(this._words);
    this._submit.appendChild(h("kbd", null, "Enter"));
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this._open();
    };
    this.node = h("div", { class: "lock", role: "dialog", "aria-modal": "true", hidden: true },
      h("form", { class: "card stack", novalidate: true, onsubmit }, this._title, this._who, this._field, this._error, this._submit));
    this.node.addEventListener("keydown", (event) => {
      const tab = /** @type {KeyboardEvent} */ (event).key === "Tab";
      event.stopPropagation(); // the page's keys are off
      if (!tab) return;
      event.preventDefault();
      const next = document.activeElement === this._pin || this._field.hidden ? this._submit : this._pin;
      next.focus();
    });
  }

  /** Who may be asked for the PIN: the window's clerk, or the first who is signed in beside. */
  _clerk() {
    const mine = this._counter.mine();
    return mine.clerk || (mine.signed_in || [])[0] || null;
  }

  /** What stands in the way of locking, "" when nothing does. */
  why() {
    return this._clerk() ? "" : t("lock.closed");
  }

  lock() {
    this.on = true;
    localStorage.setItem(STORED, String(this._counter.number));
    this.draw();
  }

  _unlock() {
    this.on = false;
    localStorage.removeItem(STORED);
    this._pin.value = "";
    show(this._error, false);
    this.draw();
    this._opened();
  }

  draw() {
    const clerk = this._clerk();
    // Nobody is at the window any more: whoever opens it next is asked for their own PIN.
    if (this.on && !clerk && this._counter.stream.status === "online") {
      this._unlock();
      return;
    }
    const appears = this.on && this.node.hidden;
    show(this.node, this.on);
    if (!this.on) return;
    setText(this._title, t("lock.title", { n: this._counter.number }));
    setText(this._who, clerk ? clerk.clerk_no + " " + clerk.name : "");
    setText(this._label, t("pin.label"));
    show(this._field, rulesOf(this._counter.state()).pin_required);
    setText(this._words, t(this._busy ? "form.busy" : "lock.open"));
    setAttrs(this.node, { "aria-label": t("lock.title", { n: this._counter.number }) });
    if (appears) (this._field.hidden ? this._submit : this._pin).focus();
  }

  async _open() {
    const clerk = this._clerk();
    if (this._busy || !clerk) return;
    this._busy = true;
    this.draw();
    try {
      const path = "/halls/" + encodeURIComponent(this._counter.hall) + "/clerks/" + encodeURIComponent(clerk.clerk_no) + "/verify";
      await post(path, { pin: this._pin.value });
      this._busy = false;
      this._unlock();
    } catch (error) {
      this._busy = false;
      this._pin.value = "";
      setText(this._error, error instanceof ApiError && error.status === 422 && error.errors.length ? error.errors[0].message : sentence(error));
      show(this._error, true);
      this.draw();
      this._pin.focus();
    }
  }
}
