/**
 * A camera's picture in the administration, what is known of it, and what can be done.
 */
import { del, post } from "/static/core/api.js";
import { confirmBox } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { hhmm, isoDay, serverNow } from "/static/core/time.js";
import { toast } from "/static/core/toast.js";
import { button } from "/static/app/admin.list.js";
import { inSession } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { codecName, isConnecting, pathOf, stateText, whyText, windowsText } from "./camera.js";
import { CameraView } from "./view.js";

/** @typedef {import("./admin.js").CamerasTab} CamerasTab */
/** @typedef {import("./camera.js").CameraDetails} CameraDetails */

/** Whether its codec is none that browsers play. @param {CameraDetails} camera */
function stillOnly(camera) {
  return camera.state === "online" && camera.codec !== "" && camera.codec !== "h264";
}

export class PicturePart {
  /** @param {CamerasTab} tab */
  constructor(tab) {
    this.tab = tab;
    this.view = new CameraView({ every: 2 });
    this.banner = h("div", { class: "banner", "data-state": "alert", hidden: true });
    this.liveButton = button("", () => { this.view.live(!this.view.isLive); this.draw(); }, "small");
    this.acts = h("div", { class: "row-wrap" });
    this.facts = h("dl", { class: "facts" });
    this.node = h("div", { class: "editor-scroll camera-picture-part" },
      this.banner,
      h("div", { class: "camera-frame" }, this.view.box),
      h("div", { class: "row camera-under" }, this.view.chip, h("span", { class: "push" }, this.liveButton)),
      this.facts,
      this.acts,
      h("p", { class: "hint" }, t("cameras.learn_hint")));
    this.signed = "";
  }

  stop() {
    this.view.stop();
  }

  draw() {
    this.signed = "";
    if (this.tab.details) this.show(this.tab.details);
  }

  /** @param {CameraDetails} camera */
  show(camera) {
    this.view.use(camera);
    if (camera.state !== "online" && this.view.isLive) this.view.live(false);
    const sign = JSON.stringify([camera, this.view.isLive]);
    if (sign === this.signed) return;
    this.signed = sign;
    const refused = camera.state === "refused";
    show(this.banner, refused);
    if (refused) {
      replace(this.banner, h("span", { class: "grow" }, t("cameras.refused")),
        button(t("cameras.retry"), () => { this.act("retry", null); }));
    }
    show(this.liveButton, camera.state === "online");
    setText(this.liveButton, t(this.view.isLive ? "cameras.still" : "cameras.live"));
    this.drawFacts(camera);
    replace(this.acts,
      camera.state === "online" ? button(t("cameras.learn"), () => { this.act("learn", t("cameras.learn_done")); }) : null,
      stillOnly(camera) && camera.onvif ? button(t("cameras.h264"), () => { this.act("h264", t("cameras.h264_done")); }) : null,
      camera.state === "disabled"
        ? button(t("cameras.enable"), () => { this.act("enable", t("cameras.enabled_done", { name: camera.name })); })
        : button(t("cameras.disable"), () => { this.act("disable", t("cameras.disabled_done", { name: camera.name })); }),
      button(t("cameras.remove"), () => { this.remove(camera); }, "danger"));
  }

  /** @param {CameraDetails} camera */
  drawFacts(camera) {
    const identity = camera.identity;
    const stream = [
      camera.width ? t("camera.size", { width: camera.width, height: camera.height }) : "",
      camera.fps ? t("camera.fps", { n: Math.round(camera.fps) }) : "",
      codecName(camera.codec),
      stillOnly(camera) ? t("cameras.still_only") : "",
    ].filter(Boolean).join(" · ");
    const since = (isoDay(camera.since) === isoDay(serverNow()) ? "" : isoDay(camera.since) + " ") + hhmm(camera.since);
    const why = camera.state === "online" || camera.state === "disabled" || isConnecting(camera) ? "" : whyText(camera);
    /** @type {[string, string][]} */
    const facts = [
      ["cameras.state", t("cameras.fact.since", { state: stateText(camera), at: since }) + (why ? " · " + why : "")],
      ["cameras.fact.windows", windowsText(camera) || t("camera.no_windows")],
      ["cameras.fact.stream", stream],
      ["cameras.fact.device", [identity.manufacturer, identity.model, identity.firmware].filter(Boolean).join(" ")],
      ["cameras.fact.serial", identity.serial],
      ["cameras.fact.group", camera.group],
    ];
    if (typeof camera.dismissed_rate === "number") {
      facts.push(["cameras.fact.dismissed", t("cameras.fact.dismissed_hint", { rate: Math.round(camera.dismissed_rate * 100) + "%" })]);
    }
    replace(this.facts, facts.filter((fact) => fact[1]).map((fact) => [h("dt", null, t(fact[0])), h("dd", null, fact[1])]));
  }

  /** @param {string} command @param {string|null} said */
  async act(command, said) {
    const id = this.tab.list.chosen;
    try {
      await inSession(() => post(pathOf(id, "/commands"), { command }));
      if (said) toast(said, { state: "open" });
      await this.tab.refresh();
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  }

  /** @param {CameraDetails} camera */
  async remove(camera) {
    const sure = await confirmBox({ title: t("cameras.remove_title", { name: camera.name }), text: t("cameras.remove_text"), ok: t("cameras.remove"), danger: true });
    if (!sure) return;
    try {
      await inSession(() => del(pathOf(camera.camera_id)));
      toast(t("cameras.removed", { name: camera.name }), { state: "open" });
      this.tab.open("");
    } catch (error) {
      toast(problemText(error), { state: "alert" });
    }
  }
}
