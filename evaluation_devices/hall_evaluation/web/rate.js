/**
 * Rating on the citizen's phone: the part of the ticket's page (/t/{token}) that appears when the
 * service has ended. The same levels and reasons as on the pad, one rating for each service.
 */
import { ApiError, errorText, get, newKey, post } from "/static/core/api.js";
import { h, replace, svg } from "/static/core/dom.js";
import { addTexts, lang, onLang, t } from "/static/core/i18n.js";
import { longDate } from "/static/core/time.js";
import { detailsForm, noExtras, ratingBody } from "./details.js";
import { face, isNegative, LEVELS, levelText } from "./levels.js";
import { texts } from "./rate.texts.js";

/** @typedef {import("./levels.js").Level} Level */
/** @typedef {import("./levels.js").ClerkCard} ClerkCard */

/**
 * `GET /public/evaluations/{token}`.
 * @typedef {{number: string|null, window: number|null, clerk: ClerkCard|null, service: string|null,
 *   state: "open"|"rated"|"closed"|"not_yet", until: string|null, supplementary: boolean,
 *   reasons: import("./levels.js").Reason[], free_text: boolean}} Rating
 */

addTexts(texts);

/**
 * @param {string} token
 * @returns {{node: HTMLElement, refresh: () => Promise<void>}}  `node` is empty while there is
 *   nothing to rate; `refresh` asks the server, and leaves alone what is being filled in
 */
export function ratePart(token) {
  document.head.appendChild(h("link", { rel: "stylesheet", href: "/static/evaluation/rate.css" }));
  const node = h("div", { class: "rate-part" });
  /** @type {Rating|null} */
  let rating = null;
  /** @type {Level|null} */
  let level = null;
  let extras = noExtras();
  let key = newKey();
  let busy = false;
  let thanked = false; // by this page
  let problem = "";

  async function refresh() {
    if (thanked || busy) return;
    const answer = /** @type {Rating} */ (await get("/public/evaluations/" + encodeURIComponent(token)));
    if (JSON.stringify(answer) === JSON.stringify(rating)) return;
    rating = answer;
    draw();
  }

  /** @param {Level} chosen */
  function choose(chosen) {
    if (busy) return;
    if (!level || isNegative(level) !== isNegative(chosen)) extras.reasons = [];
    level = chosen;
    changed();
    draw();
    const again = /** @type {HTMLElement|null} */ (node.querySelector("[data-level=" + chosen + "]"));
    if (again) again.focus();
  }

  /** What is sent is another request than before. */
  function changed() {
    key = newKey();
    problem = "";
  }

  async function send() {
    if (!level || busy) return;
    busy = true;
    draw();
    try {
      await post("/evaluations", ratingBody({ token, level, channel: "phone" }, extras), { key });
      thanked = true;
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      if (rating && code === "already_rated") rating.state = "rated";
      else if (rating && code === "rating_closed") rating.state = "closed";
      else if (error instanceof ApiError && error.status === 0) problem = t("rate.failed");
      else if (error instanceof ApiError && error.errors.length) problem = error.errors.map((one) => one.message).join(" ");
      else problem = errorText(error);
    }
    busy = false;
    draw();
    if (!problem) node.scrollIntoView({ block: "nearest" });
  }

  function draw() {
    if (!rating || rating.state === "not_yet") replace(node);
    else if (thanked) replace(node, done("rate.thanks"));
    else if (rating.state === "open") replace(node, form(rating));
    else replace(node, done("rate." + rating.state));
  }

  /** @param {Rating} now */
  function form(now) {
    const details = level
      ? detailsForm({ extras, reasons: isNegative(level) ? now.reasons : [], freeText: now.free_text, onChange: changed })
      : null;
    const day = now.until ? longDate(new Date(Date.parse(now.until) - 1)) : "";
    return h(
      "section",
      { class: "rate" },
      h("div", null, h("h2", null, t("rate.title")), who(now)),
      h("div", { class: "rate-levels", role: "group", "aria-label": t("levels") }, LEVELS.map((one) =>
        h("button", { class: "rate-level", type: "button", "data-level": one, "aria-pressed": String(one === level),
          disabled: busy, onclick: () => choose(one) }, face(one), h("span", null, levelText(one))))),
      details && details.node,
      problem ? h("p", { class: "banner problem", "data-state": "alert", role: "alert" }, problem) : null,
      details
        ? h("button", { class: "button primary wide", type: "button", disabled: busy,
            onclick: () => { if (details.check()) send(); } },
          t(busy ? "rate.sending" : problem ? "rate.again" : "rate.send"))
        : null,
      h("p", { class: "soft" }, t("rate.voluntary")),
      day ? h("p", { class: "soft" }, t(now.supplementary ? "rate.late" : "rate.until", { day })) : null,
    );
  }

  onLang(draw);
  return { node, refresh };
}

/** @param {Rating} now */
function who(now) {
  const clerk = now.clerk;
  if (!clerk) return null;
  return h("div", { class: "by" },
    h("span", { class: "initial", "aria-hidden": "true" }, Array.from(clerk.name || "·")[0]),
    h("div", null,
      h("b", null, clerk.name, " ", h("span", { class: "nowrap" }, t("clerk_no") + " " + clerk.clerk_no)),
      // The matter stands on the ticket above.
      now.window ? h("span", { class: "soft" }, t("rate.by", { n: now.window })) : null));
}

/** @param {string} key */
function done(key) {
  return h("section", { class: "rate rate-done", role: "status" },
    key === "rate.closed" ? null : svg("svg", { class: "mark", viewBox: "0 0 48 48", "aria-hidden": "true", fill: "none",
      stroke: "currentColor", "stroke-width": 3, "stroke-linecap": "round", "stroke-linejoin": "round" },
    svg("circle", { cx: 24, cy: 24, r: 21.5 }), svg("path", { d: "M14 25l7 7 13-15" })),
    h("h2", null, t(key)), h("p", null, t(key + "_text")));
}
