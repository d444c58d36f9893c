// Builds the workbench into archlint/serve/static: `npm ci && npm run build`.

import { gzipSync } from "node:zlib";
import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "../../archlint/serve/static");
const esbuild = join(process.argv[3] ?? join(here, "node_modules"), "esbuild/bin/esbuild");
const modules = dirname(dirname(dirname(esbuild)));
execFileSync(esbuild, [
  join(here, "src/main.ts"), "--bundle", "--minify", "--format=iife", "--target=es2022", "--charset=utf8", "--legal-comments=none",
  `--outfile=${join(target, "workbench.js")}`, `--metafile=${join(target, "meta.json")}`, "--log-level=warning",
], { env: { ...process.env, NODE_PATH: modules } });
const meta = JSON.parse(readFileSync(join(target, "meta.json"), "utf8"));
const names = new Set(Object.keys(meta.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean));
const texts = [...names].sort().map((name) => {
  const folder = join(modules, name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((one) => join(folder, one)).find(existsSync);
  return `${name} ${version} (${license})\n\n${file ? readFileSync(file, "utf8").trim() : ""}\n`;
});
writeFileSync(join(target, "licences.txt"), `workbench.js contains these packages.\n\n${texts.join("\n" + "-".repeat(80) + "\n\n")}`);
writeFileSync(join(target, "workbench.js.gz"), gzipSync(readFileSync(join(target, "workbench.js")), { level: 9 }));
unlinkSync(join(target, "workbench.js"));
unlinkSync(join(target, "meta.json"));
const hash = createHash("sha256");                         // of what it is built from: a test compares it
for (const name of ["build.mjs", "package-lock.json", ...readdirSync(join(here, "src")).sort().map((one) => `src/${one}`)]) {
  hash.update(readFileSync(join(here, name)));
}
writeFileSync(join(target, "sources.sha256"), `${hash.digest("hex")}\n`);
