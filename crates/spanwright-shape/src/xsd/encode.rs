//! Values to XML in schema order, strictly: what the schema does not allow is an error with its path, before anything
//! is sent. The order of a record's keys means nothing; the content model decides the order of elements.

use crate::value::Value;
use crate::xml::{WriteFault, Writer, XSI_SPACE};

use super::choice;
use super::decode::{EXTRA, INVALID};
use super::graph::{Complex, Element, ElementId, Graph, Kind, Member, MemberKind, Particle, Type, TypeId, Wildcard};
use super::members::{ANY, TEXT};
use super::occurs::Occurs;
use super::{Simple, write_simple};

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
pub fn encode<'s>(graph: &'s Graph, element: ElementId, value: &Value<'s>, writer: &mut Writer) -> Result<(), EncodeFault> {
    Encoding::new(graph, writer).element(graph.element(element), *value)
}

/// Writes an element of open content, named as [`super::decode_open`] names it: typed where it is declared globally.
///
/// # Errors
/// What the schema does not allow, or a name of a prefix that no schema has.
pub fn encode_open<'s>(graph: &'s Graph, key: &'s str, value: &Value<'s>, writer: &mut Writer) -> Result<(), EncodeFault> {
    Encoding::new(graph, writer).named(key, *value, true)
}

/// A step of the path to what is being written.
#[derive(Clone, Copy)]
struct Step<'s> {
    key: &'s str,
    index: Option<usize>,
}

pub(super) struct Encoding<'s, 'w> {
    pub(super) graph: &'s Graph,
    pub(super) writer: &'w mut Writer,
    path: Vec<Step<'s>>,
    /// For each open record the entries of its members that have been written.
    written: Vec<usize>,
}

/// A record on its way out.
pub(super) struct Open<'s> {
    pub(super) complex: &'s Complex,
    fields: &'s [(&'s str, Value<'s>)],
    /// Where its members' counts begin.
    base: usize,
}

impl<'s> Open<'s> {
    /// The field of a key. Most records have their keys in schema order, so the search begins where the last one ended.
    fn value(&self, key: &str) -> Option<&'s Value<'s>> {
        self.fields.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The values of a member: a list's items; a single value where one stands in a list's place too.
    pub(super) fn values(&self, graph: &Graph, member: u32) -> &'s [Value<'s>] {
        let declared = &self.complex.members[member as usize];
        match self.value(&declared.key) {
            None => &[],
            Some(Value::List(items)) if declared.list => items,
            Some(Value::Null) if is_left_out(graph, declared) => &[],
            Some(one) => std::slice::from_ref(one),
        }
    }
}

/// Whether null in place of an element means that it is not there: it may be left out, and may not be nil.
fn is_left_out(graph: &Graph, member: &Member) -> bool {
    match member.kind {
        MemberKind::Element(id) => !graph.element(id).nillable && (member.occurs.least == 0 || member.in_choice),
        MemberKind::Attribute { .. } | MemberKind::Text(_) => false,
        MemberKind::Any | MemberKind::Items => true,
    }
}

impl<'s, 'w> Encoding<'s, 'w> {
    fn new(graph: &'s Graph, writer: &'w mut Writer) -> Encoding<'s, 'w> {
        Encoding { graph, writer, path: Vec::new(), written: Vec::new() }
    }

    pub(super) fn element(&mut self, element: &'s Element, value: Value<'s>) -> Result<(), EncodeFault> {
        if element.is_abstract {
            return self.fault(format!("the element `{}` is abstract: one that stands in its place must be sent", element.local));
        }
        let graph = self.graph;
        let started = self.writer.start(graph.uri(element.space), &element.local);
        self.said(started)?;
        self.content(element, value)?;
        self.writer.end();
        Ok(())
    }

