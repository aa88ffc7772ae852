//! Systems that do not describe themselves (folders, queues): their operations are those that the project names, and
//! a body is what a JSON Schema of the project says, where there is one.

use std::{collections::BTreeMap, sync::Arc};

use spanwright_core::{
    interface::{Bulk, BulkKey, Interface, Operation, TypeShapes},
    settings::{OperationSettings, SystemSettings},
};
use spanwright_shape::{
    jsonschema::{Schemas, Side},
    shape::{ShapeId, Shapes},
    text::{Bundle, FileId, Problems, yaml},
};

use crate::codes;

/// What is gathered while the operations of a system are read.
pub(crate) struct Declared<'c> {
    system: &'c str,
    bundle: &'c Bundle,
    pub shapes: Shapes,
    types: BTreeMap<String, TypeShapes>,
    pub to: &'c mut Problems,
}

/// Every operation of a system: as flows see it, and beside it what its connector makes of it. Those of which a problem
/// has been told are left out.
pub(crate) fn operations<T>(
    settings: &SystemSettings,
    bundle: &Bundle,
    to: &mut Problems,
    one: impl Fn(&mut Declared<'_>, &OperationSettings) -> Option<(Operation, T)>,
) -> (Interface, Vec<T>) {
    let mut declared = Declared { system: &settings.name, bundle, shapes: Shapes::default(), types: BTreeMap::new(), to };
    let found = settings.operations.iter().filter_map(|operation| one(&mut declared, operation)).collect::<Vec<_>>();
    let (operations, made) = found.into_iter().unzip();
    (Interface { shapes: Arc::new(declared.shapes), types: declared.types, operations }, made)
}

impl Declared<'_> {
    /// `rabbit.orders`, for messages.
    pub fn name(&self, operation: &OperationSettings) -> Arc<str> {
        format!("{}.{}", self.system, operation.name.text).into()
    }

    /// What a JSON Schema of the project says.
    pub fn schema(&mut self, file: FileId) -> Option<ShapeId> {
        let document = yaml::read(self.bundle, file, self.to)?;
        let types = document.get("$defs").or_else(|| document.get("definitions"));
        let mut schemas = Schemas::new(&document, types, self.to);
        let id = schemas.shape(&document, Side::Given);
        let own = schemas.finish();
        Some(self.shapes.import(&own, id))
    }

    /// Maps may name the body of an operation by the operation's name, whether it is read or written.
    pub fn is_type(&mut self, operation: &OperationSettings, body: Option<ShapeId>) {
        if let Some(id) = body {
            self.types.insert(operation.name.text.clone(), TypeShapes { given: id, taken: id });
        }
    }

    /// How many go into one request: what `bulk:` says, or so many. Nobody answers for each of them, and there is no list to choose.
    pub fn bulk(&mut self, operation: &OperationSettings, otherwise: u32, key: BulkKey) -> Bulk {
        let Some(said) = &operation.bulk else { return Bulk { most: otherwise, bytes: None, key } };
        let words = [("items", &said.items), ("answers", &said.answers), ("match", &said.matched), ("outcome", &said.outcome)];
        let words = words.into_iter().filter_map(|(name, word)| Some((name, word.as_ref()?.span)));
        for (name, at) in words.chain(said.atomic.then_some(("atomic", said.at))) {
            let code = if name == "items" { &codes::BULK_BODY } else { &codes::BULK_ANSWERS };
            let says = format!("`{name}` says nothing of `{}`: its items have no answers of their own, and no list", operation.name.text);
            self.to.error(code, at, says, format!("leave `{name}` out"));
        }
        Bulk { most: said.most, bytes: said.bytes, key }
    }
}
