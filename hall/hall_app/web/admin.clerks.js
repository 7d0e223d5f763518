/**
 * The hall's clerks: number, name, the card that citizens see, their windows, and their PIN.
 */
import { post } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { EntriesTab } from "./admin.entries.js";
import { Form, rangesOf, rangesText, section, windowPicker } from "./admin.form.js";
import { button } from "./admin.list.js";
import { printDialog } from "./admin.pairing.js";
import { distinct } from "./admin.windows.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").Setup} Setup */
/** @typedef {import("./admin.types.js").Clerk} Clerk */

/** The first that anybody would try: one digit again and again, digits in a row. @param {string} pin */
function isGuessed(pin) {
  return /^(\d)\1*$/.test(pin) || "0123456789".indexOf(pin) >= 0;
}

/** Six random digits. @returns {string} */
function randomPin() {
  const numbers = crypto.getRandomValues(new Uint32Array(6));
  const pin = Array.from(numbers, (number) => String(number % 10)).join("");
  return isGuessed(pin) ? randomPin() : pin;
}

/** @param {Admin} admin @param {string} clerkNo @param {string} pin */
function sendPin(admin, clerkNo, pin) {
  return inSession(() => post(admin.path("/clerks/" + encodeURIComponent(clerkNo) + "/pin"), { pin }));
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openClerks(admin, root) {
  const setup = () => /** @type {Setup} */ (admin.setup || { settings: {}, queues: [], services: [], windows: [], clerks: [] });
  /** Where a clerk is now. @param {string} clerkNo */
  const where = (clerkNo) => admin.state.windows.find((window) =>
    (window.clerk && window.clerk.clerk_no === clerkNo) || (window.signed_in || []).some((clerk) => clerk.clerk_no === clerkNo));
  const nowText = (/** @type {string} */ clerkNo) => {
    const window = where(clerkNo);
    return window ? t("window.n", { n: window.number }) : "";
  };
  /** Numbers that somebody had a moment ago: records go by the number, so it is not given again.
   * @type {string[]} */
  const had = [];
  const freeNumber = () => {
    const taken = setup().clerks.map((clerk) => clerk.clerk_no).concat(had);
    const numbers = taken.map(Number).filter((number) => number > 0);
    const length = Math.max(3, ...taken.filter((number) => /^\d+$/.test(number)).map((number) => number.length));
    return String(Math.max(0, ...numbers) + 1).padStart(length, "0");
  };

  const tab = new EntriesTab(admin, root, {
    part: "clerks",
    key: (clerk) => clerk.clerk_no,
    name: (clerk) => clerk.clerk_no + " " + clerk.name,
    columns: [
      { title: "clerks.number", cls: "key", cell: (clerk) => h("b", { class: "number" }, clerk.clerk_no) },
      { title: "clerks.name", cell: (clerk) => clerk.name },
      { title: "clerks.title", cell: (clerk) => clerk.title },
      { title: "clerks.windows", cell: (clerk) => clerk.windows.length
        ? rangesText(clerk.windows) : h("span", { class: "state", "data-state": "away" }, t("clerks.any_window")) },
      { title: "clerks.now", cell: (clerk) => {
        const text = nowText(clerk.clerk_no);
        return text ? h("span", { class: "state live", "data-state": "open" }, text) : h("span", { class: "soft live" }, t("clerks.not_here"));
      } },
    ],
    sign: (clerk) => JSON.stringify(clerk) + nowText(clerk.clerk_no),
    words: (clerk) => [clerk.clerk_no, clerk.name, clerk.title, clerk.windows.map((/** @type {number} */ n) => t("window.n", { n })).join(" ")].join(" "),
    facetLabel: "clerks.everybody",
    facets: () => [
      { value: "here", label: t("clerks.facet.here"), test: (clerk) => Boolean(where(clerk.clerk_no)) },
      { value: "away", label: t("clerks.facet.not_here"), test: (clerk) => !where(clerk.clerk_no) },
      { value: "none", label: t("clerks.facet.no_window"), test: (clerk) => !clerk.windows.length },
    ],
    draft: (clerk) => Object.assign(
      clerk || { clerk_no: freeNumber(), name: "", title: t("clerks.default_title"), windows: [], stars: 0, photo: "" }, { $pin: "" }),
    again: ["title"],
    form: (form, draft, isNew) => {
      const required = Boolean(setup().settings.pin_required);
      const pin = form.text("$pin", {
        label: t(isNew ? "clerks.pin" : "clerks.pin_new"), max: 12, placeholder: isNew ? "" : t("clerks.pin_keep"),
        hint: [t("clerks.pin_hint"), " ", h("button", { class: "link", type: "button", onclick: () => {
          draft.$pin = randomPin();
          const input = /** @type {HTMLInputElement} */ (pin.querySelector("input"));
          input.value = draft.$pin;
          form.clear("$pin");
          form.changed();
        } }, t("clerks.pin_random"))],
      });
      return [
        section(t("clerks.section.who"),
          form.text("clerk_no", { label: t("clerks.number"), hint: isNew ? t("clerks.number_hint") : t("entry.key_fixed"), max: 20, disabled: !isNew }),
          form.text("name", { label: t("clerks.name"), max: 40 }),
          form.text("title", { label: t("clerks.title"), hint: t("clerks.title_hint"), max: 40, list: distinct(setup().clerks.map((clerk) => clerk.title)) }),
          pin,
          h("p", { class: "hint wide" }, t(required ? "clerks.pin_on" : "clerks.pin_off")),
          form.field("windows", { label: t("clerks.windows_field"), hint: t("clerks.windows_hint"), wide: true },
            windowPicker({ windows: setup().windows, get: () => draft.windows, set: (numbers) => { draft.windows = numbers; form.changed(); } }))),
        section(t("clerks.section.card"),
          form.choice("stars", { label: t("clerks.stars"), options: [0, 1, 2, 3, 4, 5].map((n) => /** @type {[string, string]} */ ([String(n), n ? "★".repeat(n) : t("clerks.no_stars")])) }),
          form.text("photo", { label: t("clerks.photo"), hint: t("clerks.photo_hint"), max: 80, placeholder: "001.jpg" })),
      ];
    },
    live: (clerk) => {
      const window = where(clerk.clerk_no);
      return window ? [
        h("span", { class: "state", "data-state": "open" }, t("clerks.here", { window: window.number })),
        h("a", { class: "push", href: "#day/" + window.number, onclick: (/** @type {Event} */ event) => { event.preventDefault(); admin.go("day", String(window.number)); } }, t("clerks.to_day")),
      ] : null;
    },
    check: (draft) => {
      const wrong = [];
      if (!/^[0-9A-Za-z_-]{1,20}$/.test(draft.clerk_no)) wrong.push({ field: "clerk_no", message: t("clerks.number_wrong") });
      if (!draft.name.trim()) wrong.push({ field: "name", message: t("form.needed") });
      if (draft.$pin && !/^\d{4,12}$/.test(draft.$pin)) wrong.push({ field: "$pin", message: t("clerks.pin_wrong") });
      else if (draft.$pin && isGuessed(draft.$pin)) wrong.push({ field: "$pin", message: t("clerks.pin_guessed") });
      return wrong;
    },
    body: (entry) => ({ clerks: [Object.assign({}, entry, { stars: Number(entry.stars) })] }),
    after: async (draft) => { if (draft.$pin) await sendPin(admin, draft.clerk_no, draft.$pin); },
    removal: (clerk) => {
      had.push(clerk.clerk_no);
      return { text: t("clerks.remove_text"), body: { removed_clerks: [clerk.clerk_no] }, undo: { clerks: [clerk] } };
    },
    intro: () => [
      h("h2", null, t("clerks.intro.title")),
      h("p", null, t("clerks.intro.text")),
      h("p", { class: "soft" }, t(setup().settings.pin_required ? "clerks.pin_on" : "clerks.pin_off")),
      h("p", { class: "soft" }, t("entry.keys")),
    ],
    extra: () => [
      button(t("clerks.import"), () => tab.leaveAnd(() => importClerks(admin)), "small"),
      button(t("clerks.pins"), () => tab.leaveAnd(() => givePins(admin, /** @type {Clerk[]} */ (tab.list.shown))), "small"),
    ],
  });
  return tab;
}

// --- many at once ---------------------------------------------------------------------------------

/**
 * Reads lines such as `001	王芳	窗口人员	3` (from a spreadsheet) or `001，王芳，，3-5`.
 * @param {string} text
 * @returns {{clerks: Clerk[], wrong: {line: number, text: string}[]}}
 */
function readClerks(text) {
  /** @type {Clerk[]} */
  const clerks = [];
  /** @type {{line: number, text: string}[]} */
  const wrong = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (!line.trim()) return;
    const cells = (line.indexOf("\t") >= 0 ? line.split("\t") : line.split(/[,，]/)).map((cell) => cell.trim());
    const windows = rangesOf(cells.slice(3).join(",")) || null;
    const good = /^[0-9A-Za-z_-]{1,20}$/.test(cells[0]) && cells[1] && windows;
    if (good) clerks.push({ clerk_no: cells[0], name: cells[1], title: cells[2] || "", windows: windows || [], stars: 0, photo: "" });
    else if (index || /\d/.test(cells[0])) wrong.push({ line: index + 1, text: line.trim() }); // a heading is no mistake
  });
  return { clerks, wrong };
}