    fn content(&mut self, element: &'s Element, value: Value<'s>) -> Result<(), EncodeFault> {
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
            Type::Simple(simple) => self.plain_text(simple, Some(element), value),
            Type::Complex(complex) => self.complex(complex, element, value, nil_record),
            Type::Any => self.any_type(value, true),
        }
    }

    /// The text of an element, and that it is the one that the schema fixes.
    fn plain_text(&mut self, simple: &'s Simple, element: Option<&Element>, value: Value<'s>) -> Result<(), EncodeFault> {
        let text = self.simple(simple, value)?;
        let fixed = element.filter(|element| element.fixed).and_then(|element| element.default.as_deref());
        if let Some(fixed) = fixed.filter(|fixed| !is_same(simple, fixed, &text)) {
            return self.fault(format!("the schema fixes it to `{fixed}`"));
        }
        let written = self.writer.text(&text);
        self.said(written)
    }

    /// The text of a value; the prefixes of names are declared where they are not.
    fn simple(&mut self, simple: &'s Simple, value: Value<'s>) -> Result<std::borrow::Cow<'s, str>, EncodeFault> {
        if let (Kind::Name, Value::Text(name)) = (&simple.kind, value) {
            return self.qualified(name).map(Into::into);
        }
        write_simple::write(self.graph, simple, &value).or_else(|says| self.fault(says))
    }

    /// A name as it stands in the document that we write: with the prefix that is in force there.
    pub(super) fn qualified(&mut self, name: &'s str) -> Result<String, EncodeFault> {
        let graph = self.graph;
        let Some((uri, local)) = graph.expand(name) else {
            return self.fault("its prefix is none of a schema; write `{namespace}name`");
        };
        if !crate::xml::is_name(local) {
            return self.fault("the text that is here is not a qualified name");
        }
        if uri.is_empty() {
            return Ok(local.to_string());
        }
        if uri == crate::xml::XML_SPACE {
            return Ok(format!("xml:{local}"));
        }
        Ok(format!("{}:{local}", self.writer.prefix(uri)))
    }

    fn complex(&mut self, declared: &'s Complex, element: &'s Element, value: Value<'s>, nil: bool) -> Result<(), EncodeFault> {
        let Value::Record(fields) = value else { return self.bare(declared, element, value) };
        match fields.iter().find(|(key, _)| *key == "@xsi:type") {
            Some((_, Value::Text(named))) => {
                let derived = self.derived(named, element.content)?;
                self.record(derived, Some(element), fields, nil)
            }
            Some(_) => self.fault("`@xsi:type` is no text"),
            None if declared.is_abstract => self.fault("the type is abstract: `@xsi:type` must name a derived one"),
            None => self.record(declared, Some(element), fields, nil),
        }
    }

    /// What is no record for a type that wants one: text for a type of text with attributes, where none is demanded.
    fn bare(&mut self, declared: &'s Complex, element: &'s Element, value: Value<'s>) -> Result<(), EncodeFault> {
        match (value, declared.members.first()) {
            (Value::Text(_) | Value::Number(_) | Value::Bool(_), Some(Member { kind: MemberKind::Text(content), .. })) => {
                self.attributes(declared, &[])?;
                self.within(TEXT, None, |this| this.text(*content, Some(element), Some(value)))
            }
            (Value::Text(text), _) if declared.mixed => {
                self.attributes(declared, &[])?;
                let written = self.writer.text(text);
                self.said(written)
            }
            _ => self.fault(format!("{} is here, and the schema wants a record", value.kind().word())),
        }
    }

    /// The type that `@xsi:type` names, where it derives from the declared one; says so in the element's start tag.
    fn derived(&mut self, named: &'s str, declared: TypeId) -> Result<&'s Complex, EncodeFault> {
        let graph = self.graph;
        let by_name = graph.type_of_name(named).filter(|id| graph.derives(*id, declared));
        let by_local = || graph.named.iter().find(|((_, local), id)| **local == *named && graph.derives(**id, declared)).map(|(_, id)| *id);
        let Some(id) = by_name.or_else(by_local) else {
            return self.fault(format!("`@xsi:type` names `{named}`, which is no type that derives from the declared one"));
        };
        let Type::Complex(complex) = graph.content(id) else { return self.fault("`@xsi:type` names a type of text") };
        if complex.is_abstract {
            return self.fault(format!("`@xsi:type` names `{named}`, which is abstract itself"));
        }
        self.say_type(id).map(|()| complex)
    }

    fn say_type(&mut self, id: TypeId) -> Result<(), EncodeFault> {
        let Some((uri, local)) = self.graph.name_of(id) else { return Ok(()) };
        let prefix = if uri.is_empty() { String::new() } else { self.writer.prefix(uri) };
        let name = if prefix.is_empty() { local.to_string() } else { format!("{prefix}:{local}") };
        let written = self.writer.attribute(XSI_SPACE, "type", &name);
        self.said(written)
    }

    /// The content of an element of any type: by the type that the value says it has, or else by its form.
    pub(super) fn any_type(&mut self, value: Value<'s>, typed: bool) -> Result<(), EncodeFault> {
        let graph = self.graph;
        let Value::Record(fields) = value else { return self.untyped(value, typed) };
        let named = fields.iter().find(|(key, _)| *key == "@xsi:type").and_then(|(_, named)| named.text());
        let Some(id) = named.filter(|_| typed).and_then(|named| graph.type_of_name(named)) else { return self.untyped(value, typed) };
        match graph.content(id) {
            Type::Any => self.untyped(value, typed),
            Type::Complex(complex) => {
                self.say_type(id)?;
                let nil = matches!(value.get("$nil"), Some(Value::Bool(true)));
                self.record(complex, None, fields, nil)
            }
            Type::Simple(simple) => {
                self.say_type(id)?;
                for (key, value) in fields.iter().filter(|(key, _)| key.starts_with('@') && *key != "@xsi:type") {
                    self.open_attribute(key, *value)?;
                }
                match value.get(TEXT) {
                    Some(text) => {
                        let text = self.within(TEXT, None, |this| this.simple(simple, text))?;
                        let written = self.writer.text(&text);
                        self.said(written)
                    }
                    None => Ok(()),
                }
            }
        }
    }

    fn record(
        &mut self,
        complex: &'s Complex,
        element: Option<&'s Element>,
        fields: &'s [(&'s str, Value<'s>)],
        nil: bool,
    ) -> Result<(), EncodeFault> {
        self.known(complex, fields)?;
        self.attributes(complex, fields)?;
        if nil {
            return Ok(());
        }
        let base = self.written.len();
        self.written.resize(base + complex.members.len(), 0);
        let open = Open { complex, fields, base };
        let done = self.inside(&open, element);
        self.written.truncate(base);
        done
    }

    fn inside(&mut self, open: &Open<'s>, element: Option<&'s Element>) -> Result<(), EncodeFault> {
        let complex = open.complex;
        if let Some(Member { kind: MemberKind::Text(content), .. }) = complex.members.first() {
            return self.within(TEXT, None, |this| this.text(*content, element, open.value(TEXT).copied()));
        }
        let Some(particle) = &complex.particle else { return Ok(()) };
        if let Some(says) = choice::unmade(complex, particle, Occurs::ONCE, &|member| !open.values(self.graph, member).is_empty()) {
            return self.fault(says);
        }
        self.particle(particle, open, true)?;
        self.all_written(open)
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
            if key.starts_with('@') && complex.any_attribute.as_ref().is_some_and(|wildcard| self.welcomes(wildcard, &key[1..])) {
                continue;
            }
            let near = crate::text::did_you_mean(key, complex.members.iter().map(|member| &*member.key));
            let near = near.map(|near| format!("; {near}")).unwrap_or_default();
            return self.fault(format!("the schema has no `{key}` here{near}"));
        }
        Ok(())
    }

    /// Whether a wildcard welcomes a name as we write it.
    pub(super) fn welcomes(&self, wildcard: &Wildcard, name: &str) -> bool {
        self.graph.expand(name).is_some_and(|(uri, _)| wildcard.welcomes(self.graph.space(uri)))
    }

    fn attributes(&mut self, complex: &'s Complex, fields: &'s [(&'s str, Value<'s>)]) -> Result<(), EncodeFault> {
        for member in &complex.members {
            let MemberKind::Attribute { space, local, content, fixed } = &member.kind else { continue };
            let value = fields.iter().find(|(key, _)| **key == *member.key).map(|(_, value)| *value);
            let value = value.filter(|value| !matches!(value, Value::Null));
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
            for (key, value) in fields.iter().filter(|(key, _)| key.starts_with('@') && *key != "@xsi:type" && !own(key)) {
                self.open_attribute(key, *value)?;
            }
        }
        Ok(())
    }

    fn attribute(&mut self, space: u32, local: &'s str, content: TypeId, fixed: Option<&str>, value: Value<'s>) -> Result<(), EncodeFault> {
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

    fn text(&mut self, content: TypeId, element: Option<&'s Element>, value: Option<Value<'s>>) -> Result<(), EncodeFault> {
        let Some(value) = value else { return self.fault("the schema demands it") };
        let Type::Simple(simple) = self.graph.content(content) else { return self.fault("its type is not known") };
        self.plain_text(simple, element, value)
    }

    /// Writes one pass or more through a particle. `needed`: whether what it demands must be there.
    fn particle(&mut self, particle: &'s Particle, open: &Open<'s>, needed: bool) -> Result<(), EncodeFault> {
        match particle {
            Particle::Element(member, occurs) => self.elements(*member, *occurs, open, needed),
            Particle::Any(member, wildcard, occurs) => {
                self.open_content(*member, &open.complex.wildcards[*wildcard as usize], *occurs, open)
            }
            Particle::Items(member, model) => self.items(*member, model, open, needed),
            Particle::Sequence(parts, occurs) => self.rounds(particle, *occurs, open, needed, |this, needed| {
                parts.iter().try_for_each(|part| this.particle(part, open, needed))
            }),
            Particle::Choice(parts, occurs) => self.rounds(particle, *occurs, open, needed, |this, _| {
                let made = parts.iter().find(|part| this.is_there(part, open));
                made.map_or(Ok(()), |part| this.particle(part, open, true))
            }),
        }
    }

    /// Whether something of a particle is still to be written.
    fn is_there(&self, particle: &Particle, open: &Open<'s>) -> bool {
        choice::is_there(particle, &|member| open.values(self.graph, member).len() > self.written[open.base + member as usize])
    }

    /// As many passes as its content needs and its occurrence allows.
    fn rounds(
        &mut self,
        whole: &'s Particle,
        occurs: Occurs,
        open: &Open<'s>,
        needed: bool,
        pass: impl Fn(&mut Self, bool) -> Result<(), EncodeFault>,
    ) -> Result<(), EncodeFault> {
        // Nearly all groups are there once, and need no look ahead.
        if occurs == Occurs::ONCE && needed {
            return pass(self, true);
        }
        let mut done = 0;
        loop {
            let there = self.is_there(whole, open);
            let demanded = needed && done < occurs.least;
            if !(there || demanded) || occurs.most.is_some_and(|most| done >= most) {
                return Ok(());
            }
            pass(self, needed || there)?;
            done += 1;
            if !there {
                return Ok(());
            }
        }
    }

    fn elements(&mut self, member: u32, occurs: Occurs, open: &Open<'s>, needed: bool) -> Result<(), EncodeFault> {
        let declared = &open.complex.members[member as usize];
        let MemberKind::Element(id) = declared.kind else { return Ok(()) };
        let element = self.graph.element(id);
        let values = open.values(self.graph, member);
        let from = self.written[open.base + member as usize];
        let rest = values.len() - from;
        // Where the name stands again further on, what is demanded there is left for it.
        let later = open.complex.particle.as_ref().map_or(0, |whole| demanded_later(whole, member, particle_least(declared, occurs)));
        let spare = rest.saturating_sub(later).max(rest.min(occurs.least as usize));
        let take = occurs.most.map_or(spare, |most| spare.min(most as usize));
        if needed && rest < occurs.least as usize {
            let says = if declared.list { "the schema demands more of them" } else { "the schema demands it" };
            return self.within(&declared.key, None, |this| this.fault(says));
        }
        for (n, value) in values.iter().enumerate().skip(from).take(take) {
            let index = declared.list.then_some(n);
            self.within(&declared.key, index, |this| this.element(element, *value))?;
        }
        self.written[open.base + member as usize] += take;
        Ok(())
    }

    fn open_content(&mut self, member: u32, wildcard: &'s Wildcard, occurs: Occurs, open: &Open<'s>) -> Result<(), EncodeFault> {
        let values = open.values(self.graph, member);
        let from = self.written[open.base + member as usize];
        let welcome = |value: &Value<'s>| match value {
            Value::Record([(key, _)]) => self.welcomes(wildcard, key),
            // Said in its own words when it is written.
            _ => true,
        };
        let most = occurs.most.map_or(usize::MAX, |most| most as usize);
        let take = values[from..].iter().take(most).take_while(|value| welcome(value)).count();
        for (n, value) in values.iter().enumerate().skip(from).take(take) {
            self.within(ANY, Some(n), |this| this.open_element(*value, wildcard.typed))?;
        }
        self.written[open.base + member as usize] += take;
        Ok(())
    }

    fn all_written(&mut self, open: &Open<'s>) -> Result<(), EncodeFault> {
        for (n, member) in open.complex.members.iter().enumerate() {
            let written = self.written[open.base + n];
            let in_content = matches!(member.kind, MemberKind::Element(_) | MemberKind::Any | MemberKind::Items);
            if !in_content || open.values(self.graph, n as u32).len() <= written {
                continue;
            }
            let (index, says) = match member.kind {
                MemberKind::Items => (Some(written), "it may not stand here"),
                MemberKind::Any => (Some(written), "the schema does not welcome it here"),
                _ => (None, "there is more of it than the schema allows"),
            };
            return self.within(&member.key, index, |this| this.fault(says));
        }
        Ok(())
    }

    pub(super) fn count_written(&mut self, open: &Open<'s>, member: u32, to: usize) {
        self.written[open.base + member as usize] = to;
    }

    pub(super) fn written_of(&self, open: &Open<'s>, member: u32) -> usize {
        self.written[open.base + member as usize]
    }

    /// Does something one step further down.
    pub(super) fn within<T>(
        &mut self,
        key: &'s str,
        index: Option<usize>,
        does: impl FnOnce(&mut Self) -> Result<T, EncodeFault>,
    ) -> Result<T, EncodeFault> {
        self.path.push(Step { key, index });
        let done = does(self)?;
        self.path.pop();
        Ok(done)
    }

    pub(super) fn said(&self, written: Result<(), WriteFault>) -> Result<(), EncodeFault> {
        written.or_else(|fault| self.fault(fault.to_string()))
    }

    pub(super) fn fault<T>(&self, says: impl Into<String>) -> Result<T, EncodeFault> {
        let step = |step: &Step<'_>| step.index.map_or_else(|| step.key.to_string(), |index| format!("{}[{index}]", step.key));
        Err(EncodeFault { path: self.path.iter().map(step).collect::<Vec<_>>().join("."), says: says.into() })
    }
}

