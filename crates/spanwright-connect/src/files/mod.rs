//! `files:` a folder: CSV, JSON Lines, JSON and XML, in and out.
//!
//! The one idea: a row is an event, named by its file's content and its number. So a file that is read again after a
//! crash, or that comes a second time under another name, gives nothing twice, and nobody keeps a list of files. A row
//! that cannot be read is a dead letter with its line, and the next row is read all the same.
//!
//! What always holds: a file is read in pieces, each of which is on disk before the next is read, whatever the file's
//! size; what is written becomes visible whole, by one rename, under a name that is made of the request's key.

use std::{ops::ControlFlow, sync::Arc};

use spanwright_core::{
    connector::{
        Answers, Blame, Call, Connector, FileSeen, FilesHeard, Heard, Outcome, Part, Reached, Refusal, Request, Show, System, Verdict, With,
    },
    interface::Interface,
    settings::{SystemSettings, Template},
};
use spanwright_shape::{
    json,
    number::Number,
    room::Room,
    text::{Bundle, Code, Failure, Problems},
    value::Value,
};

mod ask;
pub mod codes;
mod compile;
mod dialect;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use dialect::Dialect;
pub(crate) use write::{csv as write_csv, element_text as escaped, is_xml_name};

use compile::Folder;

/// The kind of system behind `files:`.
#[derive(Debug)]
pub struct Files;

impl Connector for Files {
    fn key(&self) -> &'static str {
        "files"
    }

    fn about(&self) -> &'static str {
        "Folders: files that others put there are read row by row, and files are written for others. `url:` is the folder \
         that the folders of its operations are in."
    }

    fn codes(&self) -> Vec<&'static Code> {
        codes::ALL.to_vec()
    }

    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        let Some(root) = settings.url.clone() else {
            let help = "write it beside `files:`, for instance `url: \"${DROP}\"`".to_string();
            to.error(&crate::codes::URL, settings.at, format!("the system `{}` has no `url:`", settings.name), help);
            return None;
        };
        let (interface, folders) = compile::compile(settings, bundle, to);
        Some(Arc::new(FilesSystem { root, interface, folders }))
    }
}

/// One system of folders, proved.
struct FilesSystem {
    root: Template,
    interface: Interface,
    /// By the same number as in the interface.
    folders: Vec<Folder>,
}

impl System for FilesSystem {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        let folder = &self.folders[operation];
        let root = crate::auth::fill(&self.root, with).map_err(Refusal::System)?;
        match calls {
            [call] if call.body.is_none() => ask::take(folder, root, call, with).map(Request::Files),
            calls => ask::put(folder, &self.interface.shapes, root, calls, with).map(Request::Files),
        }
    }

    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, _: &With<'_>, answers: Answers<'_>) -> Verdict {
        let folder = &self.folders[operation];
        match (heard, answers) {
            (Heard::Files(FilesHeard::Put { name }), answers) => {
                let answer = Value::Record(&[("name", Value::Text(name))]);
                Verdict::all(calls.len(), crate::rest::keep(&answer, answers))
            }
            (Heard::Files(FilesHeard::InTheWay { name }), _) => {
                let says = format!("{}: there is another file `{name}`, which is not written over", folder.name);
                Verdict::all(calls.len(), Outcome::Never(Failure::new(&codes::IN_THE_WAY, says)))
            }
            (Heard::Files(heard), Answers::Show(show)) => gathered(|pieces| self.read(folder, heard, pieces), show),
            // What a test of a project says that a system answers: the content of a file, or that one was written.
            (Heard::Http { status: 200..=299, body, .. }, Answers::Show(show)) => {
                let file = FileSeen { name: "test".into(), digest: "test".into(), bytes: 0, stamp: "0".into() };
                gathered(|pieces| read::read(folder, &self.interface.shapes, &file, body, pieces), show)
            }
            (Heard::Http { status: 200..=299, .. }, answers) => {
                Verdict::all(calls.len(), crate::rest::keep(&Value::Record(&[("name", Value::Text("test"))]), answers))
            }
            (Heard::Http { status, .. }, _) => broken(folder, calls.len(), Reached::No, &format!("it answered {status}")),
            (Heard::Broken { reached, why }, _) => broken(folder, calls.len(), reached, &why),
            (Heard::Files(_) | Heard::Queue(_), _) => broken(folder, calls.len(), Reached::Maybe, "it gave a file that nobody asked for"),
        }
    }

    fn reads_pieces(&self) -> bool {
        true
    }

    fn shows_items(&self) -> Option<&'static str> {
        Some("rows")
    }

    fn hear_pieces(&self, operation: usize, call: Call<'_>, heard: Heard<'_>, with: &With<'_>, _: &[&str], show: Show<'_>) -> Verdict {
        match heard {
            Heard::Files(heard) => self.read(&self.folders[operation], heard, show),
            other => self.hear(operation, &[call], other, with, Answers::Drop),
        }
    }
}

impl FilesSystem {
    /// A file that was found, or that there is none.
    fn read(&self, folder: &Folder, heard: FilesHeard<'_>, show: Show<'_>) -> Verdict {
        match heard {
            FilesHeard::Found { file, body } => read::read(folder, &self.interface.shapes, file, body, show),
            FilesHeard::Unsettled { again } => {
                // Rounded up: a look that comes too early is one in vain.
                let millis = i64::try_from(again.as_millis()).unwrap_or(i64::MAX).saturating_add(1);
                let _ = show(&Value::Record(&[("again", Value::Number(Number::int(millis)))]), Part::Rest);
                Verdict::all(1, Outcome::Delivered(None))
            }
            FilesHeard::Nothing | FilesHeard::Put { .. } | FilesHeard::InTheWay { .. } => {
                let _ = show(&Value::Record(&[]), Part::Rest);
                Verdict::all(1, Outcome::Delivered(None))
            }
        }
    }
}

/// Reads a small file and shows it as one answer.
fn gathered(read: impl FnOnce(Show<'_>) -> Verdict, show: &mut dyn FnMut(&Value<'_>)) -> Verdict {
    let (mut rows, mut rest) = (Vec::new(), Vec::new());
    let mut pieces = |piece: &Value<'_>, part: Part| {
        match part {
            Part::Items => rows.extend(piece.get("rows").and_then(|rows| rows.list()).unwrap_or_default().iter().map(bytes)),
            Part::Rest => rest = bytes(piece),
        }
        ControlFlow::Continue(())
    };
    let verdict = read(&mut pieces);
    let room = Room::new();
    if let Ok(Value::Record(fields)) = json::read(&rest, &room) {
        let rows: Vec<_> = rows.iter().filter_map(|row| json::read(row, &room).ok()).collect();
        let fields: Vec<_> = fields.iter().copied().chain([("rows", Value::List(&rows))]).collect();
        show(&Value::Record(&fields));
    }
    verdict
}

fn broken(folder: &Folder, calls: usize, reached: Reached, why: &str) -> Verdict {
    let says = format!("{}: {}", folder.name, crate::http::excerpt::bounded(why));
    let outcome = match reached {
        Reached::No => Outcome::Later { why: Failure::new(&codes::FOLDER, says), after: None, blame: Blame::System },
        Reached::Maybe => Outcome::Unknown(Failure::new(&codes::FOLDER, says)),
    };
    Verdict::all(calls, outcome)
}

/// A record's fields as they stand in a call.
fn text_of<'v>(with: &Value<'v>, name: &str) -> &'v str {
    with.get(name).and_then(|value| value.text()).unwrap_or_default()
}

/// JSON bytes of a value.
fn bytes(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    json::write(value, &mut out);
    out
}
