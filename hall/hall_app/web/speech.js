/**
 * How a call sounds, for the preview of a hall's texts: ticket digits one by one, windows as numbers.
 */
const DIGITS = "零一二三四五六七八九";
const DIGITS_EN = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/**
 * `H012` → `H零一二`.
 * @param {string} number
 * @param {string} one  how the digit 1 is read: 一 or 幺
 */
export function readNumber(number, one) {
  return number.replace(/\d/g, (digit) => (digit === "1" ? one || "一" : DIGITS[Number(digit)]));
}

/** `H012` → `H zero one two`. @param {string} number */
export function readNumberEn(number) {
  return Array.from(number).map((sign) => (/\d/.test(sign) ? DIGITS_EN[Number(sign)] : sign)).join(" ");
}

/** `12` → `十二`. @param {number} n */
export function readWindow(n) {
  if (!(n > 0 && n < 1000)) return String(n);
  const hundreds = Math.floor(n / 100);
  const tens = Math.floor((n % 100) / 10);
  const ones = n % 10;
  let text = hundreds ? DIGITS[hundreds] + "百" : "";
  if (tens) text += (tens === 1 && !hundreds ? "" : DIGITS[tens]) + "十";
  else if (hundreds && ones) text += "零";
  return text + (ones ? DIGITS[ones] : "");
}
