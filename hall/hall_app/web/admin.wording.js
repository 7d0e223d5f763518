/**
 * The hall's own words on screens, in the voice and on tickets, with a preview of each as it will be
 * seen and heard.
 */
import { get, post } from "/static/core/api.js";
import { h, replace, setText } from "/static/core/dom.js";
import { fill, hasText, t } from "/static/core/i18n.js";
import { readButton } from "/static/core/reader.js";
import { LAYOUT, layoutField, layoutPreview } from "./admin.layout.js";
import { RulesTab } from "./admin.rules.js";
import { inSession } from "./session.js";
import { readNumber, readNumberEn, readWindow } from "./speech.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.form.js").Form} Form */

const MOST = 200;
/** Texts that are one of a few values. @type {Record<string, string[]>} */
const CHOICES = { "voice.language": ["zh", "zh+en"], "voice.one": ["一", "幺"], "voice.times": ["1", "2", "3"] };
const SPOKEN = /^voice\.call/;
const PLACEHOLDERS = ["number", "window", "number_read", "window_read", "number_en", "window_en"];
const ORDER = ["voice", "screen", "ticket"];

/** The part of the hall a text belongs to. @param {string} key */
function groupOf(key) {
  const group = key.split(".")[0];
  return ORDER.indexOf(group) >= 0 ? group : "other";
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openWording(admin, root) {
  /** @type {{texts: Record<string, string>, default_texts: Record<string, string>}|null} */
  let known = null;
  const sample = { number: "H012", window: 12 };

  const fetchTexts = async () => {
    try {
      const texts = await inSession(() => get(admin.path("/texts")));
      if (admin.tabId !== "texts") return;
      known = texts;
      tab.changed(["texts_read"]);
    } catch (error) {
      setTimeout(fetchTexts, 2000);
    }
  };

  const tab = new RulesTab(admin, root, {
    name: "texts",
    parts: ["texts_read"],
    ready: () => Boolean(known),
    load: () => (known ? known.texts : {}),
    form: (form, draft) => {
      const defaults = known ? known.default_texts : {};
      const previews = h("aside", { class: "wording-previews" });
      const params = () => ({
        number: sample.number, window: sample.window, number_en: readNumberEn(sample.number), window_en: sample.window,
        number_read: readNumber(sample.number, draft["voice.one"]), window_read: readWindow(sample.window),
      });
      const drawPreviews = () => {
        const shown = (/** @type {string} */ key) => fill(draft[key] || defaults[key] || "", params());
        setText(voiceZh, shown("voice.call"));
        setText(voiceEn, draft["voice.language"] === "zh+en" ? shown("voice.call_en") : "");
        setText(times, t("texts.said", { n: draft["voice.times"] || 2 }));
        setText(screenCall, shown("screen.call"));
        setText(screenWelcome, shown("screen.welcome"));
        setText(screenClosed, shown("screen.closed"));
        paper.show(draft);
      };
      const voiceZh = h("p", { class: "said" });
      const voiceEn = h("p", { class: "said" });
      const times = h("p", { class: "soft small" });
      const screenCall = h("p", { class: "preview-call" });
      const screenWelcome = h("p", { class: "preview-idle" });
      const screenClosed = h("p", { class: "preview-idle" });
      const paper = layoutPreview(admin);
      const sampleNumber = h("input", { type: "text", class: "input", value: sample.number, maxlength: 6, "aria-label": t("texts.sample_number"),
        oninput: () => { sample.number = sampleNumber.value.trim().toUpperCase() || "H012"; drawPreviews(); } });
      const sampleWindow = h("input", { type: "text", class: "input", inputmode: "numeric", value: sample.window, maxlength: 3, "aria-label": t("texts.sample_window"),
        oninput: () => { sample.window = Number(sampleWindow.value) || 12; drawPreviews(); } });
      replace(previews,
        h("div", { class: "row sample" }, h("span", { class: "soft" }, t("texts.sample")), sampleNumber, h("span", null, "→"), sampleWindow),
        h("section", { class: "preview" }, h("h3", null, t("texts.preview.voice")), voiceZh, voiceEn,
          h("div", { class: "row" }, readButton(() => voiceZh.textContent || "", admin.hall ? admin.hall.id : ""), times)),
        h("section", { class: "preview preview-screen" }, h("h3", null, t("texts.preview.screen")), screenCall,
          h("div", { class: "preview-two" },
            h("div", null, h("span", { class: "soft small" }, t("texts.preview.free")), screenWelcome),
            h("div", null, h("span", { class: "soft small" }, t("texts.preview.closed")), screenClosed))),
        paper.node);
      const changed = form.onChange;
      form.onChange = () => { changed(); drawPreviews(); };
      drawPreviews();

      const keys = Object.keys(defaults);
      const groups = ORDER.concat("other").filter((group) => keys.some((key) => groupOf(key) === group));
      return h("div", { class: "wording" },
        h("div", { class: "wording-fields" }, groups.map((group) =>
          h("section", { class: "form-section" }, h("h3", null, t("texts.group." + group)),
            keys.filter((key) => groupOf(key) === group && !CHOICES[key]).map((key) => wordingField(form, draft, key, defaults[key])),
            h("div", { class: "wording-choices" },
              keys.filter((key) => groupOf(key) === group && CHOICES[key]).map((key) => wordingField(form, draft, key, defaults[key])))))),
        previews);
    },
    send: async (draft) => {
      /** @type {Record<string, string>} */
      const texts = {};
      const before = known ? known.texts : {};
      const defaults = known ? known.default_texts : {};
      // What reads like the default goes back to it, so that a later release may better it.
      for (const key of Object.keys(draft)) if (draft[key] !== before[key]) texts[key] = draft[key] === defaults[key] ? "" : draft[key];
      const answer = await inSession(() => post(admin.path("/texts"), { texts }));
      known = { texts: answer.texts, default_texts: defaults };
    },
    fieldOf: (field) => field.replace(/^texts\./, ""),
  });
  fetchTexts();
  const changed = tab.changed.bind(tab);
  tab.changed = (parts) => {
    // Another desk changed the texts.
    if (parts.indexOf("texts") >= 0 && !tab.busy) fetchTexts();
    changed(parts);
  };
  return tab;
}

/**
 * One text: its field, its placeholders to press, and the way back to the default.
 * @param {Form} form
 * @param {Record<string, any>} draft
 * @param {string} key
 * @param {string} standard
 */
function wordingField(form, draft, key, standard) {
  if (key === LAYOUT) return layoutField(form, draft, standard);
  const label = hasText("texts.key." + key) ? t("texts.key." + key) : key;
  const hint = hasText("texts.hint." + key) ? t("texts.hint." + key) : "";
  if (CHOICES[key]) {
    return form.choice(key, { label, hint, options: CHOICES[key].map((value) => [value, hasText("texts.value." + key + "." + value) ? t("texts.value." + key + "." + value) : value]) });
  }
  const back = h("button", { class: "link", type: "button" }, t("texts.default"));
  const node = form.text(key, { label, hint: h("span", { class: "wording-hint" }, hint ? hint + " " : "", back), max: MOST, tidy: (text) => text });
  const input = /** @type {HTMLInputElement} */ (node.querySelector("input"));
  const sync = () => { back.hidden = draft[key] === standard; };
  input.addEventListener("input", sync);
  back.addEventListener("click", () => {
    input.value = standard;
    input.dispatchEvent(new Event("input"));
    input.focus();
  });
  sync();
  const english = /_en$/.test(key);
  const used = SPOKEN.test(key)
    ? PLACEHOLDERS.filter((name) => (english ? !/_read$/.test(name) : !/_en$/.test(name)))
    : key === "screen.call" ? ["number", "window"] : [];
  if (used.length) {
    node.insertBefore(h("div", { class: "placeholders" }, used.map((name) => h("button", {
      class: "placeholder", type: "button", title: t("texts.insert"),
      onclick: () => {
        const at = input.selectionStart === null ? input.value.length : input.selectionStart;
        const end = input.selectionEnd === null ? at : input.selectionEnd;
        input.value = input.value.slice(0, at) + "{" + name + "}" + input.value.slice(end);
        input.focus();
        input.selectionStart = input.selectionEnd = at + name.length + 2;
        input.dispatchEvent(new Event("input"));
      },
    }, h("code", null, "{" + name + "}"), " " + t("texts.placeholder." + name)))), input.nextSibling);
  }
  return node;
}