/// What a member's whole content model demands of it beyond one of its places.
fn particle_least(member: &Member, here: Occurs) -> usize {
    if member.list { (member.occurs.least as usize).saturating_sub(here.least as usize) } else { 0 }
}

/// How many of a member the places behind the first one demand; none where it has only one place.
fn demanded_later(whole: &Particle, member: u32, rest: usize) -> usize {
    if rest == 0 || places(whole, member) < 2 { 0 } else { rest }
}

fn places(particle: &Particle, member: u32) -> usize {
    match particle {
        Particle::Element(n, _) => usize::from(*n == member),
        Particle::Any(..) | Particle::Items(..) => 0,
        Particle::Sequence(parts, _) | Particle::Choice(parts, _) => parts.iter().map(|part| places(part, member)).sum(),
    }
}

/// Whether two texts say the same thing: as numbers where they are.
fn is_same(simple: &Simple, one: &str, other: &str) -> bool {
    let number = |text: &str| super::lexical::number(text.trim()).map(std::borrow::Cow::into_owned);
    match simple.kind {
        Kind::Integer { .. } | Kind::Decimal => match (number(one), number(other)) {
            (Some(one), Some(other)) => {
                let parsed = (crate::number::Number::parse(&one), crate::number::Number::parse(&other));
                matches!(parsed, (Ok(one), Ok(other)) if one.compare(&other) == std::cmp::Ordering::Equal)
            }
            _ => false,
        },
        Kind::Flag => super::lexical::flag(one.trim()) == super::lexical::flag(other.trim()),
        Kind::Name => true,
        _ => one.trim() == other.trim(),
    }
}
