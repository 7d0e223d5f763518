/**
 * The settings of a device as its pages read them (kiosk.js, displays/settings.js), each with a word
 * and a control; whatever else a technician sets stays as name and value.
 */
import { h, replace } from "/static/core/dom.js";
import { nameOf, t } from "/static/core/i18n.js";
import { distinct } from "./admin.windows.js";
import { minutesOf, tidyTime } from "./hours.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.form.js").Form} Form */
/** @typedef {import("./admin.types.js").Device} Device */
/** @typedef {Record<string, any>} Draft */
/** @typedef {{from: string, until: string, volume: number}} VolumeSpan */

/**
 * @typedef {{
 *   name: string,
 *   only?: "hall"|"window",
 *   part?: string,
 *   read: (value: any) => any,
 *   write: (draft: any) => any,
 *   field: (form: Form, field: string, words: {label: string, hint: string}, admin: Admin, draft: Draft, devices: Device[]) => HTMLElement,
 * }} Setting  `read`: from the device's value to what the form edits, `write`: back; undefined when
 *   it is left at its default. `only`: a device of that place; `part`: an agent that drives one
 */

const asText = (/** @type {any} */ value) => (value === undefined || value === null ? "" : String(value));
const orNothing = (/** @type {any} */ value) => (value === "" ? undefined : value);

/** @param {string} name @returns {Setting} */
function textSetting(name) {
  return {
    name, read: asText, write: (value) => orNothing(value.trim()),
    field: (form, field, words) => form.text(field, Object.assign({ max: 60 }, words)),
  };
}

/**
 * @param {string} name
 * @param {string[]} values  the first is the default and is not stored
 * @param {(text: string) => any} [value]
 * @returns {Setting}
 */
function choiceSetting(name, values, value) {
  return {
    name, read: (now) => (values.indexOf(asText(now)) >= 0 ? asText(now) : values[0]),
    write: (text) => (text === values[0] ? undefined : value ? value(text) : text),
    field: (form, field, words) => form.choice(field, Object.assign({
      options: values.map((one) => /** @type {[string, string]} */ ([one, t("devices.set." + name + "." + (one || "none"))])),
    }, words)),
  };
}

/**
 * A figure that people give in percent.
 * @param {string} name
 * @param {number} least
 * @param {number} most
 * @param {number} factor  of the stored value
 * @param {number} standard  in percent
 * @returns {Setting}
 */
function percentSetting(name, least, most, factor, standard) {
  return {
    name, read: (value) => (typeof value === "number" ? Math.round(value * factor) : standard),
    write: (percent) => (percent === standard ? undefined : percent / factor),
    field: (form, field, words) => form.number(field, Object.assign({ least, most, unit: "%" }, words)),
  };
}

/** The queue of people who do not know what to choose. @type {Setting} */
const guideQueue = {
  name: "guide_queue", read: asText, write: orNothing,
  field: (form, field, words, admin) => form.choice(field, Object.assign({
    options: [/** @type {[string, string]} */ (["", t("devices.set.guide_queue.none")])]
      .concat(admin.state.queues.map((queue) => [queue.prefix, queue.prefix + " " + nameOf(queue)])),
  }, words)),
};

/**
 * What an agent drives for this device: a ticket printer, a card reader.
 * @param {string} name  of the setting, and the kind of the agent's part
 * @param {(device: Device, part: string) => string} value
 * @returns {Setting}
 */
function partSetting(name, value) {
  return {
    name, read: asText, write: orNothing,
    field: (form, field, words, admin, draft, devices) => {
      /** @type {[string, string][]} */
      const options = [["", t("devices.set.part.none")]];
      for (const device of devices) {
        const parts = device.revoked ? [] : (device.parts || []).filter((part) => part.kind === name);
        for (const part of parts) options.push([value(device, part.name), (device.name || t("devices.unnamed")) + (parts.length > 1 ? " · " + part.name : "")]);
      }
      // What was chosen before and is not there now stays chosen, and says so.
      if (draft[field] && !options.some((option) => option[0] === draft[field])) options.push([draft[field], t("devices.set.part.gone")]);
      return form.choice(field, Object.assign({ options }, words));
    },
  };
}

/** The windows that callers on one line belong to. @type {Setting} */
const busWindows = {
  name: "windows", only: "hall", part: "caller",
  read: (value) => (Array.isArray(value) ? value.join(", ") : ""),
  write: (text) => {
    const numbers = (text.match(/\d+/g) || []).map(Number);
    return numbers.length ? numbers : undefined;
  },
  field: (form, field, words) => form.text(field, Object.assign({ max: 200, placeholder: "3, 4, 5" }, words)),
};

/** Whose calls a screen shows and says. @type {Setting} */
const zones = {
  name: "zones", read: (value) => (Array.isArray(value) ? value.slice() : []), write: (list) => (list.length ? list : undefined),
  field: (form, field, words, admin, draft) => {
    const known = distinct((admin.setup ? admin.setup.windows : admin.state.windows).map((window) => window.zone).concat(draft[field]));
    const box = h("div", { class: "zone-picks" });
    const draw = () => replace(box, known.length
      ? known.map((zone) => {
        const input = h("input", { type: "checkbox", checked: draft[field].indexOf(zone) >= 0, onchange: () => {
          draft[field] = draft[field].filter((/** @type {string} */ other) => other !== zone).concat(input.checked ? zone : []);
          form.changed();
        } });
        return h("label", { class: "check" }, input, zone);
      })
      : h("span", { class: "hint" }, t("devices.set.zones.none")));
    draw();
    return form.field(field, Object.assign({ wide: true }, words), box);
  },
};

