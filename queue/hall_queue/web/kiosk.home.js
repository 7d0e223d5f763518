/**
 * The page with the buttons: at most eight, each with how many wait and for how long.
 */
import { absenceText } from "/static/core/absence.js";
import { h, keyed, setAttrs, setText, show, signs } from "/static/core/dom.js";
import { openingNow } from "/static/core/hours.js";
import { hasText, t } from "/static/core/i18n.js";
import { hhmm, serverNow, waitText } from "/static/core/time.js";
import { cardDecides, cardScreen } from "./kiosk.card.js";
import { choices, PAGE, standing, titleOf } from "./kiosk.choices.js";
import { appointmentScreen, missedScreen } from "./kiosk.keypad.js";
import { greenScreen, unsureScreen } from "./kiosk.screens.js";

/** @typedef {import("./kiosk.js").Kiosk} Kiosk */
/** @typedef {import("./kiosk.js").Screen} Screen */
/** @typedef {import("./kiosk.choices.js").Choice} Choice */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

const AWAY_LINES = 2;
const MAX_CASES = 3;
const LONG_SIGNS = 17; // in one button's name: all get smaller type, so that two lines hold more of it

/**
 * The start page, or one group's items when `kiosk.wishes.group` is set.
 * @param {Kiosk} kiosk
 * @returns {Screen}
 */
export function choiceScreen(kiosk) {
  const wishes = kiosk.wishes;
  const title = h("h2", { class: "question" });
  const subtitle = h("p", { class: "question-of soft clamp-1" });
  const grid = h("div", { class: "choices" });
  const empty = h("p", { class: "empty" });
  const previous = h("button", { class: "button", type: "button", onclick: () => turn(-1) });
  const pageText = h("span", { class: "pages nowrap" });
  const next = h("button", { class: "button", type: "button", onclick: () => turn(1) });
  const pager = h("div", { class: "pager" }, previous, pageText, next);

  const green = h("button", { class: "button option", type: "button", onclick: () => kiosk.go((k) => greenScreen(k, choiceScreen)) },
    h("span", { class: "option-name" }), h("span", { class: "option-text" }));
  const casesTitle = h("span", { class: "cases-title nowrap" });
  const casesButtons = Array.from({ length: MAX_CASES }, (_, index) =>
    h("button", { class: "button", type: "button", onclick: () => {
      wishes.cases = index + 1;
      kiosk.refresh();
    } }));
  const cases = h("div", { class: "cases", role: "group" }, casesTitle, casesButtons);
  const unsure = h("button", { class: "button", type: "button", onclick: () => ask() });
  const missed = h("button", { class: "button", type: "button", onclick: () => kiosk.go(missedScreen) });
  const booked = h("button", { class: "button", type: "button", onclick: () => kiosk.go(appointmentScreen) });
  const options = h("div", { class: "options" }, green, cases, unsure, missed, booked);
  const away = h("ul", { class: "away" });

  const node = h(
    "section",
    { class: "screen choice-screen" },
    h("div", { class: "heading" }, title, subtitle),
    grid, empty, pager,
    h("div", { class: "spacer" }),
    options,
    away,
  );

  /** @param {number} step */
  function turn(step) {
    wishes.page += step;
    kiosk.go(choiceScreen);
  }

  function ask() {
    const queue = String((kiosk.me.settings && kiosk.me.settings.guide_queue) || "");
    const known = kiosk.state().queues.find((entry) => entry.prefix === queue);
    const choice = known && { key: "guide", name: known.name, name_en: known.name_en || "", prefixes: [queue], queue };
    if (choice && !standing(choice, kiosk.stream, wishes.green).stopped) kiosk.take(choice);
    else kiosk.go(unsureScreen);
  }

  function shown() {
    const tops = choices(kiosk.state());
    const group = wishes.group && tops.find((choice) => choice.key === /** @type {Choice} */ (wishes.group).key);
    return { all: (group && group.items) || tops, group: group || null };
  }

  function onPage() {
    const { all } = shown();
    const pages = Math.max(1, Math.ceil(all.length / PAGE));
    wishes.page = Math.min(Math.max(0, wishes.page), pages - 1);
    return { pages, list: all.slice(wishes.page * PAGE, wishes.page * PAGE + PAGE) };
  }

  /** @param {Choice} choice */
  function press(choice) {
    if (choice.items) {
      wishes.group = choice;
      wishes.page = 0;
      kiosk.go(choiceScreen);
      return;
    }
    const { stopped } = standing(choice, kiosk.stream, wishes.green);
    if (!stopped) kiosk.take(choice);
    else if (cardDecides(kiosk, stopped)) kiosk.go((k) => cardScreen(k, choice));
  }

  /** @param {Choice} choice */
  function create(choice) {
    return h(
      "button",
      { class: "choice", type: "button", onclick: () => press(choice) },
      h("span", { class: "choice-name clamp" }),
      h("span", { class: "choice-meta" }, h("span", { class: "live nowrap" }), h("span", { class: "live nowrap" })),
    );
  }

  /** @param {HTMLElement} button @param {Choice} choice */
  function fill(button, choice) {
    const words = say(kiosk, choice);
    setText(button.children[0], words.name);
    const meta = button.children[1];
    setText(meta.children[0], words.stopped || words.waiting);
    setText(meta.children[1], words.stopped ? "" : words.wait);
    setAttrs(meta.children[1], { class: words.unstaffed && !words.stopped ? "state live" : "live nowrap",
      "data-state": words.unstaffed && !words.stopped ? "closed" : null });
    setAttrs(meta.children[0], { class: words.stopped ? "reason clamp" : "live nowrap" });
    setAttrs(button, { "aria-disabled": words.stopped && !words.byCard ? "true" : null, "data-group": choice.items ? "" : null });
  }

  function update() {
    const { list, pages } = onPage();
    const { group } = shown();
    const limited = openingNow(kiosk.state().setup).limited;
    setText(title, t(limited ? "home.limited" : group ? "group.title" : "home.title"));
    setText(subtitle, limited ? t("home.limited_how") : group ? titleOf(group, t("group.other")) : "");
    show(subtitle, Boolean(group) || limited);
    setAttrs(grid, { "data-long": list.some((choice) => signs(say(kiosk, choice).name) > LONG_SIGNS) });
    keyed(grid, list, (choice) => choice.key, create, fill);
    setText(empty, t("home.empty"));
    show(empty, list.length === 0);
    show(pager, pages > 1);
    setText(previous, t("page.previous"));
    setText(next, t("page.next"));
    previous.disabled = wishes.page === 0;
    next.disabled = wishes.page >= pages - 1;
    setText(pageText, t("page.of", { n: wishes.page + 1, all: pages }));
    setText(green.children[0], t(wishes.green ? "green.on" : "green.name"));
    setText(green.children[1], t("green.offer"));
    setAttrs(green, { "aria-pressed": wishes.green ? "true" : "false" });
    setText(casesTitle, t("cases.title"));
    casesButtons.forEach((button, index) => {
      setText(button, t("cases.n", { n: index + 1 }));
      setAttrs(button, { "aria-pressed": wishes.cases === index + 1 ? "true" : "false" });
    });
    setText(unsure, t("unsure.button"));
    setText(missed, t("missed.button"));
    setText(booked, t("booked.button"));
    // Whoever comes now has an appointment: its button is the one to press, and wishes for an
    // ordinary ticket are none of it.
    setAttrs(options, { "data-limited": limited });
    setAttrs(booked, { class: limited ? "button primary" : "button" });
    show(green, !limited);
    show(cases, !limited);
    drawAway(away, kiosk.state().windows);
  }

  return {
    node,
    update,
    isStart: !wishes.group && wishes.page === 0,
    say: () => {
      const { list } = onPage();
      const heading = [title, subtitle].map((node) => node.textContent).filter(Boolean).join("。") + "。";
      return heading + list.map((choice) => {
        const words = say(kiosk, choice);
        return [words.name, words.stopped || words.waiting, words.stopped ? "" : words.wait].filter(Boolean)
          .join(t("list.pause")) + "。";
      }).join("");
    },
  };
}

