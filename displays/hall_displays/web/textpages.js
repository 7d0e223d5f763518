/** Long texts as pages. Pure: what fits is asked of the caller. */

/**
 * Cuts a text into pages that fit a box, at a sentence's end where there is one.
 * @param {string} text
 * @param {(part: string) => boolean} fits
 * @returns {string[]}
 */
export function pagesOf(text, fits) {
  /** @type {string[]} */
  const pages = [];
  let rest = text.trim();
  while (rest && !fits(rest)) {
    let low = 1;
    let high = rest.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (fits(rest.slice(0, middle))) low = middle;
      else high = middle;
    }
    let cut = low;
    const head = rest.slice(0, low);
    // The latest end of a paragraph, sentence or clause that leaves the page well filled.
    for (const pattern of [/\n/g, /[。；！？.;]/g, /[，、, ]/g]) {
      let last = -1;
      for (let found = pattern.exec(head); found; found = pattern.exec(head)) last = found.index + 1;
      if (last > low * 0.6) {
        cut = last;
        break;
      }
    }
    pages.push(rest.slice(0, cut).trim());
    rest = rest.slice(cut).trim();
  }
  if (rest) pages.push(rest);
  return pages;
}
