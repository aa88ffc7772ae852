//! A record: where each of its members stands, its attributes, and that every key is one of the type's.

use crate::value::Value;
use crate::xsd::choice;
use crate::xsd::decode::{EXTRA, INVALID};
use crate::xsd::graph::{Complex, Element, Graph, Member, MemberKind, Type, TypeId, Wildcard};
use crate::xsd::members::TEXT;
use crate::xsd::occurs::Occurs;

use super::{EncodeFault, Encoding, is_same};

impl<'s> Encoding<'s, '_> {
    pub(super) fn record(
        &mut self,
        complex: &'s Complex,
        element: Option<&'s Element>,
        fields: &'s [(&'s str, Value<'s>)],
        nil: bool,
    ) -> Result<(), EncodeFault> {
        let open = self.open(complex, fields)?;
        self.attributes(&open)?;
        if !nil {
            self.inside(&open, element)?;
        }
        self.kept.truncate(open.base);
        Ok(())
    }

    /// Opens a record: each of its keys is one of the type's. Most records have them in schema order, so the search for each
    /// begins behind the one before.
    pub(super) fn open(&mut self, complex: &'s Complex, fields: &'s [(&'s str, Value<'s>)]) -> Result<Open<'s>, EncodeFault> {
        let (base, members) = (self.kept.len(), &complex.members);
        self.kept.resize(base + members.len(), Kept::default());
        let mut next = 0;
        for (n, (key, _)) in fields.iter().enumerate() {
            match (next..members.len()).chain(0..next).find(|member| *members[*member].key == **key) {
                Some(member) => {
                    self.kept[base + member].field.get_or_insert(n);
                    next = member + 1;
                }
                None => self.welcome(complex, key)?,
            }
        }
        Ok(Open { complex, fields, base })
    }

    /// The field of a member.
    fn value(&self, open: &Open<'s>, member: usize) -> Option<&'s Value<'s>> {
        self.kept[open.base + member].field.map(|field| &open.fields[field].1)
    }

    /// The values of a member: a list's items; a single value where one stands in a list's place too.
    pub(super) fn values(&self, open: &Open<'s>, member: u32) -> &'s [Value<'s>] {
        let declared = &open.complex.members[member as usize];
        match self.value(open, member as usize) {
            None => &[],
            Some(Value::List(items)) if declared.list => items,
            Some(Value::Null) if is_left_out(self.graph, declared) => &[],
            Some(one) => std::slice::from_ref(one),
        }
    }

    fn inside(&mut self, open: &Open<'s>, element: Option<&'s Element>) -> Result<(), EncodeFault> {
        let complex = open.complex;
        if let Some(Member { kind: MemberKind::Text(content), .. }) = complex.members.first() {
            return self.within(TEXT, None, |this| this.text(*content, element, this.value(open, 0).copied()));
        }
        let Some(particle) = &complex.particle else { return Ok(()) };
        if let Some(says) = choice::unmade(complex, particle, Occurs::ONCE, &|member| !self.values(open, member).is_empty()) {
            return self.fault(says);
        }
        self.particle(particle, open, true)?;
        self.all_written(open)
    }

    /// A key that is no member's may be there all the same, or is refused in words.
    pub(super) fn welcome(&self, complex: &Complex, key: &str) -> Result<(), EncodeFault> {
        if matches!(key, "$nil" | "@xsi:type") {
            return Ok(());
        }
        if key == INVALID || key == EXTRA {
            return self.fault(format!("`{key}` marks a record that is not what its schema says; it cannot be sent"));
        }
        if key.starts_with('@') && complex.any_attribute.as_ref().is_some_and(|wildcard| self.welcomes(wildcard, &key[1..])) {
            return Ok(());
        }
        let near = crate::text::did_you_mean(key, complex.members.iter().map(|member| &*member.key));
        let near = near.map(|near| format!("; {near}")).unwrap_or_default();
        self.fault(format!("the schema has no `{key}` here{near}"))
    }

    /// Whether a wildcard welcomes a name as we write it.
    pub(super) fn welcomes(&self, wildcard: &Wildcard, name: &str) -> bool {
        self.graph.expand(name).is_some_and(|(uri, _)| wildcard.welcomes(self.graph.space(uri)))
    }

    pub(super) fn attributes(&mut self, open: &Open<'s>) -> Result<(), EncodeFault> {
        let complex = open.complex;
        for (n, member) in complex.members.iter().enumerate() {
            let MemberKind::Attribute { space, local, content, fixed } = &member.kind else { continue };
            let value = self.value(open, n).copied().filter(|value| !matches!(value, Value::Null));
            self.within(&member.key, None, |this| match (value, fixed) {
                (Some(value), fixed) => this.attribute(*space, local, *content, fixed.as_deref(), value),
                (None, Some(fixed)) if member.occurs.least > 0 => {
                    let written = this.writer.attribute(this.graph.uri(*space), local, fixed);
                    this.said(written)
                }
                (None, _) if member.occurs.least > 0 => this.fault("the schema demands it"),
                (None, _) => Ok(()),
            })?;
        }
        if complex.any_attribute.is_some() {
            let own = |key: &str| complex.members.iter().any(|member| *member.key == *key);
            for (key, value) in open.fields.iter().filter(|(key, _)| key.starts_with('@') && *key != "@xsi:type" && !own(key)) {
                self.open_attribute(key, *value)?;
            }
        }
        Ok(())
    }

    pub(super) fn attribute(
        &mut self,
        space: u32,
        local: &'s str,
        content: TypeId,
        fixed: Option<&str>,
        value: Value<'s>,
    ) -> Result<(), EncodeFault> {
        let graph = self.graph;
        let text = match (graph.content(content), value) {
            (Type::Simple(simple), value) => {
                let text = self.simple(simple, value)?;
                if let Some(fixed) = fixed.filter(|fixed| !is_same(simple, fixed, &text)) {
                    return self.fault(format!("the schema fixes it to `{fixed}`"));
                }
                text
            }
            (_, Value::Text(text)) => text.into(),
            (_, other) => return self.fault(format!("{} cannot be an attribute", other.kind().word())),
        };
        let written = self.writer.attribute(graph.uri(space), local, &text);
        self.said(written)
    }

    /// An attribute that no type declares, by its key.
    pub(super) fn open_attribute(&mut self, key: &'s str, value: Value<'s>) -> Result<(), EncodeFault> {
        let graph = self.graph;
        let Value::Text(text) = value else {
            return self.fault(format!("`{key}` is {}, and an attribute is text", value.kind().word()));
        };
        let Some((space, local)) = graph.expand(&key[1..]) else {
            return self.fault(format!("the prefix of `{key}` is none of a schema; write `@{{namespace}}name`"));
        };
        let written = self.writer.attribute(space, local, text);
        self.said(written)
    }

    pub(super) fn text(&mut self, content: TypeId, element: Option<&'s Element>, value: Option<Value<'s>>) -> Result<(), EncodeFault> {
        let Some(value) = value else { return self.fault("the schema demands it") };
        let Type::Simple(simple) = self.graph.content(content) else { return self.fault("its type is not known") };
        self.plain_text(simple, element, value)
    }

    pub(super) fn count_written(&mut self, open: &Open<'s>, member: u32, to: usize) {
        self.kept[open.base + member as usize].written = to;
    }

    pub(super) fn written_of(&self, open: &Open<'s>, member: u32) -> usize {
        self.kept[open.base + member as usize].written
    }
}

/// What is kept of one member of an open record.
#[derive(Clone, Copy, Default)]
pub(super) struct Kept {
    pub(super) field: Option<usize>,
    pub(super) written: usize,
}

/// A record on its way out.
pub(super) struct Open<'s> {
    pub(super) complex: &'s Complex,
    pub(super) fields: &'s [(&'s str, Value<'s>)],
    /// Where what is kept of its members begins.
    pub(super) base: usize,
}

/// Whether null in place of an element means that it is not there: it may be left out, and may not be nil.
fn is_left_out(graph: &Graph, member: &Member) -> bool {
    match member.kind {
        MemberKind::Element(id) => !graph.element(id).nillable && (member.occurs.least == 0 || member.in_choice),
        MemberKind::Attribute { .. } | MemberKind::Text(_) => false,
        MemberKind::Any | MemberKind::Items => true,
    }
}
