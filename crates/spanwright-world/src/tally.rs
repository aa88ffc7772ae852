//! What became of each customer, from the two ledgers alone.
//!
//! A **state** is a customer at a version. A customer is **lost** if its last served state is neither what the CRM has last nor named by
//! a dead letter. A **duplicate** is a state that the CRM applied more than once; an answer given again under one key applies nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use serde_json::Value;

/// A record that the engine gave up on, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// The record's key, as the flow names it (`.Number`); empty where the record could not be read so far.
    pub key: String,
    /// Why. Where there is no key, the record is known by its number in here.
    pub reason: String,
}

/// What the ledgers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Customers that the ERP served.
    pub customers: u64,
    /// States that the ERP served: a customer that changed twice counts three times.
    pub taken: u64,
    /// Contacts that the CRM applied.
    pub applied: u64,
    /// Customers whose last state is in the CRM as it should be.
    pub right: u64,
    /// Customers whose last state is nowhere, each with what the CRM has instead.
    pub lost: Vec<String>,
    /// States that were applied more than once, each with how often.
    pub duplicates: Vec<String>,
    /// Customers whose last state is in the CRM with another e-mail address or balance.
    pub wrong: Vec<String>,
    /// Customers whose last state is not in the CRM, but named by a dead letter.
    pub dead: u64,
    /// Bulk calls, the refused and the cut among them.
    pub calls: u64,
    /// Calls that one call a state would have been.
    pub calls_one_by_one: u64,
    /// Bulk calls by what was answered; 0 is a cut connection.
    pub answers: BTreeMap<u64, u64>,
    /// Answers given a second time under one key.
    pub stored: u64,
    /// Tokens issued.
    pub sign_ins: u64,
}

/// One state, as a ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    version: String,
    email: String,
    balance: String,
}

/// Reads both ledgers.
///
/// # Errors
/// A ledger cannot be read, or has a line that is no JSON.
pub fn tally(erp: &Path, crm: &Path, dead: &[Dead]) -> io::Result<Tally> {
    let mut tally = Tally::default();
    let served = served(erp, &mut tally)?;
    let has = applied(crm, &mut tally)?;
    let named: BTreeSet<&str> = dead.iter().map(|dead| number(&dead.key)).filter(|key| !key.is_empty()).collect();
    let is_dead =
        |customer: &str| named.contains(customer) || dead.iter().any(|dead| dead.key.is_empty() && dead.reason.contains(customer));
    for (customer, state) in &served {
        match has.get(customer) {
            Some(applied) if applied == state => tally.right += 1,
            Some(applied) if applied.version == state.version => tally.wrong.push(difference(customer, state, applied)),
            _ if is_dead(customer) => tally.dead += 1,
            other => tally.lost.push(loss(customer, state, other)),
        }
    }
    for list in [&mut tally.lost, &mut tally.wrong, &mut tally.duplicates] {
        list.sort();
    }
    Ok(tally)
}

fn loss(customer: &str, state: &State, applied: Option<&State>) -> String {
    let has = applied.map_or("has nothing".to_owned(), |applied| format!("has {}", applied.version));
    format!("{customer}: the ERP served {}, the CRM {has}", state.version)
}

fn difference(customer: &str, state: &State, applied: &State) -> String {
    format!("{customer}: {} and {} became {} and {}", state.email, state.balance, applied.email, applied.balance)
}

/// The last state of each customer that the ERP served.
fn served(path: &Path, tally: &mut Tally) -> io::Result<HashMap<String, State>> {
    let mut last: HashMap<String, State> = HashMap::new();
    let mut states: BTreeSet<(String, String)> = BTreeSet::new();
    each_line(path, |line| {
        if text(line, "what") == "served" {
            let (customer, state) = state(line);
            states.insert((customer.clone(), state.version.clone()));
            if last.get(&customer).is_none_or(|known| known.version <= state.version) {
                last.insert(customer, state);
            }
        }
    })?;
    tally.customers = last.len() as u64;
    tally.taken = states.len() as u64;
    tally.calls_one_by_one = tally.taken;
    Ok(last)
}

