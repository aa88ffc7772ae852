//! `spanwright refused`: requests to us that were not taken, by reason: a sender with yesterday's secret, or somebody who tries doors.

use std::collections::BTreeMap;

use clap::Args;
use spanwright_engine::keep::{TurnedAway, turned_away};

use super::{
    Ended,
    folder::Folder,
    messages,
    out::{Format, Object, Out},
    story::count,
};
use crate::codes;

/// Reasons that are listed.
const REASONS_MOST: usize = 100;

/// List requests that were not taken, by reason
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright refused\n  spanwright refused --code R0034            each of them that was kept\n  \
    spanwright refused --format json\n\nBodies are not kept: a body is known by its size and SHA-256. Of many alike, ten a minute are kept and then\n\
    each time their number has doubled, in two files of 1 MiB beside the journal.")]
pub struct RefusedRequests {
    #[command(flatten)]
    folder: Folder,
    /// Each that was kept, of this reason
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only those that were meant for this flow, system or API
    #[arg(long, value_name = "NAME")]
    door: Option<String>,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Those of one reason at one door.
struct Reason {
    /// Counted, the unwritten ones too.
    times: u64,
    first: TurnedAway,
    last: TurnedAway,
}

impl RefusedRequests {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let mut kept = turned_away(&self.folder.journal())?;
        kept.retain(|one| self.door.as_ref().is_none_or(|door| *door == one.door));
        kept.retain(|one| self.code.as_ref().is_none_or(|code| *code == one.code));
        if kept.is_empty() {
            out.aside("no request was refused");
            return Ok(Ended::Fine);
        }
        if self.code.is_some() {
            for one in &kept {
                out.data(&match self.format {
                    Format::Human => human(one),
                    Format::Json => json(one).end() + "\n",
                })?;
            }
            return Ok(Ended::Fine);
        }
        for reason in reasons(kept).iter().take(REASONS_MOST) {
            out.data(&match self.format {
                Format::Human => grouped(reason),
                Format::Json => json(&reason.last).number("times", reason.times).text("first", &reason.first.time()).end() + "\n",
            })?;
        }
        Ok(Ended::Fine)
    }
}

/// By reason, the one that was seen last first.
fn reasons(kept: Vec<TurnedAway>) -> Vec<Reason> {
    let mut found: BTreeMap<(String, String), Reason> = BTreeMap::new();
    for one in kept {
        let key = (one.door.clone(), one.code.clone());
        let reason = found.entry(key).or_insert_with(|| Reason { times: 0, first: one.clone(), last: one.clone() });
        // The number of a minute is told again with each line of it.
        let same_minute = reason.times > 0 && one.nth > reason.last.nth && minute(&one) == minute(&reason.last);
        reason.times += if same_minute { one.nth - reason.last.nth } else { one.nth };
        reason.last = one;
    }
    let mut reasons: Vec<Reason> = found.into_values().collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.last.at));
    reasons
}

fn minute(one: &TurnedAway) -> i64 {
    one.at.0.div_euclid(60_000_000)
}

fn grouped(reason: &Reason) -> String {
    let Reason { times, first, last } = reason;
    let (title, advice) =
        codes::find(&last.code).map_or((String::new(), String::new()), |code| (code.title.to_string(), codes::advice(code)));
    let door = if last.door.is_empty() { String::new() } else { format!(" at {}", last.door) };
    format!(
        "{}{door}: {} {title}\n  the last: {} from {}, answered {}: {}\n  since {}, last {}\n  what to do: {advice}\n\n",
        count(*times, "request"),
        last.code,
        last.asked,
        last.from,
        last.status,
        last.says,
        messages::to_the_second(first.at),
        messages::to_the_second(last.at),
    )
}

fn human(one: &TurnedAway) -> String {
    let body = one.body.as_ref().map_or(String::new(), |(bytes, sha256)| format!(", {bytes} bytes with sha256 {sha256}"));
    let nth = if one.nth > 10 { format!(" ({} in this minute)", one.nth) } else { String::new() };
    format!("{}  {} {} from {}{body}: {}{nth}\n", messages::to_the_second(one.at), one.status, one.asked, one.from, one.says)
}

fn json(one: &TurnedAway) -> Object {
    let body = one.body.as_ref();
    let object = Object::new()
        .text("last", &one.time())
        .text("door", &one.door)
        .text("code", &one.code)
        .text("why", &one.says)
        .number("status", one.status.into())
        .text("from", &one.from)
        .text("asked", &one.asked)
        .maybe("content_type", one.content_type.as_deref())
        .maybe("sha256", body.map(|(_, sha256)| sha256.as_str()));
    match body {
        Some((bytes, _)) => object.number("bytes", *bytes),
        None => object,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanwright_core::fact::Moment;

    #[test]
    fn a_number_of_a_minute_is_counted_once() {
        let one = |minute: i64, nth| TurnedAway {
            at: Moment(minute * 60_000_000),
            door: "stripe".into(),
            code: "R0034".into(),
            says: String::new(),
            status: 401,
            from: String::new(),
            asked: String::new(),
            content_type: None,
            body: None,
            nth,
        };
        let times = |kept: &[(i64, u64)]| reasons(kept.iter().map(|(minute, nth)| one(*minute, *nth)).collect())[0].times;
        assert_eq!(times(&[(0, 1), (0, 2), (0, 3)]), 3);
        assert_eq!(times(&[(0, 9), (0, 10), (0, 16), (0, 32)]), 32);
        assert_eq!(times(&[(0, 1), (0, 2), (1, 1), (9, 1), (9, 2)]), 5);
    }
}
