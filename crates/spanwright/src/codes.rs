//! The codes of all floors in one list, for `explain` and for reading them back from a journal.

use spanwright_shape::text::Code;

/// What a journal of a later edition may hold and this one does not know.
static UNKNOWN: Code = Code {
    id: "R0000",
    title: "a reason that this edition does not know",
    page: "# R0000 a reason that this edition does not know\n\nThe journal was written by a later edition. Use that one to read its reasons.\n",
};

/// All of them, by their ids.
pub fn all() -> Vec<&'static Code> {
    let floors = [
        spanwright_shape::codes::all(),
        spanwright_map::codes::ALL.to_vec(),
        spanwright_core::codes::all(),
        spanwright_connect::codes::all(),
        spanwright_engine::codes::ALL.to_vec(),
        spanwright_lab::codes::ALL.to_vec(),
        vec![&UNKNOWN],
    ];
    let mut all = floors.concat();
    all.sort_by_key(|code| code.id);
    all
}

/// The code of an id, however it is written.
pub fn find(id: &str) -> Option<&'static Code> {
    all().into_iter().find(|code| code.id.eq_ignore_ascii_case(id))
}

/// For a code that lies in a journal: a later edition may have written one that this one does not know.
pub fn of_journal(id: &str) -> &'static Code {
    find(id).unwrap_or(&UNKNOWN)
}

/// What to do, in one line: the last prose on the page of a run-time failure.
pub fn advice(code: &Code) -> String {
    let is_prose = |paragraph: &&str| !paragraph.starts_with("    ") && !paragraph.starts_with("```") && !paragraph.starts_with("# ");
    let last = code.page.trim_end().rsplit("\n\n").find(is_prose).unwrap_or_default();
    last.trim_start_matches("**What to do.** ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_page_of_a_failure_ends_with_what_to_do() {
        for code in super::all().into_iter().filter(|code| code.id.starts_with('R')) {
            let advice = super::advice(code);
            assert!(advice.len() > 8 && !advice.starts_with(['#', '`', '|', '-']), "{}: {advice:?}", code.id);
        }
    }

    #[test]
    fn no_two_floors_use_one_id() {
        let ids: Vec<_> = super::all().iter().map(|code| code.id).collect();
        let mut once = ids.clone();
        once.dedup();
        assert_eq!(ids, once);
    }
}