/** Volume by time of day. @type {Setting} */
const volumes = {
  name: "volumes",
  read: (value) => (Array.isArray(value) ? value.map((span) => ({ from: span.from, until: span.until, percent: Math.round(span.volume * 100) })) : []),
  write: (list) => {
    const good = list.filter((/** @type {any} */ span) => !isNaN(minutesOf(span.from)) && !isNaN(minutesOf(span.until)));
    return good.length ? good.map((/** @type {any} */ span) => ({ from: span.from, until: span.until, volume: Math.max(0, Math.min(100, Number(span.percent) || 0)) / 100 })) : undefined;
  },
  field: (form, field, words, admin, draft) => {
    const box = h("div", { class: "sessions" });
    const list = draft[field];
    /** @param {any} span @param {"from"|"until"|"percent"} part */
    const input = (span, part) => {
      const node = h("input", { type: "text", class: "time-input", value: span[part], maxlength: 5, "aria-label": t("devices.set.volumes." + part),
        oninput: () => { span[part] = part === "percent" ? node.value : tidyTime(node.value); form.changed(); },
        onchange: () => { if (part !== "percent") node.value = tidyTime(node.value); } });
      return node;
    };
    const draw = () => replace(box,
      list.map((/** @type {any} */ span, /** @type {number} */ index) => h("div", { class: "session" },
        input(span, "from"), h("span", { class: "dash" }, "–"), input(span, "until"), h("span", { class: "dash" }), input(span, "percent"), h("span", { class: "dash" }, "%"),
        h("button", { class: "button quiet small", type: "button", "aria-label": t("entry.remove"), onclick: () => { list.splice(index, 1); draw(); form.changed(); } }, "×"))),
      h("div", null, h("button", { class: "button quiet small", type: "button", onclick: () => {
        list.push({ from: "12:00", until: "14:30", percent: 50 });
        draw();
        form.changed();
      } }, t("devices.set.volumes.add"))));
    draw();
    return form.field(field, Object.assign({ wide: true }, words), box);
  },
};

/** @type {Record<string, Setting[]>} */
const KNOWN = {
  kiosk: [
    choiceSetting("print", ["", "browser", "agent"]),
    partSetting("printer", (device, part) => device.device_id + "/" + part),
    partSetting("reader", (device) => device.device_id),
    textSetting("desk"),
    guideQueue,
    choiceSetting("theme", ["light", "dark"]),
  ],
  display: [
    choiceSetting("voice", ["", "true", "false"], (text) => text === "true"),
    percentSetting("volume", 0, 100, 100, 100),
    volumes,
    zones,
    Object.assign(choiceSetting("notices", ["true", "false"], (text) => text === "true"), { only: "hall" }),
    choiceSetting("lang", ["zh", "en"]),
    choiceSetting("theme", ["light", "dark"]),
    choiceSetting("rotation", ["0", "90", "180", "270"], Number),
    percentSetting("scale", 60, 160, 100, 100),
    percentSetting("overscan", 0, 10, 1, 0),
  ],
  guide: [
    partSetting("printer", (device, part) => device.device_id + "/" + part),
    partSetting("reader", (device) => device.device_id),
    choiceSetting("theme", ["light", "dark"]),
  ],
  agent: [busWindows],
  counter: [choiceSetting("theme", ["light", "dark"])],
  pad: [choiceSetting("idle", ["card", "notices"]), choiceSetting("theme", ["light", "dark"])],
};

/** @param {Device} device */
function settingsFor(device) {
  const place = device.window === null ? "hall" : "window";
  const parts = (device.parts || []).map((part) => part.kind);
  return (KNOWN[device.kind] || []).filter((setting) =>
    (!setting.only || setting.only === place) && (!setting.part || parts.indexOf(setting.part) >= 0));
}

/** What a form edits of a device. @param {Device} device @returns {Draft} */
export function draftOf(device) {
  /** @type {Draft} */
  const draft = { name: device.name, other: [] };
  const known = settingsFor(device);
  known.forEach((setting) => (draft["$" + setting.name] = setting.read(device.settings[setting.name])));
  Object.keys(device.settings).forEach((name) => {
    const value = device.settings[name];
    if (!known.some((setting) => setting.name === name)) draft.other.push([name, typeof value === "string" ? value : JSON.stringify(value)]);
  });
  return draft;
}

/** @param {Form} form @param {Draft} draft @param {Device} device @param {Admin} admin @param {Device[]} devices */
export function settingFields(form, draft, device, admin, devices) {
  return settingsFor(device).map((setting) => setting.field(form, "$" + setting.name, {
    label: t("devices.set." + setting.name), hint: t("devices.set." + setting.name + ".hint"),
  }, admin, draft, devices));
}

/** The whole settings as they are sent. @param {Draft} draft @param {Device} device */
export function settingsOf(draft, device) {
  /** @type {Record<string, any>} */
  const settings = {};
  for (const setting of settingsFor(device)) {
    const value = setting.write(draft["$" + setting.name]);
    if (value !== undefined) settings[setting.name] = value;
  }
  for (const [name, text] of draft.other) if (name) settings[name] = valueOf(text);
  return settings;
}

/** Text that is a figure, a list or yes/no is sent as such. @param {string} text */
function valueOf(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "string" ? text : value;
  } catch (error) {
    return text;
  }
}
