/** What one window's screen shows, from the hall's state. Pure. */

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").WindowEntry} WindowEntry */

/**
 * @typedef {"call"|"serve"|"open"|"away"|"covered"|"closed"} Mode
 *   `covered`: away or closed, and a neighbour serves; that is then what matters most
 */

/**
 * @param {WindowEntry} window
 * @returns {Mode}
 */
export function modeOf(window) {
  if (window.state === "calling" && window.ticket) return "call";
  if (window.state === "serving" && window.ticket) return "serve";
  if (window.state === "open" || window.state === "calling" || window.state === "serving") return "open";
  if (window.covered_by) return "covered";
  return window.state === "away" ? "away" : "closed";
}

/**
 * Names of what the window does, in the language of the page.
 * @param {HallState} state
 * @param {WindowEntry} window
 * @param {(entry: {name: string, name_en?: string}) => string} nameOf
 * @returns {string[]}
 */
export function servicesOf(state, window, nameOf) {
  const found = (state.services || []).filter((service) => window.queues.indexOf(service.prefix) >= 0);
  return found.length ? found.map(nameOf) : (window.services || []).slice();
}

/**
 * Numbers that stood here and are now being called elsewhere: the person may still stand here.
 * @param {HallState} state
 * @param {number} here
 * @param {string[]} lately  numbers that this window had
 * @returns {{number: string, window: number}|null}
 */
export function calledElsewhere(state, here, lately) {
  for (const window of state.windows) {
    if (window.number === here || window.state !== "calling" || !window.ticket) continue;
    if (lately.indexOf(window.ticket) >= 0) return { number: window.ticket, window: window.number };
  }
  return null;
}

/**
 * Remembers the last numbers of a window, newest first.
 * @param {string[]} lately
 * @param {string|null} number
 * @param {number} most
 * @returns {string[]}
 */
export function remember(lately, number, most) {
  if (!number || lately[0] === number) return lately;
  return [number].concat(lately.filter((other) => other !== number)).slice(0, most);
}
