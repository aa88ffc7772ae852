//! Rows to JSON bytes, straight into the output: a row that turns out to be nothing is cut off again.

use std::fmt::Write;

use spanwright_shape::{
    json,
    number::Number,
    room::Room,
    shape::{Shapes, breach},
    text::{Code, Failure},
    value::Value,
};

use super::{
    Fork, Watch, fork,
    row::{Empty, Field, List, NoList, Place, Row, Sub, Table, Writes},
};
use crate::{
    codes,
    program::{Env, Fault, Program},
    run::{Given, Kinds, Run, Trouble, What},
};

type Written<T> = Result<T, Box<Fault>>;

/// Writes the record; on a fault `out` is as it was.
pub fn write(
    (name, rows, held): (&str, &[Row], &Shapes),
    env: &Env<'_>,
    room: &Room,
    out: &mut Vec<u8>,
    watch: Option<Watch<'_>>,
) -> Result<(), Fault> {
    let begin = out.len();
    let run = if watch.is_some() { Run::watched(room, env.names) } else { Run::new(room, env.names) };
    let writer = Writer { name, held, run, watch };
    match writer.whole(rows, Around { root: env.dot, dot: env.dot }, out) {
        Ok(()) => Ok(()),
        Err(fault) => {
            out.truncate(begin);
            Err(*fault)
        }
    }
}

struct Writer<'a> {
    name: &'a str,
    /// What values are held against.
    held: &'a Shapes,
    run: Run<'a>,
    /// Who measures what tests try.
    watch: Option<Watch<'a>>,
}

/// What came of the rows of a record.
enum Content<'a> {
    Something,
    Nothing,
    /// Nothing, not even what the target requires in it.
    Lacks(&'a Place, &'a Program),
}

#[derive(Clone, Copy)]
struct Around<'a> {
    root: Value<'a>,
    dot: Value<'a>,
}

impl<'a> Writer<'a> {
    /// A record that is written whatever is in it.
    fn whole(&self, rows: &'a [Row], around: Around<'a>, out: &mut Vec<u8>) -> Written<()> {
        match self.record(rows, around, out)? {
            Content::Something | Content::Nothing => Ok(()),
            Content::Lacks(place, from) => Err(self.lacking(place, from)),
        }
    }

