/**
 * Everybody changes their own password, from the bar of every desk page.
 */
import { ApiError, post } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/**
 * One input with its label and the room for what is wrong with it.
 * @param {string} key  of its text
 * @param {string} autocomplete
 * @param {string} [hint]
 */
function secret(key, autocomplete, hint) {
  const input = h("input", { type: "password", autocomplete, maxlength: 128, "data-first": key === "password.old" });
  const error = h("span", { class: "error", role: "alert", hidden: true });
  const say = (/** @type {string} */ text) => {
    setText(error, text);
    show(error, Boolean(text));
  };
  const node = h("label", { class: "field" }, h("span", null, t(key)), input, hint ? h("span", { class: "hint" }, hint) : null, error);
  return { input, node, say };
}

/** @param {string} name  the account's, for the browser's memory of passwords */
export async function changePassword(name) {
  const changed = await dialog(t("password.title"), (/** @type {(r: boolean|null) => void} */ close) => {
    const old = secret("password.old", "current-password");
    const fresh = secret("password.new", "new-password", t("password.new_hint"));
    const repeat = secret("password.repeat", "new-password");
    const submit = h("button", { class: "button primary", type: "submit" }, t("password.submit"));
    /** Says what is missing, else what differs. */
    const complete = () => {
      [old, fresh, repeat].forEach((field) => field.say(field.input.value ? "" : t("password.missing")));
      if (!old.input.value || !fresh.input.value || !repeat.input.value) return false;
      if (fresh.input.value === repeat.input.value) return true;
      repeat.say(t("password.differs"));
      return false;
    };
    return h("form", { class: "stack", onsubmit: async (/** @type {Event} */ event) => {
      event.preventDefault();
      if (!complete()) return;
      submit.disabled = true;
      try {
        // Not sent twice: the second time the old password would be wrong, and count as a guess.
        await inSession(() => post("/session/password", { old: old.input.value, new: fresh.input.value }, { retryMs: 0 }));
        close(true);
      } catch (error) {
        submit.disabled = false;
        const wrong = error instanceof ApiError ? error.errors : [];
        wrong.forEach((entry) => (entry.field === "new" ? fresh : old).say(entry.message));
        if (!wrong.length) old.say(problemText(error));
      }
    } },
    h("p", null, t("password.text")),
    h("input", { value: name, autocomplete: "username", readonly: true, hidden: true }),
    old.node, fresh.node, repeat.node,
    h("div", { class: "actions" }, h("button", { class: "button", type: "button", onclick: () => close(null) }, t("cancel")), submit));
  });
  if (changed) toast(t("password.done"), { state: "open" });
}
