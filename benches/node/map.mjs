// examples/erp-to-crm/maps/customer-to-contact.yaml in plain code, as an integration engineer would write it in an afternoon.
import { XMLParser } from "fast-xml-parser";

const LISTS = new Set(["Customer", "Address", "OpenItem", "Line"]);

const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: false,
  parseTagValue: false, // else 00501 becomes 501
  isArray: (name) => LISTS.has(name), // else one address is an object and two are an array
});

/** Customers of a ListCustomersResponse, and the token of the next page. */
export function readPage(xml) {
  const page = parser.parse(xml).Envelope.Body.ListCustomersResponse;
  return { customers: page.Customer ?? [], next: page.NextPageToken };
}

const STATUS = { ACTIVE: "active", BLOCKED: "blocked", PROSPECT: "prospect", CLOSED: "former" };
const LANGUAGE = { D: "de", E: "en", F: "fr", P: "pl" };
const ADDRESS_KIND = { BILL: "billing", SHIP: "shipping", HOME: "home" };
const BERLIN = new Intl.DateTimeFormat("en", { timeZone: "Europe/Berlin", timeZoneName: "longOffset" });

function zoned(local) {
  // The offset an hour before decides; right but for the hours of the change itself.
  const name = BERLIN.formatToParts(new Date(local + "+01:00")).find((part) => part.type === "timeZoneName").value;
  return local + (name === "GMT" ? "+00:00" : name.slice(3));
}

function looked(table, word) {
  const found = table[word];
  if (found === undefined) throw new Error(`${word} is not in the table`);
  return found;
}

const text = (element) => (typeof element === "object" ? element["#text"] : element);
const isTrue = (flag) => flag === "true" || flag === "1";
const there = (part) => part !== undefined && part !== "";
const isNil = (element) => typeof element === "object" && element["@_nil"] === "true";
// Doubles cannot add money; five digits behind the point are what quantity times price has.
const sum = (numbers) => Math.round(numbers.reduce((total, number) => total + number, 0) * 1e5) / 1e5;
const total = (item) => sum((item.Line ?? []).map((line) => Number(line.Quantity) * Number(text(line.UnitPrice))));

function address(from) {
  return {
    kind: from["@_kind"] === undefined ? "billing" : looked(ADDRESS_KIND, from["@_kind"]),
    street: [from.Street, from.Line2].filter(there).join(", "),
    postalCode: from.Zip,
    city: from.City,
    country: from.Country,
  };
}

function openItem(from) {
  return {
    document: from["@_document"],
    dueDate: from.DueDate.slice(0, 10),
    dunned: Number(from.DunningLevel) > 0,
    paid: Number(from.Paid ?? 0),
    total: total(from),
    lines: (from.Line ?? []).map((line) => ({
      position: Number(line["@_no"]),
      sku: line.Sku,
      quantity: Number(line.Quantity),
      unitPrice: Number(text(line.UnitPrice)),
      currency: line.UnitPrice["@_currency"],
    })),
  };
}

export function toContact(from) {
  const items = from.OpenItem ?? [];
  const blocked = isTrue(from.Blocked);
  return {
    externalId: "ERP-" + from.Number,
    source: "erp",
    kind: from.CompanyRegNo !== undefined ? "company" : "person",
    displayName: [from.Title, from.FirstName, from.LastName, from.CompanyName].filter(there).join(" "),
    firstName: from.FirstName,
    lastName: from.LastName,
    company: from.CompanyName,
    registration: from.CompanyRegNo ?? from.PersonId,
    vatNumber: from.VatNumber !== undefined && isNil(from.VatNumber) ? null : from.VatNumber,
    email: from.Email?.toLowerCase(),
    phone: from.Phone?.replace(/[^0-9+]/g, ""),
    website: from.Website && (from.Website.startsWith("http") ? from.Website : "https://" + from.Website),
    language: from.Language === undefined ? "en" : looked(LANGUAGE, from.Language),
    newsletter: isTrue(from.Newsletter),
    status: looked(STATUS, from.Status),
    isBlocked: blocked,
    segment: from.Segment === "B2B" ? "business" : from.Segment === "B2C" ? "consumer" : "partner",
    ownerId: from.SalesRep && "rep-" + from.SalesRep,
    rating: from.Rating && Number(from.Rating),
    tags: from.Tags === undefined ? undefined : from.Tags.split(/\s+/).filter(there),
    ledgerId: from.LedgerId,
    terms: { paymentDays: Number(from.PaymentTermsDays ?? 30), discountPercent: Number(from.DiscountPercent ?? 0) },
    creditLimit: from.CreditLimit && text(from.CreditLimit),
    creditCurrency: from.CreditLimit && from.CreditLimit["@_currency"],
    openBalance: sum(items.map((item) => total(item) - Number(item.Paid ?? 0))),
    overdueItems: items.filter((item) => Number(item.DunningLevel) > 0).length,
    risk: blocked ? "high" : items.some((item) => Number(item.DunningLevel) >= 2) ? "medium" : "low",
    createdAt: zoned(from.CreatedAt),
    updatedAt: zoned(from.ChangedAt),
    customerSince: from.CustomerSince?.slice(0, 10),
    billingCity: (from.Address ?? []).find((candidate) => candidate["@_kind"] === "BILL")?.City,
    addresses: (from.Address ?? []).map(address),
    openItems: items.map(openItem),
  };
}
