//! The ERP's customers: each a function of its index and revision, so that a million cost no memory and every run sees the same.

use std::fmt::Write as _;

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

/// The number of the customer at index 0.
pub const FIRST_NUMBER: u64 = 100_001;

/// What is wrong with a customer on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quirk {
    /// Nothing.
    #[default]
    None,
    /// There is no e-mail address, and the CRM does not take it.
    NoEmail,
    /// The credit limit is written `12,50`, which is no decimal.
    Malformed,
}

/// One customer in one state.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The key of the record.
    pub number: String,
    /// Local time of Berlin, without a zone: the version of the record.
    pub changed_at: String,
    /// As the ERP writes it.
    pub email: Option<String>,
    /// What is owed, in units of 0.00001.
    pub balance: i64,
    index: u64,
    revision: u32,
    quirk: Quirk,
    items: Vec<Item>,
}

/// A bill that is not fully paid.
#[derive(Clone, Debug)]
struct Item {
    document: u64,
    dunning_level: u64,
    paid_cents: Option<u64>,
    /// Quantity in thousandths, price in hundredths.
    lines: Vec<(u64, u64)>,
}

/// A number that looks random and is the same each time (splitmix64).
fn roll(index: u64, field: u64) -> u64 {
    let mut mixed = index.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(field.wrapping_mul(0xbf58_476d_1ce4_e5b9)).wrapping_add(1);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn pick<T: Copy>(choices: &[T], index: u64, field: u64) -> T {
    choices[usize::try_from(roll(index, field) % choices.len() as u64).expect("smaller than a length")]
}

/// One in so many has it.
fn one_in(many: u64, index: u64, field: u64) -> bool {
    roll(index, field).is_multiple_of(many)
}

impl Customer {
    /// The customer at an index in a revision; revision 0 is the first.
    pub fn of(index: u64, revision: u32, changed_at: String, quirk: Quirk) -> Customer {
        let items: Vec<Item> = (0..roll(index, 1) % 3).map(|item| Item::of(index, item)).collect();
        let balance = items.iter().map(Item::open).sum();
        let email = (quirk != Quirk::NoEmail).then(|| email(index, revision));
        Customer { number: number(index), changed_at, email, balance, index, revision, quirk, items }
    }

    /// The balance as the shortest decimal.
    pub fn balance_text(&self) -> String {
        let (sign, size) = if self.balance < 0 { ("-", self.balance.unsigned_abs()) } else { ("", self.balance.unsigned_abs()) };
        let text = format!("{sign}{}.{:05}", size / 100_000, size % 100_000);
        crate::json::plain(&text).to_owned()
    }

    /// The e-mail address as the CRM should have it.
    pub fn email_text(&self) -> String {
        self.email.as_deref().unwrap_or_default().to_lowercase()
    }

    /// Whether a reader of the schema refuses it.
    pub fn is_malformed(&self) -> bool {
        self.quirk == Quirk::Malformed
    }

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

    fn is_company(&self) -> bool {
        one_in(2, self.index, 2)
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

impl Item {
    fn of(index: u64, item: u64) -> Item {
        let field = 100 + 20 * item;
        let lines = (0..roll(index, field) % 4).map(|line| {
            let field = field + 4 + 2 * line;
            (roll(index, field) % 9_999 + 1, roll(index, field + 1) % 99_999 + 1)
        });
        Item {
            document: 7_000_000 + index * 3 + item,
            dunning_level: (roll(index, field + 1) % 6).saturating_sub(2),
            paid_cents: one_in(2, index, field + 2).then(|| roll(index, field + 3) % 5_000),
            lines: lines.collect(),
        }
    }

    /// What is owed of it, in units of 0.00001.
    fn open(&self) -> i64 {
        let billed: u64 = self.lines.iter().map(|(thousandths, cents)| thousandths * cents).sum();
        let paid = self.paid_cents.unwrap_or(0) * 1_000;
        i64::try_from(billed).expect("small amounts") - i64::try_from(paid).expect("small amounts")
    }

    fn write_xml(&self, currency: &str, out: &mut String) {
        write!(
            out,
            "<t:OpenItem document=\"R-{}\"><t:DueDate>2026-0{}-15</t:DueDate><t:DunningLevel>{}</t:DunningLevel>",
            self.document,
            self.document % 9 + 1,
            self.dunning_level
        )
        .expect("writing into a String cannot fail");
        maybe("Paid", self.paid_cents.is_some(), || cents(self.paid_cents.unwrap_or(0)), out);
        for (position, (thousandths, price)) in self.lines.iter().enumerate() {
            write!(
                out,
                "<t:Line no=\"{}\"><t:Sku>{:05}</t:Sku><t:Quantity>{}.{:03}</t:Quantity><t:UnitPrice currency=\"{currency}\">{}</t:UnitPrice></t:Line>",
                10 * (position + 1),
                price % 100_000,
                thousandths / 1_000,
                thousandths % 1_000,
                cents(*price)
            )
            .expect("writing into a String cannot fail");
        }
        out.push_str("</t:OpenItem>");
    }
}

fn number(index: u64) -> String {
    (FIRST_NUMBER + index).to_string()
}

fn email(index: u64, revision: u32) -> String {
    match revision {
        0 => format!("Customer.{index}@Mail{}.Example", index % 17),
        later => format!("Customer.{index}.r{later}@Mail{}.Example", index % 17),
    }
}

fn cents(amount: u64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
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

fn maybe(name: &str, there: bool, text: impl FnOnce() -> String, out: &mut String) {
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

/// Seconds of the part of a day in which the clocks are never changed.
const DAY: u64 = 18 * 3600;
const MONTHS: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// The local time so many seconds into the ERP's year 2026, whose days last from 04:00 to 22:00: no time in it is doubled or
/// missing because of summer time. The years that follow have no leap day.
pub fn local_time(seconds: u64) -> String {
    let (mut day, second) = (seconds / DAY, seconds % DAY + 4 * 3600);
    let year = 2026 + day / 365;
    day %= 365;
    let mut month = 0;
    while day >= MONTHS[month] {
        day -= MONTHS[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}T{:02}:{:02}:{:02}", month + 1, day + 1, second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rendered(index: u64, quirk: Quirk) -> String {
        let mut out = String::new();
        Customer::of(index, 0, local_time(0), quirk).write_xml(&mut out);
        out
    }

    #[test]
    fn the_same_index_is_the_same_customer() {
        assert_eq!(rendered(12, Quirk::None), rendered(12, Quirk::None));
        assert_ne!(rendered(12, Quirk::None), rendered(13, Quirk::None));
    }

    #[test]
    fn days_have_no_hour_in_which_clocks_change() {
        assert_eq!(local_time(0), "2026-01-01T04:00:00");
        assert_eq!(local_time(DAY - 1), "2026-01-01T21:59:59");
        assert_eq!(local_time(31 * DAY), "2026-02-01T04:00:00");
        assert_eq!(local_time(365 * DAY), "2027-01-01T04:00:00");
    }

    #[test]
    fn text_is_escaped() {
        let all: String = (0..200).map(|index| rendered(index, Quirk::None)).collect();
        assert!(all.contains("Söhne &amp; Partner") && all.contains("Blech &lt;und&gt; Rohr"), "names that need it are among them");
    }

    #[test]
    fn each_quirk_shows() {
        assert!(rendered(5, Quirk::Malformed).contains(">12,50<"));
        assert!(!rendered(5, Quirk::NoEmail).contains("<t:Email>") && rendered(5, Quirk::None).contains("<t:Email>"));
    }

    #[test]
    fn the_balance_is_what_is_billed_less_what_is_paid() {
        let item = Item { document: 1, dunning_level: 0, paid_cents: Some(10), lines: vec![(2_500, 990), (3_000, 10)] };
        assert_eq!(item.open(), 24_95000);
    }
}