/// The state of each contact that the CRM has at the end.
fn applied(path: &Path, tally: &mut Tally) -> io::Result<HashMap<String, State>> {
    let mut has = HashMap::new();
    let mut times: HashMap<(String, State), u64> = HashMap::new();
    each_line(path, |line| match text(line, "what") {
        "applied" => {
            let (customer, state) = state(line);
            *times.entry((customer.clone(), state.clone())).or_default() += 1;
            has.insert(customer, state);
            tally.applied += 1;
        }
        "answered" | "cut" => {
            tally.calls += 1;
            let status = if text(line, "what") == "cut" { 0 } else { line["status"].as_u64().unwrap_or(0) };
            *tally.answers.entry(status).or_default() += 1;
        }
        "stored" => tally.stored += 1,
        "signed_in" => tally.sign_ins += 1,
        _ => {}
    })?;
    let twice = times.iter().filter(|(_, times)| **times > 1);
    tally.duplicates = twice.map(|((customer, state), times)| format!("{customer}: {} was applied {times} times", state.version)).collect();
    Ok(has)
}

/// Customer and state of a line, in the words of the ERP: the CRM's ids carry a prefix, its times a zone.
fn state(line: &Value) -> (String, State) {
    let version = text(line, "version");
    let state = State {
        version: version.get(..19).unwrap_or(version).to_owned(),
        email: text(line, "email").to_owned(),
        balance: text(line, "balance").to_owned(),
    };
    (number(text(line, "customer")).to_owned(), state)
}

fn number(key: &str) -> &str {
    key.strip_prefix("ERP-").unwrap_or(key)
}

fn text<'v>(line: &'v Value, name: &str) -> &'v str {
    line[name].as_str().unwrap_or_default()
}

