//! A project of any size: flows that poll and send, maps of fifty fields, and tests of them. Written to disk, as a user has it.

use std::{fmt::Write as _, fs, io, path::Path};

/// Fields of each map.
pub const FIELDS: usize = 50;

/// Writes a project of so many flows, each with a map of [`FIELDS`] fields, and so many cases of tests for each map.
///
/// # Errors
/// It cannot be written.
pub fn write(folder: &Path, flows: usize, cases: usize) -> io::Result<()> {
    for inside in ["systems", "schemas", "flows", "maps", "tests"] {
        fs::create_dir_all(folder.join(inside))?;
    }
    fs::write(folder.join("spanwright.yaml"), "project: large\nvars: { URL: { about: Where it is } }\n")?;
    fs::write(folder.join("systems/s.yaml"), "system: s\nrest: schemas/s.json\nurl: \"${URL}\"\n")?;
    fs::write(folder.join("schemas/s.json"), schema())?;
    for flow in 0..flows {
        let text = format!(
            "flow: f{flow}\nabout: One of many.\nfrom: {{ poll: s.list, every: 1m, each: .items, key: .id }}\n\
             steps: [ {{ map: m{flow} }}, {{ send: s.put }} ]\n"
        );
        fs::write(folder.join(format!("flows/f{flow}.yaml")), text)?;
        fs::write(folder.join(format!("maps/m{flow}.yaml")), map(flow))?;
        fs::write(folder.join(format!("tests/m{flow}.test.yaml")), tests(flow, cases))?;
    }
    Ok(())
}

fn schema() -> String {
    let fields = |kind: &str| (0..FIELDS).map(|n| format!("\"{kind}{n}\":{{\"type\":\"string\"}}")).collect::<Vec<_>>().join(",");
    let required = |kind: &str| (0..FIELDS).map(|n| format!("\"{kind}{n}\"")).collect::<Vec<_>>().join(",");
    format!(
        "{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"S\",\"version\":\"1\"}},\"paths\":{{\"/items\":{{\"get\":{{\"operationId\":\"list\",\
         \"responses\":{{\"200\":{{\"description\":\"ok\",\"content\":{{\"application/json\":{{\"schema\":{{\"type\":\"object\",\"required\":[\"items\"],\
         \"properties\":{{\"items\":{{\"type\":\"array\",\"items\":{{\"$ref\":\"#/components/schemas/In\"}}}}}}}}}}}}}}}}}},\"post\":{{\"operationId\":\"put\",\
         \"requestBody\":{{\"required\":true,\"content\":{{\"application/json\":{{\"schema\":{{\"$ref\":\"#/components/schemas/Out\"}}}}}}}},\
         \"responses\":{{\"200\":{{\"description\":\"ok\"}}}}}}}}}},\"components\":{{\"schemas\":{{\
         \"In\":{{\"type\":\"object\",\"required\":[\"id\",{}],\"properties\":{{\"id\":{{\"type\":\"string\",\"minLength\":1}},{}}}}},\
         \"Out\":{{\"type\":\"object\",\"properties\":{{{}}}}}}}}}}}",
        required("s"),
        fields("s"),
        fields("t")
    )
}

/// A third copied, a third written otherwise, the rest decided and looked up.
fn map(flow: usize) -> String {
    let mut text = format!("map: m{flow}\nfrom: s:In\nto: s:Out\nfields:\n");
    for n in 0..FIELDS {
        let other = (n + 1) % FIELDS;
        let _ = match n % 6 {
            0 | 1 => writeln!(text, "  t{n}: .s{n}"),
            2 => writeln!(text, "  t{n}: {{ from: .s{n}, then: ascii_downcase, note: as they write it }}"),
            3 => writeln!(text, "  t{n}: '\"\\(.s{n})-\\(.s{other})\"'"),
            4 => writeln!(text, "  t{n}: if .s{n} == \"x\" then .s{other} else .id end"),
            _ => writeln!(text, "  t{n}: {{ from: .s{n}, table: {{ A: a, B: b }}, otherwise: other }}"),
        };
    }
    text
}

fn tests(flow: usize, cases: usize) -> String {
    let record = (0..FIELDS).map(|n| format!("s{n}: A")).collect::<Vec<_>>().join(", ");
    let mut text = format!("test: m{flow}\nmap: m{flow}\nfrom: {{ id: \"1\", {record} }}\ncases:\n");
    for case in 0..cases {
        let _ = writeln!(text, "  - {{ case: number {case}, given: {{ s0: v{case}, s2: X }}, then: {{ t0: v{case}, t2: x, t5: a }} }}");
    }
    text
}
