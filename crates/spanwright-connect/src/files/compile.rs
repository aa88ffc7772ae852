//! From `operations:` to folders that can be read and written, and to the interface that everybody sees.

use std::{collections::BTreeMap, sync::Arc};

use encoding_rs::{Encoding, UTF_8};
use spanwright_core::{
    interface::{Bulk, BulkKey, Interface, Operation, Repeat, TypeShapes},
    settings::{FolderSettings, OperationSettings, SystemSettings, Template},
};
use spanwright_shape::{
    jsonschema::{Schemas, Side},
    shape::{Field, Presence, RecordShape, Shape, ShapeId, Shapes, TextFacets},
    text::{Bundle, Problems, Scalar, yaml},
};

use super::{
    codes,
    dialect::{self, Dialect},
};

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
    let mut compiler = Compiler { system: &settings.name, bundle, shapes: Shapes::default(), types: BTreeMap::new(), to };
    let found = settings.operations.iter().filter_map(|operation| compiler.operation(operation)).collect::<Vec<_>>();
    let (operations, folders) = found.into_iter().unzip();
    (Interface { shapes: Arc::new(compiler.shapes), types: compiler.types, operations }, folders)
}

struct Compiler<'c> {
    system: &'c str,
    bundle: &'c Bundle,
    shapes: Shapes,
    types: BTreeMap<String, TypeShapes>,
    to: &'c mut Problems,
}

