/**
 * The ratings behind a figure, newest first, each with the way to its case.
 */
import { get } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { hhmm, isoDay } from "/static/core/time.js";
import { inSession } from "/static/app/session.js";
import { problemText, wordFor } from "/static/app/words.js";
import { clerkText, matterName, reasonsOf, shortDay } from "./desk.words.js";
import { LEVELS, face, isNegative, levelText } from "./levels.js";

/** @typedef {import("./figures.types.js").Period} Period */
/**
 * @typedef {{rated_at: string, number: string, window: number, clerk: {clerk_no: string, name: string}|null,
 *   service: {id: string, name: string}|null, level: import("./levels.js").Level, reasons: string[], reasons_en: string[],
 *   text: string, channel: string, supplementary: boolean, case_id: string|null, excluded: boolean}} Rating
 *   `excluded`: a review found it mistaken or malicious
 * @typedef {{hall: string, period: Period, filter: Record<string, string>, name: string}} Asked
 *   `filter`: window, clerk or service; `name`: whose ratings these are, "" for the whole hall
 */

const PAGE = 50;

/** The panel. `clear` is called when the person wants the whole hall again. */
export class Ratings {
  /** @param {{clear: () => void}} options */
  constructor(options) {
    this.options = options;
    /** @type {Asked|null} */
    this.what = null;
    /** @type {Rating[]} */
    this.list = [];
    /** Where the next page begins; "" when there is none. */
    this.after = "";
    this.asked = 0;
    this.problem = "";
    this.heading = h("h2", null);
    this.whose = h("span", { class: "ratings-whose clamp-1" });
    this.clear = h("button", { class: "button quiet small", type: "button", onclick: () => options.clear() });
    this.level = h("select", { class: "input", onchange: () => this.read() });
    this.rows = h("ul", { class: "ratings-list", tabindex: 0 });
    this.none = h("p", { class: "empty", role: "status" });
    this.more = h("button", { class: "button quiet wide", type: "button", onclick: () => this.read(true) });
    this.node = h("section", { class: "panel ratings" },
      h("header", { class: "panel-head tools-head" }, this.heading, this.whose, this.clear, h("div", { class: "tools-end push" }, this.level)),
      h("div", { class: "ratings-scroll" }, this.rows, this.none, this.more));
    this.words();
  }

  words() {
    const chosen = this.level.options.length ? this.level.value : "negative";
    setText(this.heading, t("ratings.title"));
    setText(this.clear, t("ratings.clear"));
    this.level.setAttribute("aria-label", t("ratings.level"));
    this.rows.setAttribute("aria-label", t("ratings.title"));
    replace(this.level, h("option", { value: "negative" }, t("ratings.level.negative")), h("option", { value: "" }, t("ratings.level.all")),
      LEVELS.map((level) => h("option", { value: level }, levelText(level))));
    this.level.value = chosen;
    this.draw();
  }

  /** @param {Asked|null} what  null: no hall was chosen */
  show(what) {
    this.what = what;
    this.list = [];
    this.after = "";
    this.read();
  }

  /** @param {boolean} [more]  the next ones, after those that are shown */
  async read(more) {
    const what = this.what;
    const asked = (this.asked += 1);
    if (!what) return this.draw();
    let query = "/halls/" + encodeURIComponent(what.hall) + "/evaluations?limit=" + PAGE + "&from=" + what.period.from + "&to=" + what.period.to;
    for (const name of Object.keys(what.filter)) query += "&" + name + "=" + encodeURIComponent(what.filter[name]);
    if (this.level.value) query += "&level=" + this.level.value;
    if (more && this.after) query += "&after=" + encodeURIComponent(this.after);
    try {
      const answer = await inSession(() => get(query));
      if (asked !== this.asked) return;
      this.list = more ? this.list.concat(answer.ratings) : answer.ratings;
      this.after = answer.next || "";
      this.problem = "";
    } catch (error) {
      if (asked !== this.asked) return;
      this.problem = t("desk.failed", { reason: problemText(error) });
    }
    this.draw();
  }

  draw() {
    const what = this.what;
    setText(this.whose, what ? (what.name || t("ratings.all")) + " · " + t("ratings.count", { n: this.list.length + (this.after ? "+" : "") }) : "");
    show(this.clear, Boolean(what && what.name));
    show(this.level, Boolean(what));
    show(this.none, !this.list.length);
    setText(this.none, this.problem || t(!what ? "ratings.choose_hall" : this.level.value === "negative" ? "ratings.none_negative" : "ratings.none"));
    show(this.rows, this.list.length > 0);
    show(this.more, Boolean(this.after));
    setText(this.more, t("ratings.more"));
    replace(this.rows, this.list.map((rating) => this.row(rating)));
  }

  /** @param {Rating} rating */
  row(rating) {
    const where = [t("window.n", { n: rating.window }), rating.clerk ? clerkText(rating.clerk) : "", rating.service ? matterName(this.what ? this.what.hall : "", rating.service.name) : ""];
    const how = [wordFor("ratings.channel", rating.channel), rating.supplementary ? t("ratings.supplementary") : "",
      rating.excluded ? t("ratings.excluded") : ""];
    const hall = this.what ? this.what.hall : "";
    return h("li", { "data-negative": isNegative(rating.level) },
      face(rating.level),
      h("div", { class: "grow" },
        h("p", { class: "line" }, h("b", { class: "nowrap" }, levelText(rating.level)),
          h("span", { class: "soft small push nowrap" }, shortDay(isoDay(rating.rated_at)) + " " + hhmm(rating.rated_at) + " · " + how.filter(Boolean).join(" · "))),
        h("p", { class: "small clamp" }, [rating.number].concat(where.filter(Boolean)).join(" · ")),
        rating.reasons.length ? h("p", { class: "why" }, reasonsOf(rating).join(t("list.and"))) : null,
        rating.text ? h("p", { class: "said" }, rating.text) : null),
      rating.case_id
        ? h("a", { class: "button small", href: "/cases?hall=" + encodeURIComponent(hall) + "&case=" + encodeURIComponent(rating.case_id) }, t("ratings.case"))
        : null);
  }
}
