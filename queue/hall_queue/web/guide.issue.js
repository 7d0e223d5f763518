/**
 * Taking a ticket for somebody: type a few signs of the service or press its group, press it, and
 * 取号. One choice has one idempotency key, so one press, two presses and a lost answer make one
 * ticket.
 */
import { newKey, post } from "/static/core/api.js";
import { h, keyed, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { waitText } from "/static/core/time.js";
import { sentence } from "./desk.js";
import { wanted, wantOptions } from "./guide.forms.js";

/** @typedef {import("./guide.js").Guide} Guide */
/** @typedef {import("./guide.tickets.js").Ticket} Ticket */

const PRINT = "hall.guide.print";
const MOST_CASES = 9;

/**
 * @param {Guide} guide
 * @returns {{node: HTMLElement, draw: () => void, focus: () => void}}
 */
export function issuePanel(guide) {
  let group = "";
  let chosen = "";
  let cases = 1;
  let green = false;
  let busy = false;
  let keyFor = { text: "", key: "" };
  let prints = readPrints();

  const search = h("input", {
    class: "input", type: "text", autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "true",
    "aria-controls": "services", "aria-keyshortcuts": "S",
  });
  const title = h("h2");
  const groups = h("div", { class: "groups", role: "group" });
  const list = h("div", { class: "services", id: "services", role: "listbox" });
  const none = h("div", { class: "empty", hidden: true });
  const casesLabel = h("span", { class: "grow" });
  const casesCount = h("output", { class: "cases-n number" });
  const fewer = h("button", { class: "button step", type: "button", onclick: () => setCases(cases - 1) }, "−");
  const more = h("button", { class: "button step", type: "button", onclick: () => setCases(cases + 1) }, "+");
  const greenButton = h("button", { class: "button wide toggle", type: "button", onclick: () => { green = !green; draw(); } });
  const printLabel = h("span");
  const printBox = h("input", { type: "checkbox", onchange: () => setPrints(printBox.checked) });
  const submitName = h("span", { class: "submit-name" });
  const submitWhat = h("span", { class: "submit-what clamp-1" });
  const submit = h("button", { class: "button primary wide issue", type: "button", onclick: () => issue() },
    h("span", { class: "next-words" }, submitName, submitWhat), h("kbd", null, "Enter"));
  const problem = h("p", { class: "form-error", role: "alert", hidden: true });
  const node = h("section", { class: "panel issue-panel" },
    h("div", { class: "row issue-head" }, title, h("label", { class: "check push" }, printBox, printLabel)),
    search, groups, h("div", { class: "services-box live" }, list, none),
    h("div", { class: "row cases" }, casesLabel, fewer, casesCount, more),
    greenButton, problem, submit);

  function options() {
    const words = search.value.trim().toLowerCase();
    return wantOptions(guide.state()).filter((option) => {
      if (words && (option.label + " " + (option.words || "")).toLowerCase().indexOf(words) < 0) return false;
      if (!group) return Boolean(words) || option.value[0] === "s";
      return groupOf(option.value) === group;
    });
  }

  /** @param {string} value */
  function groupOf(value) {
    const state = guide.state();
    const service = state.services.find((one) => "s" + one.id === value);
    return service ? service.group || service.prefix : value.slice(1);
  }

  /** Headings of the kiosk where the hall has them, else its queues. */
  function allGroups() {
    const state = guide.state();
    const found = state.services.map((service) => service.group || service.prefix).concat(state.queues.map((queue) => queue.prefix));
    return found.filter((name, at) => found.indexOf(name) === at).map((name) => {
      const queue = state.queues.find((one) => one.prefix === name);
      return { value: name, label: queue ? nameOf(queue) : name };
    });
  }

  function draw() {
    const state = guide.state();
    setText(title, t("issue.title"));
    setAttrs(search, { placeholder: t("issue.search"), "aria-label": t("issue.search") });
    keyed(groups, [{ value: "", label: t("issue.all") }].concat(allGroups()), (one) => "g" + one.value,
      (one) => h("button", { class: "button group", type: "button", onclick: () => { group = one.value; search.value = ""; draw(); } },
        h("span", { class: "clamp" })),
      (button, one) => {
        setText(button.children[0], one.label);
        setAttrs(button, { "aria-pressed": String(group === one.value && !search.value) });
      });
    const shown = options();
    if (chosen && !shown.some((option) => option.value === chosen)) chosen = "";
    keyed(list, shown, (option) => option.value,
      (option) => h("button", { class: "service", type: "button", role: "option", tabindex: -1, onclick: () => choose(option.value) },
        h("span", { class: "service-name clamp" }), h("span", { class: "service-wait soft" })),
      (button, option) => {
        const prefix = option.value[0] === "q" ? option.value.slice(1) : prefixOf(option.value);
        const queue = state.queues.find((one) => one.prefix === prefix);
        const open = queue && (queue.open_windows || []).length > 0;
        setText(button.children[0], option.label);
        setText(button.children[1], (option.hint || "") + (open && queue && queue.waiting ? " · " + waitText(guide.stream.waits[prefix]) : ""));
        setAttrs(button, { "aria-selected": String(option.value === chosen) });
      });
    show(none, shown.length === 0);
    setText(none, t("issue.none"));
    setText(casesLabel, t("issue.cases"));
    setText(casesCount, cases);
    setAttrs(fewer, { "aria-label": t("issue.fewer"), disabled: cases <= 1 });
    setAttrs(more, { "aria-label": t("issue.more"), disabled: cases >= MOST_CASES });
    replace(greenButton, h("span", { class: "toggle-mark" }, green ? "☑" : "☐"), t("issue.green"));
    setAttrs(greenButton, { "aria-pressed": String(green) });
    setText(printLabel, t("issue.print"));
    printBox.checked = prints;
    setText(submitName, t(busy ? "issue.busy" : "issue.submit"));
    setText(submitWhat, chosen ? labelOf(chosen) : t("issue.choose"));
    setAttrs(submit, { "aria-disabled": chosen && !busy && guide.stream.status === "online" ? null : "true" });
  }

  /** @param {string} value */
  function prefixOf(value) {
    const service = guide.state().services.find((one) => "s" + one.id === value);
    return service ? service.prefix : "";
  }

  /** @param {string} value */
  function labelOf(value) {
    const option = wantOptions(guide.state()).find((one) => one.value === value);
    return option ? option.label : "";
  }

  /** @param {string} value */
  function choose(value) {
    chosen = value;
    show(problem, false);
    draw();
    const button = list.querySelector("[aria-selected=true]");
    if (button) button.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} n */
  function setCases(n) {
    cases = Math.max(1, Math.min(MOST_CASES, n));
    draw();
  }

  /** @param {boolean} on */
  function setPrints(on) {
    prints = on;
    try {
      localStorage.setItem(PRINT, on ? "1" : "0");
    } catch (error) {
      // remembered until the page is closed
    }
  }

  async function issue() {
    if (busy || !chosen || guide.stream.status !== "online") return;
    const body = Object.assign({ channel: "guide_desk", priority: green ? "green" : "normal", cases }, wanted(chosen));
    const text = JSON.stringify(body);
    if (keyFor.text !== text) keyFor = { text, key: newKey() };
    busy = true;
    show(problem, false);
    draw();
    try {
      /** @type {Ticket} */
      const ticket = await post("/halls/" + encodeURIComponent(guide.hall) + "/tickets", body, { key: keyFor.key });
      keyFor = { text: "", key: "" };
      chosen = "";
      cases = 1;
      green = false;
      group = "";
      search.value = "";
      guide.issued(ticket, prints);
    } catch (error) {
      setText(problem, sentence(error));
      show(problem, true);
    }
    busy = false;
    draw();
    // With a finger, a focused field would bring up the screen's keyboard.
    if (!matchMedia("(pointer: coarse)").matches && (prints || chosen)) search.focus();
  }

  search.addEventListener("input", () => {
    draw();
    const shown = options();
    if (search.value.trim() && shown.length) choose(shown[0].value);
    else if (!search.value.trim()) choose("");
  });
  search.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // Enter belongs to the input method
    if (event.key === "Enter") {
      event.preventDefault();
      if (!event.repeat) issue();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const shown = options();
      if (!shown.length) return;
      const at = shown.findIndex((option) => option.value === chosen);
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : (at + step + shown.length) % shown.length].value);
    }
  });
  // A service that was chosen with the mouse has the focus: Enter issues, as the button says.
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) issue();
  });
  return { node, draw, focus: () => { search.focus(); search.select(); } };
}

function readPrints() {
  try {
    return localStorage.getItem(PRINT) !== "0";
  } catch (error) {
    return true;
  }
}
