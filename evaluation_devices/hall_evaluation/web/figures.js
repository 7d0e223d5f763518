/**
 * The figures page, for managers and supervisors: satisfaction, ratings, call-backs and deadlines
 * of a period, compared with the period before, from the hall down to each rating and its case.
 * Nothing of it is shown on a public screen.
 */
import { ApiError, get } from "/static/core/api.js";
import { reloadOnNewBuild } from "/static/core/device.js";
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { addTexts, nameOf, onLang, t } from "/static/core/i18n.js";
import { isoDay, serverNow } from "/static/core/time.js";
import { openFrame, remember, remembered, restoreDesk } from "/static/app/frame.js";
import { inSession, requireStaff } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { deskTexts } from "./desk.texts.js";
import { fetchTree, fillHalls, learnMatters, matterName, shortDay } from "./desk.words.js";
import { Chart } from "./figures.chart.js";
import { LONGEST, PERIODS, before, count, countText, lengthOf, percent, periodOf, periodText, pointsText, rateOf } from "./figures.period.js";
import { Ratings } from "./figures.ratings.js";
import { Table, rowName } from "./figures.table.js";
import { texts } from "./figures.texts.js";

/** @typedef {import("./figures.types.js").Figures} Figures */
/** @typedef {import("./figures.types.js").By} By */
/** @typedef {import("./figures.types.js").Row} Row */
/** @typedef {import("./figures.types.js").Period} Period */
/** @typedef {import("./figures.period.js").PeriodName} PeriodName */
/** @typedef {import("./figures.period.js").Rate} Rate */

const HALL = "hall.evaluation.hall";
/** @type {By[]} */
const GROUPINGS = ["window", "clerk", "service", "day"];

addTexts(deskTexts);
addTexts(texts);
restoreDesk();

