/**
 * The middle of the guide desk: what needs a person now (claims to check, people whose only window
 * is away), then everyone by list.
 */
import { h, keyed, setAttrs, setText, show } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { dayAnd, hhmm, minutesUntil, waitText } from "/static/core/time.js";
import { serviceText } from "./desk.js";

/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("./guide.js").Guide} Guide */
/** @typedef {import("./guide.tickets.js").Ticket} Ticket */
/** @typedef {{id: string, text: string, state: string, actions: {label: string, run: () => void}[]}} Task */

const TASKS = 3;

// --- who waits for a window that is not there -----------------------------------------------------------

/**
 * @param {Guide} guide
 * @returns {Task[]}
 */
function stranded(guide) {
  const state = guide.state();
  /** @type {Task[]} */
  const tasks = [];
  const gone = (/** @type {WindowEntry} */ one) => (one.state === "away" || one.state === "closed") && !one.covered_by;
  for (const target of state.windows.filter(gone)) {
    const people = guide.tickets.in("waiting").filter((ticket) => ticket.window === target.number);
    if (!people.length) continue;
    tasks.push({
      id: "w" + target.number, state: "away",
      text: t("stranded.window", {
        list: people.map((ticket) => ticket.number).join(t("list.comma")), n: people.length, window: target.number,
        state: target.absence ? awayUntil(target.absence.expected_return) : t("stranded.closed"),
      }),
      actions: [{ label: t("stranded.move"), run: () => guide.moveBack(people) }],
    });
  }
  for (const queue of state.queues) {
    if (!queue.waiting || (queue.open_windows || []).length) continue;
    const away = state.windows.filter((one) => one.absence && one.state === "away" && one.queues.indexOf(queue.prefix) >= 0);
    tasks.push({
      id: "q" + queue.prefix, state: "away",
      text: away.length
        ? t("stranded.queue_away", {
            name: nameOf(queue), n: queue.waiting,
            list: away.map((one) => t("stranded.back", {
              window: one.number, at: one.absence ? dayAnd(one.absence.expected_return) : "",
            })).join(t("list.comma")),
          })
        : t("stranded.queue_closed", { name: nameOf(queue), n: queue.waiting }),
      actions: [
        { label: t("stranded.show"), run: () => guide.showQueue(queue.prefix) },
        { label: t("stranded.move_to"), run: () => {
          const people = guide.tickets.in("waiting").filter((ticket) => ticket.queue === queue.prefix && !ticket.window);
          if (people.length) guide.move(people, t("move.title_many", { name: nameOf(queue), n: people.length }));
        } },
      ],
    });
  }
  return tasks;
}

/** Once the time has passed, it is no longer a promise. @param {string} back */
function awayUntil(back) {
  return t(minutesUntil(back) < 0 ? "stranded.away_late" : "stranded.away", { at: dayAnd(back) });
}

/** @param {Guide} guide @returns {Task[]} */
function pending(guide) {
  return guide.tickets.in("waiting").filter((ticket) => ticket.priority === "green_pending").map((ticket) => ({
    id: "p" + ticket.ticket_id, state: "",
    text: ticket.number + " " + serviceText(guide.state(), ticket.service_name) + " · " + hhmm(ticket.issued_at),
    actions: [
      { label: t("pending.yes"), run: () => guide.verify(ticket, true) },
      { label: t("pending.no"), run: () => guide.verify(ticket, false) },
    ],
  }));
}

/**
 * What needs a person now. A few lines each; the rest is a number.
 * @param {Guide} guide
 * @returns {{node: HTMLElement, draw: () => void}}
 */
