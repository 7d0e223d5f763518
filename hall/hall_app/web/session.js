/**
 * Who sits at this desk. Staff pages need a person's session: nobody signed in goes to the sign-in
 * page and comes back; a session that ends in the middle of work is renewed in place, so that
 * nothing typed is lost.
 */
import { ApiError, del, get, post, sleep } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { problemText } from "./words.js";

/** @typedef {import("/static/core/types.js").Me} Me */

const FIRST_PAGE = [
  { roles: ["manager", "admin"], href: "/admin" },
  { roles: ["supervisor"], href: "/supervision" },
  { roles: ["security", "auditor"], href: "/admin" },
];

let name = "";

/**
 * Is this a person, and which roles do they have?
 * @param {Me|null} me
 * @param {...string} roles
 */
export function hasRole(me, ...roles) {
  return Boolean(me && (me.roles || []).some((role) => roles.indexOf(role) >= 0));
}

/**
 * Where a person's work begins.
 * @param {{roles?: string[]}} who
 */
export function firstPage(who) {
  const found = FIRST_PAGE.find((page) => page.roles.some((role) => (who.roles || []).indexOf(role) >= 0));
  return found ? found.href : "/";
}

/**
 * The person at this page, or null when nobody is signed in (a paired device is nobody).
 * @returns {Promise<Me|null>}
 */
export async function whoIsHere() {
  try {
    const me = await get("/me");
    const person = me.kind === "user";
    if (person) name = me.name;
    return person ? me : null;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}

/**
 * Resolves when a person with one of these roles is here; waits for a server that is away.
 * @param {...string} roles
 * @returns {Promise<Me>}
 */
export async function requireStaff(...roles) {
  for (;;) {
    let me;
    try {
      me = await whoIsHere();
    } catch (error) {
      replace(document.body, plainPage(h("h2", null, t("starting.title")), h("p", null, t("starting.text"))));
      await sleep(1500);
      continue;
    }
    if (me && hasRole(me, ...roles)) {
      replace(document.body);
      return me;
    }
    if (me) replace(document.body, deniedPage(me));
    else goToSignIn();
    await new Promise(() => undefined);
  }
}

/** Leaves for the sign-in page, which comes back here. */
function goToSignIn() {
  const here = location.pathname + location.search + location.hash;
  location.replace("/signin?next=" + encodeURIComponent(here));
}

/** Ends the session and shows the sign-in page. */
export async function signOut() {
  try {
    await del("/session", { retryMs: 0 });
  } catch (error) {
    if (error instanceof ApiError && error.status === 0) throw error;
  }
  location.assign("/signin");
}

/**
 * Does something that needs the session; when the session has ended meanwhile, asks for the
 * password and does it again.
 * @template R
 * @param {() => Promise<R>} act
 * @returns {Promise<R>}
 */
export async function inSession(act) {
  for (let asked = 0; ; asked += 1) {
    try {
      return await act();
    } catch (error) {
      const ended = error instanceof ApiError && error.status === 401 && asked < 3;
      if (!ended || !(await signInAgain())) throw error;
    }
  }
}

/** @type {Promise<boolean>|null} */
let asking = null;

/**
 * Asks for the password in a dialog. One dialog, however many requests failed, and none for a
 * request that was on its way while somebody signed in again.
 * @returns {Promise<boolean>} whether somebody is signed in again
 */
export function signInAgain() {
  if (!asking) {
    asking = isHere().then((here) => here || askPassword()).then(
      (good) => {
        asking = null;
        if (!good) goToSignIn();
        return good;
      },
    );
  }
  return asking;
}

/** Whether the session of this page's person is there after all. @returns {Promise<boolean>} */
async function isHere() {
  try {
    const me = await get("/me");
    return me.kind === "user" && me.name === name;
  } catch (error) {
    return false;
  }
}

/** @returns {Promise<boolean>} */
async function askPassword() {
  const answer = await dialog(t("again.title"), (/** @type {(r: boolean|null) => void} */ close) => {
    const password = h("input", { type: "password", autocomplete: "current-password", "data-first": true });
    const error = h("span", { class: "error", role: "alert", hidden: true });
    const submit = h("button", { class: "button primary", type: "submit" }, t("again.submit"));
    return h(
      "form",
      {
        class: "stack",
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          submit.disabled = true;
          try {
            await post("/session", { name, password: password.value });
            close(true);
          } catch (failure) {
            setText(error, problemText(failure));
            show(error, true);
            submit.disabled = false;
            password.select();
          }
        },
      },
      h("p", null, t("again.text")),
      h("label", { class: "field" }, h("span", null, t("again.name")), h("input", { value: name, readonly: true, autocomplete: "username" })),
      h("label", { class: "field" }, h("span", null, t("again.password")), password, error),
      h(
        "div",
        { class: "actions" },
        h("button", { class: "button", type: "button", onclick: () => close(false) }, t("nav.signout")),
        submit,
      ),
    );
  });
  return answer === true;
}

/** @param {...import("/static/core/dom.js").Child} children */
function plainPage(...children) {
  return h("div", { class: "plain-page" }, h("div", { class: "card", role: "status" }, ...children));
}

/** @param {Me} me */
function deniedPage(me) {
  const roles = (me.roles || []).map((role) => t("role." + role)).join(t("list.and")) || t("denied.none");
  return plainPage(
    h("h2", null, t("denied.title")),
    h("p", null, t("denied.text", { name: me.name, roles })),
    h("div", { class: "row-wrap" },
      h("button", { class: "button primary", type: "button", onclick: () => { signOut(); } }, t("denied.switch")),
      h("a", { class: "button", href: "/" }, t("denied.home")),
    ),
  );
}
