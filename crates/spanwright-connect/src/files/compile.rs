//! From `operations:` to folders that can be read and written, and to the interface that everybody sees.

use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8};
use spanwright_core::{
    interface::{BulkKey, Interface, Operation, Repeat},
    settings::{FolderSettings, OperationSettings, SystemSettings, Template},
};
use spanwright_shape::{
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Bundle, FileId, Problems, Scalar, Span},
};

use super::{
    codes,
    dialect::{self, Dialect},
};
use crate::declared::{self, Declared};

/// Rows in one file of which nothing else is said.
const ROWS_MOST_DEFAULT: u32 = 100_000;

/// One folder, and the files in it.
pub(super) struct Folder {
    /// `supplier.prices`, for messages.
    pub name: Arc<str>,
    pub folder: Template,
    /// Which files are read: `*` and `?`.
    pub matches: String,
    /// What a written file is called; `{key}` is the key of the request.
    pub writes: Template,
    pub format: Format,
    pub encoding: &'static Encoding,
    /// What a row is; `None`: nothing is said of it.
    pub row: Option<ShapeId>,
}

/// How rows stand in a file.
pub(super) enum Format {
    Csv(Dialect),
    /// JSON Lines: a document a line.
    Lines,
    /// One document; a list at its top has a row in each item. `list`: it is written as a list.
    Json {
        list: bool,
    },
    /// One element a row; its path from the root.
    Xml(Vec<Box<str>>),
}

impl Format {
    /// As people say, and as file names end.
    pub fn words(&self) -> (&'static str, &'static str) {
        match self {
            Format::Csv(_) => ("CSV", "csv"),
            Format::Lines => ("JSON Lines", "jsonl"),
            Format::Json { .. } => ("JSON", "json"),
            Format::Xml(_) => ("XML", "xml"),
        }
    }
}

pub(super) fn compile(settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> (Interface, Vec<Folder>) {
    declared::operations(settings, bundle, to, operation)
}

fn operation(declared: &mut Declared<'_>, settings: &OperationSettings) -> Option<(Operation, Folder)> {
    let name = &settings.name;
    let Some(folder) = &settings.folder else {
        let help = format!("write `{}: {{ folder: in, format: csv }}`", name.text);
        declared.to.error(&codes::FOLDER_SETTING, name.span, format!("`{}` names no folder", name.text), help);
        return None;
    };
    let encoding = dialect::encoding(folder.encoding.as_ref(), declared.to);
    let format = format(folder, encoding, settings.bulk.is_some(), declared.to);
    let row = folder.rows.as_ref().and_then(|(file, at)| rows(declared, *file, at, &format));
    declared.is_type(settings, row);
    let compiled = Folder {
        name: declared.name(settings),
        folder: path(&folder.folder, declared.to),
        matches: matches(folder.matches.as_ref(), &format, declared.to),
        writes: writes(folder.name.as_ref(), &format, declared.to),
        row,
        encoding,
        format,
    };
    Some((seen(declared, settings, folder, &compiled), compiled))
}

/// What flows see of it. Its body is one row, read or written.
fn seen(declared: &mut Declared<'_>, settings: &OperationSettings, folder: &FolderSettings, compiled: &Folder) -> Operation {
    let row = match (compiled.row, &compiled.format) {
        (Some(row), _) => row,
        (None, Format::Csv(dialect)) => texts(&mut declared.shapes, &dialect.columns),
        (None, _) => declared.shapes.add(Shape::Any),
    };
    let text = declared.shapes.add(Shape::Text(TextFacets::default()));
    let name = Field { name: "name".into(), shape: text, presence: Presence::Always, about: Some("What the file is called.".into()) };
    let gives = declared.shapes.add(Shape::Record(RecordShape { fields: vec![name], ..RecordShape::default() }));
    let many = !matches!(compiled.format, Format::Json { list: false });
    Operation {
        name: settings.name.text.as_str().into(),
        about: None,
        wire: format!("{} files in `{}`", compiled.format.words().0, folder.folder.text).into(),
        with: declared.shapes.add(Shape::Record(RecordShape::default())),
        fields: None,
        body: Some(row),
        gives,
        refuses: Vec::new(),
        repeat: Repeat::Keyed,
        bulk: many.then(|| declared.bulk(settings, ROWS_MOST_DEFAULT, BulkKey::PerRequest)),
    }
}

/// A row of texts. Of a file with a header nobody knows the other columns.
fn texts(shapes: &mut Shapes, columns: &[Box<str>]) -> ShapeId {
    let text = shapes.add(Shape::Text(TextFacets::default()));
    if columns.is_empty() {
        return shapes.add(Shape::Record(RecordShape { rest: Some(text), ..RecordShape::default() }));
    }
    let field = |name: &str| Field { name: name.into(), shape: text, presence: Presence::Always, about: None };
    let fields = columns.iter().map(|name| field(name)).collect();
    shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }))
}

