//! JSON to XML.

use spanwright_shape::{
    json,
    room::Room,
    value::Value,
    wsdl::{Version, Wsdl},
    xml::{self, WriteFault, Writer, plain},
    xsd::{self, ElementId, EncodeFault},
};

use super::refusal::Note;
use super::{Converted, Options, Way, envelope, operations, place, versions};

/// Converts a value: `{"Body": {"Name": ..}}` to an envelope, `{"Name": ..}` to a document.
///
/// # Errors
/// What the schema does not allow, or XML has no form for.
pub fn to_xml(source: &str, options: &Options<'_>) -> Result<Converted, Note> {
    let room = Room::new();
    let value = json::read(source.as_bytes(), &room)
        .map_err(|fault| Note::new(&xml::codes::VALUE, fault.at, format!("it is no JSON: {}", fault.says)))?;
    let mut bytes = Writing { source, options, room: &room }.document(&value)?;
    bytes.push(b'\n');
    Ok(Converted { bytes, notes: Vec::new() })
}

struct Writing<'a, 'o> {
    source: &'o str,
    options: &'o Options<'o>,
    room: &'a Room,
}

impl<'a> Writing<'a, '_> {
    fn document(&self, value: &Value<'a>) -> Result<Vec<u8>, Note> {
        if let Some(element) = &self.options.element {
            let inside = [(self.room.text(element), *value)];
            let inside = Value::Record(self.room.bump().alloc_slice_copy(&inside));
            // An operation's message travels in an envelope; any other element is a document.
            return if operations(self.options.schema).next().is_some() {
                self.envelope(None, &inside, "")
            } else {
                self.element_alone(&inside, "")
            };
        }
        if value.get("Fault").is_some() {
            return Err(self.refuse("", "a fault is not written by hand: a step `fault` of a flow does it"));
        }
        match (value.get("Body"), value) {
            (Some(body), Value::Record(fields)) if fields.iter().all(|(key, _)| matches!(*key, "Body" | "Header")) => {
                self.envelope(value.get("Header"), &body, "Body")
            }
            _ => self.element_alone(value, ""),
        }
    }

    fn element_alone(&self, value: &Value<'a>, path: &str) -> Result<Vec<u8>, Note> {
        let Value::Record([(key, content)]) = value else {
            return Err(self
                .refuse(path, "a document is a record of one key, its root")
                .help("write `{\"Root\": ..}`, or name it with `--element`"));
        };
        let mut writer = Writer::new(self.planned(None));
        self.element(key, content, path, &mut writer)?;
        Ok(writer.finish())
    }

    fn envelope(&self, header: Option<Value<'a>>, body: &Value<'a>, path: &str) -> Result<Vec<u8>, Note> {
        let version = self.version();
        let space = envelope::space(version);
        let mut writer = Writer::new(self.planned(Some(space)));
        let said = |written: Result<(), WriteFault>| written.map_err(|fault| self.refuse("", &fault.to_string()));
        said(writer.start(space, "Envelope"))?;
        if let Some(Value::Record(blocks)) = header {
            said(writer.start(space, "Header"))?;
            for (key, block) in blocks {
                self.element(key, block, "Header", &mut writer)?;
            }
            writer.end();
        }
        said(writer.start(space, "Body"))?;
        match body {
            Value::Record([]) | Value::Null => {}
            Value::Record([(key, content)]) => self.element(key, content, path, &mut writer)?,
            _ => return Err(self.refuse(path, "a Body holds one element: a record of one key")),
        }
        writer.end();
        writer.end();
        Ok(writer.finish())
    }

    fn version(&self) -> Version {
        let spoken = self.options.schema.map(versions).unwrap_or_default();
        let first = if spoken.is_empty() || spoken.contains(&Version::Soap11) { Version::Soap11 } else { Version::Soap12 };
        self.options.version.unwrap_or(first)
    }

    fn planned(&self, envelope: Option<&str>) -> Vec<(String, String)> {
        let soap = envelope.map(|space| ("soap".to_string(), space.to_string()));
        let own = self.options.schema.into_iter().flat_map(|wsdl| wsdl.graph.prefixes());
        soap.into_iter().chain(own).collect()
    }

    fn element(&self, key: &'a str, content: &Value<'a>, path: &str, writer: &mut Writer) -> Result<(), Note> {
        let inside = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        let Some(wsdl) = self.options.schema else {
            return plain::write(key, content, &self.options.hints, writer).map_err(|refused| self.placed(refused.into(), &inside));
        };
        let fault = |fault: EncodeFault| {
            let whole = if fault.path.is_empty() { inside.clone() } else { format!("{inside}.{}", fault.path) };
            Note::new(&xml::codes::VALUE, place::of(self.source, self.in_source(&whole)), fault.to_string())
        };
        match self.find(wsdl, key) {
            Some(element) => xsd::encode(&wsdl.graph, element, content, writer).map_err(fault),
            // Header blocks that nobody declares are written as they are.
            None if path == "Header" => xsd::encode_open(&wsdl.graph, key, content, writer).map_err(fault),
            None => {
                let known = wsdl.graph.roots().map(|(local, _)| &**local);
                let near = spanwright_shape::text::did_you_mean(key, known);
                Err(Note { help: near, ..self.refuse(path, &format!("no schema declares the element `{key}`")) })
            }
        }
    }

    /// The path without what `--element` put around the value.
    fn in_source<'p>(&self, path: &'p str) -> &'p str {
        match &self.options.element {
            Some(element) => path.strip_prefix(element.as_str()).map_or(path, |rest| rest.trim_start_matches('.')),
            None => path,
        }
    }

    /// The element of a key: of an operation's message, or global; by its name in full, or by its local name where only one
    /// has that.
    fn find(&self, wsdl: &Wsdl, key: &str) -> Option<ElementId> {
        let graph = &wsdl.graph;
        let schema = self.options.schema;
        let is = |id: &ElementId| *graph.element(*id).local == *key || graph.key_of(*id) == key;
        let input = || operations(schema).filter_map(|operation| operation.input).find(|id| is(id));
        let output = || operations(schema).filter_map(|operation| operation.output).find(|id| is(id));
        let message = if self.options.way == Way::Answer { output().or_else(input) } else { input().or_else(output) };
        message.or_else(|| graph.element_of_key(key))
    }

    fn placed(&self, note: Note, path: &str) -> Note {
        Note { at: place::of(self.source, self.in_source(path)), ..note }
    }

    fn refuse(&self, path: &str, says: &str) -> Note {
        Note::new(&xml::codes::VALUE, place::of(self.source, path), says)
    }
}
