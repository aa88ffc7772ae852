//! Values to XML in schema order, strictly: what the schema does not allow is an error with its path, before anything
//! is sent. The order of a record's keys means nothing; the content model decides the order of elements.

use crate::value::Value;
use crate::xml::{WriteFault, Writer, XSI_SPACE};

use super::choice;
use super::decode::{EXTRA, INVALID};
use super::graph::{Complex, Element, ElementId, Graph, Member, MemberKind, Particle, Type, TypeId};
use super::occurs::Occurs;
use super::write_simple;

/// Why a value cannot be sent. Holds no value of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodeFault {
    /// From the element on: `Customer.Address[1].Zip`; empty for the element itself.
    pub path: String,
    /// What is wrong, in one sentence.
    pub says: String,
}

impl std::fmt::Display for EncodeFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.says),
            path => write!(f, "`{path}`: {}", self.says),
        }
    }
}

/// Writes an element with a value as its content.
///
/// # Errors
/// The first thing that the schema does not allow, with its path.
pub fn encode(graph: &Graph, element: ElementId, value: &Value<'_>, writer: &mut Writer) -> Result<(), EncodeFault> {
    Encoding { graph, writer, path: Vec::new() }.element(graph.element(element), value)
}

pub(super) struct Encoding<'g, 'w> {
    pub(super) graph: &'g Graph,
    pub(super) writer: &'w mut Writer,
    pub(super) path: Vec<String>,
}

/// A record on its way out: which entries of its lists have been written.
struct Open<'r, 'v> {
    complex: &'r Complex,
    fields: &'r [(&'v str, Value<'v>)],
    written: Vec<usize>,
}

impl<'v> Open<'_, 'v> {
    fn value(&self, key: &str) -> Option<Value<'v>> {
        self.fields.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// The values of a member: a list's items; a single value where one stands in a list's place too.
    fn values(&self, member: u32) -> Vec<Value<'v>> {
        let declared = &self.complex.members[member as usize];
        let is_list = declared.occurs.repeats() || matches!(declared.kind, MemberKind::Any | MemberKind::Items(_));
        match self.value(&declared.key) {
            None => Vec::new(),
            Some(Value::List(items)) if is_list => items.to_vec(),
            Some(one) => vec![one],
        }
    }

    fn has(&self, member: u32) -> bool {
        self.values(member).len() > self.written[member as usize]
    }
}

