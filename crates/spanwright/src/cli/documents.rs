//! A schema file by its path, with all that it imports: what `inspect` and `convert` read beside no project.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::Path,
};

use anyhow::{Context, bail};
use spanwright_connect::soap::convert::RULES_ENDING;
use spanwright_shape::{
    text::{Bundle, FileId, Problem, Problems, Weight, render},
    xml::{self, Tree},
    xsd::{self, XSD_DOCUMENTS_MOST},
};

use super::out::{Object, Out};

/// Bytes that a schema and all that it imports may have together.
pub const SCHEMA_BYTES_MOST: usize = 32 << 20;

/// A file, all that it imports, where that lies on this machine (what does not is told when the schema is read), and the rule packs
/// beside it.
///
/// # Errors
/// The file cannot be read, or they are too many.
pub fn load(path: &Path) -> anyhow::Result<(Bundle, FileId)> {
    let first = path.to_str().with_context(|| format!("the path `{}` is not text", path.display()))?.to_string();
    // Paths that climb out of where they begin are read from the root on.
    let first = if first.split('/').any(|part| part == "..") { cleaned(&std::path::absolute(path)?) } else { first };
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut queue = VecDeque::from([first.clone()]);
    let mut room = SCHEMA_BYTES_MOST;
    while let Some(name) = queue.pop_front() {
        if files.contains_key(&name) || (name != first && !Path::new(&name).is_file()) {
            continue;
        }
        if files.len() >= XSD_DOCUMENTS_MOST {
            bail!("`{first}` imports more than {XSD_DOCUMENTS_MOST} files (XSD_DOCUMENTS_MOST)");
        }
        let bytes = fs::read(&name).with_context(|| format!("reading `{name}`"))?;
        let Some(left) = room.checked_sub(bytes.len()) else {
            bail!("`{first}` and what it imports have more than {} MiB (SCHEMA_BYTES_MOST)", SCHEMA_BYTES_MOST >> 20);
        };
        room = left;
        queue.extend(imported(&name, &bytes));
        files.insert(name, bytes);
    }
    files.extend(packs(&first)?);
    let bundle = Bundle::new(files);
    let file = bundle.find(&first).expect("it was read first");
    Ok((bundle, file))
}

/// The rule packs that lie beside a schema, as in a project.
fn packs(first: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let folder = Path::new(first).parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let names = entries.filter_map(|entry| entry.ok()?.path().to_str().map(str::to_string));
    let mut names: Vec<String> = names.filter(|name| name.ends_with(RULES_ENDING)).collect();
    names.sort();
    names.into_iter().map(|name| fs::read(&name).with_context(|| format!("reading `{name}`")).map(|bytes| (name, bytes))).collect()
}

fn cleaned(path: &Path) -> String {
    xsd::beside("/", &path.to_string_lossy())
}

/// Paths of what a document imports; none where it is no XML, which is told when it is read.
fn imported(name: &str, bytes: &[u8]) -> Vec<String> {
    // Most schemas import nothing; a look at the bytes is cheaper than a tree.
    let text = xml::text(bytes, None).unwrap_or_default();
    if !["import", "include", "redefine"].iter().any(|word| text.contains(word)) {
        return Vec::new();
    }
    let Ok(tree) = Tree::read(FileId(0), bytes) else { return Vec::new() };
    xsd::locations(&tree.root).iter().map(|location| xsd::beside(name, location)).collect()
}

/// Problems on standard error for a person, or as one JSON object on standard output.
///
/// # Errors
/// Where standard output is gone.
pub fn refuse(problems: &Problems, bundle: &Bundle, json: bool, out: &mut Out) -> anyhow::Result<()> {
    if json {
        let problems = render::json_lines(problems, bundle);
        let object = Object::new().list("problems", problems.lines().map(str::to_string));
        return Ok(out.line(&object.end())?);
    }
    out.aside_text(&render::human(problems, bundle, render::Look::Colour));
    Ok(())
}

/// The warnings among problems.
pub fn warnings(problems: &Problems) -> Problems {
    let mut some = Problems::new();
    for problem in problems.iter().filter(|problem| problem.weight == Weight::Warning) {
        some.push(Problem::clone(problem));
    }
    some
}
