/**
 * What this server is and where everything is, in plain words; in a demonstration also the links
 * to pages that are paired already.
 */
import { sleep } from "/static/core/api.js";
import { h, replace, setAttrs, setText } from "/static/core/dom.js";
import { addTexts, lang, onLang, t } from "/static/core/i18n.js";
import { openFrame, restoreDesk } from "./frame.js";
import { texts } from "./home.texts.js";
import { whoIsHere } from "./session.js";

/** @typedef {import("/static/core/types.js").Me} Me */
/** @typedef {{title: string, title_en?: string, href: string, group?: string, group_en?: string}} DemoLink */
/** @typedef {{name: string, href: string, needs?: "code"|"account"}} PageLink */

const READY_MS = 10000;

/** @type {{title: string, links: PageLink[]}[]} */
const GROUPS = [
  { title: "home.office", links: [
    { name: "home.supervision", href: "/supervision", needs: "account" },
    { name: "home.cases", href: "/cases", needs: "account" },
    { name: "home.figures", href: "/figures", needs: "account" },
    { name: "home.admin", href: "/admin", needs: "account" },
    { name: "home.signin", href: "/signin" },
  ] },
  { title: "home.staff", links: [
    { name: "home.counter", href: "/counter", needs: "code" },
    { name: "home.guide", href: "/guide", needs: "code" },
    { name: "home.pad", href: "/pad", needs: "code" },
  ] },
  { title: "home.screens", links: [
    { name: "home.kiosk", href: "/kiosk", needs: "code" },
    { name: "home.hall_screen", href: "/display/hall", needs: "code" },
    { name: "home.window_screen", href: "/display/window", needs: "code" },
  ] },
];

addTexts(texts);
restoreDesk();

/** The demonstration's links; [] on a server that is none. @returns {Promise<DemoLink[]>} */
async function demoLinks() {
  try {
    const server = await (await fetch("/healthz", { cache: "no-store" })).json();
    return server.demonstration ? await (await fetch("/demo/links", { cache: "no-store" })).json() : [];
  } catch (error) {
    return [];
  }
}

/** @param {PageLink} link @param {Me|null} me */
function pageLink(link, me) {
  const needs = link.needs && !(link.needs === "account" && me) ? t("home.needs_" + link.needs) : "";
  const text = link.name === "home.signin" && me ? t("home.signed_in", { name: me.name }) : t(link.name + "_text");
  return h(
    "a",
    { class: "home-link", href: link.href },
    h("div", { class: "head" }, h("span", { class: "name" }, t(link.name)), h("span", { class: "needs" }, needs)),
    h("div", { class: "text" }, text),
  );
}

/** @param {DemoLink[]} links */
function demoPart(links) {
  /** @type {Map<string, DemoLink[]>} */
  const groups = new Map();
  for (const link of links) {
    const group = (lang() === "en" && link.group_en) || link.group || "";
    groups.set(group, (groups.get(group) || []).concat(link));
  }
  return h(
    "section",
    { class: "home-demo" },
    h("h2", null, t("home.demo")),
    h("p", null, t("home.demo_text")),
    h("div", { class: "demo-groups" },
      Array.from(groups).map(([group, list]) =>
        h("div", null,
          group ? h("h3", null, group) : null,
          list.map((link) => h("a", { href: link.href }, (lang() === "en" && link.title_en) || link.title)),
        )),
    ),
  );
}

/** Says whether the server runs, and goes on asking. @param {HTMLElement} node */
async function watchServer(node) {
  for (;;) {
    let said = "away";
    try {
      const response = await fetch("/readyz", { cache: "no-store" });
      said = response.ok ? "ready" : "not_ready";
    } catch (error) {
      // No answer: said below.
    }
    const draw = () => {
      setText(node, t("home." + said));
      setAttrs(node, { "data-state": said === "ready" ? "open" : "alert" });
    };
    onServer = draw;
    draw();
    await sleep(said === "ready" ? READY_MS : 2000);
  }
}
let onServer = () => {};

async function start() {
  /** @type {Me|null} */
  let me = null;
  try {
    me = await whoIsHere();
  } catch (error) {
    // The page needs nobody; the state line says that the server is away.
  }
  const { main } = openFrame({ page: "home", me, title: "home.title" });
  const server = h("p", { class: "state", role: "status" });
  const links = await demoLinks();
  const draw = () => {
    replace(
      main,
      h("div", { class: "home-head" },
        h("div", null, h("h1", null, t("home.what")), h("p", { class: "soft" }, t("home.lead"))),
        server,
      ),
      links.length ? demoPart(links) : null,
      h("div", { class: "home-groups" },
        GROUPS.map((group) =>
          h("section", { class: "home-group" }, h("h2", null, t(group.title)), group.links.map((link) => pageLink(link, me))))),
      h("div", { class: "home-hints" }, h("p", null, t("home.code_hint")), h("p", null, t("home.phone_hint"))),
    );
    onServer();
  };
  onLang(draw);
  draw();
  watchServer(server);
}

start();
