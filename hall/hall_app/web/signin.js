/**
 * Signing in: name and password, plain words about what is wrong, and back to where one came from.
 */
import { ApiError, post } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { addTexts, onLang, t } from "/static/core/i18n.js";
import { hhmm, serverNow } from "/static/core/time.js";
import { openFrame, restoreDesk } from "./frame.js";
import { firstPage, hasRole, signOut, whoIsHere } from "./session.js";
import { texts } from "./signin.texts.js";
import { problemText } from "./words.js";

/** @typedef {import("/static/core/types.js").Me} Me */

const LOCK_MINUTES = 10; // of an account; the server counts, this only says the latest time
const ADDRESS_MINUTES = 5; // of a computer that guessed too often

/** Who may open what, so that nobody is sent to a page that refuses them. */
/** @type {Record<string, string[]>} */
const ROLES_OF = {
  "/supervision": ["supervisor", "manager", "admin"],
  "/admin": ["manager", "admin", "security", "auditor"],
};

addTexts(texts);
restoreDesk();

/** Where the person wanted to go: a path of this server, or "". */
function wanted() {
  const next = new URLSearchParams(location.search).get("next") || "";
  try {
    const url = new URL(next, location.origin);
    const inside = next.charAt(0) === "/" && url.origin === location.origin && url.pathname !== "/signin";
    return inside ? url.pathname + url.search + url.hash : "";
  } catch (error) {
    return "";
  }
}

/** @param {{roles: string[]}} who */
function destination(who) {
  const next = wanted();
  const needed = ROLES_OF[next.split(/[?#]/)[0]];
  const allowed = next && (!needed || needed.some((role) => who.roles.indexOf(role) >= 0));
  return allowed ? next : firstPage(who);
}

/** The form for somebody whom the server does not know. @param {HTMLElement} main */
function drawForm(main) {
  const typed = /** @type {HTMLInputElement|null} */ (main.querySelector("input[name=name]"));
  const name = h("input", {
    name: "name", autocomplete: "username", autocapitalize: "none", spellcheck: "false", maxlength: 40,
    value: typed ? typed.value : "",
  });
  const password = h("input", { name: "password", type: "password", autocomplete: "current-password", maxlength: 128 });
  const nameError = h("span", { class: "error", hidden: true });
  const passwordError = h("span", { class: "error", hidden: true });
  const caps = h("span", { class: "caps", hidden: true }, t("signin.caps"));
  const problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
  const submit = h("button", { class: "button primary wide submit", type: "submit" }, t("signin.submit"));
  const reveal = h("button", {
    class: "button", type: "button", "aria-pressed": "false",
    onclick: () => {
      const now = password.type === "password";
      password.type = now ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(now));
      password.focus();
    },
  }, t("signin.show"));
  password.addEventListener("keyup", (event) => {
    show(caps, Boolean(event.getModifierState && event.getModifierState("CapsLock")));
  });

  /** @param {HTMLInputElement} input @param {HTMLElement} error @param {string} text */
  const mark = (input, error, text) => {
    setText(error, text);
    show(error, Boolean(text));
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };

  const send = async () => {
    mark(name, nameError, name.value.trim() ? "" : t("signin.name_missing"));
    mark(password, passwordError, password.value ? "" : t("signin.password_missing"));
    show(problem, false);
    if (!name.value.trim()) return name.focus();
    if (!password.value) return password.focus();
    submit.disabled = true;
    setText(submit, t("signin.busy"));
    try {
      const who = await post("/session", { name: name.value.trim(), password: password.value });
      location.replace(destination(who));
    } catch (error) {
      setText(problem, failureText(error));
      show(problem, true);
      submit.disabled = false;
      setText(submit, t("signin.submit"));
      password.select();
      password.focus();
    }
  };

  replace(
    main,
    h(
      "form",
      { class: "card signin", novalidate: true, onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); send(); } },
      h("h1", null, t("signin.title")),
      h("p", { class: "soft lead" }, t(wanted() ? "signin.again" : "signin.lead")),
      problem,
      h("label", { class: "field" }, h("span", null, t("signin.name")), name, nameError),
      h("div", { class: "field" },
        h("label", { class: "label", for: "password" }, t("signin.password")),
        h("div", { class: "input-line" }, password, reveal), caps, passwordError),
      submit,
      h("p", { class: "soft small" }, t("signin.clerks")),
      h("details", { class: "small" },
        h("summary", null, t("signin.forgotten")),
        h("p", null, t("signin.forgotten_text")),
        h("code", null, "hall user reset DIR NAME")),
    ),
  );
  password.id = "password";
  (name.value ? password : name).focus();
}

/** @param {unknown} error */
function failureText(error) {
  if (error instanceof ApiError && error.status === 401) return t("signin.wrong");
  if (error instanceof ApiError && error.status === 429) {
    const locked = error.code === "locked";
    const minutes = locked ? LOCK_MINUTES : ADDRESS_MINUTES;
    const at = hhmm(new Date(serverNow().getTime() + (minutes * 60 + 59) * 1000));
    return t(locked ? "signin.locked" : "signin.too_many", { at });
  }
  return problemText(error);
}

/** For somebody who is signed in already. @param {HTMLElement} main @param {Me} me */
function drawHere(main, me) {
  const roles = (me.roles || []).map((role) => t("role." + role)).join(t("list.and")) || t("denied.none");
  const pages = ["/admin", "/supervision"].filter((href) => hasRole(me, ...ROLES_OF[href]));
  replace(
    main,
    h(
      "div",
      { class: "card signin" },
      h("h1", null, t("signin.here", { name: me.name })),
      h("p", { class: "soft" }, t("signin.roles", { roles })),
      h("div", { class: "go" },
        pages.map((href, index) =>
          h("a", { class: "button" + (index ? "" : " primary"), href }, t("signin.go", { page: t("nav." + href.slice(1)) }))),
        h("a", { class: "button", href: "/" }, t("denied.home")),
        h("button", { class: "button quiet", type: "button", onclick: () => { signOut(); } }, t("signin.other")),
      ),
    ),
  );
}

async function start() {
  const { main } = openFrame({ page: "signin", me: null, title: "signin.title" });
  let me = null;
  try {
    me = await whoIsHere();
  } catch (error) {
    // The form says so when it is sent.
  }
  const person = me;
  const draw = () => (person ? drawHere(main, person) : drawForm(main));
  onLang(draw);
  draw();
}

start();
