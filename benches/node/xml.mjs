// fast-xml-parser, which knows no schema: an answer to an object, an object to a document. node xml.mjs ANSWER.xml REQUEST.json MILLISECONDS
import { readFileSync } from "node:fs";
import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { best } from "./best.mjs";

const [answer, request, milliseconds] = process.argv.slice(2);
const options = { ignoreAttributes: false, attributeNamePrefix: "@", textNodeName: "#text" };
const [parser, builder] = [new XMLParser({ ...options, removeNSPrefix: true }), new XMLBuilder(options)];
const xml = readFileSync(answer, "utf8");
const asked = { CreateInvoice: JSON.parse(readFileSync(request, "utf8")) };

const bytes = Buffer.byteLength(xml);
const decode = best(() => (JSON.stringify(parser.parse(xml)).length > bytes / 10 ? bytes : NaN), milliseconds);
const decode_rss = process.resourceUsage().maxRSS * 1024;
const encode = best(() => Buffer.byteLength(builder.build(asked)), milliseconds);
console.log(JSON.stringify({ decode, encode, decode_rss, rss: process.resourceUsage().maxRSS * 1024 }));
