//! A bill of a customer, with its lines.

use std::fmt::Write as _;

use super::{
    chance::{one_in, roll},
    xml::maybe,
};

/// A bill that is not fully paid.
#[derive(Clone, Debug)]
pub(super) struct Item {
    document: u64,
    dunning_level: u64,
    paid_cents: Option<u64>,
    /// Quantity in thousandths, price in hundredths.
    lines: Vec<(u64, u64)>,
}

impl Item {
    pub fn of(index: u64, item: u64) -> Item {
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
    pub fn open(&self) -> i64 {
        let billed: u64 = self.lines.iter().map(|(thousandths, cents)| thousandths * cents).sum();
        let paid = self.paid_cents.unwrap_or(0) * 1_000;
        i64::try_from(billed).expect("small amounts") - i64::try_from(paid).expect("small amounts")
    }

    pub fn write_xml(&self, currency: &str, out: &mut String) {
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

fn cents(amount: u64) -> String {
    format!("{}.{:02}", amount / 100, amount % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_balance_is_what_is_billed_less_what_is_paid() {
        let item = Item { document: 1, dunning_level: 0, paid_cents: Some(10), lines: vec![(2_500, 990), (3_000, 10)] };
        assert_eq!(item.open(), 24_95000);
    }
}
