/**
 * One case: what the citizen said, what is due, the one next step as the big button with the
 * others beside it, and what was done so far.
 */
import { get, post } from "/static/core/api.js";
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { hasText, t } from "/static/core/i18n.js";
import { hhmm, longDate } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { inSession } from "/static/app/session.js";
import { problemText, wordFor } from "/static/app/words.js";
import { dueDay, dueText, urgencyOf } from "./cases.due.js";
import { askFor } from "./cases.forms.js";
import { markOf, titleOf } from "./cases.list.js";
import { clerkText, matterName, reasonsOf } from "./desk.words.js";
import { face } from "./levels.js";

/** @typedef {import("/static/core/dom.js").Child} Child */
/** @typedef {import("./cases.types.js").Case} Case */
/** @typedef {import("./cases.types.js").CaseDetail} CaseDetail */
/** @typedef {import("./cases.types.js").Command} Command */
/** @typedef {import("./cases.types.js").Step} Step */

const UNDO_S = 8;
/** @type {Record<Command, string>} */
const KEYS = {
  assign: "a", contact: "c", settle: "s", rectify: "r", explain: "e", appeal: "p", review: "v", close: "x", reopen: "o",
};
const SHOW = "u";

/** `6月16日 星期二 09:05`; today only the time. @param {string} at */
function when(at) {
  return longDate(at) + " " + hhmm(at);
}

/**
 * The next step, which the server names first. What was closed needs none, and an appeal waits for
 * somebody else when this person may not review it.
 * @param {CaseDetail} entry
 * @returns {Command|null}
 */
function nextOf(entry) {
  const first = entry.commands[0];
  if (!first || first === "reopen" || (entry.state === "appealed" && first !== "review")) return null;
  return first;
}

/** Who did something: the journal says `user:name`, `pad:…`, `citizen`. @param {string} actor */
function actorText(actor) {
  const kind = actor.split(":")[0];
  return hasText("step.by." + kind) ? t("step.by." + kind) : actor.slice(actor.indexOf(":") + 1) || t("step.system");
}

/** The pane. `changed` is called after something was done about a case. */
export class CaseView {
  /**
   * @param {{me: string, people: () => string[], hallName: (id: string) => string,
   *   changed: (entry: CaseDetail, command: Command) => void}} options
   */
  constructor(options) {
    this.options = options;
    /** @type {Case|null} */
    this.brief = null;
    /** @type {CaseDetail|null} */
    this.entry = null;
    /** The case in clear, once it was asked for. @type {CaseDetail|null} */
    this.clear = null;
    this.asked = 0;
    /** The case as the list had it when it was read last. */
    this.readAs = "";
    this.due = "";
    this.busy = false;
    this.head = h("header", { class: "case-head" });
    this.next = h("div", { class: "case-next live" });
    this.problem = h("p", { class: "note", role: "alert", hidden: true });
    this.said = h("section", { class: "case-said" });
    this.facts = h("dl", { class: "case-facts" });
    this.steps = h("section", { class: "case-steps" });
    this.empty = h("p", { class: "empty" });
    this.body = h("div", { class: "case-body", tabindex: 0 },
      h("div", { class: "case-column" }, this.said, this.facts), this.steps);
    this.whole = h("div", { class: "case-whole", hidden: true }, this.head, this.next, this.problem, this.body);
    this.node = h("section", { class: "panel case-pane", "aria-live": "off" }, this.empty, this.whole);
  }

  words() {
    setText(this.empty, t("cases.pick"));
    if (this.brief) this.draw();
  }

  /** @param {Case|null} brief  as the list has it */
  show(brief) {
    const same = Boolean(brief && this.brief && brief.case_id === this.brief.case_id);
    this.brief = brief;
    show(this.whole, Boolean(brief));
    show(this.empty, !brief);
    if (!brief) {
      this.entry = null;
      return;
    }
    if (!same) {
      this.entry = null;
      this.clear = null;
      this.readAs = "";
      this.body.scrollTop = 0;
    }
    // A list that is read again every few seconds mostly says the same: the buttons keep the focus.
    const now = JSON.stringify(brief);
    if (now === this.readAs && this.due === dueText(brief)) return;
    this.draw();
    if (now !== this.readAs) this.read();
  }

  async read() {
    const brief = this.brief;
    if (!brief) return;
    const asked = (this.asked += 1);
    this.readAs = JSON.stringify(brief);
    try {
      const entry = await inSession(() => get("/cases/" + encodeURIComponent(brief.case_id)));
      if (asked !== this.asked) return; // another one was chosen meanwhile
      this.entry = entry;
      show(this.problem, false);
      this.draw();
    } catch (error) {
      if (asked !== this.asked) return;
      this.readAs = "";
      setText(this.problem, t("desk.failed", { reason: problemText(error) }));
      show(this.problem, true);
    }
  }

