//! A fault in full: what the wire says, told in one form for both versions and all that servers make of them.

use spanwright_shape::{
    number::Number,
    room::Room,
    value::Value,
    wsdl::{Version, Wsdl},
    xml::{Event, Name, Reader, plain},
    xsd::{self, ElementId, Names},
};

use super::refusal::Note;
use super::{Options, operations};
use crate::soap::class;

/// Names under which a detail says how long to wait, in seconds.
const WAIT_NAMES: [&str; 3] = ["RetryAfterSeconds", "RetryAfter", "retryAfterSeconds"];

/// What a fault says.
#[derive(Default)]
struct Fault<'a> {
    /// As it was written, with its prefix.
    written: String,
    code: String,
    subcodes: Vec<String>,
    reason: Option<&'a str>,
    lang: Option<&'a str>,
    role: Option<&'a str>,
    detail: Vec<(&'a str, Value<'a>)>,
    declared: Option<&'a str>,
}

/// Reads a `Fault` whose start was just read, up to its end, as a value.
pub(super) fn read<'a>(
    reader: &mut Reader<'a>,
    version: Version,
    status: Option<u16>,
    options: &Options<'a>,
    room: &'a Room,
) -> Result<Value<'a>, Note> {
    let mut reading = Reading { reader, options, room, fault: Fault::default() };
    reading.children()?;
    let mut fault = reading.fault;
    let declared = faults(options.schema);
    let by_code =
        || declared.iter().find(|(name, local)| fault.subcodes.iter().any(|code| code == name || code == local)).map(|(name, _)| *name);
    fault.declared = fault.declared.or_else(by_code);
    Ok(fault.told(version, status, options, room))
}

/// Declared faults: their names and their elements' local names.
fn faults(schema: Option<&Wsdl>) -> Vec<(&str, &str)> {
    let Some(wsdl) = schema else { return Vec::new() };
    operations(schema)
        .flat_map(|operation| &operation.faults)
        .map(|fault| (&*fault.name, &*wsdl.graph.element(fault.element).local))
        .collect()
}

struct Reading<'a, 'r> {
    reader: &'r mut Reader<'a>,
    options: &'r Options<'a>,
    room: &'a Room,
    fault: Fault<'a>,
}