impl<'g> Encoding<'g, '_> {
    pub(super) fn element(&mut self, element: &Element, value: &Value<'_>) -> Result<(), EncodeFault> {
        let space = self.graph.uri(element.space).clone();
        let started = self.writer.start(&space, &element.local);
        self.said(started)?;
        self.content(element, value)?;
        self.writer.end();
        Ok(())
    }

    fn content(&mut self, element: &Element, value: &Value<'_>) -> Result<(), EncodeFault> {
        let nil_record = matches!(value.get("$nil"), Some(Value::Bool(true)));
        if matches!(value, Value::Null) || nil_record {
            if !element.nillable {
                return self.fault("null is here, and the schema does not allow nil");
            }
            let written = self.writer.nil();
            self.said(written)?;
            if !nil_record {
                return Ok(());
            }
        }
        match self.graph.content(element.content) {
            Type::Simple(simple) => {
                let text = write_simple::write(self.graph, simple, value).or_else(|says| self.fault(says))?;
                let written = self.writer.text(&text);
                self.said(written)
            }
            Type::Complex(complex) => self.complex(complex, element.content, value, nil_record),
            Type::Any => self.untyped(value),
        }
    }

    fn complex(&mut self, declared: &Complex, id: TypeId, value: &Value<'_>, nil: bool) -> Result<(), EncodeFault> {
        if declared.mixed {
            return self.untyped(value);
        }
        let Value::Record(fields) = value else {
            // Text for a type of text with attributes: the text alone, where no attribute is demanded.
            return match (value, declared.members.first()) {
                (Value::Text(_) | Value::Number(_) | Value::Bool(_), Some(Member { kind: MemberKind::Text(_), .. })) => {
                    self.record(declared, &[("#text", *value)], nil)
                }
                _ => self.fault(format!("{} is here, and the schema wants a record", value.kind().word())),
            };
        };
        match value.get("@xsi:type").and_then(|named| named.text()) {
            Some(named) => {
                let derived = self.derived(named, id)?;
                self.record(derived, fields, nil)
            }
            None if declared.is_abstract => self.fault("the type is abstract: `@xsi:type` must name a derived one"),
            None => self.record(declared, fields, nil),
        }
    }

    /// The type that `@xsi:type` names, where it derives from the declared one; says so in the element's start tag.
    fn derived(&mut self, named: &str, declared: TypeId) -> Result<&'g Complex, EncodeFault> {
        let found = self.graph.named.iter().find(|((_, local), id)| **local == *named && self.graph.derives(**id, declared));
        let Some(((space, local), id)) = found else {
            return self.fault(format!("`@xsi:type` names `{named}`, which is no type that derives from the declared one"));
        };
        let Type::Complex(complex) = self.graph.content(*id) else { return self.fault("`@xsi:type` names a type of text") };
        let prefix = self.writer.prefix(self.graph.uri(*space));
        let name = if prefix.is_empty() { local.to_string() } else { format!("{prefix}:{local}") };
        let written = self.writer.attribute(XSI_SPACE, "type", &name);
        self.said(written).map(|()| complex)
    }

    fn record(&mut self, complex: &Complex, fields: &[(&str, Value<'_>)], nil: bool) -> Result<(), EncodeFault> {
        self.known(complex, fields)?;
        let mut open = Open { complex, fields, written: vec![0; complex.members.len()] };
        for (n, member) in complex.members.iter().enumerate() {
            if let MemberKind::Attribute { space, local, content } = &member.kind {
                self.within(&member.key, None, |this| this.attribute(member, *space, local, *content, open.value(&member.key)))?;
                open.written[n] = 1;
            }
        }
        if nil {
            return Ok(());
        }
        if let Some(MemberKind::Text(content)) = complex.members.first().map(|member| &member.kind) {
            return self.within("#text", None, |this| this.text(*content, open.value("#text")));
        }
        let Some(particle) = &complex.particle else { return Ok(()) };
        if let Some(says) = choice::unmade(complex, particle, Occurs::ONCE, &|member| open.has(member)) {
            return self.fault(says);
        }
        self.particle(particle, &mut open, true)?;
        self.all_written(&open)
    }

    /// Every key is one of the type's.
    fn known(&self, complex: &Complex, fields: &[(&str, Value<'_>)]) -> Result<(), EncodeFault> {
        for (key, _) in fields {
            if complex.members.iter().any(|member| *member.key == **key) || matches!(*key, "$nil" | "@xsi:type") {
                continue;
            }
            if *key == INVALID || *key == EXTRA {
                return self.fault(format!("`{key}` marks a record that is not what its schema says; it cannot be sent"));
            }
            let near = crate::text::did_you_mean(key, complex.members.iter().map(|member| &*member.key));
            let near = near.map(|near| format!("; {near}")).unwrap_or_default();
            return self.fault(format!("the schema has no `{key}` here{near}"));
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        member: &Member,
        space: u32,
        local: &str,
        content: TypeId,
        value: Option<Value<'_>>,
    ) -> Result<(), EncodeFault> {
        let Some(value) = value.filter(|value| !matches!(value, Value::Null)) else {
            return if member.occurs.least > 0 { self.fault("the schema demands it") } else { Ok(()) };
        };
        let text = match (self.graph.content(content), &value) {
            (Type::Simple(simple), value) => write_simple::write(self.graph, simple, value).or_else(|says| self.fault(says))?,
            (_, Value::Text(text)) => (*text).into(),
            (_, other) => return self.fault(format!("{} cannot be an attribute", other.kind().word())),
        };
        let uri = self.graph.uri(space).clone();
        let written = self.writer.attribute(&uri, local, &text);
        self.said(written)
    }

    fn text(&mut self, content: TypeId, value: Option<Value<'_>>) -> Result<(), EncodeFault> {
        let Some(value) = value else { return self.fault("the schema demands it") };
        let Type::Simple(simple) = self.graph.content(content) else { return self.fault("its type is not known") };
        let text = write_simple::write(self.graph, simple, &value).or_else(|says| self.fault(says))?;
        let written = self.writer.text(&text);
        self.said(written)
    }

    /// Writes one pass or more through a particle. `needed`: whether what it demands must be there.
    fn particle(&mut self, particle: &Particle, open: &mut Open<'_, '_>, needed: bool) -> Result<(), EncodeFault> {
        match particle {
            Particle::Element(member, occurs) => self.elements(*member, *occurs, open, needed),
            Particle::Any(member, occurs) => self.open_content(*member, *occurs, open),
            Particle::Items(member, occurs) => self.items(*member, *occurs, open),
            Particle::Sequence(parts, occurs) => self.rounds(particle, parts, *occurs, open, needed, |this, parts, open, needed| {
                parts.iter().try_for_each(|part| this.particle(part, open, needed))
            }),
            Particle::Choice(parts, occurs) => self.rounds(particle, parts, *occurs, open, needed, |this, parts, open, _| {
                let made = parts.iter().find(|part| choice::is_there(part, &|member| open.has(member)));
                made.map_or(Ok(()), |part| this.particle(part, open, true))
            }),
        }
    }

    /// As many passes as its content needs and its occurrence allows.
    fn rounds<'p>(
        &mut self,
        whole: &Particle,
        parts: &'p [Particle],
        occurs: Occurs,
        open: &mut Open<'_, '_>,
        needed: bool,
        pass: impl Fn(&mut Self, &'p [Particle], &mut Open<'_, '_>, bool) -> Result<(), EncodeFault>,
    ) -> Result<(), EncodeFault> {
        let mut done = 0;
        loop {
            let there = choice::is_there(whole, &|member| open.has(member));
            let demanded = needed && done < occurs.least;
            if !(there || demanded) || occurs.most.is_some_and(|most| done >= most) {
                return Ok(());
            }
            pass(self, parts, open, needed || there)?;
            done += 1;
            if !there {
                return Ok(());
            }
        }
    }

    fn elements(&mut self, member: u32, occurs: Occurs, open: &mut Open<'_, '_>, needed: bool) -> Result<(), EncodeFault> {
        let declared = &open.complex.members[member as usize];
        let MemberKind::Element(id) = declared.kind else { return Ok(()) };
        let element = self.graph.element(id);
        let values = open.values(member);
        let from = open.written[member as usize];
        let rest = values.len() - from;
        let take = occurs.most.map_or(rest, |most| rest.min(most as usize));
        if needed && rest < occurs.least as usize {
            return self.within(&declared.key, None, |this| {
                this.fault(if declared.occurs.repeats() { "the schema demands more of them" } else { "the schema demands it" })
            });
        }
        for (n, value) in values.iter().enumerate().skip(from).take(take) {
            let index = declared.occurs.repeats().then_some(n);
            // Null where the element may be left out and may not be nil means: leave it out.
            if !(matches!(value, Value::Null) && !element.nillable && occurs.least == 0) {
                self.within(&declared.key, index, |this| this.element(element, value))?;
            }
        }
        open.written[member as usize] += take;
        Ok(())
    }

    fn open_content(&mut self, member: u32, occurs: Occurs, open: &mut Open<'_, '_>) -> Result<(), EncodeFault> {
        let values = open.values(member);
        let from = open.written[member as usize];
        let take = occurs.most.map_or(values.len() - from, |most| (values.len() - from).min(most as usize));
        for (n, value) in values.iter().enumerate().skip(from).take(take) {
            self.within("$any", Some(n), |this| this.open_element(value))?;
        }
        open.written[member as usize] += take;
        Ok(())
    }

    fn items(&mut self, member: u32, occurs: Occurs, open: &mut Open<'_, '_>) -> Result<(), EncodeFault> {
        let MemberKind::Items(elements) = &open.complex.members[member as usize].kind else { return Ok(()) };
        let values = open.values(member);
        if occurs.most.is_some_and(|most| values.len() > most as usize) || values.len() < occurs.least as usize {
            return self.within("$items", None, |this| this.fault("more or fewer than the schema allows"));
        }
        for (n, value) in values.iter().enumerate() {
            self.within("$items", Some(n), |this| {
                let Value::Record([(key, inner)]) = value else { return this.fault("an item is a record of one key") };
                let found = elements.iter().map(|id| this.graph.element(*id)).find(|element| *element.local == **key);
                match found {
                    Some(element) => this.element(element, inner),
                    None => this.fault(format!("the schema has no `{key}` here")),
                }
            })?;
        }
        open.written[member as usize] = values.len();
        Ok(())
    }

    fn all_written(&mut self, open: &Open<'_, '_>) -> Result<(), EncodeFault> {
        for (n, member) in open.complex.members.iter().enumerate() {
            let counts = matches!(member.kind, MemberKind::Element(_) | MemberKind::Any | MemberKind::Items(_));
            if counts && open.has(n as u32) {
                return self.within(&member.key, None, |this| this.fault("there is more of it than the schema allows"));
            }
        }
        Ok(())
    }

    /// Does something one step further down.
    pub(super) fn within<T>(
        &mut self,
        key: &str,
        index: Option<usize>,
        does: impl FnOnce(&mut Self) -> Result<T, EncodeFault>,
    ) -> Result<T, EncodeFault> {
        self.path.push(index.map_or_else(|| key.to_string(), |index| format!("{key}[{index}]")));
        let done = does(self)?;
        self.path.pop();
        Ok(done)
    }

    pub(super) fn said(&self, written: Result<(), WriteFault>) -> Result<(), EncodeFault> {
        written.or_else(|fault| self.fault(fault.to_string()))
    }

    pub(super) fn fault<T>(&self, says: impl Into<String>) -> Result<T, EncodeFault> {
        Err(EncodeFault { path: self.path.join("."), says: says.into() })
    }
}
