/**
 * The time that is left, as a bar that only ever shrinks. When the server shortens a question (the
 * next person was called), the bar runs out faster from where it is; it never jumps.
 */
import { h } from "/static/core/dom.js";
import { serverNow } from "/static/core/time.js";

const STEP_MS = 100; // so seldom also where frames are throttled
const REDRAW = 0.002; // of the bar: less cannot be seen

/** @returns {{node: HTMLElement, set: (until: number, whole: number) => void, stop: () => void}} */
export function timeBar() {
  const fill = h("div", { class: "time-fill" });
  const node = h("div", { class: "time-bar", "aria-hidden": "true" }, fill);
  let until = 0;
  let share = -1; // what is shown, 1 to 0
  let drawn = -1;
  let last = 0; // server time of the last step
  let timer = 0;

  const draw = () => {
    const now = serverNow().getTime();
    const left = until - now;
    const passed = Math.max(0, now - last);
    last = now;
    share = left <= 0 ? 0 : share * (left / (left + passed));
    if (Math.abs(share - drawn) < REDRAW && share > 0) return;
    drawn = share;
    fill.style.transform = "scaleX(" + share.toFixed(4) + ")";
  };
  return {
    node,
    /** `until` in ms of server time; `whole`: how long it lasts in all, for what is left at first. */
    set: (next, whole) => {
      until = next;
      if (share < 0) {
        last = serverNow().getTime();
        share = Math.max(0, Math.min(1, (until - last) / Math.max(1, whole)));
      }
      draw();
      if (!timer) timer = window.setInterval(draw, STEP_MS);
    },
    stop: () => {
      clearInterval(timer);
      timer = 0;
    },
  };
}
