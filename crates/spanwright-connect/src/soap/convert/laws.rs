//! Instances of every schema at hand, made by a program in another language that shares no code with us, there and back:
//! what was read is written so that it reads the same, and libxml2 finds no fault with what we write that it does not find
//! with what we were given. `INSTANCES=200` makes more of them.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use spanwright_shape::text::{Bundle, Problems};
use spanwright_shape::wsdl;
use spanwright_shape::xml::{Event, Reader};
use spanwright_shape::xsd::{self, Documents};

use super::*;

/// A schema that uses each thing that schemas can say, and all descriptions of real services that are at hand.
#[test]
fn instances_of_every_schema_come_back_as_they_were() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("left out: instances of schemas (python3 is not installed)");
        return;
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/zoo/zoo.xsd");
    let mut judged = try_schema(&own);
    assert!(judged > 20, "the schema of everything has its instances");
    match std::env::var("SPANWRIGHT_CASES") {
        Err(_) => eprintln!("left out: instances of real descriptions (SPANWRIGHT_CASES is not set)"),
        Ok(cases) => {
            let folders =
                std::fs::read_dir(Path::new(&cases).join("wsdl")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
            for folder in folders {
                for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                    let is_description =
                        file.extension().is_some_and(|ending| ending == "wsdl") || file.ends_with("customerbilling_service.xml");
                    judged += if is_description { try_schema(&file) } else { 0 };
                }
            }
            assert!(judged > 150, "{judged}");
        }
    }
}

/// How many instances of a schema were judged; 0 where it is one that cannot be read.
fn try_schema(path: &Path) -> usize {
    let Some(schema) = load(path) else { return 0 };
    let folder =
        std::env::temp_dir().join(format!("spanwright-laws-{}-{}", std::process::id(), path.file_stem().unwrap().to_str().unwrap()));
    std::fs::create_dir_all(&folder).unwrap();
    let count = std::env::var("INSTANCES").unwrap_or_else(|_| "12".to_string());
    let count = if path.ends_with("zoo.xsd") { "90".to_string() } else { count };
    let made = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/instances.py"))
        .args([path.as_os_str(), folder.as_os_str(), "7".as_ref(), count.as_ref()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&made.stderr));
    let (mut judged, mut there, mut back) = (0, Vec::new(), Vec::new());
    for n in 0.. {
        let file = folder.join(format!("{n}.xml"));
        let Ok(source) = std::fs::read_to_string(&file) else { break };
        let written = folder.join(format!("{n}.back.xml"));
        if let Some(again) = there_and_back(&schema, &source, &format!("{} {n}", path.display())) {
            std::fs::write(&written, again).unwrap();
            there.push(file);
            back.push(written);
        }
        judged += 1;
    }
    let driver = if path.ends_with("zoo.xsd") { path.to_path_buf() } else { folder.join("all.xsd") };
    let valid: BTreeSet<usize> = validated(&driver, &there);
    let still: BTreeSet<usize> = validated(&driver, &back);
    let broken: Vec<&PathBuf> = valid.difference(&still).map(|n| &back[*n]).collect();
    assert!(broken.is_empty(), "libxml2 takes the instance and not what we wrote: {broken:?}");
    std::fs::remove_dir_all(&folder).unwrap();
    judged
}

fn load(path: &Path) -> Option<Wsdl> {
    let folder = path.parent().unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let bundle = Bundle::new(files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_string(), std::fs::read(&path).unwrap())));
    let file = bundle.find(path.file_name().unwrap().to_str().unwrap()).unwrap();
    let mut problems = Problems::new();
    if path.extension().is_some_and(|ending| ending != "xsd") {
        return wsdl::read(file, &bundle, &mut problems);
    }
    let mut documents = Documents::new();
    documents.add_file(file, None, &bundle, &mut problems);
    documents.settle(&bundle, &mut problems);
    let graph = xsd::compile(&documents, &mut problems);
    assert_eq!(problems.errors(), 0, "{:?}", problems.iter().map(|problem| &problem.says).collect::<Vec<_>>());
    Some(Wsdl { graph, services: Vec::new() })
}

/// What we write of an instance, after the laws; `None` for what the schema does not allow, which the maker makes now and then.
fn there_and_back(schema: &Wsdl, source: &str, name: &str) -> Option<Vec<u8>> {
    let options = Options { schema: Some(schema), strict: true, ..Options::default() };
    let json = match to_json(source, &Head::default(), &options) {
        Ok(converted) => String::from_utf8(converted.bytes).unwrap(),
        Err(note) => {
            eprintln!("passed over: {name}: {}", note.says);
            return None;
        }
    };
    // An envelope is not read as the document that its schema describes, and what an envelope's value looks like is written as one.
    if ["{\"Body\"", "{\"Header\"", "{\"Fault\""].iter().any(|root| json.starts_with(root)) {
        return None;
    }
    let written = to_xml(&json, &options).unwrap_or_else(|note| panic!("{name}: {}\n{json}", note.says)).bytes;
    let text = String::from_utf8(written.clone()).unwrap();
    let again = to_json(&text, &Head::default(), &options).unwrap_or_else(|note| panic!("{name}: {}\n{text}", note.says));
    assert_eq!(String::from_utf8(again.bytes).unwrap(), json, "{name}: JSON to XML to JSON");
    assert_eq!(canonical(&text), canonical(source), "{name}: XML to JSON to XML");
    Some(written)
}

/// A document without what means nothing: prefixes, the order of attributes, blanks between elements.
fn canonical(source: &str) -> String {
    let mut reader = Reader::new(source).unwrap();
    let (mut out, mut text) = (String::new(), String::new());
    loop {
        match reader.read().unwrap() {
            Event::Start(name) => {
                flush(&mut out, &mut text);
                let mut attributes: Vec<String> = Vec::new();
                for one in reader.attributes() {
                    let value =
                        if one.name.local == "type" { one.value.rsplit(':').next().unwrap().to_string() } else { one.value.to_string() };
                    attributes.push(format!("{{{}}}{}={value}", reader.uri(one.name.space), one.name.local));
                }
                attributes.sort();
                out += &format!("<{{{}}}{} {}>", reader.uri(name.space), name.local, attributes.join(" "));
            }
            Event::Text(more) => text.push_str(&more),
            Event::End => {
                flush(&mut out, &mut text);
                out += "</>";
            }
            Event::Eof => return out,
        }
    }
}

/// Text as it is, but for blanks at its ends: whether they mean something is the type's affair, and tested by its values.
fn flush(out: &mut String, text: &mut String) {
    out.push_str(text.trim());
    text.clear();
}

/// Which of the files libxml2 calls valid; none where it is not installed or cannot read the schema.
fn validated(schema: &Path, files: &[PathBuf]) -> BTreeSet<usize> {
    let Ok(judged) = Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(schema).args(files).output() else {
        eprintln!("left out: what xmllint says of what we write (it is not installed)");
        return BTreeSet::new();
    };
    let said = String::from_utf8_lossy(&judged.stderr).into_owned();
    let valid = |file: &PathBuf| said.lines().any(|line| line == format!("{} validates", file.display()));
    files.iter().enumerate().filter(|(_, file)| valid(file)).map(|(n, _)| n).collect()
}
