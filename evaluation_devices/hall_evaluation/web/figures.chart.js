/**
 * One chart: satisfaction as a line, ratings as bars, and the same as a table behind it. The chart
 * library is third-party code that a source checkout may lack; then the table stands in its place.
 */
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { count, percent, tenths } from "./figures.period.js";

/** @typedef {{name: string, rated: number, satisfaction: number|null}} Point */

const LIBRARY = "/static/evaluation/vendor/echarts.js";

/** @type {Promise<any>|null} */
let loading = null;

/** The library, or null when it is not installed. @returns {Promise<any>} */
function library() {
  if (!loading) {
    loading = new Promise((resolve) => {
      const done = () => resolve(/** @type {any} */ (window).echarts || null);
      document.head.appendChild(h("script", { src: LIBRARY, onload: done, onerror: done }));
    });
  }
  return loading;
}

/** A value of base.css, so that the chart follows the theme. @param {string} name */
function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The next of 1, 2, 5, 10, 20, 50 … @param {number} least */
function roundStep(least) {
  const power = Math.pow(10, Math.floor(Math.log10(least)));
  return ([1, 2, 5].find((factor) => factor * power >= least) || 10) * power;
}

/** The panel of the chart. */
export class Chart {
  constructor() {
    /** @type {Point[]} */
    this.points = [];
    this.subject = "";
    this.asTable = false;
    /** @type {any} */
    this.chart = null;
    this.missing = false;
    this.heading = h("h2", null);
    this.period = h("span", { class: "soft small clamp-1" });
    this.toggle = h("button", { class: "button quiet small push", type: "button", onclick: () => {
      this.asTable = !this.asTable;
      this.draw();
    } });
    this.note = h("p", { class: "soft small chart-note", hidden: true });
    this.room = h("div", { class: "chart-room" });
    this.table = h("div", { class: "chart-table", tabindex: 0 });
    this.none = h("p", { class: "empty" });
    this.node = h("section", { class: "panel chart" },
      h("header", { class: "panel-head" }, h("div", { class: "chart-title" }, this.heading, this.period), this.toggle),
      this.note, this.room, this.table, this.none);
    window.addEventListener("resize", () => {
      if (this.chart) this.chart.resize();
    });
  }

  /**
   * @param {"trend"|"halls"} subject  a key of texts says it
   * @param {string} period
   * @param {string} head  of the first column
   * @param {Point[]} points
   */
  async show(subject, period, head, points) {
    this.points = points;
    this.subject = subject;
    this.head = head;
    setText(this.period, period);
    this.draw();
  }

  async draw() {
    setText(this.heading, this.subject ? t("chart." + this.subject) : "");
    setText(this.none, t("figures.none"));
    show(this.none, !this.points.length);
    const echarts = this.points.length ? await library() : null;
    this.missing = this.points.length > 0 && !echarts;
    const table = this.points.length > 0 && (this.asTable || this.missing);
    show(this.toggle, this.points.length > 0 && !this.missing);
    setText(this.toggle, t(this.asTable ? "chart.show_chart" : "chart.show_table"));
    setText(this.note, t("chart.missing"));
    show(this.note, this.missing);
    show(this.table, table);
    show(this.room, this.points.length > 0 && !table);
    if (table) this.drawTable();
    else if (echarts && this.points.length) this.drawChart(echarts);
  }

  drawTable() {
    this.table.setAttribute("aria-label", t("chart." + this.subject));
    replace(this.table, h("table", { class: "table" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, this.head || ""),
        h("th", { class: "figure", scope: "col" }, t("chart.rated")), h("th", { class: "figure", scope: "col" }, t("chart.satisfaction")))),
      h("tbody", null, this.points.map((point) => h("tr", null, h("td", null, point.name),
        h("td", { class: "figure" }, count(point.rated)),
        h("td", { class: "figure" }, point.satisfaction === null ? "—" : percent(point.satisfaction)))))));
  }

  /** Every hall has its name under its bar, on as many as three lines, while there is room for that. */
  hallLabels() {
    const width = Math.floor((this.room.clientWidth - 96) / this.points.length) - 4;
    return { interval: 0, hideOverlap: width < 40, width: Math.max(width, 40), overflow: "break", lineHeight: 16, height: 48, lineOverflow: "truncate" };
  }

  /** @param {any} echarts */
  drawChart(echarts) {
    if (!this.chart) this.chart = echarts.init(this.room, null, { renderer: "canvas" });
    else this.chart.resize();
    const ink = css("--ink-soft");
    const font = { color: ink, fontFamily: css("--font"), fontSize: 13 };
    const rates = this.points.map((point) => (point.satisfaction === null ? null : tenths(point.satisfaction)));
    const known = /** @type {number[]} */ (rates.filter((rate) => rate !== null));
    // The axis begins at a round figure below the lowest rate: most days lie close to 100 %.
    const least = known.length ? Math.max(0, Math.floor((Math.min(...known) - 2) / 10) * 10) : 0;
    const step = roundStep(Math.max(5, ...this.points.map((point) => point.rated)) / 5);
    const byDay = this.subject === "trend";
    this.chart.setOption({
      animation: false,
      textStyle: font,
      aria: { enabled: true, label: { description: t("chart." + this.subject) } },
      grid: { left: 48, right: 48, top: 58, bottom: byDay ? 28 : 62 },
      legend: { top: 2, right: 8, itemGap: 20, textStyle: font, selectedMode: false },
      tooltip: {
        trigger: "axis",
        backgroundColor: css("--paper"),
        borderColor: css("--line"),
        textStyle: { color: css("--ink"), fontFamily: css("--font"), fontSize: 14 },
      },
      xAxis: {
        type: "category", data: this.points.map((point) => point.name), axisTick: { alignWithLabel: true },
        axisLabel: Object.assign({}, byDay ? { hideOverlap: true } : this.hallLabels(), font),
        axisLine: { lineStyle: { color: css("--line") } },
      },
      yAxis: [
        { type: "value", name: t("chart.satisfaction"), min: least, max: 100, interval: (100 - least) / 5, nameTextStyle: Object.assign({ align: "left", padding: [0, 0, 0, -40] }, font), axisLabel: Object.assign({ formatter: (/** @type {number} */ value) => String(Math.round(value * 10) / 10) }, font), splitLine: { lineStyle: { color: css("--line") } } },
        { type: "value", name: t("chart.rated"), min: 0, max: step * 5, interval: step, nameTextStyle: Object.assign({ align: "right", padding: [0, -40, 0, 0] }, font), axisLabel: font, splitLine: { show: false } },
      ],
      series: [
        { name: t("chart.rated"), type: "bar", yAxisIndex: 1, data: this.points.map((point) => point.rated), barMaxWidth: 28, itemStyle: { color: css("--ink-soft"), opacity: 0.5 } },
        { name: t("chart.satisfaction"), type: "line", yAxisIndex: 0, data: rates, connectNulls: false, showSymbol: true, symbolSize: 7, lineStyle: { width: byDay ? 3 : 0, color: css("--accent") }, itemStyle: { color: css("--accent") } },
      ],
    }, true);
  }
}