  draw() {
    const entry = this.entry || this.brief;
    if (!entry) return;
    const group = urgencyOf(entry);
    replace(this.head,
      entry.level ? face(entry.level) : null,
      h("div", { class: "grow" },
        h("h2", { class: "clamp-1" }, titleOf(entry)),
        h("p", { class: "soft clamp-1" }, this.whereText(entry))),
      h("span", { class: "state chip", "data-state": markOf(entry.state) }, wordFor("case.state", entry.state)));
    const due = dueText(entry);
    this.due = due;
    const acts = this.acts();
    show(this.next, Boolean(due) || acts.length > 0);
    replace(this.next,
      h("div", { class: "case-due" },
        due ? h("p", { class: group === "overdue" || group === "today" ? "large state" : "large",
          "data-state": group === "overdue" ? "alert" : group === "today" ? "away" : null }, due) : null,
        entry.state === "closed" ? null : h("p", { class: "soft push" }, t("case.last_due") + " " + dueDay(entry.last_due))),
      h("div", { class: "case-acts" }, acts));
    this.drawSaid(entry);
    this.drawFacts(entry);
    this.drawSteps();
  }

  /** @param {Case} entry */
  whereText(entry) {
    const hall = this.options.hallName(entry.hall);
    const parts = [hall, entry.window ? t("case.window_n", { n: entry.window }) : t("case.no_window"),
      entry.clerk ? clerkText(entry.clerk) : "", entry.number || ""];
    return parts.filter(Boolean).join(" · ");
  }

  /** The buttons: the big one, then the others. @returns {(Node|null)[]} */
  acts() {
    const entry = this.entry;
    if (!entry) return [];
    const big = nextOf(entry);
    const button = (/** @type {Command} */ command) =>
      h("button", { class: "button " + (command === big ? "primary big" : ""), type: "button", "data-command": command,
        "aria-keyshortcuts": KEYS[command].toUpperCase(), onclick: () => this.act(command) },
      t("command." + command), h("kbd", null, command === big ? "Enter" : KEYS[command].toUpperCase()));
    const others = entry.commands.filter((command) => command !== big && KEYS[command]);
    if (!entry.commands.length) return [h("p", { class: "soft" }, t("case.nothing_to_do"))];
    return [big ? button(big) : null, ...others.map(button)];
  }

  /** @param {Case} entry */
  drawSaid(entry) {
    const text = (this.clear || entry).text;
    replace(this.said,
      h("h3", null, t("case.said")),
      entry.reasons.length ? h("p", { class: "row-wrap" }, reasonsOf(entry).map((reason) => h("span", { class: "chip" }, reason))) : null,
      text ? h("blockquote", null, text) : h("p", { class: "soft" }, t("case.no_text")));
  }

  /** @param {Case} entry */
  drawFacts(entry) {
    const fact = (/** @type {string} */ key, /** @type {Child} */ value) =>
      value ? h("div", null, h("dt", null, t("case." + key)), h("dd", null, value)) : null;
    replace(this.facts,
      fact("assignee", entry.assignee || h("span", { class: "soft" }, t("case.unassigned"))),
      fact("contact", this.contactOf(entry)),
      fact("service", entry.service && matterName(entry.hall, entry.service)),
      fact("source", wordFor("case.source", entry.source)),
      fact("order_no", entry.order_no),
      fact("opened", when(entry.opened_at)));
  }

  /** @param {Case} entry @returns {Child} */
  contactOf(entry) {
    const named = entry.real_name
      ? h("span", { class: "chip small", title: t("case.real_name.must") }, t("case.real_name")) : null;
    const contact = (this.clear || entry).contact; // the server masks it until it is asked for
    return h("span", { class: "case-contact" },
      contact
        ? h("span", { class: "case-phone" }, [contact.name, contact.phone].filter(Boolean).join(" "))
        : h("span", { class: "soft" }, t("case.contact.none")),
      this.clear
        ? h("span", { class: "soft small" }, t("case.contact.shown"))
        : !isMasked(entry) ? null : h("button", { class: "button small", type: "button", "data-show": true, onclick: () => this.unmask() },
          t("case.contact.show"), h("kbd", null, SHOW.toUpperCase())),
      named);
  }

