/**
 * The bar at the head of every desk page: where one is, what else there is, the hall's time,
 * the language, and who is signed in. Also remembers language and theme on this machine.
 */
import { h, replace, setText } from "/static/core/dom.js";
import { addTexts, lang, onLang, setLang, t } from "/static/core/i18n.js";
import { everySecond, hhmm, longDate, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { appTexts } from "./app.texts.js";
import { changePassword } from "./password.js";
import { hasRole, signOut } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("/static/core/types.js").Me} Me */

const LANG = "hall.lang";

addTexts(appTexts);

/** @param {string} key */
export function remembered(key) {
  try {
    return localStorage.getItem(key) || "";
  } catch (error) {
    return "";
  }
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch (error) {
    // Without storage it is asked again next time.
  }
}

/** Language and theme of this desk; call it before anything is drawn. */
export function restoreDesk() {
  const params = new URLSearchParams(location.search);
  if (!params.get("lang") && remembered(LANG) === "en") setLang("en");
  const theme = params.get("theme");
  if (theme) document.documentElement.setAttribute("data-theme", theme);
}

/** @returns {HTMLButtonElement} */
function languageButton() {
  const button = h("button", {
    class: "button quiet", type: "button",
    onclick: () => {
      const next = lang() === "en" ? "zh" : "en";
      remember(LANG, next);
      setLang(next);
    },
  });
  const draw = () => setText(button, t("language.other"));
  onLang(draw);
  draw();
  return button;
}

/**
 * Draws the bar into the body and gives what the page fills.
 * @param {{page: "home"|"supervision"|"cases"|"figures"|"admin"|"signin", me: Me|null, title: string}} options
 *   `title`: the key of the page's title
 * @returns {{main: HTMLElement, slot: HTMLElement}} `slot` is the room in the bar's middle
 */
export function openFrame(options) {
  const { page, me } = options;
  const nav = h("nav", { class: "bar-nav" });
  const slot = h("div", { class: "bar-slot" });
  const date = h("span", { class: "bar-date soft" });
  const clock = h("span", { class: "bar-clock number" });
  const person = h("div", { class: "bar-person row" });
  const skip = h("a", { class: "skip", href: "#main" });
  const main = h("main", { id: "main", tabindex: -1, class: "page page-" + page });
  const brand = h("a", { class: "bar-brand", href: "/" });

  /** @param {string} href @param {string} key @param {string} name */
  const link = (href, key, name) =>
    h("a", { href, "aria-current": name === page ? "page" : null }, t(key));

  const draw = () => {
    document.title = t(options.title) + " · " + t("app.name");
    setText(skip, t("app.skip"));
    setText(brand, t("app.name"));
    nav.setAttribute("aria-label", t("nav.label"));
    replace(
      nav,
      link("/", "nav.home", "home"),
      hasRole(me, "supervisor", "manager", "admin") ? link("/supervision", "nav.supervision", "supervision") : null,
      hasRole(me, "supervisor", "manager", "admin") ? link("/cases", "nav.cases", "cases") : null,
      hasRole(me, "supervisor", "manager", "admin") ? link("/figures", "nav.figures", "figures") : null,
      hasRole(me, "manager", "admin", "security", "auditor") ? link("/admin", "nav.admin", "admin") : null,
    );
    replace(
      person,
      me ? h("span", { class: "bar-name clamp-1", title: t("nav.user", { name: me.name }) }, me.name) : null,
      me ? h("button", { class: "button quiet", type: "button", onclick: () => { changePassword(me.name); } }, t("nav.password")) : null,
      me
        ? h("button", { class: "button quiet", type: "button", onclick: leave }, t("nav.signout"))
        : page === "signin" ? null : h("a", { class: "button quiet", href: "/signin" }, t("nav.signin")),
    );
  };
  const leave = async () => {
    try {
      await signOut();
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  };
  const drawTime = () => {
    setText(clock, hhmm(serverNow()));
    setText(date, longDate(serverNow()));
  };
  onLang(() => {
    draw();
    drawTime();
  });
  draw();
  everySecond(drawTime);
  replace(
    document.body,
    skip,
    h("header", { class: "bar no-print" }, brand, nav, slot, h("div", { class: "bar-time" }, date, clock), languageButton(), person),
    main,
  );
  return { main, slot };
}
