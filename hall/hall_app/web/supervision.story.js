/**
 * One alert in full: what it says, its pictures, and what people did about it.
 */
import { evidence } from "/static/cameras/evidence.js";
import { alertText } from "/static/core/alert.js";
import { h, replace, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { hhmm } from "/static/core/time.js";
import { wordFor } from "./words.js";

/** @typedef {import("./supervision.alerts.js").Listed} Listed */

export class AlertStory {
  constructor() {
    this.signed = "";
    this.node = h("div", { class: "alert-story", role: "region" });
  }

  words() {
    this.signed = "";
    this.node.setAttribute("aria-label", t("alert.story"));
  }

  /** @param {Listed|null} alert */
  show(alert) {
    show(this.node, Boolean(alert));
    if (!alert) return;
    const sign = JSON.stringify([alert.alert_id, alert.level, alert.detail, alert.waiting, alert.evidence, alert.said]);
    if (sign === this.signed) return;
    this.signed = sign;
    const place = [
      alert.window === null ? "" : t("alert.where", { window: alert.window }),
      alert.clerk ? t("alert.clerk", { clerk: alert.clerk }) : "",
      t("alert.from", { at: hhmm(alert.since) }),
    ];
    replace(this.node,
      h("p", null, h("b", null, wordFor("alert.kind", alert.kind)), " ", place.filter(Boolean).join(" · ")),
      alert.detail ? h("p", null, alertText(alert)) : null,
      evidence(Object.assign({}, alert, { kind_text: wordFor("alert.kind", alert.kind) })),
      (alert.said || []).map((said) => h("p", { class: "alert-said" },
        h("span", { class: "number soft" }, hhmm(said.at)), " ",
        h("b", null, whoOf(said.by)), " ", wordFor("alert.did", said.state),
        said.text ? t("alert.quote", { text: said.text }) : "")));
  }
}

/** `counter:3` → the window; `user:boss` → boss. @param {string} by */
function whoOf(by) {
  const at = by.indexOf(":");
  const kind = by.slice(0, at);
  return kind === "counter" ? t("alert.by.window") : by.slice(at + 1);
}