  drawSteps() {
    const entry = this.entry;
    replace(this.steps, h("h3", null, t("case.steps")),
      entry ? h("ol", null, entry.steps.map((step, index) => this.step(step, index, entry.steps)))
        : h("p", { class: "soft" }, t("case.loading")));
  }

  /** @param {Step} step @param {number} index @param {Step[]} all */
  step(step, index, all) {
    const before = all[index - 1];
    const clear = this.clear && this.clear.steps[index]; // steps are only ever added
    const text = (clear || step).text;
    const more = [
      step.command === "assign" && step.assignee ? t("case.to", { name: step.assignee }) : "",
      step.reached === true ? t("step.reached") : step.reached === false ? t("step.not_reached") : "",
      step.outcome ? wordFor("step.outcome", step.outcome) : "",
      step.late ? wordFor("due.step", step.late) : "",
      step.told ? wordFor("step.told", step.told) : "",
      step.due && !(before && before.due === step.due) ? t("step.due", { when: dueDay(step.due) }) : "",
    ];
    return h("li", { "data-last": index === all.length - 1 },
      h("p", { class: "line" },
        h("b", { class: "nowrap" }, hasText("step." + step.command) ? t("step." + step.command) : wordFor("command", step.command)),
        h("span", { class: "more" }, more.filter(Boolean).join(" · "))),
      // What the citizen said stands beside the history already.
      text && step.command !== "open" ? h("p", { class: "text" }, text) : null,
      h("p", { class: "soft small" }, when(step.at) + " · " + actorText(step.actor)));
  }

  async unmask() {
    const brief = this.brief;
    if (!brief || !isMasked(this.entry || brief) || this.clear || this.busy) return;
    this.busy = true;
    try {
      const clear = /** @type {CaseDetail} */ (await inSession(() => get("/cases/" + encodeURIComponent(brief.case_id) + "?contact=true")));
      if (!this.brief || this.brief.case_id !== brief.case_id) return;
      if (isMasked(clear)) toast(t("case.contact.others"), { state: "away" });
      else this.clear = clear;
      this.draw();
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    } finally {
      this.busy = false;
    }
  }

  /** @param {Command} command */
  async act(command) {
    const entry = this.entry;
    if (!entry || this.busy || entry.commands.indexOf(command) < 0) return;
    this.busy = true;
    try {
      const body = await askFor(command, {
        what: titleOf(entry) + " · " + this.whereText(entry),
        me: this.options.me,
        people: this.options.people(),
        send: (message) => this.send(entry, message),
      });
      if (!body) return;
      toast(t("done." + command, { to: body.to || "" }), {
        state: "open",
        seconds: command === "close" ? UNDO_S : undefined,
        undo: command === "close" ? () => this.undoClose(entry) : undefined,
      });
      this.options.changed(entry, command);
    } finally {
      this.busy = false;
      this.read(); // also when it was refused: somebody else may have been quicker
    }
  }

  /** @param {CaseDetail} entry @param {Record<string, any>} message */
  async send(entry, message) {
    await inSession(() => post("/cases/" + encodeURIComponent(entry.case_id) + "/commands", message));
  }

  /** @param {CaseDetail} entry */
  async undoClose(entry) {
    try {
      await this.send(entry, { command: "reopen", text: t("done.undo_reason") });
      toast(t("done.reopen"), { state: "open" });
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
    this.options.changed(entry, "reopen");
  }

  /**
   * A key that does something about the case.
   * @param {string} key
   * @returns {boolean} whether it was one
   */
  key(key) {
    const entry = this.entry;
    if (!entry) return false;
    if (key === SHOW) {
      this.unmask();
      return true;
    }
    const big = nextOf(entry);
    const command = key === "Enter" ? big : /** @type {Command[]} */ (Object.keys(KEYS)).find((name) => KEYS[name] === key);
    if (!command || entry.commands.indexOf(command) < 0) return false;
    this.act(command);
    return true;
  }

  /** The keys that work on cases, with their words, for the list of keys. @returns {[string, string][]} */
  static keys() {
    return /** @type {Command[]} */ (Object.keys(KEYS)).map((command) => [KEYS[command].toUpperCase(), t("command." + command)]);
  }
}

/**
 * Whether the server left something out of a case: of whom to call back, or of what was written.
 * @param {Case|CaseDetail} entry
 */
function isMasked(entry) {
  const texts = [entry.text].concat("steps" in entry ? entry.steps.map((step) => step.text) : []);
  return Boolean(entry.contact && entry.contact.phone.indexOf("*") >= 0) || texts.some((text) => text.indexOf("****") >= 0);
}
