// The map of crates/spanwright-map/benches in plain code and in JSONata, bytes to bytes. usage: node customer-map.mjs RECORDS.jsonl COUNTRIES.json
import { readFileSync } from "node:fs";
import jsonata from "jsonata";

const [file, tables, seconds = "2"] = process.argv.slice(2);
const lines = readFileSync(file, "utf8").trimEnd().split("\n").map((line) => Buffer.from(line));
const COUNTRIES = JSON.parse(tables);
const STATUS = { A: "active", I: "inactive", P: "prospect" };
const LANGUAGE = { D: "de", E: "en", F: "fr" };
const KIND = { BILL: "billing", SHIP: "shipping" };

const format = new Intl.DateTimeFormat("en", { timeZone: "Europe/Berlin", timeZoneName: "longOffset" });
const offsets = new Map();

/** With the zone's offset, which is remembered for each hour: what makes this quick. */
function zoned(local) {
  const hour = local.slice(0, 13);
  let offset = offsets.get(hour);
  if (offset === undefined) {
    const name = format.formatToParts(new Date(local + "+01:00")).find((part) => part.type === "timeZoneName").value;
    offset = name === "GMT" ? "+00:00" : name.slice(3);
    offsets.set(hour, offset);
  }
  return local + offset;
}

const cents = (amount) => Math.round(amount * 100) / 100;
const total = (line) => Number(line.Qty) * Number(line.Price);

function mapped(from) {
  const bill = from.Addresses.Address.find((address) => address.Type === "BILL");
  return {
    externalId: "ERP-" + from.CustNo,
    customerNumber: Number(from.CustNo),
    displayName: [from.Title, from.FirstName, from.LastName].filter((part) => part !== "").join(" "),
    firstName: from.FirstName,
    lastName: from.LastName,
    company: from.Company ?? undefined,
    email: from.Email.toLowerCase(),
    phone: from.Phone ? from.Phone.replaceAll(" ", "") : undefined,
    status: from.Blocked === "true" ? "blocked" : (STATUS[from.Status] ?? "unknown"),
    isBlocked: from.Blocked === "true",
    creditLimit: Number(from.CreditLimit),
    currency: from.Currency ?? "EUR",
    language: LANGUAGE[from.Lang] ?? "en",
    createdAt: zoned(from.CreatedAt),
    updatedAt: zoned(from.ChangedAt),
    taxId: from.VatId,
    paymentTermsDays: Number(from.PayTerms ?? 30),
    discountPercent: Number(from.Discount ?? 0),
    ownerId: "rep-" + from.SalesRep,
    newsletter: from.Newsletter === "X",
    rating: Number(from.Rating),
    segment: from.Segment.toUpperCase() === "B2B" ? "business" : "consumer",
    website: from.Website ? "https://" + from.Website : undefined,
    billingCity: bill?.City,
    billingCountry: COUNTRIES[bill?.Country] ?? "Other",
    addresses: from.Addresses.Address.map((address) => ({
      type: KIND[address.Type] ?? "other",
      street: address.Street,
      postalCode: address.Zip,
      city: address.City,
      countryCode: address.Country,
      country: COUNTRIES[address.Country] ?? "Other",
    })),
    lastOrder: {
      number: from.Order.No,
      date: zoned(from.Order.Date),
      lineCount: from.Order.Lines.Line.length,
      lines: from.Order.Lines.Line.map((line) => ({
        position: Number(line.Pos),
        sku: line.Sku,
        quantity: Number(line.Qty),
        unitPrice: Number(line.Price),
        total: cents(total(line)),
      })),
      total: cents(from.Order.Lines.Line.reduce((sum, line) => sum + total(line), 0)),
    },
  };
}

const expression = jsonata(`{
  "externalId": "ERP-" & CustNo, "customerNumber": $number(CustNo),
  "displayName": $join([Title, FirstName, LastName][$ != ""], " "), "firstName": FirstName, "lastName": LastName,
  "company": Company ? Company, "email": $lowercase(Email), "phone": Phone ? $replace(Phone, " ", ""),
  "status": Blocked = "true" ? "blocked" : $looked("status", Status, "unknown"), "isBlocked": Blocked = "true",
  "creditLimit": $number(CreditLimit), "currency": Currency ? Currency : "EUR", "language": $looked("language", Lang, "en"),
  "createdAt": $zoned(CreatedAt), "updatedAt": $zoned(ChangedAt), "taxId": VatId,
  "paymentTermsDays": PayTerms ? $number(PayTerms) : 30, "discountPercent": Discount ? $number(Discount) : 0,
  "ownerId": "rep-" & SalesRep, "newsletter": Newsletter = "X", "rating": $number(Rating),
  "segment": $uppercase(Segment) = "B2B" ? "business" : "consumer", "website": Website ? "https://" & Website,
  "billingCity": Addresses.Address[Type = "BILL"][0].City,
  "billingCountry": $looked("countries", Addresses.Address[Type = "BILL"][0].Country, "Other"),
  "addresses": [Addresses.Address.{ "type": $looked("kind", Type, "other"), "street": Street, "postalCode": Zip, "city": City,
    "countryCode": Country, "country": $looked("countries", Country, "Other") }],
  "lastOrder": { "number": Order.No, "date": $zoned(Order.Date), "lineCount": $count(Order.Lines.Line),
    "lines": [Order.Lines.Line.{ "position": $number(Pos), "sku": Sku, "quantity": $number(Qty), "unitPrice": $number(Price),
      "total": $round($number(Qty) * $number(Price), 2) }],
    "total": $round($sum(Order.Lines.Line.($number(Qty) * $number(Price))), 2) }
}`);
const looked = { status: STATUS, language: LANGUAGE, kind: KIND, countries: COUNTRIES };
expression.registerFunction("looked", (table, word, otherwise) => looked[table][word] ?? otherwise);
expression.registerFunction("zoned", zoned);

/** Records a second by the processor, of whole rounds over the records; the first is not counted. */
async function rate(map) {
  const round = async () => {
    for (const line of lines) Buffer.from(JSON.stringify(await map(JSON.parse(line.toString("utf8")))));
  };
  await round();
  const begin = process.cpuUsage();
  let rounds = 0;
  let spent = 0;
  while (spent < Number(seconds)) {
    await round();
    rounds += 1;
    const { user, system } = process.cpuUsage(begin);
    spent = (user + system) / 1e6;
  }
  return Math.round((rounds * lines.length) / spent);
}

/** The same without the price of a promise for each record. */
function plainRate() {
  const round = () => lines.forEach((line) => Buffer.from(JSON.stringify(mapped(JSON.parse(line.toString("utf8"))))));
  round();
  round();
  const begin = process.cpuUsage();
  let rounds = 0;
  let spent = 0;
  while (spent < Number(seconds)) {
    round();
    rounds += 1;
    const { user, system } = process.cpuUsage(begin);
    spent = (user + system) / 1e6;
  }
  return Math.round((rounds * lines.length) / spent);
}

console.log(`Node.js, zones memoised\t${plainRate()}`);
console.log(`npm jsonata\t${await rate((record) => expression.evaluate(record))}`);
