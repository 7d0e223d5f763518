/**
 * Building and updating the page without a framework: a hall's screen runs for months in an old
 * browser, so what updates it must be small enough to read. Text is only ever set as text, never
 * as markup, so nothing that a citizen or manager typed can become part of the page.
 */

/** @typedef {Node|string|number|null|undefined|false} Leaf */
/** @typedef {Leaf|Leaf[]|Leaf[][]} Child */
/** @typedef {Record<string, string|number|boolean|null|undefined|((event: any) => void)>} Attrs */

/**
 * An element. `onclick: fn` listens, `true` sets an empty attribute, null, undefined and false
 * leave it out; children that are null, undefined or false are left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attrs|null} [attrs]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attrs, ...children) {
  const node = document.createElement(tag);
  setAttrs(node, attrs || {});
  append(node, children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * An SVG element (the arrow, a chart).
 * @param {string} tag
 * @param {Attrs|null} [attrs]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, attrs, ...children) {
  const node = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
  setAttrs(node, attrs || {});
  append(node, children);
  return node;
}

/**
 * Sets, changes or removes attributes.
 * @param {Element} node
 * @param {Attrs} attrs
 */
export function setAttrs(node, attrs) {
  for (const name of Object.keys(attrs)) {
    const value = attrs[name];
    if (typeof value === "function") {
      node.addEventListener(name.replace(/^on/, ""), value);
    } else if (value === null || value === undefined || value === false) {
      node.removeAttribute(name);
    } else {
      const text = value === true ? "" : String(value);
      if (node.getAttribute(name) !== text) node.setAttribute(name, text);
    }
  }
}

/**
 * @param {Node} parent
 * @param {Child[]} children
 */
function append(parent, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, /** @type {Child[]} */ (child));
    else if (child !== null && child !== undefined && child !== false) {
      parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
    }
  }
}

/**
 * Puts these children in place of whatever is there.
 * @template {Element} E
 * @param {E} parent
 * @param {...Child} children
 * @returns {E}
 */
export function replace(parent, ...children) {
  while (parent.firstChild) parent.removeChild(parent.firstChild);
  append(parent, children);
  return parent;
}

/**
 * The element that matches, which the page's own HTML promises.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {HTMLElement}
 */
export function find(selector, root) {
  const node = (root || document).querySelector(selector);
  if (!node) throw new Error("no element " + selector);
  return /** @type {HTMLElement} */ (node);
}

/**
 * Sets the text only when it changed: no needless layout, no selection lost.
 * @param {Node} node
 * @param {string|number} text
 */
export function setText(node, text) {
  const next = String(text);
  if (node.textContent !== next) node.textContent = next;
}

/**
 * @param {HTMLElement} node
 * @param {boolean} visible
 */
export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/**
 * Brings a list of elements in line with `items`: an item keeps its element (found by key), what
 * is gone is removed, and only what stands in the wrong place is moved. So lists never flicker,
 * focus stays, and an animation runs once.
 * @template T
 * @param {Element} parent  holds the list's elements and nothing else
 * @param {readonly T[]} items
 * @param {(item: T) => string|number} keyOf
 * @param {(item: T) => HTMLElement} create
 * @param {(node: HTMLElement, item: T) => void} [update]  called for new and kept elements
 */
export function keyed(parent, items, keyOf, create, update) {
  /** @type {Map<string, HTMLElement>} */
  const old = new Map();
  for (const node of Array.from(parent.children)) {
    const key = /** @type {any} */ (node).__key;
    if (key === undefined) parent.removeChild(node);
    else old.set(key, /** @type {HTMLElement} */ (node));
  }
  /** @type {HTMLElement[]} */
  const wanted = [];
  const used = new Set();
  for (const item of items) {
    const key = String(keyOf(item));
    if (used.has(key)) continue;
    used.add(key);
    let node = old.get(key);
    if (!node) {
      node = create(item);
      /** @type {any} */ (node).__key = key;
    }
    if (update) update(node, item);
    wanted.push(node);
  }
  old.forEach((node, key) => {
    if (!used.has(key)) parent.removeChild(node);
  });
  let at = parent.firstElementChild;
  for (const node of wanted) {
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}

/**
 * Runs `draw` once soon, however often it is asked for: a burst of events is one redraw.
 * @param {() => void} draw
 * @returns {() => void}
 */
export function coalesce(draw) {
  let waiting = false;
  const run = () => {
    if (!waiting) return;
    waiting = false;
    draw();
  };
  return () => {
    if (waiting) return;
    waiting = true;
    if (document.hidden) setTimeout(run, 50);
    else {
      requestAnimationFrame(run);
      setTimeout(run, 100); // a covered window gets no animation frames
    }
  };
}

/**
 * Width of a text in Chinese signs.
 * @param {string} text
 */
export function signs(text) {
  return Array.from(text).reduce((sum, sign) => sum + (sign > "\u2e7f" ? 1 : 0.55), 0);
}
