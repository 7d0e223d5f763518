/**
 * What an upper platform sees under which ids, and the last messages between it and us.
 */
import { h, replace } from "/static/core/dom.js";
import { t } from "/static/core/i18n.js";
import { momentText } from "/static/core/time.js";
import { button } from "./admin.list.js";

/** @typedef {{gb_id: string, kind: string, name: string, subject: string, parent: string, online: boolean, editable: boolean}} Node */
/** @typedef {{nodes: Node[], withheld: {camera_id: string, name: string, hall: string}[]}} Channels */
/** @typedef {{at: string, sent: boolean, summary: string, text: string}} Entry */

/**
 * @param {HTMLElement} root
 * @param {Channels} channels
 * @param {{withhold: (cameraId: string, withheld: boolean) => void, change: (node: Node) => void}} acts
 */
export function channelsView(root, channels, acts) {
  const cameras = channels.nodes.filter((node) => node.kind === "camera");
  const open = channels.nodes.some((node) => node.editable);
  /** @param {Node} node */
  const row = (node) => h("tr", { "data-kind": node.kind },
    h("td", null, h("span", { class: "clamp" }, node.name)),
    h("td", { class: "soft" }, t("cascade.kind." + node.kind)),
    h("td", { class: "gb-id" }, node.gb_id, node.editable
      ? h("button", { class: "link", type: "button", onclick: () => acts.change(node) }, t("cascade.id.change")) : null),
    h("td", null, node.kind === "camera"
      ? h("span", { class: "state", "data-state": node.online ? "open" : "closed" }, t(node.online ? "cascade.camera.on" : "cascade.camera.off")) : null),
    h("td", null, node.kind === "camera" ? button(t("cascade.withhold"), () => acts.withhold(node.subject, true), "quiet small") : null));
  // Cameras stand below their hall, as on the platform.
  /** @type {Node[]} */
  const ordered = [];
  for (const node of channels.nodes) {
    if (node.kind === "camera") continue;
    ordered.push(node);
    if (node.kind === "hall") ordered.push(...cameras.filter((camera) => camera.parent === node.gb_id));
  }
  replace(root,
    h("p", { class: "rule-sentence" }, t(open ? "cascade.ids.open" : "cascade.ids.fixed")),
    cameras.length || channels.withheld.length ? null : h("p", { class: "soft" }, t("cascade.channels.none")),
    h("table", { class: "table cascade-channels" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, t("cascade.column.name")), h("th", null),
        h("th", { scope: "col" }, t("cascade.column.id")), h("th", { scope: "col" }, t("cascade.column.state")), h("th", null))),
      h("tbody", null, ordered.map(row))),
    channels.withheld.length ? h("section", { class: "form-section" },
      h("h3", null, t("cascade.withheld.title")), h("p", { class: "hint" }, t("cascade.withheld.text")),
      h("table", { class: "table cascade-channels" }, h("tbody", null, channels.withheld.map((camera) => h("tr", null,
        h("td", null, camera.name), h("td", { class: "soft" }, camera.hall),
        h("td", null, button(t("cascade.share"), () => acts.withhold(camera.camera_id, false), "quiet small"))))))) : null);
}

/**
 * New messages come on top; what is unfolded stays so.
 * @param {HTMLElement} root
 * @param {Entry[]} entries
 */
export function logView(root, entries) {
  const unfolded = new Set(Array.from(root.querySelectorAll("details[open]"), (node) => node.getAttribute("data-key")));
  const top = root.scrollTop;
  /** @param {Entry} entry */
  const key = (entry) => entry.at + entry.summary;
  replace(root,
    h("p", { class: "soft small" }, t("cascade.log.note")),
    entries.length
      ? h("div", { class: "cascade-log" }, entries.map((entry) => h("details", { "data-key": key(entry), open: unfolded.has(key(entry)) || null },
        h("summary", null,
          h("span", { class: "number" }, momentText(entry.at, true)),
          h("span", { class: "cascade-way", "data-way": entry.sent ? "sent" : "received" }, (entry.sent ? "↑ " : "↓ ") + t(entry.sent ? "cascade.log.sent" : "cascade.log.received")),
          h("span", { class: "clamp-1 grow" }, entry.summary)),
        entry.text ? h("pre", { class: "cascade-text" }, entry.text) : null)))
      : h("p", { class: "empty" }, t("cascade.log.empty")));
  root.scrollTop = top;
}
