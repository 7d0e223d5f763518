/**
 * Which device this page is. A page is paired once with a short code and then knows its hall and
 * window by itself. One browser may hold several devices (a screen wall, the demonstration), so
 * the device's id stays in the page's address and in its own corner of localStorage; the secret is
 * an HttpOnly cookie that no script sees.
 */
import { ApiError, get, post, setDevice, sleep } from "./api.js";
import { h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { askForCode } from "./pair.js";

/** @typedef {import("./types.js").Me} Me */

let here = "";

/** The id of this page's device, or "". */
export function deviceId() {
  return here;
}

function storageKey() {
  return "hall.device:" + location.pathname.replace(/\/+$/, "");
}

/** @param {string} id */
function remember(id) {
  here = id;
  setDevice(id);
  try {
    if (id) localStorage.setItem(storageKey(), id);
    else localStorage.removeItem(storageKey());
  } catch (error) {
    // A browser without storage still has the address.
  }
  const params = new URLSearchParams(location.search);
  params.delete("code");
  if (id) params.set("device", id);
  else params.delete("device");
  const query = params.toString();
  history.replaceState(null, "", location.pathname + (query ? "?" + query : "") + location.hash);
}

function recall() {
  const fromAddress = new URLSearchParams(location.search).get("device");
  if (fromAddress) return fromAddress;
  try {
    return localStorage.getItem(storageKey()) || "";
  } catch (error) {
    return "";
  }
}

/**
 * Finds out who this page is, asking for a pairing code when the server does not know it, and
 * waiting when the server is not there. Returns only when the page may start.
 * @param {{kinds: string[], root?: HTMLElement}} options  kinds of device or roles that may use
 *   the page; `root` is where messages are shown meanwhile (default: the body)
 * @returns {Promise<Me>}
 */
export async function identify(options) {
  const root = options.root || document.body;
  const saved = Array.from(root.childNodes);
  const code = new URLSearchParams(location.search).get("code");
  let problem = "";
  let touched = false;
  if (code) {
    try {
      remember((await pair(code)).device_id);
    } catch (error) {
      problem = error instanceof ApiError ? error.detail : t("pair.failed");
    }
  }
  if (!here) {
    here = recall();
    setDevice(here);
  }
  for (;;) {
    try {
      const me = problem ? null : await get("/me");
      if (me && [me.kind].concat(me.roles || []).some((name) => options.kinds.indexOf(name) >= 0)) {
        if (me.device_id) remember(me.device_id);
        if (touched) replace(root, saved);
        return me;
      }
      if (me) problem = me.kind === "user" ? t("pair.person", { name: me.name }) : t("pair.wrong_kind", { kind: t("pair.kind." + me.kind) });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 403)) {
        touched = true;
        replace(root, waitingPage());
        await sleep(1500);
        continue;
      }
    }
    touched = true;
    remember((await askForCode(root, options.kinds[0], problem, pair)).device_id);
    problem = "";
  }
}

/**
 * @param {string} code
 * @returns {Promise<{device_id: string, kind: string}>}
 */
function pair(code) {
  return post("/pair", { code: code.trim().toUpperCase() });
}

function waitingPage() {
  return h(
    "div",
    { class: "plain-page" },
    h("div", { class: "card", role: "status" }, h("h2", null, t("starting.title")), h("p", null, t("starting.text"))),
  );
}

let lastTouch = performance.now();
["pointerdown", "keydown", "touchstart"].forEach((type) => {
  window.addEventListener(type, () => (lastTouch = performance.now()), { passive: true, capture: true });
});

/** Seconds since somebody touched this page. */
export function idleSeconds() {
  return (performance.now() - lastTouch) / 1000;
}

/**
 * Reloads the page when the server runs a newer build and nobody is using it. Once per build, so
 * that a stubborn cache cannot make it reload for ever.
 * @param {Me} me
 * @param {() => boolean} [isIdle]  default: untouched for a minute
 */
export function reloadOnNewBuild(me, isIdle) {
  const idle = isIdle || (() => idleSeconds() > 60);
  const check = async () => {
    try {
      const now = await get("/me");
      if (!now.build || !me.build || now.build === me.build || !idle()) return;
      if (sessionStorage.getItem("hall.reloaded") === now.build) return;
      sessionStorage.setItem("hall.reloaded", now.build);
      location.reload();
    } catch (error) {
      // The stream says what is wrong; here there is only something to do when it works.
    }
  };
  setInterval(check, 60000 + Math.random() * 30000);
}
