/**
 * How a camera is reached: name, addresses, who signs in, which of its streams, beside which others.
 */
import { ApiError, put } from "/static/core/api.js";
import { h, replace } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { toast } from "/static/core/toast.js";
import { Form, section } from "/static/app/admin.form.js";
import { inSession } from "/static/app/session.js";
import { problemText } from "/static/app/words.js";
import { pathOf } from "./camera.js";

/** @typedef {import("./admin.js").CamerasTab} CamerasTab */
/** @typedef {import("./camera.js").CameraDetails} CameraDetails */
/** @typedef {import("./camera.js").Profile} Profile */

/** What may be chosen of a camera's streams. @param {Profile[]} profiles @returns {[string, string][]} */
export function profileOptions(profiles) {
  /** @type {[string, string][]} */
  const options = [["", t("access.profile_auto")]];
  for (const profile of profiles) {
    const size = profile.width ? t("camera.size", { width: profile.width, height: profile.height }) : "";
    options.push([profile.token, [profile.name || profile.token, profile.source, profile.codec, size].filter(Boolean).join(" · ")]);
  }
  return options;
}

/** @param {Form} form @param {string} placeholder */
export function passwordField(form, placeholder) {
  const input = h("input", { type: "password", autocomplete: "new-password", maxlength: 128, placeholder,
    oninput: () => { form.draft.password = input.value; form.clear("password"); form.changed(); } });
  input.value = form.draft.password;
  return form.field("password", { label: t("access.password"), hint: t("access.password_hint") }, input);
}

export class AccessPart {
  /** @param {CamerasTab} tab */
  constructor(tab) {
    this.tab = tab;
    /** @type {Record<string, any>|null} */
    this.draft = null;
    this.base = "";
    /** @type {Form|null} */
    this.form = null;
    this.node = h("div", { class: "editor-scroll" });
  }

  stop() {}

  draw() {}

  /** @param {CameraDetails} camera */
  show(camera) {
    const draft = {
      name: camera.name, onvif: camera.onvif || "", rtsp: camera.rtsp || "", username: camera.username,
      password: "", profile: camera.profile, group: camera.group,
    };
    const sign = JSON.stringify([draft, camera.identity.profiles]);
    if (sign === this.base || (this.draft && this.tab.admin.dirty)) return;
    this.base = sign;
    this.draft = draft;
    const untouched = JSON.stringify(draft);
    const form = new Form(draft, () => this.tab.edited(JSON.stringify(draft) !== untouched));
    this.form = form;
    replace(this.node,
      section(t("cameras.part.access"),
        form.text("name", { label: t("cameras.name"), max: 60, wide: true }),
        form.text("onvif", { label: t("access.onvif"), hint: t("access.onvif_hint"), wide: true }),
        form.text("username", { label: t("access.username"), max: 128 }),
        passwordField(form, t("access.password_kept")),
        camera.identity.profiles.length
          ? form.choice("profile", { label: t("access.profile"), hint: t("access.profile_hint"), wide: true, options: profileOptions(camera.identity.profiles) })
          : null,
        form.text("rtsp", { label: t("access.rtsp"), hint: t("access.rtsp_hint"), wide: true }),
        form.text("group", { label: t("access.group"), hint: t("access.group_hint"), max: 60, wide: true })));
  }

  /** @returns {Promise<boolean>} */
  async save() {
    const draft = this.draft;
    const form = this.form;
    if (!draft || !form) return false;
    if (!draft.onvif && !draft.rtsp) {
      form.markAll([{ field: "onvif", message: t("access.none") }]);
      return false;
    }
    const body = Object.assign({}, draft);
    if (!body.password) delete body.password;
    try {
      await inSession(() => put(pathOf(this.tab.list.chosen), body));
    } catch (error) {
      if (error instanceof ApiError && error.errors.length && form.markAll(error.errors).length === 0) return false;
      toast(problemText(error), { state: "alert" });
      return false;
    }
    this.base = "";
    toast(t("access.saved", { name: draft.name }), { state: "open" });
    return true;
  }
}