async function start() {
  const me = await requireStaff("supervisor", "manager", "admin");
  const { main } = openFrame({ page: "figures", me, title: "figures.title" });
  const tree = await inSession(fetchTree);
  const params = new URLSearchParams(location.search);
  const wanted = params.has("hall") ? params.get("hall") || "" : remembered(HALL);
  let hall = tree.halls.some((entry) => entry.id === wanted) ? wanted : tree.halls.length > 1 ? "" : (tree.halls[0] || { id: "" }).id;
  let by = /** @type {By} */ (GROUPINGS.indexOf(/** @type {By} */ (params.get("by"))) >= 0 ? params.get("by") : "window");
  let name = /** @type {PeriodName} */ (PERIODS.indexOf(/** @type {PeriodName} */ (params.get("period"))) >= 0 ? params.get("period") : "month");
  const today = isoDay(serverNow());
  let period = periodOf(name, today);
  if (name === "own") {
    period = { from: params.get("from") || period.from, to: params.get("to") || period.to };
    if (!isGood(period)) period = periodOf((name = "month"), today);
  }
  /** @type {Figures|null} */
  let now = null;
  /** @type {Figures|null} */
  let then = null;
  /** @type {Figures|null} */
  let trend = null;
  let asked = 0;

  const heading = h("h1", null);
  const halls = h("select", { class: "input hall-choice", onchange: () => useHall(halls.value) });
  const periods = h("div", { class: "choices", role: "group" });
  const from = h("input", { type: "date", class: "input", onchange: () => useOwn() });
  const to = h("input", { type: "date", class: "input", onchange: () => useOwn() });
  const own = h("span", { class: "own-period row" }, from, h("span", { class: "dash" }, "—"), to);
  const groupings = h("div", { class: "choices push", role: "group" });
  const exporting = h("a", { class: "button small" });
  const compared = h("p", { class: "soft small compared" });
  const problem = h("p", { class: "note", role: "alert", hidden: true });
  const numbers = h("dl", { class: "kpis" });
  const chart = new Chart();
  const ratings = new Ratings({ clear: () => table.pick(table.chosen) });
  const table = new Table({ choose: (row) => (by === "hall" && row ? useHall(row.key) : showRatings(row)) });
  const none = h("div", { class: "plain-page" });
  const desk = h("div", { class: "figures" },
    h("header", { class: "desk-head" }, heading, halls, periods, own, groupings, exporting),
    problem, numbers, compared,
    h("div", { class: "figures-desk" }, table.node, h("div", { class: "figures-right" }, chart.node, ratings.node)));
  replace(main, tree.halls.length ? desk : none);

  // --- reading -----------------------------------------------------------------------------------

  /** @param {Period} span @param {By} grouping @returns {Promise<Figures>} */
  async function figures(span, grouping) {
    const days = "from=" + span.from + "&to=" + span.to;
    const answer = await inSession(() => (hall
      ? get("/halls/" + encodeURIComponent(hall) + "/evaluation-figures?" + days + "&by=" + grouping)
      : get("/evaluation-figures?" + days)));
    // Windows come by their number, and what belongs to none by null: here keys are texts.
    for (const row of answer.rows) row.key = row.key === null ? "" : String(row.key);
    return answer;
  }

  async function refresh() {
    const mine = (asked += 1);
    setAttrs(desk, { "aria-busy": "true" });
    try {
      const [one, other, days] = await Promise.all([
        figures(period, by), figures(before(period), by), hall && by !== "day" ? figures(period, "day") : Promise.resolve(null),
        learnMatters([hall]),
      ]);
      if (mine !== asked) return;
      now = one;
      then = other;
      trend = days || (by === "day" ? one : null);
      show(problem, false);
      draw();
      showRatings(table.rows.find((row) => row.key === table.chosen) || null);
    } catch (error) {
      if (mine !== asked) return;
      const wrong = error instanceof ApiError && error.errors.length ? error.errors[0].message : problemText(error);
      setText(problem, t("desk.failed", { reason: wrong }));
      show(problem, true);
    } finally {
      if (mine === asked) setAttrs(desk, { "aria-busy": null });
    }
  }

  /** @param {Row|null} row */
  function showRatings(row) {
    /** @type {Record<string, string>} */
    const filter = row && row.key && by !== "day" ? { [by]: row.key } : {};
    const span = row && by === "day" ? { from: row.key, to: row.key } : period;
    ratings.show(hall ? { hall, period: span, filter, name: row ? rowName(row, by) : "" } : null);
  }

  // --- drawing -----------------------------------------------------------------------------------

  function draw() {
    if (!now) return;
    if (now.by === "service") for (const row of now.rows) row.name = matterName(hall, row.name);
    if (now.by === "hall") for (const row of now.rows) row.name = nameOf(tree.halls.find((entry) => entry.id === row.key) || row);
    drawNumbers(now.total, then ? then.total : undefined);
    setText(compared, t("period.compared", { period: periodText(before(period)) }));
    table.show(by, now.rows.filter((row) => by === "hall" || row.asked || row.rated || row.cases), now.total, then);
    const days = (trend ? trend.rows : now.rows).filter((row) => row.rated || row.asked);
    const point = (/** @type {string} */ label) => (/** @type {Row} */ row) => ({
      name: label === "day" ? shortDay(row.key) : row.name, rated: row.rated, satisfaction: rateOf(row, "satisfaction"),
    });
    if (trend) chart.show("trend", t("ratings.all") + " · " + periodText(period), t("by.of.day"), days.sort((a, b) => a.key.localeCompare(b.key)).map(point("day")));
    else chart.show("halls", periodText(period), t("by.of.hall"), days.map(point("hall")));
  }

  /** @param {Row} total @param {Row|undefined} old */
  function drawNumbers(total, old) {
    const rate = (/** @type {Rate} */ key, /** @type {string} */ of) => {
      const [value, was] = [rateOf(total, key), rateOf(old, key)];
      return number(key, value === null ? "—" : percent(value), of, pointsText(value, was), was === null ? "" : percent(was));
    };
    const missing = total.real_name_negative - total.real_name_followed_up;
    const rated = count(total.rated);
    replace(numbers,
      rate("satisfaction", t("kpi.of_rated", { n: rated })),
      rate("rating_rate", t("kpi.of_asked", { rated, asked: count(total.asked) })),
      number("negative", t("kpi.times", { n: count(total.negative) }), "", old ? countText(total.negative, old.negative) : "", old ? t("kpi.times", { n: count(old.negative) }) : ""),
      rate("follow_up_rate", t("kpi.of_cases", { done: count(total.followed_up), all: count(total.cases) })),
      rate("on_time_rate", t("kpi.of_cases", { done: count(total.on_time), all: count(total.cases) })),
      number("real_name", total.real_name_negative ? count(total.real_name_followed_up) + " / " + count(total.real_name_negative) : "—",
        h("span", { class: missing > 0 ? "state" : "", "data-state": missing > 0 ? "alert" : null },
          missing > 0 ? t("kpi.real_name_missing", { n: missing }) : t(total.real_name_negative ? "kpi.real_name_all" : "kpi.real_name_none")), "", ""));
  }

  /**
   * @param {string} key
   * @param {string} value
   * @param {import("/static/core/dom.js").Leaf} of  what it was counted from
   * @param {string} change
   * @param {string} was
   */
  function number(key, value, of, change, was) {
    return h("div", { title: key === "real_name" ? null : t("def." + key) },
      h("dt", null, t("kpi." + key)),
      h("dd", null, h("b", { class: "value" }, value), h("span", { class: "soft small of" }, of)),
      h("dd", { class: "change small" }, change, was ? h("span", { class: "soft" }, t("kpi.before", { value: was })) : null));
  }

  // --- choices -----------------------------------------------------------------------------------

  /** @param {Period} span */
  function isGood(span) {
    const days = lengthOf(span);
    return days >= 1 && days <= LONGEST;
  }

  /** @param {PeriodName} chosen */
  function usePeriod(chosen) {
    name = chosen;
    if (chosen !== "own") period = periodOf(chosen, isoDay(serverNow()));
    changed();
    if (chosen === "own") from.focus();
  }

  function useOwn() {
    const span = { from: from.value, to: to.value };
    if (!isGood(span)) {
      setText(problem, t("period.wrong", { n: LONGEST }));
      show(problem, true);
      return;
    }
    period = span;
    changed();
  }

  /** @param {string} id */
  function useHall(id) {
    hall = id;
    remember(HALL, id);
    by = id ? (by === "hall" ? "window" : by) : "hall";
    table.chosen = null;
    changed();
  }

  function changed() {
    const url = new URL(location.href);
    url.search = "";
    url.searchParams.set("hall", hall);
    if (hall) url.searchParams.set("by", by);
    url.searchParams.set("period", name);
    if (name === "own") {
      url.searchParams.set("from", period.from);
      url.searchParams.set("to", period.to);
    }
    history.replaceState(null, "", url.pathname + url.search);
    choices();
    refresh();
  }

  function choices() {
    const press = (/** @type {boolean} */ on, /** @type {string} */ label, /** @type {() => void} */ act) =>
      h("button", { class: "button", type: "button", "aria-pressed": String(on), onclick: act }, label);
    fillHalls(halls, tree, hall);
    show(halls, tree.halls.length > 1);
    periods.setAttribute("aria-label", t("period.label"));
    replace(periods, PERIODS.map((entry) => press(entry === name, t("period." + entry), () => usePeriod(entry))));
    show(own, name === "own");
    setAttrs(from, { "aria-label": t("period.from"), max: isoDay(serverNow()) });
    setAttrs(to, { "aria-label": t("period.to"), max: isoDay(serverNow()) });
    from.value = period.from;
    to.value = period.to;
    groupings.setAttribute("aria-label", t("by.label"));
    show(groupings, Boolean(hall));
    replace(groupings, GROUPINGS.map((entry) => press(entry === by, t("by." + entry), () => {
      by = entry;
      table.chosen = null;
      changed();
    })));
    setText(exporting, t("figures.export"));
    setAttrs(exporting, {
      href: hall ? "/api/v1/halls/" + encodeURIComponent(hall) + "/evaluation-figures.xlsx?from=" + period.from + "&to=" + period.to + "&by=" + by : null,
      download: Boolean(hall), "aria-disabled": hall ? null : "true",
      title: t(hall ? "figures.export_hint" : "figures.export_hall"),
    });
  }

  function words() {
    setText(heading, t("figures.title"));
    replace(none, h("div", { class: "card" }, h("h2", null, t("desk.none.title")), h("p", null, t("desk.none.text"))));
    choices();
    ratings.words();
    draw();
  }

  if (!hall) by = "hall";
  onLang(() => {
    words();
    if (tree.halls.length) refresh(); // matters have other names then
  });
  words();
  const chosen = tree.halls.find((entry) => entry.id === hall);
  if (chosen) document.title = nameOf(chosen) + " · " + document.title;
  reloadOnNewBuild(me);
  if (tree.halls.length) refresh();
}

start();
