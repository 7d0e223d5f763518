// Fails on what the oldest browser does not know: kiosks, screens and LED boxes run an old Chromium
// for years, and one `?.` there is a blank page, one young rule a layout that falls apart.
// TypeScript rewrites syntax newer than ES2017, so a file that it leaves alone is ES2017; MDN's
// table of browsers says since when a method, a property, a selector or a value is known.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import ts from "typescript";

const CHROMIUM = 70;
const browsers = createRequire(import.meta.url)("@mdn/browser-compat-data");
// Used on purpose: what happens without each.
const SPARED = new Set([
  "HTMLFormElement.requestSubmit", // asked for before it is used
  "property accent-color", // the box has the browser's own colour
  "value align-content: start", "value align-self: start", "value align-self: end", // in grids, where they are old
  "value overflow-wrap: anywhere", // beside word-break
  "media prefers-reduced-motion", // the motion stays
  "selector :focus-visible", // alone in its rule, the ring is then always there
  "property size", "value size: auto", // of @page
]);

// What the table has no entry of its own for.
const YOUNG_VALUES = [
  [/\d[dls]v[hwib]\b/, "dvh, lvh, svh"],
  [/gradient\(.* -?[\d.]+(px|%|em)? -?[\d.]+(px|%|em)/, "a colour with two places in a gradient"],
];

const config = ts.getParsedCommandLineOfConfigFile("tsconfig.json", {}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (problem) => {
    throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, "\n"));
  },
});

let failed = false;
/** @param {string} where @param {string} what */
function complain(where, what) {
  failed = true;
  console.error(`${where}: ${what}`);
}

/** Complain if an entry of the table came after CHROMIUM (a fault that was mended later counts not). */
function known(where, what, entry) {
  if (!entry || !entry.__compat || SPARED.has(what)) return;
  const since = [].concat(entry.__compat.support.chrome)
    .filter((support) => !support.flags && !support.prefix && !support.alternative_name)
    .map((support) => parseFloat(String(support.version_added).replace("≤", "")) || Infinity);
  if (Math.min(...since) > CHROMIUM) complain(where, `newer than Chromium ${CHROMIUM}: ${what}`);
}

// --- syntax ---

/** @param {string} source @param {ts.ScriptTarget} target */
function lines(source, target) {
  const compilerOptions = { target, module: ts.ModuleKind.ESNext, allowJs: true };
  const { outputText } = ts.transpileModule(source, { fileName: "page.js", compilerOptions });
  return outputText.split("\n");
}

const scripts = config.fileNames.filter((name) => name.endsWith(".js"));
for (const file of scripts) {
  const source = readFileSync(file, "utf8");
  const now = lines(source, ts.ScriptTarget.ESNext);
  const then = lines(source, ts.ScriptTarget.ES2017);
  const at = now.findIndex((line) => !then.includes(line));
  if (at >= 0 || now.length !== then.length) complain(file, `newer than ES2017: ${(now[at] || "").trim()}`);
}

// --- the browser's objects (the language's own are kept to ES2017 by tsconfig's lib) ---

const program = ts.createProgram(config.fileNames, config.options);
const checker = program.getTypeChecker();

/** The names of a type and of all that it extends. */
function family(type) {
  const parts = type.isUnion() ? type.types : [type];
  return parts.flatMap((part) => [
    part.symbol ? part.symbol.name : "", ...(part.getBaseTypes() || []).flatMap(family),
  ]);
}

for (const file of program.getSourceFiles()) {
  if (!scripts.includes(file.fileName)) continue;
  const visit = (node) => {
    ts.forEachChild(node, visit);
    const where = () => `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (ts.isNewExpression(node) || (ts.isCallExpression(node) && ts.isIdentifier(node.expression))) {
      const name = node.expression.getText();
      known(where(), name, browsers.api[name]);
    } else if (ts.isPropertyAccessExpression(node)) {
      const member = node.name.text;
      const names = [node.expression.getText(), ...family(checker.getTypeAtLocation(node.expression))];
      for (const [owner, entry] of names.map((name) => [name, browsers.api[name]])) {
        if (entry) known(where(), `${owner}.${member}`, entry[member] || entry[`${member}_static`]);
      }
    }
  };
  visit(file);
}

// --- styles ---

const { properties, selectors, types } = browsers.css;
const functions = { ...types, ...types.color, ...types.gradient };
const folders = new Set(scripts.map((file) => file.slice(0, file.lastIndexOf("/"))));
for (const folder of folders) {
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".css"))) {
    const file = `${folder}/${name}`;
    const source = readFileSync(file, "utf8").replace(/\/\*[^]*?\*\//g, (note) => note.replace(/[^\n]/g, " "));
    const each = (pattern, found) => {
      for (const match of source.matchAll(pattern)) {
        found(`${file}:${source.slice(0, match.index).split("\n").length}`, ...match.slice(1));
      }
    };
    each(/::?([a-z-]+)(?=[^{};]*\{)/g, (where, selector) => known(where, `selector :${selector}`, selectors[selector]));
    each(/@media[^{]*?\(([a-z-]+)/g, (where, feature) => known(where, `media ${feature}`, browsers.css["at-rules"].media[feature]));
    each(/@([a-z-]+)/g, (where, rule) => known(where, `@${rule}`, browsers.css["at-rules"][rule]));
    each(/[;{]\s*([a-z-]+)\s*:([^;{}]*)/g, (where, property, value) => {
      const entry = properties[property];
      known(where, `property ${property}`, entry);
      // Grids call it grid-gap; whoever writes gap means a row of flex items.
      if (property === "gap") complain(where, `newer than Chromium ${CHROMIUM}: gap`);
      for (const [word] of value.matchAll(/(?<![-\w"'.])[a-z][a-z-]*(?![-\w"'(.])/g)) {
        if (entry) known(where, `value ${property}: ${word}`, entry[word]);
      }
      for (const [, called] of value.matchAll(/([a-z-]+)\(/g)) known(where, `${called}()`, functions[called]);
      for (const [word, what] of YOUNG_VALUES) {
        if (word.test(value)) complain(where, `newer than Chromium ${CHROMIUM}: ${what}`);
      }
    });
  }
}
process.exit(failed ? 1 : 0);
