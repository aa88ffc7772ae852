#![allow(clippy::unwrap_used)]
use super::*;
use crate::json;
use crate::room::Room;
use crate::xml::{Event, Reader, Writer};

fn hints(arrays: &[&str]) -> Hints {
    Hints { arrays: arrays.iter().map(|path| (*path).to_string()).collect(), ..Hints::default() }
}

fn to_json(source: &str, hints: &Hints) -> Result<String, Refused> {
    let room = Room::new();
    let mut reader = Reader::new(source)?;
    let Event::Start(name) = reader.read()? else { panic!("no root") };
    let (key, value) = read(name, &mut reader, hints, &room)?;
    let mut out = format!("{key} ").into_bytes();
    json::write(&value, &mut out);
    Ok(String::from_utf8(out).unwrap())
}

fn to_xml(key: &str, source: &str, hints: &Hints) -> Result<String, Refused> {
    let room = Room::new();
    let value = json::read(source.as_bytes(), &room).unwrap();
    let mut writer = Writer::new([]);
    write(key, &value, hints, &mut writer)?;
    Ok(String::from_utf8(writer.finish()).unwrap().split_once('\n').unwrap().1.to_string())
}

#[test]
fn text_stays_text_and_only_declared_paths_are_lists() {
    let hints = hints(&["o.line", "o.tag"]);
    for (source, expected) in [
        ("<o><n>00501</n><e/></o>", r#"o {"n":"00501","e":"","line":[],"tag":[]}"#),
        ("<o><line>1</line></o>", r#"o {"line":["1"],"tag":[]}"#),
        ("<o><line>1</line><n>x</n><line>2</line></o>", r#"o {"line":["1","2"],"n":"x","tag":[]}"#),
        ("<o a=\"1\"/>", r#"o {"@a":"1","line":[],"tag":[]}"#),
        ("<o><x k='1'>5</x></o>", r##"o {"x":{"@k":"1","#text":"5"},"line":[],"tag":[]}"##),
        ("<o>a<b>c</b></o>", r#"o {"$mixed":["a",{"b":"c"}]}"#),
        ("<o xmlns:i='http://www.w3.org/2001/XMLSchema-instance'><n i:nil='true'/></o>", r#"o {"n":null,"line":[],"tag":[]}"#),
    ] {
        assert_eq!(to_json(source, &hints).unwrap(), expected, "{source}");
    }
}

#[test]
fn an_undeclared_repeat_is_an_error_that_names_its_path() {
    assert_eq!(to_json("<o><p><line/><line/></p></o>", &Hints::default()), Err(Refused::Repeats(13, "o.p.line".to_string())));
    assert!(to_json("<o><p><line/><line/></p></o>", &hints(&["**.line"])).is_ok());
}

#[test]
fn two_namespaces_want_prefixes() {
    let source = "<o xmlns='urn:a' xmlns:b='urn:b'><n/><b:n/></o>";
    assert!(matches!(to_json(source, &Hints::default()), Err(Refused::Ambiguous(..))));
    assert_eq!(to_json("<o xmlns='urn:a' xmlns:b='urn:b'><n/><b:m/></o>", &Hints::default()).unwrap(), r#"o {"n":"","m":""}"#);
    let hints = Hints { namespace: "urn:a".into(), prefixes: vec![("b".into(), "urn:b".into())], ..Hints::default() };
    assert_eq!(to_json(source, &hints).unwrap(), r#"o {"n":"","b:n":""}"#);
    assert_eq!(
        to_xml("o", r#"{"n":"","b:n":""}"#, &hints).unwrap(),
        r#"<n1:o xmlns:n1="urn:a"><n1:n></n1:n><n2:n xmlns:n2="urn:b"></n2:n></n1:o>"#
    );
}

#[test]
fn what_was_read_is_written_as_it_was() {
    let hints = hints(&["o.line"]);
    for source in ["<o><line>1</line><line>2</line></o>", "<o a=\"1\"><x k=\"&lt;\">5</x><line></line></o>", "<o>a<b>c</b>d</o>"] {
        let json = to_json(source, &hints).unwrap();
        let json = json.strip_prefix("o ").unwrap();
        assert_eq!(to_xml("o", json, &hints).unwrap(), source);
    }
    let refused = to_xml("o", r#"{"a":[[1]]}"#, &Hints::default());
    assert_eq!(refused, Err(Refused::Value("`o.a[0]`: a list stands in a list, and XML has no form for that".to_string())));
}

#[test]
fn samples_tell_what_repeats_and_what_has_attributes() {
    let mut sample = Sample::new();
    sample.add("<o xmlns='urn:a'><l k='1'>x</l><l>y</l><p><q/></p></o>").unwrap();
    sample.add("<o xmlns='urn:a'><p><q/><q/></p></o>").unwrap();
    let found = sample.hints();
    assert_eq!(found.arrays, ["o.l", "o.p.q"]);
    assert_eq!((found.records, found.namespace), (vec!["o.l".to_string()], "urn:a".to_string()));
}
