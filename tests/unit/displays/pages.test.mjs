// The screens' pure modules, run by node (test_pages.py copies them beside this file).
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallQueue, SAY_ONCE_S } from "./callqueue.mjs";
import { awayIn, callsIn, queuesIn } from "./hall.view.mjs";
import { readSettings, shiftOn, volumeAt } from "./settings.mjs";
import { pagesOf } from "./textpages.mjs";
import { calledElsewhere, modeOf, remember, servicesOf } from "./window.view.mjs";

const call = (number, window = 1, times = 2) => ({ id: number, number, window, times });

/** Says everything, a sentence taking `seconds`, and tells what was said. */
function sayAll(queue, arrivals = []) {
  const said = [];
  for (let next = queue.next(); next; next = queue.next()) {
    let count = 0;
    for (; queue.again(next, count); count += 1) (arrivals.shift() || (() => {}))();
    said.push(`${next.number}x${count}`);
  }
  return said;
}

// --- what is said next --------------------------------------------------------------------------

test("a lonely call is said as often as the hall says", () => {
  for (const times of [1, 2, 3]) {
    const queue = new CallQueue(() => 5, () => false);
    queue.add(call("A001", 1, times));
    assert.deepEqual(sayAll(queue), [`A001x${times}`]);
  }
});

test("calls come in order; with more than 10 s behind one it is said once", () => {
  const queue = new CallQueue(() => 4.5, () => false);
  ["A001", "A002", "A003", "A004"].forEach((number) => queue.add(call(number)));
  assert.deepEqual(sayAll(queue), ["A001x1", "A002x1", "A003x2", "A004x2"]);
  assert.ok(4.5 * 2 <= SAY_ONCE_S);
});

test("a backlog that arrives while a call is said keeps it at once", () => {
  const queue = new CallQueue(() => 4.5, () => false);
  queue.add(call("A001"));
  const rush = () => ["A002", "A003"].forEach((number) => queue.add(call(number)));
  assert.deepEqual(sayAll(queue, [rush]), ["A001x1", "A002x2", "A003x2"]);
});

test("with more than 20 s behind it a call that was answered is left out", () => {
  const answered = new Set(["A001", "A005"]);
  const queue = new CallQueue(() => 4.5, (one) => answered.has(one.number));
  ["A001", "A002", "A003", "A004", "A005"].forEach((number) => queue.add(call(number)));
  // A005 is answered too, but by then nothing waits behind it.
  assert.deepEqual(sayAll(queue), ["A002x1", "A003x1", "A004x2", "A005x2"]);
});

test("however much waits, who is still expected is called", () => {
  const queue = new CallQueue(() => 9, () => false);
  const numbers = Array.from({ length: 60 }, (_, index) => `A${String(index).padStart(3, "0")}`);
  numbers.forEach((number) => queue.add(call(number)));
  assert.deepEqual(sayAll(queue).map((one) => one.split("x")[0]), numbers);
});

test("a number that is called again while it waits is said once, as it is called now", () => {
  const queue = new CallQueue(() => 1, () => false);
  [call("A001", 1), call("A002", 2), call("A001", 3)].forEach((one) => queue.add(one));
  assert.deepEqual(queue.waiting.map((one) => [one.number, one.window]), [["A001", 3], ["A002", 2]]);
});

// --- settings -----------------------------------------------------------------------------------

test("nonsense in the settings leaves the defaults", () => {
  const plain = readSettings({}, "", true);
  for (const settings of [
    null, undefined, [], "dark",
    { theme: 3, lang: "fr", zones: "东区", window: -1, rotation: 45, overscan: NaN, scale: "big",
      voice: "yes", volume: null, volumes: [{ from: "8:00", until: "12:00", volume: 1 }, 7], screens: [] },
  ]) assert.deepEqual(readSettings(settings, "", true), plain);
  assert.deepEqual(readSettings({ overscan: 99, scale: 9, volume: -1 }, "", true),
    Object.assign({}, plain, { overscan: 10, scale: 1.6, volume: 0 }));
});

test("a second screen takes its own settings and is silent unless told", () => {
  const device = { theme: "dark", voice: true, window: 3, screens: { 2: { window: 4, rotation: 90 }, 3: { voice: true } } };
  assert.deepEqual(
    ["", "2", "3"].map((screen) => {
      const { theme, window, rotation, voice } = readSettings(device, screen, true);
      return [theme, window, rotation, voice];
    }),
    [["dark", 3, 0, true], ["dark", 4, 90, false], ["dark", 3, 0, true]],
  );
  assert.equal(readSettings({}, "", false).voice, false);
});

test("volume by time of day, also across midnight", () => {
  const settings = readSettings({ volume: 0.8, volumes: [
    { from: "12:00", until: "14:30", volume: 0.3 }, { from: "22:00", until: "06:00", volume: 0 }] }, "", true);
  const at = (time) => volumeAt(settings, Number(time.slice(0, 2)) * 60 + Number(time.slice(3)));
  assert.deepEqual(["11:59", "12:00", "14:29", "14:30", "23:00", "05:59", "06:00"].map(at), [0.8, 0.3, 0.3, 0.8, 0, 0, 0.8]);
});

