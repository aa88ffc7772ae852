// Opens every page of a site from file:// in Chromium, and takes pictures where it is told to.
// open.mjs FOLDER [PAGE=PICTURE.png ..]: prints { pages, errors, requests, drawings, tables, overflow, printed } as JSON;
// `printed` is how many sheets of paper the first page takes.
import { readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const folder = resolve(process.argv[2]);
const pictures = process.argv.slice(3).map((pair) => pair.split("="));
const pages = (at) =>
  readdirSync(at, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? pages(join(at, entry.name)) : entry.name.endsWith(".html") ? [join(at, entry.name)] : [],
  );

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--allow-file-access-from-files"],
});
const seen = { pages: 0, errors: [], requests: [], drawings: 0, tables: 0, links: [], overflow: [], printed: 0 };
try {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && seen.errors.push(message.text()));
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("request", (request) => /^(file|data):/.test(request.url()) || seen.requests.push(request.url()));
  page.on("requestfailed", (request) => seen.errors.push(`not found: ${request.url()}`));
  for (const file of pages(folder)) {
    await page.goto(pathToFileURL(file).href);
    seen.pages += 1;
    const found = await page.evaluate(() => ({
      drawings: [...document.querySelectorAll("figure svg")].filter((svg) => svg.getBoundingClientRect().height > 20).length,
      tables: [...document.querySelectorAll("table")].filter((table) => table.rows.length > 1).length,
      links: [...document.querySelectorAll("a[href]")].map((a) => a.href),
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    }));
    seen.drawings += found.drawings;
    seen.tables += found.tables;
    seen.links.push(...found.links);
    if (found.wide) seen.overflow.push(relative(folder, file));
  }
  const [first] = pages(folder);
  await page.goto(pathToFileURL(first).href);
  const paper = Buffer.from(await page.pdf({ format: "A4", landscape: true })).toString("latin1");
  seen.printed = (paper.match(/\/Type\s*\/Page\b/g) ?? []).length;
  for (const [name, picture] of pictures) {
    const [path, selector] = name.split("#");
    await page.goto(pathToFileURL(join(folder, path)).href);
    await (selector ? (await page.$(selector)).screenshot({ path: picture }) : page.screenshot({ path: picture }));
  }
} finally {
  await browser.close();
}
seen.links = [...new Set(seen.links.map((link) => link.split("#")[0]))];
console.log(JSON.stringify(seen));