impl<'a> Reading<'a, '_> {
    /// By local names: half of all servers qualify them wrongly, and some mix the versions.
    fn children(&mut self) -> Result<(), Note> {
        while let Some(name) = self.next()? {
            match name.local {
                "faultcode" => {
                    let written = self.text()?;
                    self.code(written);
                }
                "Code" => self.code_of_12()?,
                "faultstring" => self.fault.reason = Some(self.text()?),
                "Reason" => {
                    while let Some(_text) = self.next()? {
                        let lang =
                            self.reader.attributes().iter().find(|one| one.name.local == "lang").map(|one| self.room.text(&one.value));
                        let text = self.text()?;
                        if self.fault.reason.is_none() {
                            (self.fault.reason, self.fault.lang) = (Some(text), lang);
                        }
                    }
                }
                "faultactor" | "Role" => self.fault.role = Some(self.text()?).filter(|role| !role.is_empty()),
                "detail" | "Detail" => {
                    while let Some(name) = self.next()? {
                        self.detail(name)?;
                    }
                }
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    fn code_of_12(&mut self) -> Result<(), Note> {
        while let Some(name) = self.next()? {
            match name.local {
                "Value" | "value" => {
                    let text = self.text()?;
                    if self.fault.written.is_empty() {
                        self.code(text);
                    } else {
                        self.fault.subcodes.push(local(text).to_string());
                    }
                }
                "Subcode" => self.code_of_12()?,
                _ => self.skip()?,
            }
        }
        Ok(())
    }

    fn code(&mut self, written: &str) {
        let mut parts = local(written).split('.').map(str::to_string);
        self.fault.written = written.to_string();
        self.fault.code = parts.next().unwrap_or_default();
        self.fault.subcodes.extend(parts);
    }

    /// An element of the detail: by its expanded name, else by the local name of a declared fault, else as it is.
    fn detail(&mut self, name: Name<'a>) -> Result<(), Note> {
        let Some(wsdl) = self.options.schema else {
            let (key, value) = plain::read(name, self.reader, &self.options.hints, self.room)?;
            self.add(key, value);
            return Ok(());
        };
        let graph = &wsdl.graph;
        let uri = self.reader.uri(name.space);
        let exact = graph.root(uri, name.local);
        let mut declared = operations(self.options.schema).flat_map(|operation| &operation.faults);
        let is_this = |element: ElementId| exact.map_or_else(|| *graph.element(element).local == *name.local, |exact| exact == element);
        let known = declared.find(|fault| is_this(fault.element));
        match exact.or(known.map(|fault| fault.element)) {
            Some(element) => {
                let decoded = xsd::decode_all(graph, element, self.reader, self.room, Names::Local)?;
                self.fault.declared = self.fault.declared.or(known.map(|fault| &*fault.name));
                let key = &*graph.element(element).local;
                self.add(key, decoded.value);
            }
            None => {
                let (key, value) = xsd::decode_open(graph, name, self.reader, self.room)?;
                self.add(key, value);
            }
        }
        Ok(())
    }

    fn add(&mut self, key: &'a str, value: Value<'a>) {
        match self.fault.detail.iter_mut().find(|(other, _)| *other == key) {
            Some((_, first)) => {
                let mut items = first.list().map_or_else(|| vec![*first], <[Value<'_>]>::to_vec);
                items.push(value);
                *first = Value::List(self.room.bump().alloc_slice_copy(&items));
            }
            None => self.fault.detail.push((key, value)),
        }
    }

    /// The next element inside; `None` where its parent ends.
    fn next(&mut self) -> Result<Option<Name<'a>>, Note> {
        loop {
            match self.reader.read()? {
                Event::Start(name) => return Ok(Some(name)),
                Event::Text(_) => {}
                Event::End | Event::Eof => return Ok(None),
            }
        }
    }

    fn text(&mut self) -> Result<&'a str, Note> {
        let (mut text, depth) = (String::new(), self.reader.depth());
        while self.reader.depth() >= depth {
            if let Event::Text(more) = self.reader.read()? {
                text.push_str(&more);
            }
        }
        Ok(self.room.text(text.trim()))
    }

    fn skip(&mut self) -> Result<(), Note> {
        let depth = self.reader.depth();
        while self.reader.depth() >= depth {
            self.reader.read()?;
        }
        Ok(())
    }
}

impl<'a> Fault<'a> {
    fn told(&self, version: Version, status: Option<u16>, options: &Options<'a>, room: &'a Room) -> Value<'a> {
        let text = |text: Option<&'a str>| text.map_or(Value::Null, Value::Text);
        let number = |number: u64| Number::parse(room.text(&number.to_string())).map_or(Value::Null, Value::Number);
        let subcodes: Vec<Value<'a>> = self.subcodes.iter().map(|code| Value::Text(room.text(code))).collect();
        let wait = self.detail.iter().find_map(|(key, value)| wait(key, value));
        let names: Vec<&str> = std::iter::once(self.code.as_str()).chain(self.subcodes.iter().map(String::as_str)).collect();
        let spaces = || options.schema.map(|wsdl| wsdl.graph.targets().collect::<Vec<_>>()).unwrap_or_default();
        let rules = options.rules.clone().unwrap_or_else(|| class::Rules::built_in(&spaces()));
        let class = class::classify(&class::Seen {
            codes: &names,
            reason: self.reason.unwrap_or_default(),
            declared: self.declared.is_some(),
            rules: &rules,
        });
        let mut fields = vec![
            ("version", Value::Text(if version == Version::Soap11 { "1.1" } else { "1.2" })),
            ("code", Value::Text(room.text(&self.code))),
            ("written", Value::Text(room.text(&self.written))),
            ("subcodes", Value::List(room.bump().alloc_slice_copy(&subcodes))),
            ("reason", Value::Text(self.reason.unwrap_or_default())),
            ("lang", text(self.lang)),
            ("role", text(self.role)),
            ("detail", if self.detail.is_empty() { Value::Null } else { Value::Record(room.bump().alloc_slice_copy(&self.detail)) }),
            ("declared", text(self.declared)),
            ("class", Value::Text(class.word())),
            ("retry_after", wait.map_or(Value::Null, number)),
        ];
        if let Some(status) = status {
            fields.insert(1, ("http", number(u64::from(status))));
        }
        Value::Record(room.bump().alloc_slice_copy(&fields))
    }
}

/// How long a detail asks to wait, wherever in it that stands.
fn wait(key: &str, value: &Value<'_>) -> Option<u64> {
    match value {
        Value::Number(number) if WAIT_NAMES.contains(&key) => number.as_i64().and_then(|seconds| u64::try_from(seconds).ok()),
        Value::Text(text) if WAIT_NAMES.contains(&key) => text.parse().ok(),
        Value::Record(fields) => fields.iter().find_map(|(key, value)| wait(key.rsplit([':', '}']).next().unwrap_or(key), value)),
        Value::List(items) => items.iter().find_map(|item| wait(key, item)),
        _ => None,
    }
}

/// A QName without its prefix, which may be unbound.
fn local(text: &str) -> &str {
    text.rsplit(':').next().unwrap_or(text)
}
