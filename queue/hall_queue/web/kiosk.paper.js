/**
 * The kiosk's printer: how its paper is, and printing through its agent. A ticket is taken whether
 * it can be printed or not; what is not on paper stays on the screen to be photographed.
 */
import { ApiError, post } from "/static/core/api.js";

/** @typedef {import("/static/core/types.js").HallState} HallState */
/** @typedef {import("/static/core/types.js").Me} Me */

/**
 * How a ticket's paper came out. `none`: nothing prints here; `browser`: the page itself did.
 * @typedef {"none"|"browser"|"printing"|"printed"|"failed"|"unsure"} Paper
 */

const WAIT_MS = 16000; // the server gives up on the printer after 15 s

/**
 * The device and part that print for this kiosk, from its settings; null: none does.
 * @param {Me} me
 */
export function printerOf(me) {
  const settings = me.settings || {};
  if (settings.print !== "agent" || typeof settings.printer !== "string") return null;
  const [device, part] = settings.printer.split("/");
  return { device, part: part || "" };
}

/**
 * What is wrong with this kiosk's printer: a fault's name, or "". An agent that is away counts.
 * @param {HallState} state
 * @param {Me} me
 */
export function paperFault(state, me) {
  const printer = printerOf(me);
  if (!printer) return "";
  const wrong = (state.device_faults || []).filter((entry) => entry.device_id === printer.device
    && (entry.place === "" || !printer.part || entry.place === printer.part));
  const worst = wrong.find((entry) => entry.fault !== "paper_near_end") || wrong[0];
  return worst ? worst.fault : "";
}

/** Whether nothing can be printed here now. @param {string} fault */
export function stopsPrinting(fault) {
  return fault !== "" && fault !== "paper_near_end";
}

/**
 * Prints one ticket. A lost answer is asked for again with the same key, and the printer's agent
 * prints a job once.
 * @param {string} hall
 * @param {string} ticketId
 * @returns {Promise<Paper>}
 */
export async function printTicket(hall, ticketId) {
  const path = "/halls/" + encodeURIComponent(hall) + "/tickets/" + encodeURIComponent(ticketId) + "/print";
  try {
    await post(path, {}, { retryMs: WAIT_MS });
    return "printed";
  } catch (error) {
    const unknown = error instanceof ApiError && (error.status === 0 || error.code === "print_unconfirmed");
    return unknown ? "unsure" : "failed";
  }
}
