// node-soap's codec alone: an answer to an object, an object to a request. node bench.mjs WSDL ANSWER.xml REQUEST.json MILLISECONDS
import { readFileSync } from "node:fs";
import soap from "soap";

const [file, answer, request, milliseconds] = process.argv.slice(2);
const { wsdl } = await soap.createClientAsync(file);
const xml = readFileSync(answer, "utf8");
const asked = JSON.parse(readFileSync(request, "utf8"), (key, value) => {
  if (value?.["#text"] === undefined && !Object.keys(value ?? {}).some((name) => name.startsWith("@"))) return value;
  const attributes = Object.fromEntries(Object.entries(value).filter(([name]) => name.startsWith("@")).map(([name, one]) => [name.slice(1), one]));
  const rest = Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith("@") && name !== "#text"));
  return value["#text"] === undefined ? { attributes, ...rest } : { attributes, $value: value["#text"] };
});

/** Bytes a second of the best round. */
function best(work) {
  let [pace, began] = [0, performance.now()];
  for (let rounds = 0; rounds < 3 || performance.now() - began < Number(milliseconds); rounds++) {
    const from = performance.now();
    const bytes = work();
    pace = Math.max(pace, bytes / (performance.now() - from) / 1000);
  }
  return pace;
}

const bytes = Buffer.byteLength(xml);
const decode = best(() => (JSON.stringify(wsdl.xmlToObject(xml)).length > bytes / 10 ? bytes : NaN));
const decode_rss = process.resourceUsage().maxRSS * 1024;
const encode = best(() => Buffer.byteLength(wsdl.objectToDocumentXML("CreateInvoice", asked, "tns", "urn:example:erp:v1")));
console.log(JSON.stringify({ decode, encode, decode_rss, rss: process.resourceUsage().maxRSS * 1024 }));
