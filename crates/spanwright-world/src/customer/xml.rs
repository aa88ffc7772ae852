//! A customer as the ERP writes it, by the types of `erp-types.xsd`.

use std::fmt::Write as _;

use super::{
    Customer, Quirk,
    chance::{one_in, pick, roll},
    local_time,
};

const TITLES: [&str; 3] = ["Dr.", "Prof. Dr.", "Dipl.-Ing."];
const FIRST_NAMES: [&str; 12] = ["Anna", "Jürgen", "Zoë", "Łukasz", "Françoise", "Ben", "Greta", "Søren", "Ida", "Márta", "Noah", "Olga"];
const LAST_NAMES: [&str; 12] =
    ["Müller", "Schmidt", "O'Neill", "Größer", "Weiß-Koch", "Nowak", "García", "D\"Arcy", "Åkesson", "Klein", "Dvořák", "Lefèvre"];
const COMPANIES: [&str; 6] = ["Söhne & Partner", "Blech <und> Rohr", "\"Zur Post\" Gasthaus", "Ostsee Logistik", "Mühle 24", "Acme"];
const COMPANY_KINDS: [&str; 4] = ["GmbH", "AG", "GmbH & Co. KG", "Sp. z o.o."];
const STREETS: [&str; 6] = ["Hauptstr.", "Bahnhofstr.", "Gartenweg", "Straße des 17. Juni", "Lindenallee", "ul. Długa"];
const CITIES: [(&str, &str, &str); 6] = [
    ("10115", "Berlin", "DE"),
    ("00501", "Köln", "DE"),
    ("20095", "Hamburg", "DE"),
    ("8001", "Zürich", "CH"),
    ("00-020", "Warszawa", "PL"),
    ("1010", "Wien", "AT"),
];
const CURRENCIES: [&str; 4] = ["EUR", "EUR", "CHF", "PLN"];
const TAGS: [&str; 5] = ["", "vip", "fair-2026 vip", "a b c", "newsletter-2025"];

impl Customer {
    /// Writes the `Customer` element; the prefixes `e` and `t` are declared around it.
    pub fn write_xml(&self, out: &mut String) {
        let index = self.index;
        let id_and_revision = format!("C{}\" revision=\"{}", self.number, self.revision);
        out.push_str("<e:Customer id=\"");
        out.push_str(&id_and_revision);
        out.push_str("\">");
        element("Number", &self.number, out);
        self.write_names(out);
        self.write_contact(out);
        element("Status", pick(&["ACTIVE", "ACTIVE", "ACTIVE", "BLOCKED", "PROSPECT"], index, 20), out);
        // XSD allows four ways to write a flag.
        element("Blocked", pick(&["false", "0", "false", "true", "1"], index, 21), out);
        element("Segment", if self.is_company() { pick(&["B2B", "RESELLER"], index, 22) } else { "B2C" }, out);
        maybe("SalesRep", !one_in(5, index, 23), || (roll(index, 24) % 90 + 10 + u64::from(self.revision)).to_string(), out);
        maybe("Rating", !one_in(3, index, 25), || (roll(index, 26) % 5 + 1).to_string(), out);
        maybe("Tags", !one_in(4, index, 27), || pick(&TAGS, index, 28).to_owned(), out);
        element("LedgerId", &(i64::MAX as u64 - index).to_string(), out);
        self.write_terms(out);
        element("CreatedAt", &local_time(roll(index, 30) % 1_000_000), out);
        element("ChangedAt", &self.changed_at, out);
        maybe("CustomerSince", !one_in(6, index, 31), || format!("20{:02}-0{}-17+01:00", index % 24, index % 9 + 1), out);
        (0..roll(index, 32) % 4).for_each(|address| write_address(index, address, out));
        self.items.iter().for_each(|item| item.write_xml(pick(&CURRENCIES, index, 40), out));
        self.write_register(out);
        out.push_str("</e:Customer>");
    }

