//! Where a value decides what is written: conditions, rows of tables, defaults. For those who measure what tests try.

use std::{fmt, sync::Arc};

use super::{
    Watch,
    row::{Field, Row, Table, Writes},
};
use crate::program::Program;

/// Which way a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork<'f> {
    /// A condition of an `if` in its expression, as written, is true, or is not.
    If(&'f str, bool),
    /// This row of its table.
    Row(&'f str),
    /// No row of its table: what `otherwise:` says.
    Otherwise,
    /// No row of its table, which is a failure.
    NoRow,
    /// Nothing, or null: what `default:` says.
    Default,
}

impl fmt::Display for Fork<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fork::If(condition, truth) => write!(f, "`{condition}` is {truth}"),
            Fork::Row(row) => write!(f, "row {row}"),
            Fork::Otherwise => f.write_str("any other value"),
            Fork::NoRow => f.write_str("a value that is not in its table"),
            Fork::Default => f.write_str("its default"),
        }
    }
}

/// All of them.
pub(super) fn all(rows: &[Row], tell: Watch<'_>) {
    for row in rows {
        match &row.writes {
            Writes::Constant(_) => {}
            Writes::Record(rows) => all(rows, tell),
            Writes::Field(field) => of_field(field, tell),
            Writes::Inner(sub) => {
                conditions(&sub.from, &sub.place.target, tell);
                all(&sub.rows, tell);
            }
            Writes::List(list) => {
                conditions(&list.each, &list.place.target, tell);
                all(&list.rows, tell);
            }
        }
    }
}

fn of_field(field: &Field, tell: Watch<'_>) {
    let target = &field.place.target;
    [Some(&field.from), field.then.as_ref()].into_iter().flatten().for_each(|program| conditions(program, target, tell));
    if let Some(table @ Table { pairs, .. }) = &field.table {
        let mut names: Vec<&str> = pairs.keys().map(|name| &**name).collect();
        names.sort_unstable();
        names.into_iter().for_each(|name| tell(target, Fork::Row(name)));
        tell(target, no_row(table));
    }
    if field.default.is_some() {
        tell(target, Fork::Default);
    }
}

/// What follows where a value is not in a table.
pub(super) fn no_row(table: &Table) -> Fork<'static> {
    if table.otherwise.is_some() { Fork::Otherwise } else { Fork::NoRow }
}

fn conditions(program: &Program, target: &Arc<str>, tell: Watch<'_>) {
    for condition in program.conditions() {
        [true, false].into_iter().for_each(|truth| tell(target, Fork::If(condition, truth)));
    }
}
