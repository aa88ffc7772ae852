//! Names of the document in the schemas' words: namespaces by the graph's numbers, and names as keys and texts tell them.

use crate::xml::{Name, SpaceId};

use super::{Decoding, UNKNOWN_SPACE};

impl<'a> Decoding<'a, '_> {
    /// The name of a type as we write it.
    pub(super) fn type_name(&self, written: &str) -> &'a str {
        match self.reader.resolve(written.trim()) {
            Some(name) => self.room.text(&self.qualified(name.space, name.local)),
            None => self.room.text(written.trim()),
        }
    }

    /// A name in our own words: `prefix:Name` of a namespace that the schemas know, `{urn:x}Name` of another.
    fn qualified(&self, space: SpaceId, local: &str) -> String {
        let uri = self.reader.uri(space);
        match (space, self.graph.space(uri).and_then(|space| self.graph.prefix(space))) {
            (SpaceId::NONE, _) => local.to_string(),
            (SpaceId::XML, _) => format!("xml:{local}"),
            (_, Some(prefix)) => format!("{prefix}:{local}"),
            (_, None) => format!("{{{uri}}}{local}"),
        }
    }

    /// The key of what no member stands for, see [`Decoding::qualified`].
    pub(super) fn key(&self, mark: &str, name: Name<'a>) -> &'a str {
        if name.space == SpaceId::NONE && mark.is_empty() {
            return name.local;
        }
        self.room.text(&format!("{mark}{}", self.qualified(name.space, name.local)))
    }

    /// The graph's number of a namespace of the document.
    pub(super) fn space(&mut self, id: SpaceId) -> u32 {
        while self.spaces.len() < self.reader.spaces() {
            let uri = self.reader.uri(SpaceId(self.spaces.len() as u32));
            self.spaces.push(self.graph.space(uri).unwrap_or(UNKNOWN_SPACE));
        }
        self.spaces[id.0 as usize]
    }

    pub(super) fn known_space(&mut self, id: SpaceId) -> Option<u32> {
        Some(self.space(id)).filter(|space| *space != UNKNOWN_SPACE)
    }
}
