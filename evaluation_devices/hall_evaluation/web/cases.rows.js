/**
 * Reading a pasted table or a CSV file of complaints. Pure: text in, rows with their faults out.
 */
import { t } from "/static/core/i18n.js";
import { isPhone } from "./details.js";
import { TEXT_MOST } from "./cases.forms.js";

/**
 * @typedef {"source"|"text"|"window"|"clerk_no"|"service"|"happened_at"|"name"|"phone"|"order_no"} Column
 * @typedef {{source: string, text: string, window?: number, clerk_no?: string, service?: string,
 *   happened_at?: string, contact?: {name: string, phone: string}, order_no?: string}} NewCase
 * @typedef {{line: number, cells: Partial<Record<Column, string>>, faults: Partial<Record<Column, string>>, row: NewCase,
 *   already?: boolean}} Read
 *   `line`: of the table, from 1; `already`: its order was imported before
 * @typedef {{windows: number[], unresolved: number[], clerks: string[], services: {id: string, name: string}[],
 *   toIso: (naive: string) => string}} Known  what rows may refer to; `unresolved`: the 办不成事 windows; `toIso`: of a time in the hall's zone
 */

/** What the columns are called in the tables of hotlines and halls. @type {Record<Column, string[]>} */
const NAMES = {
  source: ["来源", "渠道", "投诉来源", "source"],
  text: ["内容", "投诉内容", "诉求内容", "诉求", "问题描述", "反映内容", "text"],
  window: ["窗口", "窗口号", "涉及窗口", "window"],
  clerk_no: ["工号", "人员工号", "clerk_no", "clerk"],
  service: ["事项", "办理事项", "事项名称", "service"],
  happened_at: ["发生时间", "时间", "来电时间", "投诉时间", "happened_at", "time"],
  name: ["姓名", "市民姓名", "来电人", "联系人", "name"],
  phone: ["电话", "联系电话", "来电号码", "手机", "手机号", "phone"],
  order_no: ["工单编号", "工单号", "工单", "编号", "order_no"],
};
/** The order of a table without names. @type {Column[]} */
export const COLUMNS = ["source", "text", "window", "clerk_no", "service", "happened_at", "name", "phone", "order_no"];
const COLUMN_NAMES = COLUMNS.map((column) => NAMES[column][0]);

/** A long number as spreadsheets show it: many orders have the same one then. */
const SPOILT = /^\d(\.\d+)?E\+\d+$/i;

/** @type {[string, RegExp][]} */
const SOURCES = [
  ["hotline", /12345|热线|hotline/i],
  ["opinion_box", /意见箱|意见簿|信箱|opinion/i],
  ["window", /办不成|unresolved|^window$/i],
  ["telephone", /电话|来电|telephone|phone/i],
];

/** The first line of an empty table. */
export function template() {
  return COLUMN_NAMES.join(",") + "\r\n";
}

/**
 * The cells of a table, with tabs (copied from a spreadsheet) or commas (a file). Cells in quotes
 * may hold line breaks.
 * @param {string} text
 * @returns {string[][]}
 */
function cellsOf(text) {
  const source = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const first = source.slice(0, source.indexOf("\n") < 0 ? source.length : source.indexOf("\n"));
  const between = first.indexOf("\t") >= 0 ? "\t" : ",";
  /** @type {string[][]} */
  const table = [[]];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < source.length; at += 1) {
    const sign = source[at];
    if (quoted) {
      if (sign === '"' && source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else if (sign === '"') quoted = false;
      else cell += sign;
    } else if (sign === '"' && !cell) quoted = true;
    else if (sign === between || sign === "\n") {
      table[table.length - 1].push(cell.trim());
      cell = "";
      if (sign === "\n") table.push([]);
    } else cell += sign;
  }
  table[table.length - 1].push(cell.trim());
  return table;
}

/** @param {string} cell @returns {Column|undefined} */
function columnOf(cell) {
  const name = cell.replace(/\s/g, "").toLowerCase();
  return COLUMNS.find((column) => NAMES[column].indexOf(name) >= 0);
}

/**
 * `2026-06-16 09:30`, `2026/6/16`, `2026年6月16日 9:30` as `2026-06-16T09:30`; "" when it is none.
 * @param {string} text
 */