/**
 * A button's words.
 * @param {Kiosk} kiosk
 * @param {Choice} choice
 */
function say(kiosk, choice) {
  const now = standing(choice, kiosk.stream, kiosk.wishes.green);
  const reason = "stopped." + now.stopped;
  const nobody = now.unstaffed ? "" : t("choice.nobody");
  let stopped = now.stopped && hasText(reason) ? t(reason) : now.stopped;
  const byCard = cardDecides(kiosk, now.stopped);
  if (byCard) stopped = t("stopped.but_by_card", { age: kiosk.state().setup.green_age });
  if (now.stopped === "outside_hours" && now.opens) stopped = t("closed.opens", { when: now.opens });
  return {
    name: titleOf(choice, t("group.other")),
    waiting: now.waiting ? t("choice.waiting", { n: now.waiting }) : nobody,
    wait: now.unstaffed ? t("choice.no_window") : now.wait ? waitText(now.wait) : "",
    stopped,
    byCard,
    unstaffed: now.unstaffed,
  };
}

/**
 * Which windows are away, in two lines at most.
 * @param {HTMLElement} list
 * @param {WindowEntry[]} windows
 */
function drawAway(list, windows) {
  const gone = windows.filter((entry) => entry.absence && (entry.state === "away" || entry.covered_by));
  const lines = gone.slice(0, gone.length > AWAY_LINES ? AWAY_LINES - 1 : AWAY_LINES)
    .map((entry) => ({ key: String(entry.number), text: awayText(entry) }));
  if (gone.length > AWAY_LINES) {
    lines.push({ key: "more", text: t("away.more", { n: gone.length - AWAY_LINES + 1 }) });
  }
  keyed(list, lines, (line) => line.key,
    () => h("li", { class: "state clamp-1", "data-state": "away" }),
    (item, line) => setText(item, line.text));
}

/** @param {WindowEntry} entry */
function awayText(entry) {
  const absence = /** @type {import("/static/core/types.js").AbsenceEntry} */ (entry.absence);
  const words = {
    window: entry.number, reason: absenceText(absence.reason), at: hhmm(absence.expected_return), cover: entry.covered_by || "",
  };
  if (entry.covered_by) return t("away.covered", words);
  const late = new Date(absence.expected_return).getTime() < serverNow().getTime();
  return t(late ? "away.overdue" : "away.entry", words);
}
