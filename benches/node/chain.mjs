// The chain alone: an envelope of customers -> map -> JSON, again and again. usage: node chain.mjs ENVELOPE.xml [SECONDS]
import { readFileSync } from "node:fs";
import { readPage, toContact } from "./map.mjs";

const [file, seconds = "5"] = process.argv.slice(2);
if (!file) {
  console.error("usage: node chain.mjs ENVELOPE.xml [SECONDS]");
  process.exit(2);
}
const xml = readFileSync(file);

function once() {
  const contacts = readPage(xml.toString("utf8")).customers.map((customer) => JSON.stringify(toContact(customer)));
  return { records: contacts.length, bytes: Buffer.from(contacts.join("\n")).length };
}

/** Time on the processor, which other programs on the machine do not spoil as they do the clock's. */
function cpuSeconds(since) {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1e6;
}

function run(milliseconds) {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let records = 0;
  let bytes = 0;
  while (performance.now() - begin < milliseconds) {
    const done = once();
    records += done.records;
    bytes += done.bytes;
  }
  return { records, bytes, seconds: (performance.now() - begin) / 1000, cpu_seconds: cpuSeconds(cpu) };
}

run(1000); // warm
const result = run(Number(seconds) * 1000);
const perSecond = (spent) => Math.round(result.records / spent);
const rates = { records_per_second: perSecond(result.seconds), records_per_cpu_second: perSecond(result.cpu_seconds) };
console.log(JSON.stringify({ bench: "chain", by: "node", ...result, ...rates }));
