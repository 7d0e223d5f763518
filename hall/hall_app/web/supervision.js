/**
 * Supervision: first what needs a person now, then the halls of four levels in figures, then one
 * hall's windows live. Figures of all halls are asked for every few seconds; the chosen hall comes
 * by its stream.
 */
import { ApiError, get, sleep } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { coalesce, h, replace, setText, show } from "/static/core/dom.js";
import { addTexts, nameOf, onLang, t } from "/static/core/i18n.js";
import { reloadOnNewBuild } from "/static/core/device.js";
import { sayOffline, setOffline, watchLink } from "/static/core/offline.js";
import { HallStream } from "/static/core/stream.js";
import { everySecond, hhmmss, serverNow } from "/static/core/time.js";
import { Wall } from "/static/cameras/wall.js";
import { openFrame, remember, remembered, restoreDesk } from "./frame.js";
import { hasRole, requireStaff, signInAgain } from "./session.js";
import { AlertPanel, fetchAlerts } from "./supervision.alerts.js";
import { Board } from "./supervision.board.js";
import { texts } from "./supervision.texts.js";
import { TreePanel } from "./supervision.tree.js";
import { Views } from "./supervision.views.js";
import { wordFor } from "./words.js";

/** @typedef {import("./supervision.tree.js").Tree} Tree */
/** @typedef {import("./supervision.tree.js").HallNow} HallNow */
/** @typedef {import("./supervision.alerts.js").Alert} Alert */

const TREE_MS = 3000;
const ALERTS_MS = 9000; // also when no count changed: somebody may have acknowledged one
const BURST_MS = 500; // alerts of a switch that fails come many at once: they are asked for together
const STALE_MS = 8000;
const HALL = "hall.supervision.hall";

addTexts(texts);
restoreDesk();

