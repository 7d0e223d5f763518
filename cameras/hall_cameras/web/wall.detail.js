/**
 * One camera large and live, beside it the windows that it sees and how they are, the alerts about
 * them with their pictures, and what turns the camera.
 */
import { h, replace, setAttrs, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { minutesShort, minutesSince } from "/static/app/words.js";
import { stateText, tone, whyText } from "./camera.js";
import { WindowDay } from "./day.js";
import { evidence } from "./evidence.js";
import { Ptz } from "./ptz.js";
import { CameraView } from "./view.js";

/** @typedef {import("./wall.js").Wall} Wall */
/** @typedef {import("./wall.js").Shown} Shown */
/** @typedef {import("./camera.js").Camera} Camera */

export class CameraDetail {
  /** @param {Wall} wall */
  constructor(wall) {
    this.wall = wall;
    this.id = "";
    this.hall = "";
    /** @type {CameraView|null} */
    this.view = null;
    this.signed = "";
    this.ptz = new Ptz();
    this.day = new WindowDay();
    this.dayWindow = 0;
    this.title = h("h2", { class: "clamp-1" });
    this.chip = h("span", { class: "state nowrap" });
    this.why = h("span", { class: "soft clamp-1" });
    this.back = h("button", { class: "button small", type: "button", onclick: () => wall.closeCamera() });
    this.patrolButton = h("button", { class: "button small", type: "button", onclick: () => {
      const shown = this.current();
      if (shown) wall.togglePatrol(shown);
    } });
    this.setUp = h("a", { class: "button small" });
    this.picture = h("div", { class: "detail-picture" });
    this.under = h("div", { class: "row camera-under" });
    this.windows = h("section", { class: "wall-part" });
    this.alerts = h("section", { class: "wall-part" });
    this.node = h("div", { class: "wall-detail", hidden: true },
      h("header", { class: "wall-bar" }, h("span", { class: "wall-name" }, this.title, this.chip, this.why),
        h("span", { class: "push row" }, this.patrolButton, this.setUp, this.back)),
      h("div", { class: "detail-body" },
        h("div", { class: "detail-left" }, this.picture, this.under, this.day.node, this.alerts),
        h("div", { class: "detail-side" }, this.windows, this.ptz.node)));
  }

  words() {
    replace(this.back, t("wall.back"), h("kbd", null, "Esc"));
    setText(this.setUp, t("wall.set_up"));
    if (this.ptz.presets.length || !this.ptz.node.hidden) this.ptz.draw();
    this.signed = "";
  }

  /** @param {Shown} shown */
  open(shown) {
    if (this.id === shown.camera.camera_id) return;
    this.close();
    this.id = shown.camera.camera_id;
    this.hall = shown.hall;
    const view = new CameraView({ every: 3 });
    this.view = view;
    replace(this.picture, view.box);
    replace(this.under, view.chip);
    view.use(shown.camera);
    view.live(shown.camera.state === "online");
    show(this.node, true);
    this.signed = "";
    this.dayWindow = 0;
    this.draw();
    this.back.focus();
    this.ptz.use(this.id);
  }

  close() {
    this.id = this.hall = "";
    if (this.view) this.view.stop();
    this.view = null;
    this.ptz.camera = "";
    this.day.use("", 0);
    show(this.ptz.node, false);
    show(this.node, false);
  }

  /** @returns {Shown|null} */
  current() {
    if (!this.id) return null;
    const here = this.wall.cameras.find((camera) => camera.camera_id === this.id);
    if (here) return { hall: this.wall.hall, camera: here };
    const known = this.wall.patrol.known.get(this.id);
    return known ? { hall: this.hall, camera: known } : null;
  }

  draw() {
    const shown = this.current();
    if (!shown || !this.view) return;
    const camera = shown.camera;
    this.view.use(camera);
    this.view.live(camera.state === "online");
    setText(this.title, camera.name);
    setAttrs(this.chip, { "data-state": tone(camera) });
    setText(this.chip, stateText(camera));
    setText(this.why, camera.state === "online" ? "" : whyText(camera) + " · " + t("wall.since", { time: minutesShort(minutesSince(camera.since)) }));
    replace(this.patrolButton, t(this.wall.patrol.has(camera.camera_id) ? "wall.patrol_drop" : "wall.patrol_add"));
    show(this.setUp, this.wall.options.manages);
    setAttrs(this.setUp, { href: "/admin?hall=" + encodeURIComponent(shown.hall) + "#cameras/" + encodeURIComponent(camera.camera_id) });
    const here = shown.hall === this.wall.hall;
    this.drawWindows(camera, here);
    this.drawAlerts(camera, here);
  }

  /** @param {Camera} camera @param {boolean} here */
  drawWindows(camera, here) {
    const state = here && this.wall.stream ? this.wall.stream.state : null;
    const states = here ? this.wall.windowStates(camera) : [];
    const rows = states.map((entry) => {
      const window = state && state.windows.find((one) => one.number === entry.number);
      const presence = presenceOf(camera, entry.number);
      return { number: entry.number, chosen: entry.number === this.dayWindow, state: window ? window.state : "closed", alerted: entry.state === "alert",
        name: window ? window.name : "", clerk: window && window.clerk ? window.clerk.name : "", ticket: window ? window.ticket : null, presence };
    });
    if (rows.length && !rows.some((row) => row.chosen)) {
      const first = rows.find((row) => row.alerted) || rows[0];
      first.chosen = true;
      this.dayWindow = first.number;
    }
    this.day.use(here ? this.hall : "", rows.length ? this.dayWindow : 0);
    this.day.tick();
    const sign = JSON.stringify([rows, this.hall]);
    if (sign === this.signed) return;
    this.signed = sign;
    replace(this.windows, h("h3", null, t("wall.sees")),
      rows.length ? h("ul", { class: "wall-window-list" }, rows.map((row) => h("li", null, h("button", {
        class: "wall-window", type: "button", "aria-pressed": String(row.chosen), "data-alerted": row.alerted ? "yes" : null, title: t("day.title", { n: row.number }),
        onclick: () => { this.dayWindow = row.number; this.draw(); } },
        h("b", { class: "number" }, row.number),
        h("span", { class: "grow" },
          h("span", { class: "row" }, h("span", { class: "state", "data-state": row.state }, t("window.state." + row.state)),
            row.ticket ? h("span", { class: "number" }, row.ticket) : null,
            row.presence ? h("span", { class: "soft" }, t("wall.presence." + row.presence)) : null),
          h("span", { class: "soft clamp-1" }, [row.name, row.clerk].filter(Boolean).join(" · ")))))))
        : h("p", { class: "soft" }, here ? t("wall.sees_none") : this.wall.options.hallName(this.hall)));
  }

  /** @param {Camera} camera @param {boolean} here */
  drawAlerts(camera, here) {
    const windows = camera.zones.map((zone) => zone.window);
    const about = here ? this.wall.options.alerts(this.hall).filter((alert) =>
      alert.camera_id === camera.camera_id || (alert.window !== null && windows.indexOf(alert.window) >= 0)) : [];
    const sign = JSON.stringify(about.map((alert) => [alert.alert_id, alert.evidence]));
    show(this.alerts, about.length > 0);
    if (this.alerts.getAttribute("data-sign") === sign) return;
    this.alerts.setAttribute("data-sign", sign);
    replace(this.alerts, h("h3", null, t("wall.alerts")), about.map((alert) => h("div", { class: "wall-alert" },
      h("span", { class: "row" }, h("span", { class: "state", "data-state": "alert" }, alert.kind_text),
        alert.window === null ? null : h("span", null, t("camera.windows", { numbers: alert.window })),
        h("span", { class: "soft" }, t("wall.since", { time: minutesShort(minutesSince(alert.since)) }))),
      evidence(alert))));
  }
}

/** Whether the picture shows somebody at a window. @param {Camera} camera @param {number} window */
function presenceOf(camera, window) {
  const told = (camera.presence || []).find((one) => one.window === window);
  if (!told || camera.state !== "online") return "";
  return told.present === null ? "unknown" : told.present ? "present" : "empty";
}