/** @param {Admin} admin */
function importClerks(admin) {
  const known = new Map(((admin.setup && admin.setup.clerks) || []).map((clerk) => [clerk.clerk_no, clerk]));
  return dialog(t("clerks.import"), (/** @type {(r: boolean|null) => void} */ close) => {
    const input = h("textarea", { rows: 9, class: "mono", placeholder: t("clerks.import_example"), "data-first": true, oninput: () => say() });
    const summary = h("p", { role: "status" });
    const problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });
    const submit = h("button", { class: "button primary", type: "button", onclick: () => send() }, t("clerks.import_add"));
    const say = () => {
      const { clerks, wrong } = readClerks(input.value);
      const replaced = clerks.filter((clerk) => known.has(clerk.clerk_no)).length;
      const words = [t("clerks.import_sum", { n: clerks.length - replaced, replaced })];
      if (wrong.length) words.push(t("clerks.import_wrong", { lines: wrong.map((entry) => entry.line).join(t("list.and")), text: wrong[0].text }));
      setText(summary, input.value.trim() ? words.join(" ") : "");
      submit.disabled = !clerks.length || wrong.length > 0;
    };
    const send = async () => {
      submit.disabled = true;
      const clerks = readClerks(input.value).clerks.map((clerk) => {
        const before = known.get(clerk.clerk_no);
        return before ? Object.assign({}, before, { name: clerk.name, title: clerk.title || before.title, windows: clerk.windows.length ? clerk.windows : before.windows }) : clerk;
      });
      try {
        await admin.changeSetup({ clerks });
        toast(t("clerks.import_done", { n: clerks.length }), { state: "open" });
        close(true);
      } catch (error) {
        setText(problem, problemText(error));
        show(problem, true);
        submit.disabled = false;
      }
    };
    say();
    return [
      h("p", { class: "soft" }, t("clerks.import_hint")),
      problem,
      h("label", { class: "field" }, h("span", null, t("clerks.import_label")), input),
      summary,
      h("div", { class: "actions" }, button(t("cancel"), () => close(null)), submit),
    ];
  });
}