test("the picture moves by a few pixels each day and stays near its place", () => {
  const day = (index) => new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10);
  const places = new Set();
  for (let index = 0; index < 63; index += 1) {
    const here = shiftOn(day(index));
    const next = shiftOn(day(index + 1));
    assert.ok(Math.abs(here[0]) <= 4 && Math.abs(here[1]) <= 4);
    assert.notDeepEqual(here, next);
    places.add(here.join());
  }
  assert.equal(places.size, 63);
});

// --- pages of text ------------------------------------------------------------------------------

test("a long notice is cut into pages that fit, and no word is lost", () => {
  const body = "首问负责，一次性告知。限时办结；不得擅自离开。".repeat(30) + "\n第二段" + "字".repeat(300);
  for (const most of [1, 7, 40, 135, 5000]) {
    const pages = pagesOf(body, (part) => part.length <= most);
    assert.ok(pages.every((page) => page.length > 0 && page.length <= most));
    assert.equal(pages.join("").replace(/\s/g, ""), body.replace(/\s/g, ""));
  }
  assert.deepEqual(pagesOf("  ", () => true), []);
  assert.ok(pagesOf(body, (part) => part.length <= 40)[0].match(/[。；]$/));
});

// --- what screens show --------------------------------------------------------------------------

const win = (number, state, more) => Object.assign(
  { number, name: "窗口", type: "general", state, ticket: null, clerk: null, absence: null, queues: ["A"], zone: "东区", covered_by: null },
  more,
);
const hall = (windows, more) => Object.assign(
  { hall: { id: "h", name: "大厅" }, windows, queues: [{ prefix: "A", name: "甲", waiting: 0 }, { prefix: "B", name: "乙", waiting: 0 }],
    recent_calls: [], services: [], setup: {}, notices: [], texts: {} },
  more,
);
const everywhere = () => true;
const east = (window) => window.zone === "东区";

test("calls: the last ones, then whoever is still called, of the zone only", () => {
  const state = hall(
    [win(1, "calling", { ticket: "A001" }), win(2, "calling", { ticket: "A009" }), win(3, "serving", { ticket: "A002" }),
      win(4, "calling", { ticket: "B001", zone: "西区" })],
    { recent_calls: [{ number: "A009", window: 2, at: "t2" }, { number: "A002", window: 3, at: "t1" }, { number: "B001", window: 4, at: "t0" }] },
  );
  assert.deepEqual(callsIn(state, everywhere).map((one) => one.number), ["A009", "A002", "B001", "A001"]);
  assert.deepEqual(callsIn(state, east).map((one) => one.number), ["A009", "A002", "A001"]);
});

test("queues and absences of the zone", () => {
  const state = hall([
    win(1, "away"), win(2, "open", { absence: { reason: "会议" } }), win(3, "closed"), win(4, "closed", { covered_by: 2 }),
    win(5, "away", { zone: "西区", queues: ["B"] }),
  ]);
  assert.deepEqual(queuesIn(state, east).map((one) => one.prefix), ["A"]);
  assert.deepEqual(queuesIn(state, everywhere).map((one) => one.prefix), ["A", "B"]);
  assert.deepEqual(awayIn(state, everywhere).map((one) => one.number), [1, 4, 5]);
  assert.deepEqual(awayIn(state, east).map((one) => one.number), [1, 4]);
});

test("a window screen's mode", () => {
  const modes = [
    win(1, "calling", { ticket: "A001" }), win(1, "serving", { ticket: "A001" }), win(1, "open"),
    win(1, "away"), win(1, "away", { covered_by: 4 }), win(1, "closed"), win(1, "closed", { covered_by: 4 }),
  ].map(modeOf);
  assert.deepEqual(modes, ["call", "serve", "open", "away", "covered", "closed", "covered"]);
});

test("a number that stood here and is called elsewhere", () => {
  const lately = ["A001", "A002", "A001", null, "A003", "A004", "A005"].reduce((list, number) => remember(list, number, 4), []);
  assert.deepEqual(lately, ["A005", "A004", "A003", "A001"]);
  const state = hall([win(3, "calling", { ticket: "A003" }), win(5, "calling", { ticket: "A001" }), win(6, "serving", { ticket: "A004" })]);
  assert.deepEqual(calledElsewhere(state, 3, lately), { number: "A001", window: 5 });
  assert.equal(calledElsewhere(state, 5, ["A009"]), null);
});

test("services in the language of the page", () => {
  const state = hall([], { services: [{ id: "x", name: "身份证", name_en: "ID card", prefix: "A" }, { id: "y", name: "社保", prefix: "S" }] });
  assert.deepEqual(servicesOf(state, win(1, "open"), (one) => one.name_en || one.name), ["ID card"]);
  assert.deepEqual(servicesOf(state, win(1, "open", { queues: ["Z"], services: ["综合"] }), (one) => one.name), ["综合"]);
});
