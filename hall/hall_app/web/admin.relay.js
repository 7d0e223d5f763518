/**
 * Passing ratings on to the regional 好差评 system: where to, with which codes and secret, and on the
 * right how far that is: what waits, what was refused and why.
 */
import { get, post, put } from "/static/core/api.js";
import { h, replace, setText } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { hhmm, isoDay } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { section } from "./admin.form.js";
import { button } from "./admin.list.js";
import { RulesTab } from "./admin.rules.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.form.js").Form} Form */
/** @typedef {{code: string, item: string, dept: string}} Task */
/** @typedef {{ticket_id: string, state: "waiting"|"refused", made_at: string, attempts: number,
 *   tried_at: string|null, status: number|null, error: string}} Undelivered */
/** @typedef {{waiting: number, delivered: number, refused: number, oldest_waiting_at: string|null,
 *   undelivered: Undelivered[]}} Outbox */

const LOOK_MS = 5000;
const LEVELS = ["very_satisfied", "satisfied", "mostly_satisfied", "dissatisfied", "very_dissatisfied"];
/** @type {(keyof Task)[]} */
const PARTS = ["code", "item", "dept"];
const TEXT_MAX = 60;

/** @param {Admin} admin @param {HTMLElement} root */
export function openRelay(admin, root) {
  /** As stored; `secret_set` and no secret. @type {Record<string, any>|null} */
  let settings = null;
  const path = admin.path("/relay");
  const outbox = new OutboxPanel(path, () => Boolean(settings && settings.enabled));
  const tab = new RulesTab(admin, root, {
    name: "relay",
    parts: ["setup"],
    ready: () => Boolean(settings && admin.setup),
    load: () => {
      const draft = Object.assign({}, settings, { secret: "", forget: false });
      delete (/** @type {any} */ (draft).secret_set);
      return draft;
    },
    form: (form, draft) => {
      outbox.draw();
      // Managers see where ratings go; where they go is the administrator's to say.
      const mine = admin.is("admin");
      return h("div", { class: "relay" },
        h("fieldset", { disabled: !mine },
          mine ? null : h("p", { class: "rule-sentence" }, t("relay.admins")),
          fields(form, draft, Boolean(settings && settings.secret_set), admin)),
        outbox.node);
    },
    check: (draft) => {
      const wrong = [];
      if (draft.enabled && !draft.url.trim()) wrong.push({ field: "url", message: t("form.needed") });
      if (!draft.header.trim()) wrong.push({ field: "header", message: t("form.needed") });
      const tasks = /** @type {Task[]} */ (Object.keys(draft.tasks).map((id) => draft.tasks[id]));
      if (tasks.some((task) => !task.code.trim())) wrong.push({ field: "tasks", message: t("relay.tasks.no_code") });
      return wrong;
    },
    send: async (draft) => {
      const body = Object.assign({}, draft);
      delete (/** @type {any} */ (body).forget);
      if (draft.forget) body.secret = "";
      else if (!draft.secret) delete (/** @type {any} */ (body).secret);
      settings = await inSession(() => put(path, body));
      outbox.look();
    },
    fieldOf: (field) => field.split(/[.[]/)[0],
  });
  inSession(() => get(path)).then((answer) => {
    settings = answer;
    if (admin.tab !== whole) return; // another one was opened meanwhile
    tab.reload();
    tab.draw();
  }, (error) => replace(root, h("p", { class: "empty", role: "alert" }, problemText(error))));
  outbox.look();
  const timer = setInterval(() => outbox.look(), LOOK_MS);
  const whole = Object.assign(tab, { stop: () => clearInterval(timer) });
  return whole;
}

// --- the settings ------------------------------------------------------------------------------------

/**
 * @param {Form} form
 * @param {Record<string, any>} draft
 * @param {boolean} secretSet
 * @param {Admin} admin
 */
function fields(form, draft, secretSet, admin) {
  const codes = h("p", { class: "rule-sentence wide" });
  const say = () => setText(codes, t("relay.codes", {
    list: LEVELS.map((level, index) => t("relay.level." + level) + " " + (draft.code_order === "five_is_best" ? 5 - index : index + 1)).join(" · "),
  }));
  const changed = form.onChange;
  form.onChange = () => { changed(); say(); };
  say();
  const text = (/** @type {string} */ name, /** @type {number} */ max, /** @type {Record<string, any>} */ more = {}) =>
    form.text(name, Object.assign({ label: t("relay." + name), hint: t("relay." + name + ".hint"), max }, more));
  const codesSection = section(t("relay.section.codes"),
    form.choice("code_order", { label: t("relay.code_order"), hint: t("relay.code_order.hint"), wide: true, options: [
      ["five_is_best", t("relay.code_order.five_is_best")], ["one_is_best", t("relay.code_order.one_is_best")]] }),
    codes,
    text("area_code", TEXT_MAX, { placeholder: admin.hall ? admin.hall.region : "" }), text("dept_code", TEXT_MAX), text("data_source", TEXT_MAX));
  codesSection.classList.add("thirds");
  return [
    section(t("relay.section.where"),
      form.check("enabled", { label: t("relay.enabled"), hint: t("relay.enabled.hint") }),
      text("url", 500, { wide: true, placeholder: "https://hcp.example.gov.cn/evaluation" }),
      text("header", TEXT_MAX), secret(form, draft, secretSet, secretSet && admin.is("admin"))),
    codesSection,
    tasks(form, draft, admin),
  ];
}

/**
 * Written here, shown nowhere.
 * @param {Form} form
 * @param {Record<string, any>} draft
 * @param {boolean} isSet
 * @param {boolean} mayForget
 */
function secret(form, draft, isSet, mayForget) {
  const input = h("input", {
    type: "password", autocomplete: "new-password", maxlength: 2000, value: draft.secret, disabled: draft.forget,
    placeholder: t(isSet ? "relay.secret.kept" : "relay.secret.none"),
    oninput: () => {
      draft.secret = input.value;
      form.clear("secret");
      form.changed();
    },
  });
  const forget = h("input", { type: "checkbox", checked: draft.forget, onchange: () => {
    draft.forget = forget.checked;
    draft.secret = input.value = "";
    input.disabled = forget.checked;
    form.changed();
  } });
  return form.field("secret", {
    label: t("relay.secret"),
    hint: [t("relay.secret.hint"), mayForget ? h("label", { class: "check" }, forget, t("relay.secret.forget")) : null],
  }, input);
}

/**
 * What the regional system calls the hall's services. Those that are gone stay to be seen.
 * @param {Form} form
 * @param {Record<string, any>} draft
 * @param {Admin} admin
 */
function tasks(form, draft, admin) {
  /** @type {{id: string, name: string, name_en?: string}[]} */
  const services = (admin.setup ? admin.setup.services : []).slice();
  for (const id of Object.keys(draft.tasks)) {
    if (!services.some((service) => service.id === id)) services.push({ id, name: id });
  }
  const count = h("span", { class: "soft" });
  const say = () => setText(count, t("relay.tasks.count", { n: Object.keys(draft.tasks).length, all: services.length }));
  const input = (/** @type {{id: string, name: string, name_en?: string}} */ service, /** @type {keyof Task} */ part) => {
    const known = draft.tasks[service.id];
    const node = h("input", {
      class: "input", type: "text", maxlength: TEXT_MAX, autocomplete: "off", value: known ? known[part] : "",
      "aria-label": nameOf(service) + " " + t("relay.tasks." + part),
      oninput: () => {
        const task = Object.assign({ code: "", item: "", dept: "" }, draft.tasks[service.id], { [part]: node.value.trim() });
        if (PARTS.some((name) => task[name])) draft.tasks[service.id] = task;
        else delete draft.tasks[service.id];
        say();
        form.clear("tasks");
        form.changed();
      },
    });
    return node;
  };
  say();
  const table = h("table", { class: "table list relay-tasks" },
    h("thead", null, h("tr", null, h("th", { scope: "col" }, t("relay.tasks.service")), PARTS.map((part) => h("th", { scope: "col" }, t("relay.tasks." + part))))),
    h("tbody", null, services.map((service) => h("tr", null, h("td", null, nameOf(service)), PARTS.map((part) => h("td", null, input(service, part)))))));
  return h("details", { class: "form-section" },
    h("summary", null, t("relay.tasks"), " ", count),
    form.field("tasks", { label: t("relay.tasks.label"), hint: t("relay.tasks.hint"), wide: true }, h("div", { class: "relay-tasks-box" }, table)));
}

// --- how far it is -----------------------------------------------------------------------------------

class OutboxPanel {
  /** @param {string} path @param {() => boolean} isOn  whether the hall relays */
  constructor(path, isOn) {
    this.path = path;
    this.isOn = isOn;
    /** @type {Outbox|null} */
    this.outbox = null;
    this.problem = "";
    this.node = h("section", { class: "panel relay-outbox live" });
  }

  async look() {
    const before = JSON.stringify([this.outbox, this.problem]);
    try {
      this.outbox = await inSession(() => get(this.path + "/outbox"));
      this.problem = "";
    } catch (error) {
      this.problem = problemText(error);
    }
    // Mostly nothing is new: then the list keeps its place and the button the focus.
    if (JSON.stringify([this.outbox, this.problem]) !== before) this.draw();
  }

  /** @returns {["closed"|"alert"|"away"|"open", string]} */
  state() {
    const box = this.outbox;
    if (box && box.refused) return ["alert", t("relay.state.refused")];
    if (!this.isOn()) return ["closed", t("relay.state.off")];
    if (box && box.undelivered.length) return ["away", t("relay.state.retrying")];
    return ["open", t("relay.state.good")];
  }

  draw() {
    const box = this.outbox;
    if (!box) {
      replace(this.node, h("p", { class: "empty", role: "status" }, this.problem || t("starting.title")));
      return;
    }
    const [mark, word] = this.state();
    const again = button(t("relay.retry"), () => { this.retry(again); });
    again.disabled = !box.waiting && !box.refused;
    const oldest = box.oldest_waiting_at;
    const count = (/** @type {"waiting"|"refused"|"delivered"} */ name) => h("div", { "data-count": name },
      h("dt", null, t("relay.count." + name)), h("dd", { "data-some": box[name] ? "yes" : null }, box[name]));
    replace(this.node,
      h("header", { class: "panel-head" }, h("h2", null, t("relay.outbox")), h("span", { class: "state chip push", "data-state": mark }, word)),
      this.problem ? h("p", { class: "banner", "data-state": "alert", role: "alert" }, this.problem) : null,
      h("dl", { class: "relay-counts" }, count("waiting"), count("refused"), count("delivered")),
      h("div", { class: "relay-next" },
        h("p", { class: "soft" }, oldest ? t("relay.oldest", { at: at(oldest) }) : t("relay.nothing_waits")), again),
      h("ul", { class: "relay-errors" }, box.undelivered.map((entry) => h("li", null,
        h("p", { class: "row" },
          h("span", { class: "state", "data-state": entry.state === "refused" ? "alert" : "away" }, t("relay.undelivered." + entry.state)),
          h("span", { class: "soft push nowrap" }, t("relay.rated", { at: at(entry.made_at) }))),
        h("p", { class: "relay-error" }, entry.error),
        h("p", { class: "soft small" }, t("relay.tried", { n: entry.attempts, at: entry.tried_at ? at(entry.tried_at) : "–" }))))),
      box.undelivered.length ? null : h("p", { class: "empty" }, t("relay.no_errors")));
  }

  /** @param {HTMLButtonElement} pressed */
  async retry(pressed) {
    pressed.disabled = true;
    try {
      const answer = await inSession(() => post(this.path + "/commands", { command: "retry" }));
      toast(t("relay.retried", { n: answer.waiting }), { state: "open" });
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
    pressed.disabled = false;
    this.look();
  }
}

/** `2026-06-16 09:05`. @param {string} when */
function at(when) {
  return isoDay(when) + " " + hhmm(when);
}