/**
 * New random PINs for the clerks in the list, shown once, to be printed and handed out.
 * @param {Admin} admin
 * @param {Clerk[]} clerks
 */
function givePins(admin, clerks) {
  return dialog(t("clerks.pins"), (/** @type {(r: boolean|null) => void} */ close) => {
    const box = h("div", { class: "stack" });
    const ask = () => replace(box,
      h("p", null, t("clerks.pins_text", { n: clerks.length })),
      h("p", { class: "soft" }, t("clerks.pins_once")),
      h("div", { class: "actions" }, button(t("cancel"), () => close(null)),
        h("button", { class: "button primary", type: "button", disabled: !clerks.length, onclick: () => give() }, t("clerks.pins_do", { n: clerks.length }))));
    const give = async () => {
      const progress = h("p", { role: "status" });
      replace(box, progress);
      /** @type {[Clerk, string][]} */
      const given = [];
      let failure = "";
      for (const clerk of clerks) {
        setText(progress, t("clerks.pins_busy", { n: given.length, all: clerks.length }));
        const pin = randomPin();
        try {
          await sendPin(admin, clerk.clerk_no, pin);
          given.push([clerk, pin]);
        } catch (error) {
          failure = clerk.clerk_no + " " + clerk.name + "：" + problemText(error);
          break;
        }
      }
      replace(box,
        failure ? h("div", { class: "banner", "data-state": "alert", role: "alert" }, failure) : null,
        h("p", null, t("clerks.pins_done", { n: given.length })),
        h("div", { class: "pin-list print-area" }, h("table", { class: "table" },
          h("thead", null, h("tr", null, h("th", null, t("clerks.number")), h("th", null, t("clerks.name")), h("th", null, t("clerks.windows")), h("th", null, "PIN"))),
          h("tbody", null, given.map(([clerk, pin]) => h("tr", null, h("td", { class: "number" }, clerk.clerk_no), h("td", null, clerk.name),
            h("td", null, rangesText(clerk.windows)), h("td", { class: "number pin" }, pin)))))),
        h("div", { class: "actions" }, button(t("print"), () => printDialog()), button(t("close"), () => close(true), "primary")));
    };
    ask();
    return box;
  });
}