impl Compiler<'_> {
    fn operation(&mut self, settings: &OperationSettings) -> Option<(Operation, Folder)> {
        let name = &settings.name;
        let Some(folder) = &settings.folder else {
            let help = format!("write `{}: {{ folder: in, format: csv }}`", name.text);
            self.to.error(&codes::FOLDER_SETTING, name.span, format!("`{}` names no folder", name.text), help);
            return None;
        };
        let encoding = dialect::encoding(folder.encoding.as_ref(), self.to);
        let format = self.format(folder, encoding, settings.bulk.is_some());
        let given = folder.rows.as_ref().and_then(|(file, at)| self.rows(*file, at, &format));
        if let Some(id) = given {
            self.types.insert(name.text.clone(), TypeShapes { given: id, taken: id });
        }
        let compiled = Folder {
            name: format!("{}.{}", self.system, name.text).into(),
            folder: self.path(&folder.folder),
            matches: self.matches(folder.matches.as_ref(), &format),
            writes: self.writes(folder.name.as_ref(), &format),
            row: given,
            encoding,
            format,
        };
        Some((self.seen(settings, folder, &compiled), compiled))
    }

    /// What flows see of it. Its body is one row, read or written.
    fn seen(&mut self, settings: &OperationSettings, folder: &FolderSettings, compiled: &Folder) -> Operation {
        let row = match (compiled.row, &compiled.format) {
            (Some(row), _) => row,
            (None, Format::Csv(dialect)) => self.texts(&dialect.columns),
            (None, _) => self.shapes.add(Shape::Any),
        };
        let text = self.shapes.add(Shape::Text(TextFacets::default()));
        let name = Field { name: "name".into(), shape: text, presence: Presence::Always, about: Some("What the file is called.".into()) };
        let gives = self.shapes.add(Shape::Record(RecordShape { fields: vec![name], ..RecordShape::default() }));
        let most = settings.bulk.as_ref().map_or(ROWS_MOST_DEFAULT, |bulk| bulk.most);
        let bytes = settings.bulk.as_ref().and_then(|bulk| bulk.bytes);
        let many = !matches!(compiled.format, Format::Json { list: false });
        Operation {
            name: settings.name.text.as_str().into(),
            about: None,
            wire: format!("{} files in `{}`", compiled.format.words().0, folder.folder.text).into(),
            with: self.shapes.add(Shape::Record(RecordShape::default())),
            body: Some(row),
            gives,
            refuses: Vec::new(),
            repeat: Repeat::Keyed,
            bulk: many.then_some(Bulk { most, bytes, key: BulkKey::PerRequest }),
        }
    }

    /// A row of texts. Of a file with a header nobody knows the other columns.
    fn texts(&mut self, columns: &[Box<str>]) -> ShapeId {
        let text = self.shapes.add(Shape::Text(TextFacets::default()));
        if columns.is_empty() {
            return self.shapes.add(Shape::Record(RecordShape { rest: Some(text), ..RecordShape::default() }));
        }
        let field = |name: &str| Field { name: name.into(), shape: text, presence: Presence::Always, about: None };
        let fields = columns.iter().map(|name| field(name)).collect();
        self.shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }))
    }

    fn format(&mut self, folder: &FolderSettings, encoding: &'static Encoding, list: bool) -> Format {
        let format = folder.format.text.as_str();
        if let (Some(csv), false) = (&folder.csv, format == "csv") {
            self.wrong(csv.at, format!("`csv:` says nothing of {format} files"), "leave it out");
        }
        if let (Some(element), false) = (&folder.element, format == "xml") {
            self.wrong(element.span, format!("`element:` says nothing of {format} files"), "leave it out");
        }
        if let (Some(name), true, false) = (&folder.encoding, format == "xml", encoding == UTF_8) {
            self.wrong(name.span, "XML says itself how it is encoded, and is written as UTF-8".to_string(), "leave `encoding` out");
        }
        match format {
            "csv" => Format::Csv(Dialect::of(folder.csv.as_ref(), encoding, self.to)),
            "jsonl" => Format::Lines,
            "json" => Format::Json { list },
            _ => Format::Xml(self.element(folder)),
        }
    }

    fn element(&mut self, folder: &FolderSettings) -> Vec<Box<str>> {
        let path: Vec<Box<str>> = folder.element.iter().flat_map(|path| path.text.split('.')).map(Box::from).collect();
        let at = folder.element.as_ref().map_or(folder.format.span, |element| element.span);
        if path.len() < 2 || path.iter().any(|name| !crate::files::write::is_xml_name(name)) {
            let help = "write its path from the root, as `element: Catalog.Item`";
            self.wrong(at, "an XML file needs the element that is repeated, below the root".to_string(), help);
        }
        path
    }

    /// The schema of a row.
    fn rows(&mut self, file: spanwright_shape::text::FileId, at: &Scalar, format: &Format) -> Option<ShapeId> {
        let document = yaml::read(self.bundle, file, self.to)?;
        let types = document.get("$defs").or_else(|| document.get("definitions"));
        let mut schemas = Schemas::new(&document, types, self.to);
        let id = schemas.shape(&document, Side::Given);
        let own = schemas.finish();
        let row = self.shapes.import(&own, id);
        let Shape::Record(record) = self.shapes.get(row) else {
            if matches!(format, Format::Csv(_) | Format::Xml(_)) {
                self.to.error(&codes::ROWS, at.span, "a row is an object, and this schema says something else", None);
            }
            return Some(row);
        };
        let nested = |field: &&Field| matches!(self.shapes.get(field.shape), Shape::List(..) | Shape::Record(_));
        if let (Format::Csv(_), Some(field)) = (format, record.fields.iter().find(nested)) {
            let says = format!("a cell of CSV is no list and no record, and `{}` is one", field.name);
            self.to.error(&codes::ROWS, at.span, says, None);
        }
        Some(row)
    }

    /// A folder under the system's own.
    fn path(&mut self, path: &Scalar) -> Template {
        if path.text.starts_with('/') || path.text.split('/').any(|part| matches!(part, "" | "." | "..") || part.starts_with('.')) {
            self.wrong(
                path.span,
                format!("`{}` is no folder under the system's `url:`", path.text),
                "write it without `/` at its ends, `.` and `..`",
            );
        }
        Template::parse(&path.text)
    }

    fn matches(&mut self, pattern: Option<&Scalar>, format: &Format) -> String {
        if let Some(pattern) = pattern.filter(|pattern| pattern.text.contains('/')) {
            self.wrong(pattern.span, "a pattern is of names, without a folder".to_string(), "write `*` for any characters");
        }
        pattern.map_or_else(|| format!("*.{}", format.words().1), |pattern| pattern.text.clone())
    }

    fn writes(&mut self, name: Option<&Scalar>, format: &Format) -> Template {
        let Some(name) = name else { return Template::parse(&format!("{{key}}.{}", format.words().1)) };
        if !name.text.contains("{key}") || name.text.contains('/') || name.text.starts_with('.') {
            let help = "as `orders-{key}.csv`: the key is the same at each try, and is another one for other rows";
            self.wrong(name.span, format!("`{}` does not tell two files apart", name.text), help);
        }
        Template::parse(&name.text)
    }

    fn wrong(&mut self, at: spanwright_shape::text::Span, says: String, help: &str) {
        self.to.error(&codes::FOLDER_SETTING, at, says, help.to_string());
    }
}