    /// What came of the rows of a record. Where any of it is written, all that the target requires there must be.
    fn record(&self, rows: &'a [Row], around: Around<'a>, out: &mut Vec<u8>) -> Written<Content<'a>> {
        out.push(b'{');
        let (mut any, mut left_out) = (false, None);
        for row in rows {
            let mark = out.len();
            if any {
                out.push(b',');
            }
            out.extend_from_slice(&row.key);
            if self.row(row, around, out)? {
                any = true;
            } else {
                out.truncate(mark);
                left_out = left_out.or_else(|| row.writes.source().filter(|_| row.required));
            }
        }
        out.push(b'}');
        match left_out {
            Some((place, from)) if any => Err(self.lacking(place, from)),
            Some((place, from)) => Ok(Content::Lacks(place, from)),
            None if any => Ok(Content::Something),
            None => Ok(Content::Nothing),
        }
    }

    fn row(&self, row: &'a Row, around: Around<'a>, out: &mut Vec<u8>) -> Written<bool> {
        match &row.writes {
            Writes::Constant(json) => {
                out.extend_from_slice(json);
                Ok(true)
            }
            Writes::Field(field) => self.field(field, around.dot, out),
            Writes::Record(rows) => Ok(match self.record(rows, around, out)? {
                Content::Something => true,
                Content::Nothing => row.required,
                Content::Lacks(..) => false,
            }),
            Writes::Inner(sub) => self.inner(sub, around.dot, out),
            Writes::List(list) => self.list(list, around, out),
        }
    }

    /// What another map makes of a record: that is its source, and it sees nothing around it.
    fn inner(&self, sub: &'a Sub, dot: Value<'a>, out: &mut Vec<u8>) -> Written<bool> {
        self.run.next_field();
        let given = self.given(&sub.from, &sub.place, dot).map_err(|stop| self.stopped(&sub.from, &sub.place, &sub.place.lines, &stop))?;
        match given {
            Some(Value::Null) | None => self.nothing(sub.nothing, &sub.from, &sub.place, out),
            Some(value) => self.whole(&sub.rows, Around { root: value, dot: value }, out).map(|()| true),
        }
    }

    fn field(&self, field: &'a Field, dot: Value<'a>, out: &mut Vec<u8>) -> Written<bool> {
        self.run.next_field();
        let mut given = self
            .given(&field.from, &field.place, dot)
            .map_err(|stop| self.stopped(&field.from, &field.place, &field.place.lines, &stop))?;
        if let (Some(then), Some(value)) = (&field.then, given)
            && !matches!(value, Value::Null)
        {
            given =
                self.given(then, &field.place, value).map_err(|stop| self.stopped(then, &field.place, &field.place.then_lines, &stop))?;
        }
        match given {
            Some(Value::Null) | None if field.default.is_some() => {
                self.took(&field.place, Fork::Default);
                out.extend_from_slice(field.default.as_deref().unwrap_or_default());
                Ok(true)
            }
            None => self.nothing(field.on_absent, &field.from, &field.place, out),
            Some(Value::Null) => self.nothing(field.on_null, &field.from, &field.place, out),
            Some(value) => match &field.table {
                Some(table) => self.table_value(table, value, field, out),
                None => self.value(value, field, out),
            },
        }
    }

    fn value(&self, value: Value<'a>, field: &'a Field, out: &mut Vec<u8>) -> Written<bool> {
        if let Some(breach) = field.wants.and_then(|wants| breach(self.held, wants, &value)) {
            let says = format!("the target does not take it: {breach}");
            return Err(self.fault(&codes::RUN_MISFIT, &field.place, first_line(&field.place.lines), &says, &source(&field.from)));
        }
        json::write(&value, out);
        Ok(true)
    }

    fn table_value(&self, table: &'a Table, value: Value<'a>, field: &'a Field, out: &mut Vec<u8>) -> Written<bool> {
        let site = 0;
        let text = self.run.to_text(value, site).map_err(|stop| self.stopped(&field.from, &field.place, &field.place.lines, &stop))?;
        let row = table.pairs.get_key_value(text);
        self.took(&field.place, row.map_or_else(|| fork::no_row(table), |(row, _)| Fork::Row(row)));
        match row.map(|(_, json)| json).or(table.otherwise.as_ref()) {
            Some(json) => {
                out.extend_from_slice(json);
                Ok(true)
            }
            None => Err(self.fault(
                &codes::RUN_TABLE,
                &field.place,
                first_line(&field.place.lines),
                "the value is not in the table",
                &source(&field.from),
            )),
        }
    }

    fn nothing(&self, becomes: Empty, from: &Program, place: &Place, out: &mut Vec<u8>) -> Written<bool> {
        match becomes {
            Empty::Omit => Ok(false),
            Empty::Null => {
                out.extend_from_slice(b"null");
                Ok(true)
            }
            Empty::Fail => Err(self.lacking(place, from)),
        }
    }

    /// A record for each item; no list at all is nothing, an empty one is an empty one.
    fn list(&self, list: &'a List, around: Around<'a>, out: &mut Vec<u8>) -> Written<bool> {
        self.run.next_field();
        let stopped = |stop: &Trouble| self.stopped(&list.each, &list.place, &list.place.lines, stop);
        let items = match self.given(&list.each, &list.place, around.dot).map_err(|stop| stopped(&stop))? {
            Some(Value::List(items)) => items,
            Some(Value::Null) | None if list.on_absent == NoList::Empty => &[],
            Some(Value::Null) | None => return self.no_list(list, out),
            Some(other) => {
                let what = What::Kind { who: "each", wants: Kinds::LIST, got: other.kind() };
                return Err(stopped(&Trouble::stop(0, what)));
            }
        };
        self.counted(list, items.len())?;
        out.push(b'[');
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            self.item(list, *item, n, around, out)?;
        }
        out.push(b']');
        Ok(true)
    }

    /// The target takes so many items.
    fn counted(&self, list: &List, items: usize) -> Written<()> {
        let (least, most) = list.counts;
        let says = match u32::try_from(items).unwrap_or(u32::MAX) {
            count if count < least => format!("the target wants at least {least} items and got {count}"),
            count if most.is_some_and(|most| count > most) => {
                format!("the target takes {} items and got {count}", most.unwrap_or_default())
            }
            _ => return Ok(()),
        };
        Err(self.fault(&codes::RUN_MISFIT, &list.place, first_line(&list.place.lines), &says, &source(&list.each)))
    }

    fn no_list(&self, list: &'a List, out: &mut Vec<u8>) -> Written<bool> {
        let becomes = match list.on_absent {
            NoList::Omit | NoList::Empty => Empty::Omit,
            NoList::Null => Empty::Null,
            NoList::Fail => Empty::Fail,
        };
        self.nothing(becomes, &list.each, &list.place, out)
    }

    fn item(&self, list: &'a List, item: Value<'a>, n: usize, around: Around<'a>, out: &mut Vec<u8>) -> Written<()> {
        let inside = Around { root: if list.alone { item } else { around.root }, dot: item };
        if !list.looks_around {
            return self.whole(&list.rows, inside, out);
        }
        let index = Value::Number(Number::int(i64::try_from(n).unwrap_or(i64::MAX)));
        let more = [("root", around.root), ("parent", around.dot), ("index", index)];
        let outer = self.run.names();
        let stopped = |stop: Box<Trouble>| self.stopped(&list.each, &list.place, &list.place.lines, &stop);
        self.run.with_names(&more).map_err(stopped)?;
        let written = self.whole(&list.rows, inside, out);
        self.run.set_names(outer);
        written
    }

    #[cold]
    fn lacking(&self, place: &Place, from: &Program) -> Box<Fault> {
        self.fault(&codes::RUN_REQUIRED, place, first_line(&place.lines), "nothing for a required field", &source(from))
    }

    fn given(&self, program: &'a Program, place: &Place, dot: Value<'a>) -> Given<'a> {
        let given = program.given(&self.run, dot);
        if self.watch.is_some() {
            self.run.decided().into_iter().for_each(|(site, truth)| self.took(place, Fork::If(program.part(site), truth)));
        }
        given
    }

    fn took(&self, place: &Place, fork: Fork<'_>) {
        if let Some(watch) = self.watch {
            watch(&place.target, fork);
        }
    }

    #[cold]
    fn stopped(&self, program: &Program, place: &Place, lines: &[(u32, u32)], trouble: &Trouble) -> Box<Fault> {
        let site = program.site(trouble);
        let line = lines.iter().rev().find(|(byte, _)| *byte <= site.from).map(|(_, line)| *line).or_else(|| first_line(lines));
        let path = site.path.as_deref().map_or_else(|| source(program), str::to_string);
        let says = format!("`{}`: {}", program.shown(trouble), trouble.says());
        self.fault(trouble.code(), place, line, &says, &path)
    }

    #[cold]
    fn fault(&self, code: &'static Code, place: &Place, line: Option<u32>, says: &str, path: &str) -> Box<Fault> {
        let mut text = format!("map `{}`, field `{}`", self.name, place.target);
        if let Some(line) = line
            && !place.file.is_empty()
        {
            let _ = write!(text, " ({}:{line})", place.file);
        }
        let _ = write!(text, ": {says}");
        if !path.is_empty() {
            let _ = write!(text, ", at `{path}`");
        }
        Box::new(Fault { failure: Failure::new(code, text) })
    }
}

fn first_line(lines: &[(u32, u32)]) -> Option<u32> {
    lines.first().map(|(_, line)| *line)
}

/// The source paths of a program, for a failure.
fn source(program: &Program) -> String {
    program.gives().reads.iter().map(|path| &**path).collect::<Vec<_>>().join("`, `")
}
