//! The type graph as shapes: what a map may read and write. What a shape cannot say becomes residue, in words.

use std::{collections::HashMap, sync::Arc};

use crate::shape::{Field, Format, NumberFacets, NumberKind, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets, Zone};

use super::choice;
use super::facets::{Bound, Facets};
use super::graph::{Common, Complex, Element, ElementId, Graph, Kind, Member, MemberKind, Simple, Type, TypeId};
use super::lexical;

/// Lowers types into an arena; each type once, so that recursion ends.
pub struct Lowering<'g> {
    graph: &'g Graph,
    /// Where the shapes go.
    pub shapes: Shapes,
    done: HashMap<TypeId, ShapeId>,
}

impl<'g> Lowering<'g> {
    /// Into an empty arena.
    pub fn new(graph: &'g Graph) -> Lowering<'g> {
        Lowering { graph, shapes: Shapes::default(), done: HashMap::new() }
    }

    /// The content of an element; with null where it is nillable.
    pub fn element(&mut self, id: ElementId) -> ShapeId {
        self.element_shape(self.graph.element(id))
    }

    /// A type.
    pub fn content(&mut self, id: TypeId) -> ShapeId {
        if let Some(done) = self.done.get(&id) {
            return *done;
        }
        let here = self.shapes.reserve();
        self.done.insert(id, here);
        let shape = match self.graph.content(id) {
            Type::Any => Shape::Any,
            Type::Simple(simple) => self.simple(simple),
            Type::Complex(complex) => Shape::Record(self.record(complex)),
        };
        self.shapes.set(here, shape);
        here
    }

    fn element_shape(&mut self, element: &Element) -> ShapeId {
        let content = self.content(element.content);
        if element.nillable { self.shapes.or_null(content) } else { content }
    }

    fn record(&mut self, complex: &Complex) -> RecordShape {
        let fields = complex.members.iter().map(|member| self.field(complex, member)).collect();
        // What a derived type adds is known only when an instance says its type.
        let rest = (complex.extended || complex.any_attribute.is_some()).then(|| self.shapes.add(Shape::Any));
        let text_with_attributes = matches!(complex.members.first(), Some(Member { kind: MemberKind::Text(_), .. }));
        RecordShape { name: complex.name.clone(), fields, rest, text_with_attributes, residue: residue(complex), withheld: Vec::new() }
    }

    fn field(&mut self, complex: &Complex, member: &Member) -> Field {
        let one = match &member.kind {
            MemberKind::Attribute { content, .. } | MemberKind::Text(content) => self.content(*content),
            MemberKind::Element(id) => self.element(*id),
            MemberKind::Any => self.shapes.add(Shape::Any),
            MemberKind::Items if complex.mixed || !complex.item_wildcards.is_empty() => self.shapes.add(Shape::Any),
            MemberKind::Items => self.items(complex),
        };
        let open = matches!(member.kind, MemberKind::Any);
        let is_list = member.list;
        let shape = if is_list { self.shapes.add(Shape::List(one, (member.occurs.least, member.occurs.most))) } else { one };
        let always = if is_list { !member.in_choice && !open } else { member.occurs.least > 0 && !member.in_choice };
        let presence = if always { Presence::Always } else { Presence::Maybe };
        Field { name: member.key.clone(), shape, presence, about: member.about.clone() }
    }

    fn items(&mut self, complex: &Complex) -> ShapeId {
        let mut fields = Vec::new();
        for route in complex.routes.iter().filter(|route| route.item) {
            let about = self.graph.element(route.element).about.clone();
            fields.push(Field { name: route.key.clone(), shape: self.element(route.element), presence: Presence::Maybe, about });
        }
        self.shapes.add(Shape::Record(RecordShape { fields, residue: vec!["exactly one of its keys".into()], ..RecordShape::default() }))
    }

    fn simple(&mut self, simple: &Simple) -> Shape {
        let text = |format| Shape::Text(text(format, &simple.facets));
        let number = |kind| Shape::Number(number(kind, &simple.facets));
        match &simple.kind {
            Kind::Text | Kind::Hex | Kind::Name => text(Format::Plain),
            Kind::Uri => text(Format::Uri),
            Kind::Flag => Shape::Flag,
            Kind::Integer { bits } => number(NumberKind::Integer { bits: *bits }),
            Kind::Decimal => number(NumberKind::Decimal),
            Kind::Double => {
                let arms = Box::new([self.shapes.add(number(NumberKind::Double)), self.shapes.add(Shape::Text(not_a_number()))]);
                Shape::OneOf(arms)
            }
            Kind::Date => text(Format::Date(Zone::May)),
            Kind::Time => text(Format::Time(Zone::May)),
            Kind::DateTime => text(Format::DateTime(Zone::May)),
            Kind::Base64 => text(Format::Base64),
            Kind::List(item) => {
                let item = self.content(*item);
                Shape::List(item, (simple.facets.shortest.unwrap_or(0), simple.facets.longest))
            }
            Kind::Union(_, Common::Text) => Shape::Text(TextFacets::default()),
            Kind::Union(_, Common::Integer) => number(NumberKind::Integer { bits: 0 }),
            Kind::Union(_, Common::Number) => number(NumberKind::Decimal),
            Kind::Union(_, Common::Flag) => Shape::Flag,
        }
    }
}

fn text(format: Format, facets: &Facets) -> TextFacets {
    let (shortest, longest) = if format == Format::Base64 { (None, None) } else { (facets.shortest, facets.longest) };
    TextFacets { format, shortest, longest, one_of: facets.one_of.clone(), pattern: facets.pattern() }
}

fn number(kind: NumberKind, facets: &Facets) -> NumberFacets {
    let bound = |bound: &Option<Bound>| bound.as_ref().and_then(|bound| lexical::number(&bound.text).map(|token| Arc::from(&*token)));
    // The width says these bounds already.
    let implied = matches!(kind, NumberKind::Integer { bits: 1.. }) && bound(&facets.least).is_some_and(|least| is_width(&least));
    let (least, most) = if implied { (None, None) } else { (bound(&facets.least), bound(&facets.most)) };
    NumberFacets { kind, digits: facets.digits, fraction: facets.fraction, least, most }
}

fn is_width(least: &str) -> bool {
    matches!(least, "-128" | "-32768" | "-2147483648" | "-9223372036854775808")
}

/// What `xs:double` can be beside a number.
fn not_a_number() -> TextFacets {
    let one_of: Arc<[Arc<str>]> = ["NaN", "INF", "-INF"].map(Arc::from).into();
    TextFacets { one_of: Some(one_of), ..TextFacets::default() }
}

fn residue(complex: &Complex) -> Vec<Arc<str>> {
    let mut choices = Vec::new();
    if let Some(particle) = &complex.particle {
        choice::all(particle, &mut choices);
    }
    let worded = choices.into_iter().filter(|(parts, occurs)| parts.len() > 1 && !occurs.repeats()).map(|(parts, occurs)| {
        let how = if occurs.least == 0 || parts.iter().any(choice::may_be_empty) { "at most" } else { "exactly" };
        format!("{how} one of {}", choice::names(complex, parts)).into()
    });
    worded.collect()
}
