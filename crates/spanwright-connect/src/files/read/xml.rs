//! XML: one repeated element is a row. With a schema of rows its fields are elements (`name`), attributes (`@name`) and
//! text (`#text`), and what may come twice is a list; without one a row is the tree of the element.

use std::{collections::VecDeque, io::BufRead};

use spanwright_shape::{
    room::Room,
    shape::{Shape, ShapeId, Shapes},
    value::Value,
};

use super::{FileFault, Row, Rows, Unreadable, typed};
use crate::{
    endpoint::body::xml::tree,
    http::answer::BodyFault,
    soap::pieces::{Cut, Cutter},
};

/// The rows of one file.
pub(super) struct Elements<'b, 's> {
    cutter: Option<Cutter<'b, 's>>,
    path: &'s [Box<str>],
    shapes: &'s Shapes,
    row: Option<ShapeId>,
    /// Elements that were cut out and not given yet, each as JSON of its value.
    ready: VecDeque<Result<Vec<u8>, String>>,
}

impl<'b, 's> Elements<'b, 's> {
    pub fn new(body: &'b mut dyn BufRead, path: &'s [Box<str>], shapes: &'s Shapes, row: Option<ShapeId>) -> Elements<'b, 's> {
        let names = path.iter().map(|name| &**name).collect();
        Elements { cutter: Some(Cutter::document(body, names)), path, shapes, row, ready: VecDeque::new() }
    }

    /// Cuts the next elements out. False at the end.
    fn cut(&mut self) -> Result<bool, FileFault> {
        let Some(cutter) = &mut self.cutter else { return Ok(false) };
        let (document, last) = match cutter.next() {
            Ok(Cut::Items(document)) => (document, false),
            Ok(Cut::Rest(document)) => (document, true),
            Err(fault @ BodyFault::TooLarge(_)) => return Err(FileFault::Bad(format!("an element of it {}", fault.words()))),
            Err(fault @ BodyFault::Cut(..)) => return Err(FileFault::Broken(fault.words())),
        };
        if last {
            self.cutter = None;
        }
        let room = Room::new();
        let root = tree(&document, None, &room).map_err(|fault| FileFault::Bad(format!("it is no XML: {}", fault.says)))?;
        let mut here = vec![root];
        if !matches!(root.get("name"), Some(Value::Text(name)) if *name == *self.path[0]) {
            return Err(FileFault::Bad(format!("its root is not `{}`", self.path[0])));
        }
        for name in &self.path[1..] {
            here = here.into_iter().flat_map(|element| children(&element)).filter(|child| name_of(child) == &**name).collect();
        }
        let values: Vec<_> = here.iter().map(|element| self.value(element, &room)).collect();
        self.ready.extend(values);
        Ok(true)
    }

    fn value(&self, element: &Value<'_>, room: &Room) -> Result<Vec<u8>, String> {
        match self.row {
            None => Ok(super::super::bytes(element)),
            Some(shape) => decode(element, shape, self.shapes, room).map(|value| super::super::bytes(&value)),
        }
    }
}

impl Rows for Elements<'_, '_> {
    fn next<'r>(&mut self, room: &'r Room) -> Result<Option<Row<'r>>, FileFault> {
        while self.ready.is_empty() {
            if !self.cut()? {
                return Ok(None);
            }
        }
        let says = match self.ready.pop_front() {
            Some(Ok(bytes)) => {
                let bytes = room.bump().alloc_slice_copy(&bytes);
                spanwright_shape::json::read(bytes, room).map_err(|fault| unreadable(fault.says.to_string()))
            }
            Some(Err(why)) => Err(unreadable(why)),
            None => return Ok(None),
        };
        Ok(Some(Row { line: 0, says }))
    }
}

fn unreadable(says: String) -> Unreadable {
    Unreadable { column: 0, says, raw: String::new() }
}

fn children<'r>(element: &Value<'r>) -> Vec<Value<'r>> {
    element.get("children").and_then(|children| children.list()).unwrap_or_default().to_vec()
}

fn name_of<'r>(element: &Value<'r>) -> &'r str {
    element.get("name").and_then(|name| name.text()).unwrap_or_default()
}

fn text_of<'r>(element: &Value<'r>) -> &'r str {
    element.get("text").and_then(|text| text.text()).unwrap_or_default()
}

/// An element as a shape wants it.
fn decode<'r>(element: &Value<'r>, shape: ShapeId, shapes: &Shapes, room: &'r Room) -> Result<Value<'r>, String> {
    match shapes.get(shape) {
        Shape::Record(record) => {
            let mut fields = Vec::with_capacity(record.fields.len());
            for field in &record.fields {
                if let Some(value) = member(element, &field.name, field.shape, shapes, room)? {
                    fields.push((room.text(&field.name), value));
                }
            }
            Ok(Value::Record(room.bump().alloc_slice_copy(&fields)))
        }
        Shape::OneOf(arms) => {
            let record = arms.iter().find(|arm| matches!(shapes.get(**arm), Shape::Record(_)));
            match record {
                Some(record) => decode(element, *record, shapes, room),
                None => Ok(typed::cell(text_of(element), Some(shape), shapes).unwrap_or(Value::Null)),
            }
        }
        Shape::Any => Ok(*element),
        _ => Ok(typed::cell(text_of(element), Some(shape), shapes).unwrap_or(Value::Null)),
    }
}

/// One field of a record: an attribute, the text, a child, or all children of a name.
fn member<'r>(element: &Value<'r>, name: &str, shape: ShapeId, shapes: &Shapes, room: &'r Room) -> Result<Option<Value<'r>>, String> {
    if let Some(attribute) = name.strip_prefix('@') {
        let text = element.get("attributes").and_then(|attributes| attributes.get(attribute)).and_then(|value| value.text());
        return Ok(text.and_then(|text| typed::cell(text, Some(shape), shapes)));
    }
    if name == "#text" {
        return Ok(typed::cell(text_of(element), Some(shape), shapes));
    }
    let found: Vec<_> = children(element).into_iter().filter(|child| name_of(child) == name).collect();
    match (shapes.get(shape), found.as_slice()) {
        (Shape::List(item, _), found) => {
            let items = found.iter().map(|child| decode(child, *item, shapes, room)).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(Value::List(room.bump().alloc_slice_copy(&items))))
        }
        (_, []) => Ok(None),
        (Shape::Record(_) | Shape::OneOf(_) | Shape::Any, [one]) => decode(one, shape, shapes, room).map(Some),
        (_, [one]) => Ok(typed::cell(text_of(one), Some(shape), shapes)),
        (_, several) => Err(format!("`{name}` is there {} times, and the schema says that it is no list", several.len())),
    }
}