export function taskList(guide) {
  const heading = h("h3", { class: "tasks-title" });
  const claims = h("ul", { class: "tasks" });
  const claimsMore = h("button", { class: "button quiet", type: "button", onclick: () => guide.showList("pending") });
  const others = h("ul", { class: "tasks" });
  const othersMore = h("p", { class: "soft" });
  const claimsBox = h("section", { class: "panel tasks-box" }, heading, claims, claimsMore);
  const othersBox = h("section", { class: "panel tasks-box", "data-state": "away" }, others, othersMore);
  const node = h("div", { class: "tasks-all live" }, claimsBox, othersBox);
  let known = "";

  const fill = (/** @type {HTMLElement} */ list, /** @type {Task[]} */ tasks) => {
    keyed(list, tasks.slice(0, TASKS), (task) => task.id + task.actions.length,
      (task) => h("li", { class: "task", "data-state": task.state || null }, h("span", { class: "task-text" }),
        task.actions.map(() => h("button", { class: "button", type: "button" }))),
      (item, task) => {
        setText(item.children[0], task.text);
        task.actions.forEach((action, at) => {
          const button = /** @type {HTMLButtonElement} */ (item.children[at + 1]);
          setText(button, action.label);
          button.onclick = action.run;
        });
      });
  };
  const draw = () => {
    const claimed = pending(guide);
    const lost = stranded(guide);
    setText(heading, t("pending.title", { n: claimed.length }));
    fill(claims, claimed);
    fill(others, lost);
    setText(claimsMore, t("pending.more", { n: claimed.length - TASKS }));
    setText(othersMore, t("stranded.more", { n: lost.length - TASKS }));
    show(claimsMore, claimed.length > TASKS);
    show(othersMore, lost.length > TASKS);
    show(claimsBox, claimed.length > 0);
    show(othersBox, lost.length > 0);
    show(node, claimed.length + lost.length > 0);
    // The guide is told when somebody is newly stranded, wherever they are looking.
    if (!guide.tickets.at) return;
    const now = lost.map((task) => task.id).sort().join();
    const fresh = lost.find((task) => known !== "" && known.split(",").indexOf(task.id) < 0);
    if (fresh) guide.say(fresh.text, "away");
    known = now || "-";
  };
  return { node, draw };
}

// --- the lists ---------------------------------------------------------------------------------------------

/** @typedef {"waiting"|"pending"|"missed"|"at_window"} ListName */
/** @type {ListName[]} */
const LISTS = ["waiting", "pending", "missed", "at_window"];

/**
 * @param {Guide} guide
 * @param {{print: () => void}} does
 * @returns {{node: HTMLElement, draw: () => void, show: (name: ListName, prefix?: string) => void}}
 */
