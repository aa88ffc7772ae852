// node-soap's codec alone: an answer to an object, an object to a request. node bench.mjs WSDL ANSWER.xml REQUEST.json MILLISECONDS
import { readFileSync } from "node:fs";
import soap from "soap";
import { best } from "../../../benches/node/best.mjs";

const [file, answer, request, milliseconds] = process.argv.slice(2);
const { wsdl } = await soap.createClientAsync(file);
const xml = readFileSync(answer, "utf8");
const asked = JSON.parse(readFileSync(request, "utf8"), (key, value) => {
  if (value?.["#text"] === undefined && !Object.keys(value ?? {}).some((name) => name.startsWith("@"))) return value;
  const attributes = Object.fromEntries(Object.entries(value).filter(([name]) => name.startsWith("@")).map(([name, one]) => [name.slice(1), one]));
  const rest = Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith("@") && name !== "#text"));
  return value["#text"] === undefined ? { attributes, ...rest } : { attributes, $value: value["#text"] };
});

const bytes = Buffer.byteLength(xml);
const decode = best(() => (JSON.stringify(wsdl.xmlToObject(xml)).length > bytes / 10 ? bytes : NaN), milliseconds);
const decode_rss = process.resourceUsage().maxRSS * 1024;
const encode = best(() => Buffer.byteLength(wsdl.objectToDocumentXML("CreateInvoice", asked, "tns", "urn:example:erp:v1")), milliseconds);
console.log(JSON.stringify({ decode, encode, decode_rss, rss: process.resourceUsage().maxRSS * 1024 }));