fn format(folder: &FolderSettings, encoding: &'static Encoding, list: bool, to: &mut Problems) -> Format {
    let format = folder.format.text.as_str();
    if let (Some(csv), false) = (&folder.csv, format == "csv") {
        wrong(csv.at, format!("`csv:` says nothing of {format} files"), "leave it out", to);
    }
    if let (Some(element), false) = (&folder.element, format == "xml") {
        wrong(element.span, format!("`element:` says nothing of {format} files"), "leave it out", to);
    }
    if let (Some(name), true, false) = (&folder.encoding, format == "xml", encoding == UTF_8) {
        wrong(name.span, "XML says itself how it is encoded, and is written as UTF-8".to_string(), "leave `encoding` out", to);
    }
    match format {
        "csv" => Format::Csv(Dialect::of(folder.csv.as_ref(), encoding, to)),
        "jsonl" => Format::Lines,
        "json" => Format::Json { list },
        _ => Format::Xml(element(folder, to)),
    }
}

fn element(folder: &FolderSettings, to: &mut Problems) -> Vec<Box<str>> {
    let path: Vec<Box<str>> = folder.element.iter().flat_map(|path| path.text.split('.')).map(Box::from).collect();
    let at = folder.element.as_ref().map_or(folder.format.span, |element| element.span);
    if path.len() < 2 || path.iter().any(|name| !crate::files::write::is_xml_name(name)) {
        let help = "write its path from the root, as `element: Catalog.Item`";
        wrong(at, "an XML file needs the element that is repeated, below the root".to_string(), help, to);
    }
    path
}

/// The schema of a row.
fn rows(declared: &mut Declared<'_>, file: FileId, at: &Scalar, format: &Format) -> Option<ShapeId> {
    let row = declared.schema(file)?;
    let Shape::Record(record) = declared.shapes.get(row) else {
        if matches!(format, Format::Csv(_) | Format::Xml(_)) {
            declared.to.error(&codes::ROWS, at.span, "a row is an object, and this schema says something else", None);
        }
        return Some(row);
    };
    let nested = |field: &&Field| matches!(declared.shapes.get(field.shape), Shape::List(..) | Shape::Record(_));
    if let (Format::Csv(_), Some(field)) = (format, record.fields.iter().find(nested)) {
        let says = format!("a cell of CSV is no list and no record, and `{}` is one", field.name);
        declared.to.error(&codes::ROWS, at.span, says, None);
    }
    Some(row)
}

/// A folder under the system's own.
fn path(path: &Scalar, to: &mut Problems) -> Template {
    if path.text.starts_with('/') || path.text.split('/').any(|part| matches!(part, "" | "." | "..") || part.starts_with('.')) {
        wrong(
            path.span,
            format!("`{}` is no folder under the system's `url:`", path.text),
            "write it without `/` at its ends, `.` and `..`",
            to,
        );
    }
    Template::parse(&path.text)
}

fn matches(pattern: Option<&Scalar>, format: &Format, to: &mut Problems) -> String {
    if let Some(pattern) = pattern.filter(|pattern| pattern.text.contains('/')) {
        wrong(pattern.span, "a pattern is of names, without a folder".to_string(), "write `*` for any characters", to);
    }
    pattern.map_or_else(|| format!("*.{}", format.words().1), |pattern| pattern.text.clone())
}

fn writes(name: Option<&Scalar>, format: &Format, to: &mut Problems) -> Template {
    let Some(name) = name else { return Template::parse(&format!("{{key}}.{}", format.words().1)) };
    if !name.text.contains("{key}") || name.text.contains('/') || name.text.starts_with('.') {
        let help = "as `orders-{key}.csv`: the key is the same at each try, and is another one for other rows";
        wrong(name.span, format!("`{}` does not tell two files apart", name.text), help, to);
    }
    Template::parse(&name.text)
}

fn wrong(at: Span, says: String, help: &str, to: &mut Problems) {
    to.error(&codes::FOLDER_SETTING, at, says, help.to_string());
}
