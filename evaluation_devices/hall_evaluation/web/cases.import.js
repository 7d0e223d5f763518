/**
 * Importing complaints from another system's table: pasted or a CSV file, checked row by row before
 * anything is sent. Good rows go in; wrong ones stay to be corrected.
 */
import { ApiError, post } from "/static/core/api.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { inSession } from "/static/app/session.js";
import { problemText, wordFor } from "/static/app/words.js";
import { COLUMNS, readRows, template } from "./cases.rows.js";

/** @typedef {import("./cases.rows.js").Read} Read */
/** @typedef {import("./cases.rows.js").Column} Column */
/** @typedef {import("./cases.rows.js").Known} Known */

const AT_ONCE = 50; // rows of one request
/** @type {Record<Column, string>} */
const HEADS = {
  source: "new.source", text: "new.text", window: "new.window", clerk_no: "new.clerk", service: "new.service",
  happened_at: "new.happened", name: "new.name", phone: "new.phone",
  order_no: "case.order_no",
};

/**
 * A CSV file as Excel in China writes it (GB18030) or as everything else does (UTF-8).
 * @param {ArrayBuffer} bytes
 */
function decode(bytes) {
  if (bytes.byteLength > 1 && new Uint8Array(bytes).indexOf(0) >= 0) throw new Error("not a text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    return new TextDecoder("gb18030", { fatal: true }).decode(bytes);
  }
}

/** The pane. `done` is called when rows went in, `close` when the person is through. */
export class ImportView {
  /** @param {{done: () => void, close: () => void}} options */
  constructor(options) {
    this.options = options;
    /** @type {Known} */
    this.known = { windows: [], unresolved: [], clerks: [], services: [], toIso: (naive) => naive };
    this.hall = "";
    this.busy = false;
    /** What the server refused, by the row as it was pasted. @type {Map<string, {column: Column, message: string, already: boolean}>} */
    this.refused = new Map();
    /** @type {Read[]} */
    this.rows = [];
    this.heading = h("h2", null);
    this.closeButton = h("button", { class: "button small push", type: "button", onclick: () => options.close() });
    this.lead = h("p", { class: "soft" });
    this.text = h("textarea", { rows: 5, spellcheck: "false", oninput: () => this.read() });
    this.textLabel = h("span", null);
    this.file = h("input", { type: "file", accept: ".csv,.txt,text/csv,text/plain", class: "visually-hidden", onchange: () => this.open() });
    this.fileButton = h("button", { class: "button small", type: "button", onclick: () => this.file.click() });
    this.templateLink = h("a", { class: "button quiet small" });
    this.problem = h("p", { class: "note", role: "alert", hidden: true });
    this.table = h("div", { class: "import-table", tabindex: 0 });
    this.summary = h("p", { class: "soft grow", role: "status" });
    this.go = h("button", { class: "button primary", type: "button", onclick: () => this.send() });
    this.node = h("section", { class: "panel case-pane import", hidden: true },
      h("header", { class: "panel-head" }, this.heading, this.closeButton),
      h("div", { class: "import-body" },
        this.lead,
        h("div", { class: "row import-tools" }, this.fileButton, this.templateLink, this.file),
        h("label", { class: "field" }, this.textLabel, this.text),
        this.problem, this.table),
      h("footer", { class: "panel-foot row" }, this.summary, this.go));
    this.words();
  }

  words() {
    setText(this.heading, t("import.title"));
    replace(this.closeButton, t("close"), h("kbd", null, "Esc"));
    setText(this.lead, t("import.lead"));
    setText(this.textLabel, t("import.paste"));
    setText(this.fileButton, t("import.file"));
    setText(this.templateLink, t("import.template"));
    // The mark at the beginning tells Excel that this is UTF-8.
    this.templateLink.href = "data:text/csv;charset=utf-8,%EF%BB%BF" + encodeURIComponent(template());
    this.templateLink.download = t("import.template_name");
    this.file.setAttribute("aria-label", t("import.file"));
    this.table.setAttribute("aria-label", t("import.title"));
    this.read();
  }

  /** @param {string} hall @param {Known} known */
  start(hall, known) {
    this.hall = hall;
    this.known = known;
    this.read();
    show(this.node, true);
    this.text.focus();
  }

  async open() {
    const file = this.file.files && this.file.files[0];
    this.file.value = "";
    if (!file) return;
    const reader = new FileReader();
    reader.onload = () => {
      try {
        this.text.value = decode(/** @type {ArrayBuffer} */ (reader.result));
        this.read();
      } catch (error) {
        this.complain(t("import.unreadable_file"));
      }
    };
    reader.onerror = () => this.complain(t("import.unreadable_file"));
    reader.readAsArrayBuffer(file);
  }

  /** @param {string} problem */
  complain(problem) {
    setText(this.problem, problem);
    show(this.problem, Boolean(problem));
  }

