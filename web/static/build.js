// Builds the stylesheet, the script and the fonts into dist/, under names that hold a hash of their
// content, and writes dist/manifest.json, which tells the server the name of each.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import subsetFont from "subset-font";

const here = import.meta.dirname;
const dist = join(here, "dist");
const work = mkdtempSync(join(tmpdir(), "slipway-static-"));
const names = {};

// Inter, cut to what the interface writes. Letters of Latin-1 are a second file, which a browser
// fetches only for a page that has one.
const range = (from, to) => String.fromCharCode(...Array.from({ length: to - from + 1 }, (_, i) => from + i));
const fonts = {
  "slipway-ui.woff2": range(0x20, 0x7e) + "·–—…‘’“”•↑↓×−±§°\u00a0",
  "slipway-ui-latin1.woff2":
    range(0xa1, 0xa6) + range(0xa8, 0xaf) + range(0xb2, 0xb6) + range(0xb8, 0xd6) + range(0xd8, 0xff) + "ıŒœŸ",
};

async function makeFonts() {
  const inter = readFileSync(join(here, "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"));
  for (const [name, text] of Object.entries(fonts)) {
    put(name, await subsetFont(inter, text, {
      targetFormat: "woff2",
      noHinting: true,
      keepFeatures: ["tnum", "kern"],
      variationAxes: { wght: { min: 400, max: 600 } },
    }));
  }
}

function makeCSS() {
  const out = join(work, "app.css");
  execFileSync(join(here, "node_modules/.bin/tailwindcss"), ["-i", "src/app.css", "-o", out, "--minify"], {
    cwd: here,
    stdio: ["ignore", "ignore", "inherit"],
  });
  let css = readFileSync(out, "utf8");
  for (const name of Object.keys(fonts)) css = css.replaceAll(name, names[name]);
  put("app.css", Buffer.from(css));
}

async function makeJS() {
  const { outputFiles } = await build({
    entryPoints: [join(here, "src/app.js")],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    write: false,
  });
  put("app.js", Buffer.from(outputFiles[0].contents));
}

// put writes a file under its hashed name, with compressed copies of what compresses.
function put(name, bytes) {
  const ext = extname(name);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  names[name] = `${name.slice(0, -ext.length)}.${hash}${ext}`;
  const file = join(dist, names[name]);
  writeFileSync(file, bytes);
  if (ext === ".woff2") return;
  writeFileSync(file + ".gz", gzipSync(bytes, { level: 9 }));
  writeFileSync(file + ".br", brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}

mkdirSync(dist, { recursive: true });
for (const f of readdirSync(dist)) if (f !== ".gitkeep") rmSync(join(dist, f), { recursive: true });
try {
  await makeFonts();
  makeCSS();
  await makeJS();
  put("favicon.svg", readFileSync(join(here, "src/favicon.svg")));
  writeFileSync(join(dist, "manifest.json"), JSON.stringify(names, null, 1) + "\n");
} finally {
  rmSync(work, { recursive: true });
}
