/**
 * The case page, for managers and supervisors: bad ratings, complaints and matters that could not
 * be settled, from their first deadline to their end. Left what needs a person now, right one case.
 */
import { get, sleep } from "/static/core/api.js";
import { reloadOnNewBuild } from "/static/core/device.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { addTexts, nameOf, onLang, t } from "/static/core/i18n.js";
import { sayOffline, setOffline, watchLink } from "/static/core/offline.js";
import { HallStream } from "/static/core/stream.js";
import { hhmmss, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { openFrame, remember, remembered, restoreDesk } from "/static/app/frame.js";
import { inSession, requireStaff, signInAgain } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { learnWorkdays, urgencyOf } from "./cases.due.js";
import { enterCase, toIso } from "./cases.entry.js";
import { ImportView } from "./cases.import.js";
import { CaseList, titleOf } from "./cases.list.js";
import { texts } from "./cases.texts.js";
import { CaseView } from "./cases.view.js";
import { deskTexts } from "./desk.texts.js";
import { fetchTree, fillHalls, learnMatters } from "./desk.words.js";

/** @typedef {import("./cases.types.js").Case} Case */
/** @typedef {import("./cases.list.js").Scope} Scope */
/** @typedef {{cases: Case[], total: number, people: string[]}} Read */

const HALL = "hall.evaluation.hall";
const ROUND_MS = 15000; // also without a word of the stream: time passes, and other halls have none
const AFTER_EVENT_MS = 300;
const PAGE = 100; // cases of one answer
const MOST_OPEN = 2000; // a hall with more open cases has other worries
const AT_ONCE = 6; // halls asked at the same moment

addTexts(deskTexts);
addTexts(texts);
restoreDesk();

async function start() {
  const me = await requireStaff("supervisor", "manager", "admin");
  const { main } = openFrame({ page: "cases", me, title: "cases.title" });
  sayOffline(() => ({ title: t("offline.title"), text: t("cases.offline") }));
  const tree = await inSession(fetchTree);
  const params = new URLSearchParams(location.search);
  const wanted = params.has("hall") ? params.get("hall") || "" : remembered(HALL);
  let hall = tree.halls.some((entry) => entry.id === wanted) ? wanted : tree.halls.length > 1 ? "" : (tree.halls[0] || { id: "" }).id;
  let wantedCase = params.get("case") || "";
  /** @type {HallStream|null} */
  let stream = null;
  /** Who handles cases, as of the last reading. @type {Set<string>} */
  let people = new Set();
  let asked = 0;
  let readAt = 0;
  let timer = 0;
  let closedLimit = PAGE;

  const hallOf = (/** @type {string} */ id) => tree.halls.find((entry) => entry.id === id);
  const hallName = (/** @type {string} */ id) => {
    const entry = hallOf(id);
    return tree.halls.length > 1 && entry ? nameOf(entry) : "";
  };
  const list = new CaseList({
    choose: (entry) => open(entry),
    more: () => {
      closedLimit += PAGE;
      refresh();
    },
    hallName: (id) => (hall ? "" : hallName(id)),
    filtered: () => {
      if (list.scope === "closed") refresh();
    },
  });
  const view = new CaseView({
    me: me.name,
    people: () => Array.from(people).sort(),
    hallName,
    changed: (entry, command) => {
      // What is done leaves the list; the person goes on with the next.
      if (command === "close") {
        const next = list.neighbour(entry.case_id);
        if (next !== entry.case_id && list.scope === "open") list.pick(next);
      }
      refresh();
    },
  });
  const importing = new ImportView({
    done: () => refresh(),
    close: () => closeImport(),
  });

  const heading = h("h1", null);
  const halls = h("select", { class: "input hall-choice", onchange: () => useHall(halls.value) });
  const scopes = h("div", { class: "choices", role: "group" });
  const readNote = h("span", { class: "soft small push nowrap" });
  const refreshButton = h("button", { class: "button small", type: "button", onclick: () => refresh() });
  const newButton = h("button", { class: "button small", type: "button", onclick: () => enter() });
  const importButton = h("button", { class: "button small", type: "button", onclick: () => startImport() });
  const help = h("button", { class: "button quiet small", type: "button", onclick: () => showKeys() });
  const stale = h("p", { class: "note", role: "alert", hidden: true });
  const none = h("div", { class: "plain-page" });
  replace(main, tree.halls.length
    ? h("div", { class: "cases" },
      h("header", { class: "desk-head" }, heading, halls, scopes, readNote, refreshButton, newButton, importButton, help),
      stale,
      h("div", { class: "cases-desk" }, list.node, view.node, importing.node))
    : none);

  // --- reading -----------------------------------------------------------------------------------

  /**
   * The cases of one hall: all that are open, or the last that were closed.
   * @param {string} id
   * @returns {Promise<Read>}
   */
  async function casesOf(id) {
    const most = list.scope === "open" ? MOST_OPEN : closedLimit;
    let query = "/halls/" + encodeURIComponent(id) + "/cases?limit=" + PAGE + "&state=" + list.scope;
    if (list.scope === "closed" && list.kindOf.value) query += "&kind=" + list.kindOf.value;
    if (list.scope === "closed" && list.clerkOf.value) query += "&clerk=" + encodeURIComponent(list.clerkOf.value);
    /** @type {Case[]} */
    const cases = [];
    for (;;) {
      const after = cases.length ? "&after=" + encodeURIComponent(cases[cases.length - 1].case_id) : "";
      const answer = await get(query + after);
      cases.push(...answer.cases);
      if (answer.cases.length < PAGE || cases.length >= most) {
        return { cases, total: Math.max(answer.total, cases.length), people: answer.people };
      }
    }
  }

  /** @returns {Promise<Read>} */
  async function allCases() {
    if (hall) return casesOf(hall);
    const waiting = tree.halls.map((entry) => entry.id);
    /** @type {Case[]} */
    const cases = [];
    /** @type {string[]} */
    const names = [];
    let total = 0;
    const worker = async () => {
      for (let id = waiting.shift(); id; id = waiting.shift()) {
        const answer = await casesOf(id);
        cases.push(...answer.cases);
        names.push(...answer.people);
        total += answer.total;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return { cases, total, people: names };
  }

  async function refresh() {
    clearTimeout(timer);
    const mine = (asked += 1);
    setAttrs(list.node, { "aria-busy": "true" });
    try {
      const { cases, total, people: names } = await inSession(allCases);
      await learnMatters(cases.map((entry) => entry.hall));
      if (mine !== asked) return;
      readAt = serverNow().getTime();
      people = new Set(names);
      list.show(cases, total);
      show(stale, false);
      if (!hall) setOffline(false);
      keepOpen();
    } catch (error) {
      if (mine !== asked) return;
      complain(error);
    } finally {
      if (mine === asked) {
        setAttrs(list.node, { "aria-busy": null });
        says();
      }
    }
  }

  /** @param {unknown} error */
  function complain(error) {
    setText(stale, readAt ? t("cases.stale", { at: hhmmss(new Date(readAt)) }) : t("desk.failed", { reason: problemText(error) }));
    show(stale, true);
    if (!hall) setOffline(true);
  }

  /** Something happened: read soon, and once for a burst. */
  function refreshSoon() {
    clearTimeout(timer);
    timer = window.setTimeout(refresh, AFTER_EVENT_MS);
  }

  /** After the list changed: the case that is open stays open, with what is new about it. */
  function keepOpen() {
    if (wantedCase) {
      const id = wantedCase;
      wantedCase = "";
      if (list.all.some((entry) => entry.case_id === id)) list.pick(id);
      else openById(id);
      return;
    }
    const now = list.current();
    if (now && !document.querySelector(".veil")) view.show(now);
    else if (!view.brief && importing.node.hidden && list.shown.length && list.scope === "open") {
      list.pick(list.shown[0].case_id);
      if (document.activeElement === document.body) list.rows.focus();
    }
  }

  /** A case by its link, also one that is closed. @param {string} id */
  async function openById(id) {
    try {
      const entry = await inSession(() => get("/cases/" + encodeURIComponent(id)));
      list.mark(id);
      view.show(entry);
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  }

  // --- what is shown -----------------------------------------------------------------------------

  /** @param {Case|null} entry */
  function open(entry) {
    closeImport();
    view.show(entry);
    noteAddress();
  }

  function noteAddress() {
    const url = new URL(location.href);
    url.searchParams.set("hall", hall);
    if (view.brief) url.searchParams.set("case", view.brief.case_id);
    else url.searchParams.delete("case");
    history.replaceState(null, "", url.pathname + url.search);
  }

  function says() {
    setText(readNote, readAt ? t("cases.read_at", { at: hhmmss(new Date(readAt)) }) : "");
    const urgent = list.scope === "open"
      ? list.all.filter((entry) => ["overdue", "today"].indexOf(urgencyOf(entry)) >= 0).length : 0;
    const title = t("cases.title") + " · " + t("app.name");
    document.title = urgent ? t("cases.title_count", { n: urgent, title }) : title;
  }

  /** @param {Scope} scope */
  function setScope(scope) {
    if (scope === list.scope) return;
    list.setScope(scope);
    closedLimit = PAGE;
    list.chosen = "";
    list.show([], 0);
    open(null);
    drawScopes();
    refresh();
  }

  function drawScopes() {
    scopes.setAttribute("aria-label", t("cases.scope"));
    replace(scopes, /** @type {Scope[]} */ (["open", "closed"]).map((scope) =>
      h("button", { class: "button", type: "button", "aria-pressed": String(list.scope === scope), onclick: () => setScope(scope) },
        t("cases.scope." + scope))));
  }

  /** @param {string} id */
  function useHall(id) {
    hall = id;
    remember(HALL, id);
    list.chosen = "";
    list.show([], 0);
    open(null);
    listen();
    words();
    refresh();
  }

  // --- the stream --------------------------------------------------------------------------------

  function listen() {
    if (stream) stream.stop();
    stream = null;
    if (!hall) return;
    const mine = new HallStream({ hall });
    stream = mine;
    mine.on("event", (event) => {
      if (/^(case|evaluation)_/.test(event.type)) refreshSoon();
    });
    mine.on("status", (status, before) => {
      if (status === "refused" && stream === mine) signInAgain();
      if (status === "online" && before !== "connecting") refresh();
    });
    watchLink(mine);
    mine.start();
  }

  async function rounds() {
    for (;;) {
      await refresh();
      await sleep(ROUND_MS);
    }
  }

  // --- new ones ----------------------------------------------------------------------------------

  /** What a new case of this hall may refer to. @returns {Promise<import("./cases.entry.js").HallSetup>} */
  async function hallSetup() {
    const path = "/halls/" + encodeURIComponent(hall);
    const [{ state }, clerks] = await inSession(() => Promise.all([get(path + "/snapshot"), get(path + "/clerks")]));
    return { windows: state.windows, services: state.services, clerks };
  }

  async function enter() {
    if (!hall) return toast(t("cases.one_hall"), { state: "away" });
    try {
      const made = await enterCase(hall, await hallSetup());
      if (!made) return;
      toast(t("new.done", { what: titleOf(made) }), { state: "open" });
      if (list.scope !== "open") setScope("open");
      wantedCase = made.case_id;
      await refresh();
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  }

  async function startImport() {
    if (!hall) return toast(t("cases.one_hall"), { state: "away" });
    try {
      const setup = await hallSetup();
      show(view.node, false);
      importing.start(hall, {
        windows: setup.windows.map((entry) => entry.number),
        unresolved: setup.windows.filter((entry) => entry.type === "unresolved").map((entry) => entry.number),
        clerks: setup.clerks.map((/** @type {{clerk_no: string}} */ entry) => entry.clerk_no),
        services: setup.services,
        toIso,
      });
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  }

  function closeImport() {
    if (importing.node.hidden) return;
    show(importing.node, false);
    show(view.node, true);
    list.rows.focus();
  }

  // --- keys --------------------------------------------------------------------------------------

  function showKeys() {
    const lines = [["↑ ↓", t("key.move")], ["Enter", t("key.enter")], ...CaseView.keys(), ["U", t("key.show")],
      ["N", t("key.new")], ["I", t("key.import")], ["G", t("key.refresh")], ["L", t("key.scope")], ["/", t("key.filter")],
      ["?", t("key.help")], ["Ctrl+Enter", t("key.send")]];
    dialog(t("key.title"), (/** @type {(r: null) => void} */ close) => [
      h("table", { class: "table keys" }, h("tbody", null, lines.map(([key, name]) => h("tr", null, h("td", null, h("kbd", null, key)), h("td", null, name))))),
      h("div", { class: "actions" }, h("button", { class: "button primary", type: "button", onclick: () => close(null) }, t("close"))),
    ]);
  }

  /** @type {Record<string, () => void>} */
  const KEYS = {
    n: enter, i: startImport, g: refresh, "?": showKeys,
    l: () => setScope(list.scope === "open" ? "closed" : "open"),
    "/": () => list.kindOf.focus(),
    j: () => list.move(1), k: () => list.move(-1), ArrowDown: () => list.move(1), ArrowUp: () => list.move(-1),
  };

  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector(".veil")) return;
    if (event.key === "Escape") closeImport();
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    // Enter on a button or link is that button's; arrows in what scrolls scroll it.
    if (event.key === "Enter" && /^(BUTTON|A)$/.test(target.tagName)) return;
    if (/^Arrow/.test(event.key) && target === view.body) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = KEYS[key];
    if (act) act();
    else if (!importing.node.hidden || !view.key(key)) return;
    event.preventDefault();
  });

  // --- words -------------------------------------------------------------------------------------

  function words() {
    setText(heading, t("cases.title"));
    fillHalls(halls, tree, hall);
    show(halls, tree.halls.length > 1);
    drawScopes();
    replace(refreshButton, t("cases.refresh"), h("kbd", null, "G"));
    replace(newButton, t("cases.new"), h("kbd", null, "N"));
    replace(importButton, t("cases.import"), h("kbd", null, "I"));
    newButton.disabled = importButton.disabled = !hall;
    newButton.title = importButton.title = hall ? "" : t("cases.one_hall");
    replace(help, t("cases.keys"), h("kbd", null, "?"));
    replace(none, h("div", { class: "card" }, h("h2", null, t("desk.none.title")), h("p", null, t("desk.none.text"))));
    list.words();
    view.words();
    importing.words();
    says();
  }
  onLang(() => {
    words();
    learnMatters(list.all.map((entry) => entry.hall)).then(() => {
      list.draw();
      view.words();
    });
  });
  words();
  if (!tree.halls.length) return;
  learnWorkdays().then(() => {
    list.draw();
    view.words();
  });
  listen();
  reloadOnNewBuild(me, () => !document.querySelector(".veil") && importing.node.hidden === true);
  rounds();
}

start();
