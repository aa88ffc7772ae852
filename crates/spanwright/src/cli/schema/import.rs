//! `spanwright schema import URL|FILE`: a copy of a schema and of all that it imports, pinned in the project with hashes,
//! so that nothing is ever fetched when it runs.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use spanwright_engine::fetch;
use spanwright_shape::{
    graphql::{INTROSPECTION_QUERY, Schema},
    json,
    text::{Bundle, FileId, Problems},
    xml::Tree,
    xsd::{self, XSD_DOCUMENTS_MOST},
};

use super::{Ended, documents::SCHEMA_BYTES_MOST, out::Out};

/// Pin a copy of a WSDL or schema, and of all that it imports, in the project
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright schema import https://erp.example.com/service?wsdl --name erp.wsdl\n  \
    spanwright schema import ../downloads/erp.wsdl --into schemas\n  \
    spanwright schema import https://shop.example.com/graphql --graphql --name shop.graphql.json --token-from SHOP_TOKEN\n\nThe copies refer to each other by name; NAME.pins beside them has where each \
    came from and its hash.\nAddresses of this machine and its network are refused unless --allow-private says otherwise.")]
pub struct Import {
    /// An http:// or https:// address, or a file
    from: String,
    /// The folder of the copies
    #[arg(long, value_name = "FOLDER", default_value = "schemas")]
    into: PathBuf,
    /// The name of the first copy; left out: that of its source
    #[arg(long)]
    name: Option<String>,
    /// Fetch also from this machine and its network
    #[arg(long)]
    allow_private: bool,
    /// Ask a GraphQL system for its schema (introspection)
    #[arg(long)]
    graphql: bool,
    /// The environment variable with the bearer token that the system wants, with --graphql
    #[arg(long, value_name = "VARIABLE", requires = "graphql")]
    token_from: Option<String>,
    /// Replace copies that are there and differ
    #[arg(long)]
    replace: bool,
}

/// A copy: where it came from and its bytes.
struct Copy {
    source: String,
    bytes: Vec<u8>,
}

impl Import {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let first = self.name.clone().unwrap_or_else(|| file_name(&self.from));
        let copies = if self.graphql { self.introspect(&first)? } else { self.gather(&first)? };
        self.refuse_overwriting(&copies)?;
        fs::create_dir_all(&self.into).with_context(|| format!("making `{}`", self.into.display()))?;
        let mut pins = String::from("# Where each copy came from: BLAKE3 of the copy, its name, its source. `schema import` writes it.\n");
        for (name, copy) in &copies {
            let path = self.into.join(name);
            fs::write(&path, &copy.bytes).with_context(|| format!("writing `{}`", path.display()))?;
            pins += &format!("{}  {name}  {}\n", blake3::hash(&copy.bytes), copy.source);
            out.line(&path.display().to_string())?;
        }
        let path = self.into.join(format!("{first}.pins"));
        fs::write(&path, pins).with_context(|| format!("writing `{}`", path.display()))?;
        out.aside(&format!(
            "{} pinned; `spanwright schema inspect {}` tells what it offers",
            copies.len(),
            self.into.join(&first).display()
        ));
        Ok(Ended::Fine)
    }

    /// What a GraphQL system says of itself, once it is seen to be a schema.
    fn introspect(&self, first: &str) -> anyhow::Result<BTreeMap<String, Copy>> {
        let token = self.token_from.as_ref().map(|name| std::env::var(name).with_context(|| format!("`{name}` is not set"))).transpose()?;
        let mut body = b"{\"query\":".to_vec();
        json::write_text(INTROSPECTION_QUERY, &mut body);
        body.push(b'}');
        let bytes = fetch::post_json(&self.from, body, token.as_deref(), self.allow_private)
            .map_err(|why| anyhow!("asking `{}` for its schema: {why}", self.from))?;
        let (bundle, mut problems) = (Bundle::new([(first.to_string(), bytes.clone())]), Problems::new());
        if Schema::read(&bundle, FileId(0), &mut problems).is_none() {
            let said = problems.iter().map(|problem| problem.says.as_str()).collect::<Vec<_>>().join("; ");
            bail!("`{}` answers with no schema: {said}; many systems answer no introspection: pin their SDL instead", self.from);
        }
        Ok(BTreeMap::from([(first.to_string(), Copy { source: self.from.clone(), bytes })]))
    }

    fn gather(&self, first: &str) -> anyhow::Result<BTreeMap<String, Copy>> {
        let mut names: BTreeMap<String, String> = BTreeMap::from([(self.from.clone(), first.to_string())]);
        let mut queue = VecDeque::from([self.from.clone()]);
        let mut copies: BTreeMap<String, Copy> = BTreeMap::new();
        let mut room = SCHEMA_BYTES_MOST;
        while let Some(source) = queue.pop_front() {
            if names.len() > XSD_DOCUMENTS_MOST {
                bail!("`{}` imports more than {XSD_DOCUMENTS_MOST} documents (XSD_DOCUMENTS_MOST)", self.from);
            }
            let mut bytes = self.read(&source)?;
            let Some(left) = room.checked_sub(bytes.len()) else {
                bail!("`{}` and what it imports have more than {} MiB (SCHEMA_BYTES_MOST)", self.from, SCHEMA_BYTES_MOST >> 20);
            };
            room = left;
            let tree = Tree::read(FileId(0), &bytes).map_err(|fault| anyhow!("`{source}` is no schema: {fault} (byte {})", fault.at))?;
            let name = names[&source].clone();
            for location in xsd::locations(&tree.root).into_iter().map(str::to_string).collect::<Vec<_>>() {
                let Some(target) = resolve(&source, &location) else { continue };
                if is_local(&target) && !Path::new(&target).is_file() {
                    continue;
                }
                let taken: Vec<String> = names.values().cloned().collect();
                let copy = names.entry(target.clone()).or_insert_with(|| {
                    queue.push_back(target.clone());
                    free_name(&file_name(&target), &taken)
                });
                bytes = renamed(&bytes, &location, copy);
            }
            copies.insert(name, Copy { source, bytes });
        }
        Ok(copies)
    }

    fn read(&self, source: &str) -> anyhow::Result<Vec<u8>> {
        if is_local(source) {
            return fs::read(source).with_context(|| format!("reading `{source}`"));
        }
        fetch::get(source, self.allow_private).map_err(|why| anyhow!("fetching `{source}`: {why}"))
    }

    fn refuse_overwriting(&self, copies: &BTreeMap<String, Copy>) -> anyhow::Result<()> {
        for (name, copy) in copies {
            let path = self.into.join(name);
            if !self.replace && fs::read(&path).is_ok_and(|there| there != copy.bytes) {
                bail!("`{}` is there and differs: nothing was written; `--replace` replaces it", path.display());
            }
        }
        Ok(())
    }
}

