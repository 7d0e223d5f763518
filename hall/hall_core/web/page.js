/**
 * How a page of a paired device (or of signed-in staff) starts: who am I, connect, say when the
 * connection is lost, reload on a new release. One way for all pages.
 */
import { deviceId, identify, reloadOnNewBuild } from "./device.js";
import { watchLink } from "./offline.js";
import { HallStream } from "./stream.js";

/** @typedef {import("./types.js").Me} Me */

/**
 * Identifies the page, opens its stream and resolves with the first state in hand.
 * `?theme=dark` or the device's setting `theme` selects the dark theme.
 * @param {{kinds: string[], hall?: string, isIdle?: () => boolean,
 *   offlineWords?: () => {title: string, text: string}}} options
 *   `kinds`: kinds of device or roles that may use the page; `hall`: when the page chooses it
 * @returns {Promise<{me: Me, hall: string, stream: HallStream}>}
 */
export async function openPage(options) {
  const me = await identify({ kinds: options.kinds });
  const params = new URLSearchParams(location.search);
  const theme = params.get("theme") || (me.settings && me.settings.theme);
  if (theme) document.documentElement.setAttribute("data-theme", theme);
  const hall = options.hall || me.hall || params.get("hall") || "";
  const stream = new HallStream({ hall, device: me.device_id ? deviceId() : "" });
  watchLink(stream, options.offlineWords);
  reloadOnNewBuild(me, options.isIdle);
  stream.on("status", (status) => {
    // The device was revoked or replaced: ask who we are, which shows the pairing form.
    if (status === "refused") identify({ kinds: options.kinds }).then(() => location.reload());
  });
  await new Promise((resolve) => {
    stream.on("change", resolve);
    stream.start();
  });
  return { me, hall, stream };
}
