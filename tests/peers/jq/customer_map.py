"""The map of crates/spanwright-map/benches as one program of jq's own library, bytes to bytes; jq has no zones, so dates are copied.

usage: customer_map.py RECORDS.jsonl COUNTRIES.json     prints "jq library (dates copied)<TAB>records a second by the processor"
"""
import sys
import time

import jq

PROGRAM = """
def looked($table; $otherwise): . as $word | if $word == null then $otherwise else ($table[$word] // $otherwise) end;
(.Addresses.Address | first(.[] | select(.Type == "BILL"))) as $bill | {
  externalId: ("ERP-" + .CustNo), customerNumber: (.CustNo | tonumber),
  displayName: ([.Title, .FirstName, .LastName] | map(select(. != "")) | join(" ")), firstName: .FirstName, lastName: .LastName,
  company: .Company, email: (.Email | ascii_downcase), phone: (if .Phone then .Phone | split(" ") | join("") else null end),
  status: (if .Blocked == "true" then "blocked" else .Status | looked({A: "active", I: "inactive", P: "prospect"}; "unknown") end),
  isBlocked: (.Blocked == "true"), creditLimit: (.CreditLimit | tonumber), currency: (.Currency // "EUR"),
  language: (.Lang | looked({D: "de", E: "en", F: "fr"}; "en")), createdAt: .CreatedAt, updatedAt: .ChangedAt, taxId: .VatId,
  paymentTermsDays: (.PayTerms // "30" | tonumber), discountPercent: (.Discount // "0" | tonumber), ownerId: ("rep-" + .SalesRep),
  newsletter: (.Newsletter == "X"), rating: (.Rating | tonumber),
  segment: (if (.Segment | ascii_upcase) == "B2B" then "business" else "consumer" end),
  website: (if .Website then "https://" + .Website else null end), billingCity: $bill.City,
  billingCountry: ($bill.Country | looked($countries; "Other")),
  addresses: [.Addresses.Address[] | {type: (.Type | looked({BILL: "billing", SHIP: "shipping"}; "other")), street: .Street,
    postalCode: .Zip, city: .City, countryCode: .Country, country: (.Country | looked($countries; "Other"))}],
  lastOrder: {number: .Order.No, date: .Order.Date, lineCount: (.Order.Lines.Line | length),
    lines: [.Order.Lines.Line[] | {position: (.Pos | tonumber), sku: .Sku, quantity: (.Qty | tonumber), unitPrice: (.Price | tonumber),
      total: ((.Qty | tonumber) * (.Price | tonumber) * 100 | round / 100)}],
    total: (.Order.Lines.Line | map((.Qty | tonumber) * (.Price | tonumber)) | add * 100 | round / 100)}
} | with_entries(select(.value != null)) | tojson
"""

import json

lines = open(sys.argv[1]).read().splitlines()
program = jq.compile(PROGRAM, args={"countries": json.loads(sys.argv[2])})
begin = time.process_time()
for line in lines:
    program.input_text(line).first()
print(f"jq library (dates copied)\t{len(lines) / (time.process_time() - begin):.0f}")
