/**
 * The public notices in rotation on the hall's screens: their order, how long each stays, and how
 * it looks.
 */
import { ApiError, post } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { Form } from "./admin.form.js";
import { button } from "./admin.list.js";
import { RulesTab } from "./admin.rules.js";
import { inSession } from "./session.js";
import { minutesText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("/static/core/types.js").NoticeEntry} NoticeEntry */

const MOST = 50;
const MODELS = ["services", "one_window", "proxy", "promise", "phone", "flow"];

/** @param {NoticeEntry[]} notices */
function freeId(notices) {
  const taken = new Set(notices.map((notice) => notice.id));
  let n = notices.length + 1;
  while (taken.has("notice-" + n)) n += 1;
  return "notice-" + n;
}

/** @param {Admin} admin @param {HTMLElement} root */
export function openNotices(admin, root) {
  let chosen = 0;
  return new RulesTab(admin, root, {
    name: "notices",
    parts: ["notices"],
    ready: () => Boolean(admin.stream && admin.stream.state),
    load: () => ({ notices: admin.state.notices || [], version: admin.state.notices_version }),
    form: (form, draft) => {
      const list = /** @type {NoticeEntry[]} */ (draft.notices);
      const rows = h("ol", { class: "notice-list" });
      const total = h("p", { class: "soft small" });
      const nothing = h("p", { class: "empty" }, t("notices.empty"));
      const editor = h("section", { class: "panel notice-editor" });
      const preview = h("section", { class: "notice-preview" });

      const drawPreview = () => {
        const notice = list[chosen];
        replace(preview, notice
          ? [h("h3", null, notice.title || t("notices.untitled")), h("div", { class: "notice-body" }, notice.body)]
          : h("p", { class: "empty" }, t("notices.empty")));
      };
      const drawRows = () => {
        chosen = Math.max(0, Math.min(list.length - 1, chosen));
        show(nothing, !list.length);
        const seconds = list.reduce((sum, notice) => sum + (Number(notice.seconds) || 0), 0);
        setText(total, list.length ? t("notices.total", { n: list.length, time: seconds < 60 ? t("notices.seconds", { n: seconds }) : minutesText(seconds / 60) }) : "");
        replace(rows, list.map((notice, index) => h("li", { class: "notice-row", "aria-current": index === chosen ? "true" : null },
          h("button", { class: "notice-pick", type: "button", onclick: () => { chosen = index; drawRows(); drawEditor(); } },
            h("span", { class: "number soft" }, index + 1), h("span", { class: "clamp-1 grow" }, notice.title || t("notices.untitled")),
            h("span", { class: "soft nowrap" }, t("notices.seconds", { n: notice.seconds }))),
          h("button", { class: "button quiet small", type: "button", disabled: !index, "aria-label": t("move.up"), title: t("move.up"), onclick: () => move(index, -1) }, "↑"),
          h("button", { class: "button quiet small", type: "button", disabled: index === list.length - 1, "aria-label": t("move.down"), title: t("move.down"), onclick: () => move(index, 1) }, "↓"))));
      };
      /** @param {number} at @param {number} by */
      const move = (at, by) => {
        const [notice] = list.splice(at, 1);
        list.splice(at + by, 0, notice);
        chosen = at + by;
        drawRows();
        drawEditor();
        form.changed();
      };
      const drawEditor = () => {
        form.fields.clear();
        form.unreadable.clear();
        const notice = list[chosen];
        if (!notice) {
          replace(editor, h("div", { class: "editor-intro" }, h("h2", null, t("notices.intro.title")), h("p", null, t("notices.intro.text"))));
        } else {
          const inner = new Form(notice, () => { drawRows(); drawPreview(); form.changed(); });
          inner.fields = form.fields;
          inner.unreadable = form.unreadable;
          replace(editor,
            h("header", { class: "panel-head editor-head" }, h("h2", null, t("notices.n", { n: chosen + 1 })),
              h("div", { class: "push" }, button(t("entry.remove"), () => {
                list.splice(chosen, 1);
                drawRows();
                drawEditor();
                form.changed();
              }, "quiet small danger-text"))),
            h("div", { class: "form-fields" },
              inner.text("title", { label: t("notices.title"), max: 60, wide: true }),
              inner.area("body", { label: t("notices.body"), hint: t("notices.body_hint"), max: 4000, rows: 8 }),
              inner.number("seconds", { label: t("notices.stays"), hint: t("notices.stays_hint"), unit: t("notices.unit"), least: 4, most: 120 })));
        }
        drawPreview();
      };
      /** @param {NoticeEntry} notice */
      const add = (notice) => {
        list.push(notice);
        chosen = list.length - 1;
        drawRows();
        drawEditor();
        form.changed();
        const first = editor.querySelector("input");
        if (first) first.focus();
      };
      drawRows();
      drawEditor();
      return h("div", { class: "notices" },
        h("section", { class: "panel notice-side" },
          h("div", { class: "list-tools" },
            button(t("notices.add"), () => add({ id: freeId(list), title: "", body: "", seconds: 12 }), "small primary"),
            h("select", { class: "input small-select", "aria-label": t("notices.model"), disabled: list.length >= MOST,
              onchange: (/** @type {Event} */ event) => {
                const select = /** @type {HTMLSelectElement} */ (event.target);
                const model = select.value;
                select.value = "";
                if (model) add({ id: freeId(list), title: t("notices.model." + model), body: t("notices.model." + model + ".body"), seconds: 15 });
              } },
              h("option", { value: "" }, t("notices.model")),
              MODELS.map((model) => h("option", { value: model }, t("notices.model." + model))))),
          nothing, rows, h("div", { class: "notice-total" }, total)),
        editor,
        h("div", { class: "notice-preview-box" }, h("h3", { class: "soft" }, t("notices.preview")), preview));
    },
    check: (draft) => {
      const at = draft.notices.findIndex((/** @type {NoticeEntry} */ notice) => !notice.title.trim());
      return at < 0 ? [] : [{ field: at === chosen ? "title" : "-", message: t("notices.title_missing", { n: at + 1 }) }];
    },
    send: async (draft) => {
      const notices = draft.notices.map((/** @type {NoticeEntry} */ notice) => ({
        id: notice.id, title: notice.title.trim(), body: notice.body.replace(/\s+$/, ""), seconds: Number(notice.seconds),
      }));
      try {
        const answer = await inSession(() => post(admin.path("/notices"), { notices, version: draft.version }));
        // The stream brings it a moment later; what was saved is what is shown.
        if (admin.stream && admin.stream.state) Object.assign(admin.stream.state, { notices: answer.notices, notices_version: answer.version });
      } catch (error) {
        // Whoever saves again has been told.
        if (error instanceof ApiError && error.code === "setup_changed") draft.version = admin.state.notices_version;
        throw error;
      }
    },
    fieldOf: (field) => {
      const found = /^notices\[(\d+)\]\.(\w+)/.exec(field);
      return found && Number(found[1]) === chosen ? found[2] : field;
    },
  });
}
