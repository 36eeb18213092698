// Copies what the pages need from node_modules to the static folder of webkit, and makes one sprite of the icons.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "../packages/webkit/seatkeep_webkit/static/ui");
const modules = join(here, "node_modules");

const files = {
  "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
  "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
  "htmx.min.js": "htmx.org/dist/htmx.min.js",
  "DejaVuSans.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans.ttf",
  "DejaVuSans-Bold.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
  "echarts.min.js": "echarts/dist/echarts.common.min.js",
  "LICENSE.dejavu.txt": "dejavu-fonts-ttf/LICENSE",
  "LICENSE.icons.txt": "@tabler/icons/LICENSE",
  "LICENSE.htmx.txt": "htmx.org/LICENSE",
  "LICENSE.echarts.txt": "echarts/LICENSE",
};

function symbol(name) {
  const svg = readFileSync(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
  const body = svg
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, "")
    .replace(/<path stroke="none"[^>]*\/>/, "")
    .replace(/\s+/g, " ")
    .trim();
  const look = 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
  return `<symbol id="${name}" viewBox="0 0 24 24" ${look}>${body}</symbol>`;
}

function sprite() {
  const names = readFileSync(join(here, "icons.txt"), "utf8").split("\n").filter(Boolean);
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${names.map(symbol).join("\n")}\n</svg>\n`;
}

function withoutSourceMap(name, data) {
  return /\.(js|css)$/.test(name) ? data.toString("utf8").replace(/\n?(\/\/|\/\*)# sourceMappingURL=.*$/m, "") : data;
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const [name, source] of Object.entries(files)) {
  writeFileSync(join(target, name), withoutSourceMap(name, readFileSync(join(modules, source))));
}
writeFileSync(join(target, "icons.svg"), sprite());
for (const name of readdirSync(target).filter((name) => !name.endsWith(".txt"))) {
  writeFileSync(join(target, `${name}.gz`), gzipSync(readFileSync(join(target, name)), { level: 9 }));
}
console.log(`ui: ${readdirSync(target).length} files in packages/webkit/seatkeep_webkit/static/ui`);