function naiveTime(text) {
  const found = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]*(\d{1,2})[:：时](\d{1,2})(?:[:：分]\d{0,2}秒?)?分?)?$/.exec(text.trim());
  if (!found) return "";
  const [, year, month, day, hour, minute] = found;
  const two = (/** @type {string} */ part) => ("0" + (part || "0")).slice(-2);
  const naive = year + "-" + two(month) + "-" + two(day) + "T" + two(hour) + ":" + two(minute);
  const parsed = new Date(naive + ":00Z");
  return !isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 16) === naive ? naive : "";
}

/**
 * The rows of a table, each with what is wrong with it.
 * @param {string} text
 * @param {Known} known
 * @returns {Read[]|null} null: there is a table, but no column of texts
 */
export function readRows(text, known) {
  const table = cellsOf(text);
  const heads = table[0].map(columnOf);
  const named = heads.filter(Boolean).length >= 2 || heads.indexOf("text") >= 0;
  const columns = named ? heads : table[0].length === 1 ? [/** @type {Column} */ ("text")] : COLUMNS;
  if (columns.indexOf("text") < 0) return null;
  /** @type {Read[]} */
  const rows = [];
  /** @type {Map<string, number>} */
  const seen = new Map();
  table.forEach((cells, index) => {
    if ((named && index === 0) || !cells.some(Boolean)) return;
    /** @type {Partial<Record<Column, string>>} */
    const byName = {};
    columns.forEach((column, at) => {
      if (column && cells[at]) byName[column] = cells[at];
    });
    const read = readRow(index + 1, byName, known);
    const same = cells.join("\t");
    const before = seen.get(same);
    if (before) read.faults.text = t("import.twice", { n: before });
    seen.set(same, before || index + 1);
    rows.push(read);
  });
  return rows;
}

/**
 * @param {number} line
 * @param {Partial<Record<Column, string>>} cells
 * @param {Known} known
 * @returns {Read}
 */
function readRow(line, cells, known) {
  /** @type {Partial<Record<Column, string>>} */
  const faults = {};
  /** @type {NewCase} */
  const row = { source: "hotline", text: cells.text || "" };
  if (!row.text) faults.text = t("import.no_text");
  else if (row.text.length > TEXT_MOST) faults.text = t("import.too_long");
  if (cells.source) {
    const found = SOURCES.find(([name, pattern]) => name === cells.source || pattern.test(cells.source || ""));
    if (found) row.source = found[0];
    else faults.source = t("import.no_source", { text: cells.source });
  }
  if (cells.window) {
    row.window = Number(cells.window.replace(/[号窗口\s]/g, ""));
    if (known.windows.indexOf(row.window) < 0) faults.window = t("import.no_window", { text: cells.window });
  }
  // A matter that could not be settled was heard at that window; most halls have one.
  if (row.source === "window" && !cells.window && known.unresolved.length === 1) row.window = known.unresolved[0];
  if (row.source === "window" && !faults.window && known.unresolved.indexOf(Number(row.window)) < 0) faults.window = t("import.not_unresolved");
  if (cells.clerk_no) {
    row.clerk_no = known.clerks.find((no) => no === cells.clerk_no || Number(no) === Number(cells.clerk_no));
    if (!row.clerk_no) faults.clerk_no = t("import.no_clerk", { text: cells.clerk_no });
  }
  if (cells.service) {
    const service = known.services.find((entry) => entry.name === cells.service || entry.id === cells.service);
    if (service) row.service = service.id;
    else faults.service = t("import.no_service", { text: cells.service });
  }
  if (cells.happened_at) {
    const naive = naiveTime(cells.happened_at);
    if (naive) row.happened_at = known.toIso(naive);
    else faults.happened_at = t("import.no_date", { text: cells.happened_at });
  }
  if (cells.phone && !isPhone(cells.phone)) faults.phone = t("import.no_phone", { text: cells.phone });
  if (cells.name && !cells.phone) faults.phone = t("import.name_only");
  if (cells.phone) row.contact = { name: cells.name || "", phone: cells.phone };
  if (cells.order_no) {
    row.order_no = cells.order_no;
    if (SPOILT.test(cells.order_no)) faults.order_no = t("import.spoilt_order", { text: cells.order_no });
  }
  return { line, cells, faults, row };
}