fn each_line(path: &Path, mut take: impl FnMut(&Value)) -> io::Result<()> {
    for (number, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let value =
            serde_json::from_str(&line?).map_err(|error| io::Error::other(format!("{}:{}: {error}", path.display(), number + 1)))?;
        take(&value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ERP: &[&str] = &[
        r#"{"what":"asked","at":1,"call":1,"changed_since":"2026-01-01T00:00:00","page_token":""}"#,
        r#"{"what":"served","at":1,"call":1,"customer":"1","version":"2026-01-01T04:00:00","email":"a@x.y","balance":"1.5"}"#,
        r#"{"what":"served","at":1,"call":1,"customer":"2","version":"2026-01-01T05:00:00","email":"b@x.y","balance":"0"}"#,
        r#"{"what":"served","at":1,"call":1,"customer":"3","version":"2026-01-01T06:00:00","email":"","balance":"0"}"#,
        r#"{"what":"served","at":2,"call":2,"customer":"2","version":"2026-01-02T05:00:00","email":"b@x.y","balance":"7"}"#,
    ];
    const CRM: &[&str] = &[
        r#"{"what":"signed_in","at":1,"call":0}"#,
        r#"{"what":"applied","at":1,"call":1,"customer":"ERP-1","version":"2026-01-01T04:00:00+01:00","email":"a@x.y","balance":"1.5","outcome":"created"}"#,
        r#"{"what":"applied","at":1,"call":1,"customer":"ERP-2","version":"2026-01-01T05:00:00+01:00","email":"b@x.y","balance":"0","outcome":"created"}"#,
        r#"{"what":"refused","at":1,"call":1,"customer":"ERP-3","version":"2026-01-01T06:00:00+01:00","why":"email"}"#,
        r#"{"what":"cut","at":1,"call":1,"status":200,"contacts":3,"key":"k1"}"#,
        r#"{"what":"stored","at":2,"call":2,"key":"k1"}"#,
        r#"{"what":"answered","at":2,"call":2,"status":200,"contacts":3,"key":"k1"}"#,
        r#"{"what":"applied","at":3,"call":3,"customer":"ERP-2","version":"2026-01-02T05:00:00+01:00","email":"b@x.y","balance":"7","outcome":"updated"}"#,
        r#"{"what":"answered","at":3,"call":3,"status":200,"contacts":1,"key":"k2"}"#,
    ];

    fn of(erp: &[&str], crm: &[&str], dead: &[&str]) -> Tally {
        let folder = tempfile::tempdir().unwrap();
        let paths = [("erp", erp), ("crm", crm)].map(|(name, lines)| {
            let path = folder.path().join(name);
            std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
            path
        });
        let dead: Vec<_> = dead.iter().map(|key| Dead { key: (*key).to_owned(), reason: "refused".to_owned() }).collect();
        tally(&paths[0], &paths[1], &dead).unwrap()
    }

    /// The CRM's ledger with one line changed.
    fn with(change: impl FnOnce(&mut Vec<&str>)) -> Tally {
        let mut crm = CRM.to_vec();
        change(&mut crm);
        of(ERP, &crm, &["3"])
    }

    #[test]
    fn a_clean_ledger_has_nothing_lost_and_nothing_double() {
        let tally = of(ERP, CRM, &["3"]);
        assert_eq!((tally.lost.len(), tally.duplicates.len(), tally.wrong.len()), (0, 0, 0));
        assert_eq!((tally.customers, tally.taken, tally.right, tally.dead), (3, 4, 2, 1));
        assert_eq!((tally.calls, tally.calls_one_by_one, tally.stored, tally.sign_ins), (3, 4, 1, 1));
    }

    #[test]
    fn a_customer_that_no_dead_letter_names_is_lost() {
        assert_eq!(of(ERP, CRM, &[]).lost, ["3: the ERP served 2026-01-01T06:00:00, the CRM has nothing"]);
    }

    #[test]
    fn an_applied_line_less_is_a_loss() {
        let without = with(|crm| {
            crm.remove(1);
        });
        assert_eq!(without.lost, ["1: the ERP served 2026-01-01T04:00:00, the CRM has nothing"]);
    }

    #[test]
    fn an_applied_line_more_is_a_duplicate() {
        assert_eq!(with(|crm| crm.insert(2, CRM[1])).duplicates, ["1: 2026-01-01T04:00:00 was applied 2 times"]);
    }

    #[test]
    fn an_older_state_at_the_end_is_a_loss() {
        assert_eq!(with(|crm| crm.swap(2, 7)).lost, ["2: the ERP served 2026-01-02T05:00:00, the CRM has 2026-01-01T05:00:00"]);
    }

    #[test]
    fn a_balance_that_is_not_the_erps_is_wrong() {
        let other = CRM[7].replace(r#""balance":"7""#, r#""balance":"7.01""#);
        let mut crm = CRM.to_vec();
        crm[7] = &other;
        assert_eq!(of(ERP, &crm, &["3"]).wrong, ["2: b@x.y and 7 became b@x.y and 7.01"]);
    }

    #[test]
    fn a_dead_letter_without_a_key_counts_for_the_number_in_its_reason() {
        let dead = Dead { key: String::new(), reason: "customer 3 is malformed".into() };
        let folder = tempfile::tempdir().unwrap();
        let (erp, crm) = (folder.path().join("erp"), folder.path().join("crm"));
        std::fs::write(&erp, ERP[3]).unwrap();
        std::fs::write(&crm, "").unwrap();
        assert_eq!(tally(&erp, &crm, &[dead]).unwrap().lost, Vec::<String>::new());
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("erp");
        std::fs::write(&path, "{}\n{\n").unwrap();
        assert!(tally(&path, &path, &[]).unwrap_err().to_string().contains("erp:2:"));
    }
}
