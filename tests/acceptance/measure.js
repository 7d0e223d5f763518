// What a page looks like, in figures. Evaluated in the page.
//
// A text is one visible run of characters on one line: where it stands, what of it is not clipped
// (`seen`), its size, and how much its colour stands out from what is behind it.
() => {
  const colour = (text) => {
    const parts = text.match(/[\d.]+/g).map(Number);
    return { r: parts[0], g: parts[1], b: parts[2], a: parts.length > 3 ? parts[3] : 1 };
  };
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a),
    g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a),
    a: 1,
  });
  const light = ({ r, g, b }) => {
    const part = (value) => {
      const v = value / 255;
      return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.a > 0) layers.push(found);
      if (found.a === 1) break;
    }
    return layers.reduceRight((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
  };
  // WCAG 2's ratio, 1 to 21.
  const contrast = (node) => {
    const paper = behind(node);
    const ink = over(colour(getComputedStyle(node).color), paper);
    const [low, high] = [light(ink), light(paper)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const isShown = (node) => {
    if (!node.getClientRects().length || getComputedStyle(node).visibility !== "visible") return false;
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.opacity === "0" || style.clip !== "auto") return false; // for screen readers only
      const folded = at.parentElement && at.parentElement.matches("details:not([open])");
      if (folded && at.tagName !== "SUMMARY") return false;
    }
    return true;
  };
  // The box that a text may be seen in: what clips it, the viewport left out.
  const clip = (node) => {
    const box = { left: -1e6, top: -1e6, right: 1e6, bottom: 1e6 };
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at);
      const rect = at.getBoundingClientRect();
      if (style.overflowX !== "visible") {
        box.left = Math.max(box.left, rect.left);
        box.right = Math.min(box.right, rect.right);
      }
      if (style.overflowY !== "visible") {
        box.top = Math.max(box.top, rect.top);
        box.bottom = Math.min(box.bottom, rect.bottom);
      }
    }
    return box;
  };
  const endsInEllipsis = (node) => {
    for (let at = node; at; at = at.parentElement) {
      if (getComputedStyle(at).textOverflow === "ellipsis") return true;
    }
    return false;
  };
  const where = (node) => {
    const names = [];
    for (let at = node; at && at !== document.body && names.length < 4; at = at.parentElement) {
      names.unshift(at.tagName.toLowerCase() + Array.from(at.classList, (name) => "." + name).join(""));
    }
    return names.join(" ");
  };
  const pen = document.createElement("canvas").getContext("2d");
  const glyphs = (style, text) => {
    pen.font = style.fontWeight + " " + style.fontSize + " " + style.fontFamily;
    const box = pen.measureText(text);
    return box.actualBoundingBoxAscent + box.actualBoundingBoxDescent;
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    const text = node.nodeValue.trim();
    if (!text || /^(SCRIPT|STYLE|OPTION|NOSCRIPT)$/.test(parent.tagName) || !isShown(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = clip(parent);
    const style = getComputedStyle(parent);
    for (const rect of range.getClientRects()) {
      const seen = {
        left: Math.max(rect.left, box.left), top: Math.max(rect.top, box.top),
        right: Math.min(rect.right, box.right), bottom: Math.min(rect.bottom, box.bottom),
      };
      if (seen.right - seen.left < 1 || seen.bottom - seen.top < 1) continue;
      texts.push({
        text, where: where(parent), seen,
        left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom,
        ellipsis: endsInEllipsis(parent),
        font: parseFloat(style.fontSize), glyphs: glyphs(style, text), contrast: contrast(parent),
        off: Boolean(parent.closest("[disabled], [aria-disabled=true], [data-resting]")),
      });
    }
  }
  const root = document.documentElement;
  return { scrollWidth: root.scrollWidth, scrollHeight: root.scrollHeight, texts };
}
