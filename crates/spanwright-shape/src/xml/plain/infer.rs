//! Hints out of samples: the union of what they show. What no sample shows a person has to add.

use std::collections::{BTreeMap, BTreeSet};

use crate::xml::{Event, Fault, Name, Reader, SpaceId};

use super::Hints;

/// What has been seen of some documents.
#[derive(Debug, Default)]
pub struct Sample {
    /// Paths that came more than once in one parent.
    repeated: BTreeSet<String>,
    /// Paths of elements of text with and without attributes.
    with_attributes: BTreeSet<String>,
    with_text: BTreeSet<String>,
    with_elements: BTreeSet<String>,
    /// Namespaces by how often elements are in them.
    spaces: BTreeMap<String, usize>,
}

impl Sample {
    /// Nothing yet.
    pub fn new() -> Sample {
        Sample::default()
    }

    /// Looks at one more document; of an envelope at the element in its Body.
    ///
    /// # Errors
    /// Where it is no well-formed XML.
    pub fn add(&mut self, source: &str) -> Result<(), Fault> {
        let mut reader = Reader::new(source)?;
        loop {
            match reader.read()? {
                Event::Start(name) if name.local == "Envelope" || name.local == "Body" => {}
                Event::Start(name) if name.local == "Header" && reader.depth() == 2 => {
                    while reader.depth() >= 2 {
                        reader.read()?;
                    }
                }
                Event::Start(name) => self.element(name, &mut reader, "")?,
                Event::Eof => return Ok(()),
                Event::Text(_) | Event::End => {}
            }
        }
    }

    fn element(&mut self, name: Name<'_>, reader: &mut Reader<'_>, parent: &str) -> Result<(), Fault> {
        let path = if parent.is_empty() { name.local.to_string() } else { format!("{parent}.{}", name.local) };
        *self.spaces.entry(reader.uri(name.space).to_string()).or_default() += 1;
        if reader.attributes().iter().any(|one| one.name.space != SpaceId::XSI) {
            self.with_attributes.insert(path.clone());
        }
        let (mut text, mut seen) = (false, BTreeSet::new());
        loop {
            match reader.read()? {
                Event::Text(more) => text |= !more.trim_ascii().is_empty(),
                Event::Start(name) => {
                    let child = format!("{path}.{}", name.local);
                    if !seen.insert(child.clone()) {
                        self.repeated.insert(child);
                    }
                    self.element(name, reader, &path)?;
                }
                Event::End | Event::Eof => break,
            }
        }
        if !seen.is_empty() {
            self.with_elements.insert(path);
        } else if text {
            self.with_text.insert(path);
        }
        Ok(())
    }

    /// The hints by which all that was seen is read alike.
    pub fn hints(&self) -> Hints {
        let records = self.with_attributes.iter().filter(|path| !self.with_elements.contains(*path)).cloned().collect();
        let mut spaces: Vec<(&String, &usize)> = self.spaces.iter().collect();
        spaces.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let namespace = spaces.first().map(|(uri, _)| (*uri).clone()).unwrap_or_default();
        let others = spaces.iter().skip(1).filter(|(uri, _)| !uri.is_empty()).enumerate();
        let prefixes = others.map(|(n, (uri, _))| (format!("n{}", n + 1), (*uri).clone())).collect();
        Hints { arrays: self.repeated.iter().cloned().collect(), records, namespace, prefixes }
    }
}
