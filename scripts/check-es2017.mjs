// Fails on syntax newer than ES2017 in the pages: kiosks, screens and LED boxes run an old
// Chromium for years, and one `?.` there is a blank page.
// TypeScript rewrites what is newer, so a file that it leaves alone is ES2017.
import { readFileSync } from "node:fs";
import ts from "typescript";

const config = ts.getParsedCommandLineOfConfigFile("tsconfig.json", {}, {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (problem) => {
    throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, "\n"));
  },
});

/** @param {string} source @param {ts.ScriptTarget} target */
function lines(source, target) {
  const compilerOptions = { target, module: ts.ModuleKind.ESNext, allowJs: true };
  const { outputText } = ts.transpileModule(source, { fileName: "page.js", compilerOptions });
  return outputText.split("\n");
}

let failed = false;
for (const file of config.fileNames.filter((name) => name.endsWith(".js"))) {
  const source = readFileSync(file, "utf8");
  const now = lines(source, ts.ScriptTarget.ESNext);
  const then = lines(source, ts.ScriptTarget.ES2017);
  const at = now.findIndex((line) => !then.includes(line));
  if (at >= 0 || now.length !== then.length) {
    failed = true;
    console.error(`${file}: newer than ES2017: ${(now[at] || "").trim()}`);
  }
}
process.exit(failed ? 1 : 0);
