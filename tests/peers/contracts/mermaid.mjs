// Parses every diagram of the Markdown files under a folder, in Chromium: Mermaid wants a document to clean labels with.
// Prints how many there were; ends with 1 where one is wrong.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const files = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? files(join(folder, entry.name)) : entry.name.endsWith(".md") ? [join(folder, entry.name)] : [],
  );

let good = 0;
let bad = 0;
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
try {
  const page = await browser.newPage();
  await page.addScriptTag({ path: fileURLToPath(new URL("./node_modules/mermaid/dist/mermaid.min.js", import.meta.url)) });
  for (const file of files(process.argv[2])) {
    for (const [, text] of readFileSync(file, "utf8").matchAll(/```mermaid\n([\s\S]*?)```/g)) {
      const wrong = await page.evaluate((text) => mermaid.parse(text).then(() => null, (error) => error.message), text);
      if (wrong) {
        bad += 1;
        console.error(`${file}: ${wrong}`);
      } else {
        good += 1;
      }
    }
  }
} finally {
  await browser.close();
}
console.log(good);
process.exit(bad ? 1 : 0);