  read() {
    const rows = this.text.value.trim() ? readRows(this.text.value, this.known) : [];
    this.complain(rows ? "" : t("import.unreadable"));
    this.rows = rows || [];
    for (const read of this.rows) {
      const refused = this.refused.get(JSON.stringify(read.row));
      if (!refused) continue;
      read.faults[refused.column] = refused.message;
      read.already = refused.already;
    }
    this.draw();
  }

  /** @returns {Read[]} */
  good() {
    return this.rows.filter((read) => !Object.keys(read.faults).length);
  }

  draw() {
    const good = this.good().length;
    const already = this.rows.filter((read) => read.already).length;
    const bad = this.rows.length - good - already;
    setText(this.summary, [good ? t("import.good", { n: good }) : "", bad ? t("import.bad", { n: bad }) : "",
      already ? t("import.already_n", { n: already }) : ""].filter(Boolean).join(t("import.and")));
    setText(this.go, t("import.go", { n: good }));
    this.go.disabled = !good || this.busy;
    const used = COLUMNS.filter((column) => this.rows.some((read) => read.cells[column]));
    replace(this.table, this.rows.length
      ? h("table", { class: "table" },
        h("thead", null, h("tr", null, h("th", { class: "figure" }, t("import.line")),
          used.map((column) => h("th", null, t(HEADS[column]))), bad + already ? h("th", null, t("import.fault")) : null)),
        h("tbody", null, this.rows.map((read) => this.row(read, used, bad + already > 0))))
      : h("p", { class: "empty" }, t("import.nothing")));
  }

  /** @param {Read} read @param {Column[]} used @param {boolean} faults */
  row(read, used, faults) {
    const faulty = Object.keys(read.faults);
    const wrong = read.already ? [] : faulty;
    const cell = (/** @type {Column} */ column) =>
      h("td", { class: column === "text" ? "words" : null, "data-wrong": wrong.indexOf(column) >= 0 },
        column === "source" && read.cells.source && !read.faults.source
          ? wordFor("case.source", read.row.source) : h("span", { class: "clamp" }, read.cells[column] || ""));
    return h("tr", { "data-wrong": wrong.length > 0 },
      h("td", { class: "figure" }, read.line), used.map(cell),
      faults ? h("td", { class: read.already ? "fault already" : "fault" }, faulty.map((name) => read.faults[/** @type {Column} */ (name)]).join(t("import.and"))) : null);
  }

  async send() {
    const good = this.good();
    if (!good.length || this.busy) return;
    this.busy = true;
    this.draw();
    /** @type {Set<number>} */
    const sent = new Set();
    let done = 0;
    try {
      for (let at = 0; at < good.length; at += AT_ONCE) {
        const part = good.slice(at, at + AT_ONCE);
        const answer = await inSession(() => post("/halls/" + encodeURIComponent(this.hall) + "/cases/import", { rows: part.map((read) => read.row) }));
        const left = this.mark(answer.skipped, part, t("import.already"));
        for (const read of part) if (left.indexOf(read) < 0) sent.add(read.line);
        done += part.length;
      }
      if (sent.size) toast(t("import.done", { n: sent.size }), { state: "open" });
    } catch (error) {
      const found = this.mark(error instanceof ApiError ? error.errors : [], good.slice(done));
      this.complain(found.length ? "" : problemText(error));
    } finally {
      this.busy = false;
      this.keepOthers(sent);
      if (sent.size) this.options.done();
    }
  }

  /** What went in leaves the text, so that pressing again sends nothing twice. @param {Set<number>} sent */
  keepOthers(sent) {
    if (sent.size === this.rows.length) this.text.value = "";
    else if (sent.size) this.text.value = this.withoutLines(sent);
    const problem = this.problem.hidden ? "" : this.problem.textContent || "";
    this.read();
    if (problem) this.complain(problem);
  }

  /** @param {Set<number>} sent */
  withoutLines(sent) {
    const quote = (/** @type {string} */ cell) => (/[\t\n"]/.test(cell) ? '"' + cell.replace(/"/g, '""') + '"' : cell);
    const names = template().trim().split(",");
    const rest = this.rows.filter((read) => !sent.has(read.line));
    return [names].concat(rest.map((read) => COLUMNS.map((column) => quote(read.cells[column] || "")))).map((cells) => cells.join("\t")).join("\n");
  }

  /**
   * What the server said of rows, to stand beside them.
   * @param {{field: string, message: string}[]} errors
   * @param {Read[]} part  the rows that were sent, and those after them
   * @param {string} [already]  they were imported before: in these words
   * @returns {Read[]} the rows
   */
  mark(errors, part, already) {
    /** @type {Read[]} */
    const found = [];
    for (const wrong of errors) {
      const place = /^rows\[(\d+)\](?:\.(.+))?/.exec(wrong.field);
      const read = place && part[Number(place[1])];
      if (!place || !read) continue;
      const named = (place[2] || "").split(".").pop();
      const column = COLUMNS.find((name) => name === named) || "text";
      this.refused.set(JSON.stringify(read.row), { column, message: already || wrong.message, already: Boolean(already) });
      found.push(read);
    }
    return found;
  }
}
