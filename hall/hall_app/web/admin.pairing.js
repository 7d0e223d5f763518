/**
 * Pairing codes: for one device in large letters with a countdown, or for many windows as a sheet;
 * also for the device that replaces a dead one.
 */
import { get, post } from "/static/core/api.js";
import { dialog } from "/static/core/dialog.js";
import { h, replace, setText, show } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { everySecond, hhmm, serverNow } from "/static/core/time.js";
import { Form, windowPicker } from "./admin.form.js";
import { button } from "./admin.list.js";
import { inSession } from "./session.js";
import { problemText } from "./words.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").Device} Device */
/** @typedef {{id: string, kind: string, windows: "none"|"needed", path: string}} Place */

const HEARD_MS = 120000; // since the last request of a device that has no stream

/** What can be paired, as people know it. @type {Place[]} */
export const PLACES = [
  { id: "kiosk", kind: "kiosk", windows: "none", path: "/kiosk" },
  { id: "guide", kind: "guide", windows: "none", path: "/guide" },
  { id: "hall_screen", kind: "display", windows: "none", path: "/display/hall" },
  { id: "window_screen", kind: "display", windows: "needed", path: "/display/window" },
  { id: "counter", kind: "counter", windows: "needed", path: "/counter" },
  { id: "pad", kind: "pad", windows: "needed", path: "/pad" },
  { id: "agent", kind: "agent", windows: "none", path: "" },
  { id: "window_agent", kind: "agent", windows: "needed", path: "" },
  { id: "camera", kind: "camera", windows: "none", path: "" },
];

/** @param {{kind: string, window: number|null}} device */
export function placeOf(device) {
  if (device.kind === "display") return device.window === null ? "hall_screen" : "window_screen";
  if (device.kind === "agent") return device.window === null ? "agent" : "window_agent";
  return device.kind;
}

/**
 * Whether a device is there: its stream is open, or it asked for something a moment ago.
 * @param {Device} device
 */
export function isHeard(device) {
  return device.connected || (device.last_seen !== null && serverNow().getTime() - Date.parse(device.last_seen) < HEARD_MS);
}

/** What pairs an agent, as it is typed on its PC. @param {string} code */
function commandOf(code) {
  return "hall agent pair --server " + location.origin + " --code " + code + " --config agent.toml";
}

/** @param {number} until  ms of the server's time */
function leftText(until) {
  const seconds = Math.max(0, Math.ceil((until - serverNow().getTime()) / 1000));
  return Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
}

/**
 * Asks what is to be paired, makes the code or codes, and waits for the devices.
 * @param {Admin} admin
 * @param {Device[]} devices
 * @param {Device|null} dead  the device that is to be replaced
 * @param {{place: string, windows: number[]}} [wanted]  what is chosen at first
 */