async function start() {
  const me = await requireStaff("supervisor", "manager", "admin");
  const { main } = openFrame({ page: "supervision", me, title: "sup.title" });
  sayOffline(() => ({ title: t("offline.title"), text: t("sup.offline") }));
  // The third step of an alert is the supervisors'; a hall's manager has the second one as well.
  const mine = hasRole(me, "manager", "admin") ? ["supervision", "hall"] : ["supervision"];

  /** @type {Tree} */
  let tree = { regions: [], halls: [] };
  /** @type {Alert[]} */
  let open = [];
  /** @type {Alert[]} */
  let ended = [];
  let counts = "";
  let alertsAt = -Infinity;
  let asking = false;
  let again = false;
  let treeAt = 0;
  /** @type {HallStream|null} */
  let stream = null;
  let wantedWindow = 0;

  const none = h("div", { class: "plain-page", hidden: true });
  const manages = hasRole(me, "manager", "admin");
  const wall = new Wall({ manages, hallName, alerts: alertsOf });
  const board = new Board({
    manages,
    picture: (window) => {
      const camera = wall.cameraOf(window);
      return camera ? () => views.openCamera(camera.camera_id) : null;
    },
  });
  const views = new Views(board, wall);
  const treePanel = new TreePanel((hall) => openHall(hall, null));
  const opening = h("p", { class: "empty", role: "status" });
  const alerts = new AlertPanel({
    mine,
    goTo: (hall, window, camera) => {
      openHall(hall, window);
      views.wanted(camera, window);
    },
    changed: () => refreshAlerts(),
  });
  const help = h("button", { class: "button quiet small sup-help", type: "button", onclick: () => showKeys() });
  const desk = h("div", { class: "sup" },
    h("div", { class: "sup-left" }, alerts.node, treePanel.node, h("div", { class: "sup-foot" }, help)),
    h("div", { class: "sup-right" }, views.bar, opening, views.node));
  replace(main, desk, none);

  /** @param {string} id */
  function hallName(id) {
    const hall = tree.halls.find((other) => other.id === id);
    return hall ? nameOf(hall) : id;
  }

  /** @param {string} hall */
  function alertsOf(hall) {
    return open.filter((alert) => alert.hall === hall)
      .map((alert) => Object.assign({}, alert, { kind_text: wordFor("alert.kind", alert.kind) }));
  }

  /** @param {string} hall */
  const entry = (hall) => tree.halls.find((other) => other.id === hall);

  // --- one hall ----------------------------------------------------------------------------------

  /** @param {string} hall @param {number|null} window */
  function openHall(hall, window) {
    treePanel.select(hall);
    wantedWindow = window || 0;
    if (stream && stream.hall === hall) {
      if (window) board.choose(window);
      return;
    }
    remember(HALL, hall);
    const url = new URL(location.href);
    url.searchParams.set("hall", hall);
    history.replaceState(null, "", url.pathname + url.search);
    if (stream) stream.stop();
    const mineNow = new HallStream({ hall });
    stream = mineNow;
    board.use(null);
    wall.use(null);
    board.figures = entry(hall) || null;
    showOpening();
    const draw = coalesce(() => {
      if (stream !== mineNow) return;
      show(opening, false);
      if (board.stream !== mineNow) {
        board.use(mineNow);
        wall.use(mineNow);
        markAlerted();
        if (wantedWindow) board.choose(wantedWindow);
      } else views.draw();
    });
    mineNow.on("change", (parts) => {
      draw();
      if (parts.indexOf("alerts") >= 0 || parts.indexOf("*") >= 0) refreshAlerts();
    });
    mineNow.on("waits", draw);
    mineNow.on("status", (status) => {
      if (status === "refused" && stream === mineNow) signInAgain();
    });
    watchLink(mineNow);
    mineNow.start();
  }

  function showOpening() {
    const hall = stream && entry(stream.hall);
    setText(opening, hall ? t("sup.connecting", { name: nameOf(hall) }) : "");
    show(opening, !board.stream);
  }

  // --- alerts ------------------------------------------------------------------------------------

  async function refreshAlerts() {
    again = true;
    if (asking) return;
    asking = true;
    while (again) {
      await sleep(alertsAt + BURST_MS - performance.now());
      again = false;
      alertsAt = performance.now();
      try {
        open = await fetchAlerts(false);
        ended = alerts.ended ? await fetchAlerts(true) : [];
      } catch (error) {
        // What is known stays; the next round asks again.
      }
      showAlerts();
    }
    asking = false;
  }

  function showAlerts() {
    alerts.show((alerts.ended ? ended : open).map((alert) => Object.assign({}, alert, { hall_name: hallName(alert.hall) })));
    const urgent = open.filter((alert) => alerts.isMine(alert) && alert.state === "open").length;
    const title = t("sup.title") + " · " + t("app.name");
    document.title = urgent ? t("alerts.title_count", { n: urgent, title }) : title;
    markAlerted();
  }

  function markAlerted() {
    const here = stream ? stream.hall : "";
    board.alerted = new Set(open.filter((alert) => alert.hall === here && alert.state === "open").map((alert) => alert.window || 0));
    views.draw();
  }

  // --- all halls ---------------------------------------------------------------------------------

  async function round() {
    tree = await get("/supervision/tree");
    treeAt = performance.now();
    treePanel.warn("");
    treePanel.show(tree);
    show(none, !tree.halls.length);
    show(desk, tree.halls.length > 0);
    if (!tree.halls.length) drawNone();
    const now = stream && entry(stream.hall);
    if (now) board.figures = now;
    const before = counts;
    counts = tree.halls.map((hall) => hall.alerts_open).join();
    if (counts !== before || performance.now() - alertsAt > ALERTS_MS) await refreshAlerts();
    else showAlerts();
    if (!stream && tree.halls.length) {
      const wanted = new URLSearchParams(location.search).get("hall") || remembered(HALL);
      openHall(entry(wanted) ? wanted : tree.halls[0].id, null);
    }
    if (!stream) setOffline(false);
  }

  function drawNone() {
    replace(none, h("div", { class: "card" }, h("h2", null, t("sup.none.title")), h("p", null, t("sup.none.text"))));
  }

  async function rounds() {
    for (;;) {
      try {
        await round();
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) await signInAgain();
        else if (performance.now() - treeAt > STALE_MS) {
          const at = hhmmss(new Date(serverNow().getTime() - (performance.now() - treeAt)));
          if (treeAt) treePanel.warn(t("sup.stale", { at }));
          if (!stream) setOffline(true);
        }
      }
      await sleep(TREE_MS);
    }
  }

  // --- keys --------------------------------------------------------------------------------------

  function showKeys() {
    const list = [
      ["J", "next"], ["K", "previous"], ["Enter", "enter"], ["A", "acknowledge"], ["E", "explain"], ["V", "confirm"],
      ["X", "dismiss"], ["C", "close"], ["T", "tree"], ["/", "search"], ["S", "sort"],
    ];
    const pictures = [["W", "view"], ["P", "picture"], ["L", "live"], ["R", "rotate"], ["PgUp PgDn", "page"]];
    dialog(t("sup.keys.title"), (/** @type {(r: null) => void} */ close) => [
      h("table", { class: "table" }, h("tbody", null,
        list.map(([key, name]) => h("tr", null, h("td", null, h("kbd", null, key)), h("td", null, t("key." + name)))),
        pictures.map(([key, name]) => h("tr", null, h("td", null, h("kbd", null, key)), h("td", null, t("wall.key." + name)))),
        h("tr", null, h("td", null, h("kbd", null, "?")), h("td", null, t("key.help"))))),
      h("div", { class: "actions" }, h("button", { class: "button primary", type: "button", onclick: () => close(null) }, t("close"))),
    ]);
  }

  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector(".veil")) return;
    if (typing) {
      if (event.key === "Escape" && target === treePanel.search) {
        treePanel.search.value = "";
        treePanel.draw();
        treePanel.body.focus();
      }
      return;
    }
    // Enter on a button or link is that button's.
    if (event.key === "Enter" && /^(BUTTON|A)$/.test(target.tagName)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (views.key(key) || alerts.key(key)) event.preventDefault();
    else if (key === "t") treePanel.body.focus();
    else if (key === "s") board.toggleSort();
    else if (key === "?") showKeys();
    else if (key === "/") {
      event.preventDefault();
      show(treePanel.search, true);
      treePanel.search.focus();
    }
  });

  const words = () => {
    replace(help, t("sup.keys"), h("kbd", null, "?"));
    alerts.words();
    treePanel.words();
    board.words();
    views.words();
    showOpening();
    if (!tree.halls.length) drawNone();
    else treePanel.show(tree);
    showAlerts();
  };
  onLang(words);
  words();
  // Times on the board pass also when nothing happens.
  let second = 0;
  everySecond(() => {
    second += 1;
    if (second % 10 === 0) {
      views.draw();
      alerts.draw();
    }
  });
  reloadOnNewBuild(me, () => !document.querySelector(".veil"));
  rounds();
}

start();
