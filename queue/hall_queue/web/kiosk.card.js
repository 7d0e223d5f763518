/**
 * Showing the ID card, for items that need one. The reader's agent reads, the server hashes, and
 * this page learns a masked name and a reference that is good for one ticket: never the number.
 * The server waits two seconds for a card; the page asks again as long as this screen is there.
 */
import { ApiError, post } from "/static/core/api.js";
import { h, setAttrs, setText } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { standing, titleOf } from "./kiosk.choices.js";
import { messageScreen } from "./kiosk.screens.js";

/** @typedef {import("./kiosk.js").Kiosk} Kiosk */
/** @typedef {import("./kiosk.js").Screen} Screen */
/** @typedef {import("./kiosk.choices.js").Choice} Choice */

const STAY_S = 60;
const AGAIN_MS = 300;
const FAULT_AGAIN_MS = 3000;

/** @param {Kiosk} kiosk */
function hasReader(kiosk) {
  return Boolean(kiosk.me.settings && kiosk.me.settings.reader);
}

/**
 * Is it the card that decides whether there is a ticket? A queue that is full for those who wait at
 * its end still takes people of the green channel, and a card tells who is old enough.
 * @param {Kiosk} kiosk
 * @param {string} stopped  why no ticket is given without one
 */
export function cardDecides(kiosk, stopped) {
  return stopped === "queue_full_today" && hasReader(kiosk);
}

/**
 * Does this choice need a card here? A kiosk without a reader can't ask for one.
 * @param {Kiosk} kiosk
 * @param {Choice} choice
 */
export function needsCard(kiosk, choice) {
  if (!choice.service || !hasReader(kiosk)) return false;
  const service = (kiosk.state().services || []).find((entry) => entry.id === choice.service);
  return Boolean(service && service.id_required);
}

/**
 * @param {Kiosk} kiosk
 * @param {Choice} choice  what the card is for; taken as soon as it was read
 * @returns {Screen}
 */
export function cardScreen(kiosk, choice) {
  const full = cardDecides(kiosk, standing(choice, kiosk.stream, kiosk.wishes.green).stopped);
  const age = { age: kiosk.state().setup.green_age };
  const status = h("p", { class: "card-status state", role: "status" });
  const wayOut = h("button", { class: "button", type: "button", onclick: () => noCard() });
  const noCard = () => kiosk.go((k) =>
    messageScreen(k, { title: t("card.none_title"), text: t(full ? "card.none_full" : "card.none_text", age), desk: true, bad: false }));
  const node = h(
    "section",
    { class: "screen text-screen card-screen" },
    h("div", { class: "words" },
      h("h2", null, t("card.title")),
      h("p", { class: "lead clamp" }, t("card.for", { name: titleOf(choice, t("group.other")) })),
      h("div", { class: "card-picture", "aria-hidden": "true" },
        h("div", { class: "id-card" }, h("i", null), h("i", null), h("i", null), h("b", null)),
        h("div", { class: "card-place" })),
      h("p", { class: "lead" }, t("card.how")),
      full ? h("p", { class: "lead" }, t("card.full", age)) : null,
      status),
    h("div", { class: "spacer" }),
    h("p", { class: "soft card-note" }, t("card.note")),
    h("div", { class: "answers" }, wayOut),
  );

  /** @param {"serving"|"open"|"alert"} state @param {string} words */
  function tell(state, words) {
    setAttrs(status, { "data-state": state });
    setText(status, words);
    wayOut.classList.toggle("primary", state === "alert");
    setText(wayOut, t(state === "alert" ? "card.desk" : "card.none"));
  }

  async function read() {
    while (node.isConnected) {
      try {
        const reading = await post("/halls/" + encodeURIComponent(kiosk.hall) + "/card-readings", {}, { retryMs: 0 });
        if (!node.isConnected) return; // somebody else's turn: the card was not for them
        tell("open", t("card.read", { name: reading.name }));
        kiosk.take(choice, reading.card);
        return;
      } catch (error) {
        const code = error instanceof ApiError ? error.code : "";
        const waits = code === "no_card" || code === "reader_busy";
        tell(waits ? "serving" : "alert", t(waits ? "card.wait" : "card.fault", { desk: kiosk.desk() }));
        await pause(waits ? AGAIN_MS : FAULT_AGAIN_MS);
      }
    }
  }

  tell("serving", t("card.wait"));
  setTimeout(read, 0); // when it is on the page
  return {
    node, stays: STAY_S,
    say: () => [t("card.title"), t("card.how"), full ? t("card.full", age) : "", t("card.none"), t("card.note")].filter(Boolean).join("。"),
  };
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
