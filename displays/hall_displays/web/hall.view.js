/** What of a hall's state a hall screen shows, for its zones. Pure. */

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */
/** @typedef {import("/static/core/types.js").QueueEntry} QueueEntry */
/** @typedef {(window: WindowEntry) => boolean} InZone */
/** @typedef {{number: string, window: number, at: string}} ShownCall */

/**
 * The last calls, newest first, then whoever is still being called elsewhere: in a big hall more
 * people are on their way than the last calls hold.
 * @param {HallState} state
 * @param {InZone} inZone
 * @returns {ShownCall[]}
 */
export function callsIn(state, inZone) {
  const mine = new Set(state.windows.filter(inZone).map((window) => window.number));
  const recent = state.recent_calls.filter((call) => mine.has(call.window));
  const known = new Set(recent.map((call) => call.number));
  state.windows.forEach((window) => {
    if (window.state !== "calling" || !window.ticket || !mine.has(window.number) || known.has(window.ticket)) return;
    recent.push({ number: window.ticket, window: window.number, at: "" });
  });
  return recent;
}

/**
 * The queues that the zone's windows serve.
 * @param {HallState} state
 * @param {InZone} inZone
 * @returns {QueueEntry[]}
 */
export function queuesIn(state, inZone) {
  const served = new Set();
  let everywhere = true;
  state.windows.forEach((window) => {
    if (inZone(window)) window.queues.forEach((prefix) => served.add(prefix));
    else everywhere = false;
  });
  return everywhere ? state.queues : state.queues.filter((queue) => served.has(queue.prefix));
}

/**
 * Windows where nobody is, or that a neighbour serves.
 * @param {HallState} state
 * @param {InZone} inZone
 * @returns {WindowEntry[]}
 */
export function awayIn(state, inZone) {
  return state.windows.filter(
    (window) => inZone(window) && (window.state === "away" || (window.state === "closed" && Boolean(window.covered_by))),
  );
}
