//! `spanwright convert`: by hand what a flow does with a message. XML becomes JSON and JSON XML, by a schema or by hints,
//! or it is refused with a code and a place.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use spanwright_connect::soap::convert::{self, Note, Options, Rules, Way};
use spanwright_shape::{
    text::{Bundle, FileId, NodeKind, Problem, Problems, Span, Weight, yaml},
    wsdl::{Version, Wsdl},
    xml::{self, plain::Hints},
};

use super::{
    Ended, documents,
    out::{Format, Out},
    schema,
};

/// Bytes that a document may have.
const DOCUMENT_BYTES_MOST: u64 = 64 << 20;

/// Convert a document or envelope by hand, by the rules of a flow: XML to JSON, JSON to XML
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright convert answer.xml --schema schemas/erp.wsdl         an envelope as JSON: Header, Body, or Fault\n  \
    spanwright convert --schema erp.wsdl < request.json > request.xml\n  \
    spanwright convert order.xml --hints order.hints.yaml           XML without a schema\n  \
    curl -si https://erp/.. | spanwright convert --schema erp.wsdl  with its status and headers\n\n\
    Exit codes: 0 converted (warnings are on standard error), 1 refused with a code and a place, 2 could not do it."
)]
pub struct Convert {
    /// The document; `-` or left out: standard input. A captured HTTP head in front of it is understood
    #[arg(default_value = "-", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// The WSDL or XML Schema that says what it is
    #[arg(long, value_name = "WSDL|XSD", value_hint = clap::ValueHint::FilePath)]
    schema: Option<PathBuf>,
    /// To what; left out: XML to JSON and JSON to XML
    #[arg(long, value_enum)]
    to: Option<To>,
    /// Without a schema: what repeats and what prefixes mean, as `schema infer-shape` writes it
    #[arg(long, value_name = "FILE", conflicts_with = "schema", value_hint = clap::ValueHint::FilePath)]
    hints: Option<PathBuf>,
    /// Without a schema: the path of elements that may repeat, `Order.Line`; may be given again
    #[arg(long, value_name = "PATH", conflicts_with = "schema")]
    array: Vec<String>,
    /// On which way the message is, where its schema does not say
    #[arg(long = "as", value_enum)]
    way: Option<Message>,
    /// The version of envelopes that are written; left out: that of the first port, 1.1 rather than 1.2
    #[arg(long, value_enum)]
    soap: Option<Soap>,
    /// To XML: the element whose content the JSON is, where that does not name it
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
    /// Refuse what breaks its schema, or is unknown to it, in place of telling so
    #[arg(long)]
    strict: bool,
    /// How problems are printed: for a person on standard error, or as one object on standard output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum To {
    Json,
    Xml,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Message {
    Request,
    Answer,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Soap {
    #[value(name = "1.1")]
    V11,
    #[value(name = "1.2")]
    V12,
}

impl Convert {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let (wsdl, rules) = match &self.schema {
            Some(path) => match self.read_schema(path, out)? {
                Some((wsdl, rules)) => (Some(wsdl), Some(rules)),
                None => return Ok(Ended::Problems),
            },
            None => (None, None),
        };
        let bytes = self.bytes()?;
        let options = Options {
            schema: wsdl.as_ref(),
            rules,
            hints: self.hints()?,
            way: self.way.map_or(Way::Either, |way| if matches!(way, Message::Request) { Way::Request } else { Way::Answer }),
            strict: self.strict,
            version: self.soap.map(|soap| if matches!(soap, Soap::V11) { Version::Soap11 } else { Version::Soap12 }),
            element: self.element.clone(),
        };
        let (head, from) = convert::split(&bytes);
        let to = self.to.unwrap_or_else(|| if looks_like_json(&bytes[from..]) { To::Xml } else { To::Json });
        let (text, done) = match xml::text(&bytes[from..], head.charset()) {
            Err(fault) => (String::from_utf8_lossy(&bytes[from..]).into_owned(), Err(Note::from(fault))),
            Ok(text) => {
                let done = match to {
                    To::Json => convert::to_json(&text, &head, &options),
                    To::Xml => convert::to_xml(&text, &options),
                };
                (text.into_owned(), done)
            }
        };
        let name = if self.is_stdin() { "<stdin>".to_string() } else { self.file.display().to_string() };
        let before = String::from_utf8_lossy(&bytes[..from]).into_owned();
        let shift = before.len();
        let bundle = Bundle::new([(name, (before + &text).into_bytes())]);
        match done {
            Ok(converted) => {
                documents::refuse(&problems(&converted.notes, Weight::Warning, shift), &bundle, false, out)?;
                out.data(std::str::from_utf8(&converted.bytes).context("the result is text")?)?;
                Ok(Ended::Fine)
            }
            Err(note) => {
                documents::refuse(&problems(&[note], Weight::Error, shift), &bundle, self.format == Format::Json, out)?;
                Ok(Ended::Problems)
            }
        }
    }

    /// What a document is, and what the packs beside the schema say of its faults.
    fn read_schema(&self, path: &Path, out: &mut Out) -> anyhow::Result<Option<(Wsdl, Rules)>> {
        let (bundle, file) = documents::load(path)?;
        let mut found = Problems::new();
        let read = schema::read(&bundle, file, &mut found).map(|wsdl| {
            let spaces: Vec<&str> = wsdl.graph.targets().collect();
            let rules = Rules::of(&spaces, &bundle, &mut found);
            (wsdl, rules)
        });
        if read.is_none() || found.errors() > 0 {
            documents::refuse(&found, &bundle, self.format == Format::Json, out)?;
            return Ok(None);
        }
        Ok(read)
    }

    fn is_stdin(&self) -> bool {
        self.file.as_os_str() == "-"
    }

    fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.is_stdin() {
            io::stdin().lock().take(DOCUMENT_BYTES_MOST + 1).read_to_end(&mut bytes).context("reading standard input")?;
        } else {
            let doing = || format!("reading `{}`", self.file.display());
            fs::File::open(&self.file).with_context(doing)?.take(DOCUMENT_BYTES_MOST + 1).read_to_end(&mut bytes).with_context(doing)?;
        }
        if bytes.len() as u64 > DOCUMENT_BYTES_MOST {
            bail!("the document has more than {} MiB (DOCUMENT_BYTES_MOST)", DOCUMENT_BYTES_MOST >> 20);
        }
        Ok(bytes)
    }

