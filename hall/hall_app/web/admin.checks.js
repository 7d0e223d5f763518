/**
 * What is missing before a hall can open its doors, each with the tab where it is put right.
 */
import { nameOf, t } from "/static/core/i18n.js";
import { sessionsOn } from "/static/core/sessions.js";
import { isoDay, serverNow } from "/static/core/time.js";
import { rangesText } from "./admin.form.js";
import { isHeard } from "./admin.pairing.js";
import { administrators } from "./admin.people.js";

/** @typedef {import("./admin.js").Admin} Admin */
/** @typedef {import("./admin.types.js").Device} Device */
/** @typedef {import("./admin.types.js").User} User */
/** @typedef {{good: boolean, text: string, tab: string, key?: string}} Check */

const PUBLIC = ["kiosk", "guide", "display", "pad"]; // kinds that citizens miss when they are silent
const NAMES = 4; // so many are named before the rest is counted

/** @param {string[]} names */
function some(names) {
  const shown = names.slice(0, NAMES).join(t("list.and"));
  return names.length > NAMES ? t("checks.and_more", { names: shown, n: names.length }) : shown;
}

/**
 * @param {Admin} admin
 * @param {Device[]|null} devices  null: not known yet
 * @param {User[]|null} users  null: not known, or not this person's to see
 * @returns {Check[]} [] before the setup is there
 */
export function checksOf(admin, devices, users) {
  const setup = admin.setup;
  if (!setup) return [];
  /** @type {Check[]} */
  const checks = [];
  /** @param {boolean} good @param {string} text @param {string} bad @param {string} tab @param {string} [key] */
  const add = (good, text, bad, tab, key) => checks.push({ good, text: good ? text : bad, tab, key });
  const { queues, services, windows, clerks, settings } = setup;

  const idle = queues.filter((queue) => !windows.some((window) => window.queues.some((served) => served.prefix === queue.prefix)));
  add(queues.length > 0 && !idle.length, t("checks.queues", { n: queues.length }),
    queues.length ? t("checks.queues_idle", { names: some(idle.map((queue) => queue.prefix + " " + nameOf(queue))) }) : t("checks.no_queues"),
    "queues", idle.length ? idle[0].prefix : undefined);

  const bare = queues.filter((queue) => !services.some((service) => service.prefix === queue.prefix));
  add(services.length > 0 && !bare.length, t("checks.services", { n: services.length }),
    services.length ? t("checks.queues_bare", { names: some(bare.map((queue) => queue.prefix + " " + nameOf(queue))) }) : t("checks.no_services"), "services");

  const useless = windows.filter((window) => !window.queues.length);
  add(windows.length > 0 && !useless.length, t("checks.windows", { n: windows.length }),
    windows.length ? t("checks.windows_useless", { numbers: rangesText(useless.map((window) => window.number)) }) : t("checks.no_windows"),
    "windows", useless.length ? String(useless[0].number) : undefined);

  const empty = windows.filter((window) => !clerks.some((clerk) => clerk.windows.indexOf(window.number) >= 0));
  add(clerks.length > 0 && !empty.length, t("checks.clerks", { n: clerks.length }),
    clerks.length ? t("checks.windows_empty", { numbers: rangesText(empty.map((window) => window.number)) }) : t("checks.no_clerks"), "clerks");

  const today = sessionsOn(Object.assign({}, admin.state.setup, { week: settings.week }), isoDay(serverNow()));
  const any = Object.keys(settings.week).some((day) => settings.week[day].length > 0);
  add(any, today.length ? t("checks.hours", { sessions: today.map((session) => session.start + "–" + session.until).join(t("list.and")) }) : t("checks.hours_closed_today"), t("checks.no_hours"), "hours");

  if (devices) {
    const live = devices.filter((device) => !device.revoked);
    const has = (/** @type {string} */ kind) => live.some((device) => device.kind === kind);
    add(has("kiosk") || has("guide"), t("checks.kiosk"), t("checks.no_kiosk"), "devices", "+kiosk");
    add(live.some((device) => device.kind === "display" && device.window === null), t("checks.screen"), t("checks.no_screen"), "devices", "+hall_screen");
    const without = windows.filter((window) => !live.some((device) => device.kind === "counter" && device.window === window.number));
    add(windows.length > 0 && !without.length, t("checks.counters"), t("checks.no_counters", { numbers: rangesText(without.map((window) => window.number)) }), "devices",
      "+counter:" + rangesText(without.map((window) => window.number)));
    // Silent devices matter on a day the hall opens.
    const silent = live.filter((device) => !isHeard(device) && PUBLIC.indexOf(device.kind) >= 0 && isoDay(device.paired_at) !== isoDay(serverNow()));
    if (silent.length && today.length) add(false, "", t("checks.silent", { names: some(silent.map((device) => device.name || device.kind)) }), "devices");
  }
  if (users) add(administrators(users).length > 1, t("checks.admins"), t("checks.one_admin"), "people");
  return checks;
}
