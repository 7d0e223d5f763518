/**
 * What a kiosk shows until the server answers. The page comes from this very PC (`hall agent`), so
 * it is there with the cable out; it asks its own agent every two seconds how the server is.
 */
import { texts } from "./start.texts.js";

/** @typedef {{trouble: string, server: string, clock_off_s: number, go: string|null}} State */

const AGAIN_MS = 2000;
const GRACE_MS = 6000; // a server that was only slow is no trouble for a citizen to read about
const began = Date.now();

/** @param {string} key @param {Record<string, string|number>} [params] @returns {[string, string]} */
function words(key, params) {
  const fill = (/** @type {string} */ text) => text.replace(/\{(\w+)\}/g, (whole, name) =>
    (params && params[name] !== undefined ? String(params[name]) : whole));
  return [fill(texts[key][0]), fill(texts[key][1])];
}

/** @param {string} name @param {[string, string]} pair @param {string} [cls] */
function line(name, pair, cls) {
  const node = document.createElement(name);
  if (cls) node.className = cls;
  const english = document.createElement("span");
  english.lang = "en";
  english.textContent = pair[1];
  node.append(pair[0], english);
  return node;
}

/** @param {State} state */
function draw(state) {
  const known = texts[state.trouble + ".title"] ? state.trouble : "starting";
  const early = known !== "agent" && Date.now() - began < GRACE_MS;
  const trouble = early ? "starting" : known;
  const main = document.createElement("main");
  main.setAttribute("data-trouble", trouble);
  if (trouble === "starting") {
    main.append(line("h1", words("starting.title")));
  } else {
    main.append(
      line("h1", words("citizen.title")),
      line("p", words("citizen.kept"), "kept"));
  }
  const box = document.createElement("section");
  if (!early) {
    if (trouble !== "starting") box.append(line("h2", words(trouble + ".title")));
    box.append(line("p", words(trouble + ".who", { server: state.server })));
  }
  if (state.clock_off_s) box.append(line("p", words("clock", { minutes: Math.max(2, Math.round(Math.abs(state.clock_off_s) / 60)) })));
  if (box.childNodes.length) main.append(box);
  main.append(line("p", words("again"), "soft"));
  document.body.textContent = "";
  document.body.append(main);
}

async function look() {
  /** @type {State} */
  let state = { trouble: "agent", server: "", clock_off_s: 0, go: null };
  try {
    const response = await fetch("/state", { cache: "no-store" });
    state = await response.json();
  } catch (error) {
    // The agent beside this page is gone: that is what `agent` says.
  }
  if (state.go) {
    location.replace(state.go);
    return;
  }
  draw(state);
  setTimeout(look, AGAIN_MS);
}

look();
