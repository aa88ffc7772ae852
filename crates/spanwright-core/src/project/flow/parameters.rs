//! What an operation takes beside its body, and who fills it: `pages`, `cursor`, `with`, and the engine itself.

use spanwright_map::Mapping;
use spanwright_shape::{
    shape::{Presence, Shape, ShapeRef, Shapes},
    text::{Node, NodeKind, Problems, Scalar, Span, did_you_mean, form::Filled},
};

use super::{Builder, Known, scene::Scene};
use crate::{
    interface::Operation,
    project::{codes, rights::Sent, types},
};

/// The parameters of one operation.
pub(super) struct Parameters {
    /// Their record; `None` where the operation could not be found, or takes anything.
    record: Option<ShapeRef>,
    /// Its system and its number there.
    found: Option<(usize, usize)>,
    operation: String,
    /// Filled by `pages` and `cursor`.
    filled: Vec<Scalar>,
    /// Carries the idempotency key: the engine fills it.
    key: Option<String>,
}

impl Parameters {
    pub(super) fn of(known: &Known<'_>, found: Option<(usize, usize)>) -> Parameters {
        let nothing = Parameters { record: None, found: None, operation: String::new(), filled: Vec::new(), key: None };
        let Some((system, operation)) = found else { return nothing };
        let Some(interface) = known.systems.interface(system) else { return nothing };
        let checked = known.systems.get(system);
        let Operation { name, with, .. } = &interface.operations[operation];
        let record = matches!(interface.shapes.get(*with), Shape::Record(_)).then(|| interface.shape(*with));
        let key = checked.operation_settings(name).and_then(|settings| settings.key.as_ref()).map(|key| key.text.clone());
        Parameters { record, found, operation: format!("{}.{name}", checked.name), filled: Vec::new(), key }
    }

    /// `into:` names a parameter; gives its shape.
    pub(super) fn fill(&mut self, into: &Scalar, to: &mut Problems) -> Option<ShapeRef> {
        self.filled.push(into.clone());
        let ShapeRef { shapes, id } = self.record.as_ref()?;
        let field = shapes.field(*id, &into.text);
        if field.is_none() && !is_open(shapes, *id) {
            let help = did_you_mean(&into.text, types::fields(shapes, *id));
            to.error(&codes::NO_PARAMETER, into.span, format!("`{}` has no parameter `{}`", self.operation, into.text), help);
        }
        field.map(|field| ShapeRef { shapes: shapes.clone(), id: field.shape })
    }

    /// What `with:` must still give.
    fn rest(&self) -> Option<ShapeRef> {
        let ShapeRef { shapes, id } = self.record.as_ref()?;
        let mut shapes: Shapes = (**shapes).clone();
        let Shape::Record(mut record) = shapes.get(*id).clone() else { return None };
        let is_filled = |name: &str| self.is_key(name) || self.filled.iter().any(|filled| filled.text == name);
        for field in record.fields.iter_mut().filter(|field| is_filled(&field.name)) {
            field.presence = Presence::Maybe;
        }
        let id = shapes.add(Shape::Record(record));
        Some(ShapeRef { shapes: shapes.into(), id })
    }

    fn is_key(&self, name: &str) -> bool {
        self.key.as_ref().is_some_and(|key| key.eq_ignore_ascii_case(name))
    }

    /// Tells of parameters that must be there when there is no `with:` at all.
    fn check_missing(&self, at: Span, to: &mut Problems) {
        let Some(ShapeRef { shapes, id }) = self.rest() else { return };
        let Shape::Record(record) = shapes.get(id) else { return };
        for field in record.fields.iter().filter(|field| field.presence == Presence::Always) {
            let help = format!("add `with: {{ {}: .. }}`", field.name);
            to.error(&codes::PARAMETER_MISSING, at, format!("`{}` needs the parameter `{}`", self.operation, field.name), help);
        }
    }

    /// The engine makes the idempotency key, and nobody else.
    fn check_key(&self, fields: &Node, to: &mut Problems) {
        let NodeKind::Map(pairs) = &fields.kind else { return };
        for (name, _) in pairs.iter().filter(|(name, _)| self.is_key(&name.text)) {
            let says = format!("`{}` carries the idempotency key, which the engine makes", name.text);
            to.error(
                &codes::IDEMPOTENCY_KEY,
                name.span,
                says,
                "leave it out: a record's id would make its second change look like the first".to_string(),
            );
        }
    }
}

fn is_open(shapes: &Shapes, id: spanwright_shape::shape::ShapeId) -> bool {
    matches!(shapes.get(id), Shape::Record(record) if record.rest.is_some())
}

impl Builder<'_, '_> {
    /// `with:` against what is still to be filled.
    pub(super) fn with(&mut self, form: &Filled<'_>, step: &str, parameters: Parameters, scene: &Scene) -> Option<Mapping> {
        let (known, found) = (self.known, parameters.found);
        if let Some((system, operation)) = found {
            parameters.filled.iter().for_each(|filled| known.systems.get(system).check_filled(operation, filled, self.to));
        }
        let Some(fields) = form.node("with") else {
            let at = form.named().map_or(form.node.span, |(_, _, operand)| operand.span);
            parameters.check_missing(at, self.to);
            return None;
        };
        parameters.check_key(fields, self.to);
        let (mapping, _) = self.mapping(&format!("{step}.with"), fields, parameters.rest(), scene)?;
        self.check_sent(Sent::Parameters, &mapping, fields, found);
        Some(mapping)
    }
}