    fn hints(&self) -> anyhow::Result<Hints> {
        let mut hints = match &self.hints {
            Some(path) => read_hints(path)?,
            None => Hints::default(),
        };
        hints.arrays.extend(self.array.iter().cloned());
        Ok(hints)
    }
}

fn looks_like_json(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'))
}

fn problems(notes: &[Note], weight: Weight, shift: usize) -> Problems {
    let mut problems = Problems::new();
    for note in notes {
        let from = (note.at + shift) as u32;
        let at = Some(Span { file: FileId(0), from, to: from + 1 });
        problems.push(Problem { code: note.code, weight, at, says: note.says.clone(), help: note.help.clone() });
    }
    problems
}

/// `arrays:` and `records:` are lists of paths, `namespace:` a text, `prefixes:` a map.
fn read_hints(path: &Path) -> anyhow::Result<Hints> {
    let doing = || format!("reading `{}`", path.display());
    let bundle = Bundle::new([(path.display().to_string(), fs::read(path).with_context(doing)?)]);
    let mut found = Problems::new();
    let Some(node) = yaml::read(&bundle, FileId(0), &mut found) else {
        bail!("{}", spanwright_shape::text::render::human(&found, &bundle, spanwright_shape::text::render::Look::Plain));
    };
    let NodeKind::Map(fields) = &node.kind else { bail!("`{}` is no map of hints", path.display()) };
    let mut hints = Hints::default();
    for (key, value) in fields {
        match (key.text.as_str(), &value.kind) {
            ("arrays", NodeKind::List(items)) => {
                hints.arrays = items.iter().filter_map(|item| item.scalar().map(|text| text.text.clone())).collect()
            }
            ("records", NodeKind::List(items)) => {
                hints.records = items.iter().filter_map(|item| item.scalar().map(|text| text.text.clone())).collect()
            }
            ("namespace", NodeKind::Scalar(text)) => hints.namespace = text.text.clone(),
            ("prefixes", NodeKind::Map(some)) => {
                let pair = |(prefix, uri): &(spanwright_shape::text::Scalar, spanwright_shape::text::Node)| {
                    uri.scalar().map(|uri| (prefix.text.clone(), uri.text.clone()))
                };
                hints.prefixes = some.iter().filter_map(pair).collect();
            }
            (key, _) => bail!(
                "`{}`: hints have `arrays`, `records`, `namespace` and `prefixes`; `{key}` is none of them, or of another form",
                path.display()
            ),
        }
    }
    Ok(hints)
}
