// When the hall and its queues are open, as the pages say it (test_page_sessions.py runs this).
import assert from "node:assert/strict";
import { test } from "node:test";
import { dayAfter, holidayOn, openingAt, openingOfAny, sessionsOfQueues, sessionsOn, weekdayOf } from "./sessions.mjs";

const THURSDAY = "2026-03-05";
const session = (start, until, by_appointment = false) => ({ start, until, by_appointment });
const DAY = [session("08:30", "12:00"), session("14:30", "17:30")];
const setup = (more = {}) => ({ week: { 1: DAY, 2: DAY, 3: DAY, 4: DAY, 5: DAY }, queue_sessions: {}, ...more });
const LONGER = setup({ queue_sessions: { S: [session("08:00", "18:30")] } });
const at = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));

test("days are counted without a zone", () => {
  assert.equal(weekdayOf(THURSDAY), 4);
  assert.equal(weekdayOf("2026-03-08"), 7);
  assert.equal(dayAfter("2026-02-28", 1), "2026-03-01");
});

test("a queue has its own sessions on the days on which the hall opens", () => {
  assert.deepEqual(sessionsOn(LONGER, THURSDAY, "S"), [session("08:00", "18:30")]);
  assert.deepEqual(sessionsOn(LONGER, THURSDAY, "H"), DAY);
  assert.deepEqual(sessionsOn(LONGER, "2026-03-07", "S"), []);
});

test("the hall is at lunch until its afternoon begins", () => {
  const now = openingAt(setup(), THURSDAY, at("12:00"));
  assert.deepEqual([now.open, now.pause, now.next.time], [false, true, "14:30"]);
  assert.equal(openingAt(setup(), THURSDAY, at("11:59")).open, true);
});

test("one queue that is open keeps the hall open", () => {
  assert.equal(openingOfAny(setup(), THURSDAY, at("13:00")).open, false);
  assert.equal(openingOfAny(setup(), THURSDAY, at("13:00")).pause, true);
  const lunch = openingOfAny(LONGER, THURSDAY, at("13:00"));
  assert.deepEqual([lunch.open, lunch.pause], [true, false]);
  assert.equal(openingOfAny(LONGER, THURSDAY, at("18:29")).open, true);
  assert.equal(openingOfAny(LONGER, THURSDAY, at("18:30")).open, false);
});

test("the hall opens with the earliest of its queues", () => {
  assert.equal(openingOfAny(LONGER, THURSDAY, at("07:00")).next.time, "08:00");
  const friday = openingOfAny(LONGER, "2026-03-06", at("19:00")).next;
  assert.deepEqual([friday.days, friday.weekday, friday.date, friday.time], [3, 1, "2026-03-09", "08:00"]);
  const late = setup({ queue_sessions: { S: [session("10:00", "11:00")] } });
  assert.equal(openingOfAny(late, THURSDAY, at("07:00")).next.time, "08:30");
  assert.equal(openingOfAny({ week: {}, queue_sessions: {} }, THURSDAY, at("07:00")).next, null);
});

test("a window's hours are those of all its queues", () => {
  assert.deepEqual(sessionsOfQueues(LONGER, THURSDAY, ["S"]), [session("08:00", "18:30")]);
  assert.deepEqual(sessionsOfQueues(LONGER, THURSDAY, ["H", "S"]), [session("08:00", "18:30")]);
  assert.deepEqual(sessionsOfQueues(LONGER, THURSDAY, ["H"]), DAY);
  assert.deepEqual(sessionsOfQueues(LONGER, THURSDAY, []), DAY);
  const evening = setup({ queue_sessions: { S: [session("17:30", "20:00")] } });
  assert.deepEqual(sessionsOfQueues(evening, THURSDAY, ["S", "H"]), [DAY[0], session("14:30", "20:00")]);
});

test("an announced day off is closed, and a weekend that is worked has Monday's sessions", () => {
  const off = (name) => ({ workday: false, name });
  const days = { "2026-10-01": off("国庆节"), "2026-10-02": off(""), "2026-10-10": { workday: true, name: "国庆节" } };
  const october = setup({ days, queue_sessions: { S: [session("08:00", "18:30")] } });
  assert.deepEqual(sessionsOn(october, "2026-10-01"), []);
  assert.deepEqual(sessionsOn(october, "2026-10-01", "S"), []);
  assert.deepEqual(sessionsOn(october, "2026-10-10"), DAY);
  assert.deepEqual(["2026-10-01", "2026-10-02", "2026-10-10", "2026-10-05"].map((day) => holidayOn(october, day)), ["国庆节", "", null, null]);
  const next = openingOfAny(october, "2026-10-01", at("09:00")).next;
  assert.deepEqual([next.days, next.date, next.time], [4, "2026-10-05", "08:00"]);
});

test("a session by appointment is open, but not for everybody", () => {
  const saturday = "2026-03-07";
  const limited = [session("09:00", "12:00", true)];
  const week = { ...setup().week, 6: limited };
  assert.equal(openingAt(setup({ week }), saturday, at("10:00")).limited, true);
  assert.equal(openingAt(setup({ week }), saturday, at("13:00")).limited, false);
  assert.equal(openingAt(setup({ week }), THURSDAY, at("10:00")).limited, false);
  const walkIns = setup({ week, queue_sessions: { S: [session("10:00", "11:00")] } });
  assert.equal(openingOfAny(walkIns, saturday, at("09:30")).limited, true);
  assert.equal(openingOfAny(walkIns, saturday, at("10:00")).limited, false, "one queue takes everybody");
  assert.equal(openingOfAny(walkIns, saturday, at("10:00")).open, true);
});