export function lists(guide, does) {
  /** @type {ListName} */
  let current = "waiting";
  let prefix = "";

  const tabs = LISTS.map((name) => h("button", { class: "button tab", type: "button", role: "tab", onclick: () => open(name) }));
  const asOf = h("span", { class: "soft nowrap as-of" });
  const printName = h("span");
  const printer = h("button", { class: "button", type: "button", "aria-keyshortcuts": "L", onclick: does.print }, printName, h("kbd", null, "L"));
  const filter = h("span", { class: "grow" });
  const filterOff = h("button", { class: "button", type: "button", onclick: () => open(current) });
  const filterBar = h("div", { class: "filter row", hidden: true }, filter, filterOff);
  const head = h("div", { class: "t-row t-head", "aria-hidden": "true" });
  const rows = h("div", { class: "t-rows", role: "listbox" });
  const empty = h("div", { class: "empty", hidden: true });
  const box = h("div", { class: "t-box live" }, head, rows, empty);
  const node = h("section", { class: "panel lists" },
    h("div", { class: "tabs-row" }, h("div", { class: "tabs live", role: "tablist" }, tabs), h("div", { class: "push row" }, asOf, printer)),
    filterBar, box);

  /** @param {ListName} name @param {string} [only] */
  function open(name, only) {
    current = name;
    prefix = only || "";
    draw();
    box.scrollTop = 0;
  }

  /** @param {ListName} name @returns {Ticket[]} */
  function listed(name) {
    const all = guide.tickets;
    if (name === "waiting") return all.in("waiting");
    if (name === "pending") return all.in("waiting").filter((ticket) => ticket.priority === "green_pending");
    if (name === "missed") return all.in("no_show").slice().reverse();
    return all.all.filter((ticket) => ["called", "serving", "held"].indexOf(ticket.state) >= 0)
      .sort((a, b) => (a.window || 0) - (b.window || 0));
  }

  function draw() {
    tabs.forEach((tab, at) => {
      setText(tab, t("tab." + LISTS[at], { n: listed(LISTS[at]).length }));
      setAttrs(tab, { "aria-selected": String(LISTS[at] === current), "aria-pressed": String(LISTS[at] === current), tabindex: LISTS[at] === current ? 0 : -1 });
    });
    setText(printName, t("tool.print_list"));
    setAttrs(printer, { disabled: !guide.tickets.at });
    printer.classList.toggle("primary", guide.stream.status !== "online"); // the one thing left to do then
    setText(asOf, guide.tickets.at ? t("list.as_of", { at: hhmm(guide.tickets.at) }) : t("list.never"));
    const state = guide.state();
    const queue = state.queues.find((one) => one.prefix === prefix);
    show(filterBar, Boolean(queue));
    setText(filter, queue ? t("list.filter", { name: queue.prefix + " " + nameOf(queue) }) : "");
    setText(filterOff, t("list.filter_off"));
    const found = listed(current).filter((ticket) => !prefix || ticket.queue === prefix);
    const columns = current === "waiting" || current === "pending"
      ? ["number", "service", "issued", "waited", "ahead", "wait"]
      : ["number", "service", "issued", current === "missed" ? "missed" : "state", "window"];
    setAttrs(node, { "data-columns": columns.length });
    const words = columns.map((column) => t("col." + column));
    if (head.getAttribute("data-words") !== words.join()) {
      while (head.firstChild) head.removeChild(head.firstChild);
      words.forEach((word) => head.appendChild(h("span", null, word)));
      head.setAttribute("data-words", words.join());
    }
    const selected = guide.selected();
    const first = found.some((ticket) => selected && ticket.ticket_id === selected.ticket_id) ? null : found[0];
    keyed(rows, found, (ticket) => current + columns.length + ticket.ticket_id,
      (ticket) => h("button", { class: "t-row", type: "button", role: "option", onclick: () => guide.select(ticket.ticket_id) },
        columns.map((column) => h("span", { class: "c-" + column }))),
      (row, ticket) => {
        columns.forEach((column, at) => setText(row.children[at], cell(ticket, column)));
        const on = Boolean(selected && selected.ticket_id === ticket.ticket_id);
        setAttrs(row, {
          "aria-selected": String(on), tabindex: on || ticket === first ? 0 : -1,
          "data-mark": ticket.priority === "normal" ? null : ticket.priority,
        });
      });
    show(empty, !found.length);
    setText(empty, guide.tickets.failed && !guide.tickets.at ? t("list.failed") : t("list.empty." + current));
  }

  /** @param {Ticket} ticket @param {string} column */
  function cell(ticket, column) {
    switch (column) {
      case "number": return ticket.number;
      case "service": return (ticket.priority === "normal" ? "" : t("priority.short." + ticket.priority) + " · ") + serviceOf(guide, ticket);
      case "issued": return hhmm(ticket.issued_at);
      case "waited": return t("minutes", { n: Math.max(0, -minutesUntil(ticket.issued_at)) });
      case "ahead": return t("list.ahead", { n: ticket.ahead });
      case "wait": return ticket.wait_minutes && ticket.wait_minutes.assumed ? t("list.no_window") : waitText(ticket.wait_minutes);
      case "state": return t("ticket.state." + ticket.state);
      case "missed": return (ticket.ended_at ? hhmm(ticket.ended_at) + " · " : "") + t(ticket.parked ? "list.parked" : "list.ended");
      default: return ticket.window ? t("window.n", { n: ticket.window }) : "";
    }
  }

  rows.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const all = /** @type {HTMLElement[]} */ (Array.from(rows.children));
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = all[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  });
  return { node, draw, show: open };
}

/**
 * @param {Guide} guide
 * @param {Ticket} ticket
 */
export function serviceOf(guide, ticket) {
  if (ticket.service_name) return serviceText(guide.state(), ticket.service_name);
  const queue = guide.state().queues.find((one) => one.prefix === ticket.queue);
  return queue ? nameOf(queue) : ticket.queue;
}