    fn write_names(&self, out: &mut String) {
        let index = self.index;
        if self.is_company() {
            let company = format!("{} {}", pick(&COMPANIES, index, 3), pick(&COMPANY_KINDS, index, 4));
            element("CompanyName", &company, out);
        } else {
            maybe("Title", one_in(6, index, 5), || pick(&TITLES, index, 6).to_owned(), out);
            maybe("FirstName", !one_in(8, index, 7), || pick(&FIRST_NAMES, index, 8).to_owned(), out);
            element("LastName", pick(&LAST_NAMES, index, 9), out);
        }
        match roll(index, 10) % 4 {
            0 => {}
            1 => out.push_str("<t:VatNumber xsi:nil=\"true\"/>"),
            _ => element("VatNumber", &format!("DE{:09}", roll(index, 11) % 1_000_000_000), out),
        }
    }

    fn write_contact(&self, out: &mut String) {
        let index = self.index;
        maybe("Email", self.email.is_some(), || self.email.clone().unwrap_or_default(), out);
        maybe("Phone", !one_in(4, index, 12), || format!("+49 30 {:07}", roll(index, 13) % 10_000_000), out);
        maybe("Website", one_in(3, index, 14), || format!("www.customer{index}.example"), out);
        maybe("Language", !one_in(5, index, 15), || pick(&["D", "E", "F", "P"], index, 16).to_owned(), out);
        maybe("Newsletter", !one_in(3, index, 17), || pick(&["true", "false", "1", "0"], index, 18).to_owned(), out);
    }

    fn write_terms(&self, out: &mut String) {
        let index = self.index;
        if self.quirk == Quirk::Malformed {
            out.push_str("<t:CreditLimit currency=\"EUR\">12,50</t:CreditLimit>");
        } else if !one_in(5, index, 33) {
            let whole = roll(index, 34) % 90_000_000_000_000;
            let currency = pick(&CURRENCIES, index, 40);
            write!(out, "<t:CreditLimit currency=\"{currency}\">{whole}.{:04}</t:CreditLimit>", roll(index, 35) % 10_000)
                .expect("writing into a String cannot fail");
        }
        maybe("PaymentTermsDays", !one_in(3, index, 36), || pick(&["7", "14", "30", "60"], index, 37).to_owned(), out);
        maybe("DiscountPercent", one_in(3, index, 38), || format!("{}.50", roll(index, 39) % 20), out);
    }

    fn write_register(&self, out: &mut String) {
        match self.is_company() {
            true => element("CompanyRegNo", &format!("HRB {:05}", roll(self.index, 50) % 100_000), out),
            false => element("PersonId", &format!("P-{}", self.index), out),
        }
        if one_in(50, self.index, 51) {
            out.push_str("<x:Migrated xmlns:x=\"urn:example:legacy:1998\"><x:Run>7</x:Run></x:Migrated>");
        }
    }
}

fn write_address(index: u64, address: u64, out: &mut String) {
    let field = 60 + 8 * address;
    match address {
        0 => out.push_str("<t:Address>"),
        1 => out.push_str("<t:Address kind=\"SHIP\">"),
        _ => out.push_str("<t:Address kind=\"BILL\">"),
    }
    let (zip, city, country) = pick(&CITIES, index, field);
    element("Street", &format!("{} {}", pick(&STREETS, index, field + 1), roll(index, field + 2) % 200), out);
    maybe("Line2", one_in(4, index, field + 3), || pick(&["", "Hinterhaus", "3. Stock"], index, field + 4).to_owned(), out);
    element("Zip", zip, out);
    element("City", city, out);
    element("Country", country, out);
    out.push_str("</t:Address>");
}

pub(super) fn maybe(name: &str, there: bool, text: impl FnOnce() -> String, out: &mut String) {
    if there {
        element(name, &text(), out);
    }
}

fn element(name: &str, text: &str, out: &mut String) {
    out.push_str("<t:");
    out.push_str(name);
    out.push('>');
    escape(text, out);
    out.push_str("</t:");
    out.push_str(name);
    out.push('>');
}

/// Writes text content of XML.
pub(crate) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            _ => "&gt;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