export async function newCode(admin, devices, dead, wanted) {
  const windows = admin.setup ? admin.setup.windows : admin.state.windows.map((window) => ({ number: window.number, name: window.name }));
  /** @type {Record<string, any>} */
  const draft = { place: dead ? placeOf(dead) : wanted ? wanted.place : "kiosk", name: dead ? dead.name : "", windows: dead && dead.window ? [dead.window] : wanted ? wanted.windows : [], replaces: dead ? dead.device_id : "" };
  const live = devices.filter((device) => !device.revoked);
  let stop = () => {};

  await dialog(t(dead ? "pairing.replace_title" : "pairing.title"), (/** @type {(r: null) => void} */ close) => {
    const box = h("div", { class: "stack pairing" });
    const problem = h("div", { class: "banner", "data-state": "alert", role: "alert", hidden: true });

    const ask = () => {
      const form = new Form(draft, () => undefined);
      const place = () => PLACES.find((other) => other.id === draft.place) || PLACES[0];
      const fields = h("div", { class: "stack" });
      const drawFields = () => {
        const same = live.filter((device) => placeOf(device) === draft.place);
        replace(fields,
          place().windows === "needed"
            ? form.field("windows", { label: t("pairing.windows"), hint: t("pairing.windows_hint") }, windowPicker({
              windows, get: () => draft.windows, set: (numbers) => { draft.windows = numbers; form.clear("windows"); drawName(); },
            }))
            : null,
          name,
          same.length && draft.windows.length < 2 && !dead
            ? form.choice("replaces", { label: t("pairing.replaces"), hint: t("pairing.replaces_hint"), options: [
              /** @type {[string, string]} */ (["", t("pairing.replaces_none")])].concat(same.map((device) => [device.device_id,
              [device.name || t("devices.unnamed"), device.window === null ? "" : t("window.n", { n: device.window })].filter(Boolean).join(" · ")])) })
            : null);
      };
      const name = h("div", null);
      const drawName = () => replace(name, draft.windows.length > 1
        ? h("p", { class: "soft" }, t("pairing.many", { n: draft.windows.length }))
        : form.text("name", { label: t("devices.name"), hint: t("pairing.name_hint"), max: 60, placeholder: suggested() }));
      const suggested = () => t("place." + draft.place) + (draft.windows.length === 1 && place().windows === "needed" ? " " + t("window.n", { n: draft.windows[0] }) : "");
      const kinds = h("select", { "data-first": true, disabled: Boolean(dead), onchange: () => {
        draft.place = kinds.value;
        draft.replaces = "";
        if (place().windows === "none") draft.windows = [];
        drawName();
        drawFields();
      } }, PLACES.map((other) => h("option", { value: other.id, selected: other.id === draft.place }, t("place." + other.id))));
      drawName();
      drawFields();
      const make = h("button", { class: "button primary", type: "submit" }, t("pairing.make"));
      const node = h("form", { class: "stack", onsubmit: async (/** @type {Event} */ event) => {
        event.preventDefault();
        show(problem, false);
        if (place().windows === "needed" && !draft.windows.length && !draft.replaces) {
          form.markAll([{ field: "windows", message: t("pairing.window_missing") }]);
          return;
        }
        make.disabled = true;
        try {
          await code(place(), suggested());
        } catch (error) {
          setText(problem, problemText(error));
          show(problem, true);
          make.disabled = false;
        }
      } },
      problem,
      dead ? h("p", null, t("pairing.replace_text", { name: dead.name || t("devices.unnamed") })) : null,
      h("label", { class: "field" }, h("span", null, t("devices.kind")), kinds),
      fields,
      h("div", { class: "actions" }, button(t("cancel"), () => close(null)), make));
      replace(box, node);
      kinds.focus();
    };

    /** @param {Place} place @param {string} fallback */
    const code = async (place, fallback) => {
      /** @type {{window: number|null, name: string, code: string}[]} */
      const made = [];
      let until = Infinity;
      const wanted = place.windows === "needed" && draft.windows.length ? draft.windows : [null];
      for (const window of wanted) {
        const name = (wanted.length === 1 && draft.name.trim()) || (window === null ? fallback : t("place." + place.id) + " " + t("window.n", { n: window }));
        const body = { kind: place.kind, name, window, replaces: draft.replaces || null };
        const answer = await inSession(() => post(admin.path("/pairing-codes"), body));
        made.push({ window, name, code: answer.code });
        until = Math.min(until, Date.parse(answer.expires_at));
      }
      showCodes(place, made, until);
    };

    /** @param {Place} place @param {{window: number|null, name: string, code: string}[]} made @param {number} until */
    const showCodes = (place, made, until) => {
      const before = new Set(devices.map((device) => device.device_id));
      const left = h("span", { class: "number" });
      const state = h("p", { class: "pairing-state", role: "status" });
      /** @type {Set<string>} */
      const done = new Set();
      const address = location.origin + place.path;
      const marks = new Map(made.map((entry) => [entry.name, h("span", { class: "state", hidden: true, "data-state": "open" }, t("pairing.done_one"))]));
      const one = made.length === 1 ? made[0] : null;
      replace(box,
        place.path
          ? h("p", null, t("pairing.open"), h("br", null), h("b", { class: "address" }, address))
          : place.kind === "agent"
            ? h("p", null, t("pairing.open_agent"), h("code", { class: "command" }, commandOf(one ? one.code : t("pair.code"))))
            : h("p", null, t("pairing.open_program")),
        one
          ? h("div", { class: "pairing-code number", "aria-label": t("pair.code") }, one.code)
          : h("div", { class: "pairing-sheet print-area" }, h("table", { class: "table" }, h("tbody", null, made.map((entry) =>
            h("tr", null, h("td", null, entry.name), h("td", { class: "number code" }, entry.code), h("td", null, marks.get(entry.name))))))),
        state,
        h("div", { class: "actions" },
          one && place.path ? h("a", { class: "button", href: place.path + "?code=" + one.code, target: "_blank", rel: "noopener" }, t("pairing.here")) : null,
          one ? null : button(t("print"), () => printDialog()),
          button(t("pairing.another"), () => { stop(); draft.name = ""; draft.windows = []; draft.replaces = ""; if (dead) close(null); else ask(); }),
          button(t("close"), () => close(null), "primary")));
      let second = 0;
      const stopClock = everySecond(() => {
        setText(left, leftText(until));
        const over = serverNow().getTime() > until;
        if (done.size === made.length) return;
        if (over) {
          replace(state, h("span", { class: "state", "data-state": "alert" }, t("pairing.over")));
          box.setAttribute("data-over", "yes");
        } else if (!state.contains(left)) replace(state, t("pairing.valid") + " ", left, " " + t("pairing.until", { at: hhmm(new Date(until)) }));
        second += 1;
        if (second % 2 === 0 && !over) look();
      });
      const look = async () => {
        try {
          const now = /** @type {Device[]} */ (await get(admin.path("/devices")));
          for (const device of now) {
            if (before.has(device.device_id) || device.revoked) continue;
            const entry = made.find((other) => other.name === device.name && device.kind === place.kind);
            if (!entry || done.has(entry.name)) continue;
            done.add(entry.name);
            const mark = marks.get(entry.name);
            if (mark) show(mark, true);
          }
          if (done.size === made.length) {
            replace(state, h("span", { class: "state chip", "data-state": "open" }, t("pairing.done", { n: made.length })));
            stopClock();
          }
        } catch (error) {
          // Asked again two seconds later.
        }
      };
      stop = stopClock;
    };

    ask();
    return box;
  });
  stop();
}

/** Prints what the open dialog marked for it, and nothing else. */
export function printDialog() {
  document.body.classList.add("print-dialog");
  window.print();
  document.body.classList.remove("print-dialog");
}