fn is_local(source: &str) -> bool {
    !source.starts_with("http://") && !source.starts_with("https://")
}

/// Where a location leads, seen from the document that names it; `None` where that is nowhere we go.
fn resolve(source: &str, location: &str) -> Option<String> {
    if location.contains("://") {
        return (!is_local(location)).then(|| location.to_string());
    }
    if is_local(source) {
        let folder = Path::new(source).parent().unwrap_or(Path::new(""));
        return Some(folder.join(location).to_string_lossy().into_owned());
    }
    let (scheme, rest) = source.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let joined = match location.strip_prefix('?') {
        Some(query) => format!("/{path}?{query}"),
        None if location.starts_with('/') => location.to_string(),
        None => format!("/{}", xsd::beside(path, location)),
    };
    Some(format!("{scheme}://{authority}{joined}"))
}

/// The last part of a source as a file's name.
fn file_name(source: &str) -> String {
    let path = source.split_once("://").map_or(source, |(_, rest)| rest);
    let (path, query) = path.split_once('?').map_or((path, ""), |(path, query)| (path, query));
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or("schema");
    let plain = |text: &str| {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' }).collect::<String>()
    };
    match query {
        "" => plain(last),
        "wsdl" | "WSDL" | "singleWsdl" => format!("{}.wsdl", plain(last)),
        query => format!("{}-{}.xsd", plain(last), plain(query)),
    }
}

fn free_name(wanted: &str, taken: &[String]) -> String {
    let numbered = |n: usize| wanted.rsplit_once('.').map_or(format!("{wanted}-{n}"), |(stem, ending)| format!("{stem}-{n}.{ending}"));
    let mut name = wanted.to_string();
    for n in 2.. {
        if !taken.contains(&name) {
            break;
        }
        name = numbered(n);
    }
    name
}

/// The document with a location replaced by the name of its copy.
fn renamed(bytes: &[u8], location: &str, name: &str) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    let written = location.replace('&', "&amp;");
    let mut text = text.to_string();
    for quote in ['"', '\''] {
        text = text.replace(&format!("ocation={quote}{written}{quote}"), &format!("ocation={quote}{name}{quote}"));
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_seen_from_its_document() {
        let check = |source: &str, location: &str, expected: &str| assert_eq!(resolve(source, location).as_deref(), Some(expected));
        check("https://h/a/b?wsdl", "../c.xsd", "https://h/c.xsd");
        check("https://h/a/b?wsdl", "b?xsd=1", "https://h/a/b?xsd=1");
        check("https://h/a/b?wsdl", "?xsd=1", "https://h/a/b?xsd=1");
        check("https://h/a/b", "/c.xsd", "https://h/c.xsd");
        check("x/a.wsdl", "b.xsd", "x/b.xsd");
        check("x/a.wsdl", "http://h/b.xsd", "http://h/b.xsd");
    }

    #[test]
    fn copies_have_names_of_their_own() {
        assert_eq!(file_name("https://h/service?wsdl"), "service.wsdl");
        assert_eq!(file_name("https://h/service?xsd=1"), "service-xsd-1.xsd");
        assert_eq!(free_name("a.xsd", &["a.xsd".into(), "a-2.xsd".into()]), "a-3.xsd");
        let renamed = renamed(b"<import schemaLocation='s?a=1&amp;b'/>", "s?a=1&b", "s.xsd");
        assert_eq!(renamed, b"<import schemaLocation='s.xsd'/>");
    }
}
