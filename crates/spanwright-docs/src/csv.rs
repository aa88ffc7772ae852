//! Tables for spreadsheets: RFC 4180, UTF-8 with a mark by which spreadsheets know it, and no cell that one would run.

use crate::book::{Index, MapPage, Use};

/// The mapping document.
pub fn map(page: &MapPage) -> String {
    let heads = [
        "target",
        "target type",
        "required",
        "sources",
        "source types",
        "rule",
        "expression",
        "table",
        "default",
        "when nothing",
        "example in",
        "example out",
        "note",
        "file",
    ];
    let rows = page.rows.iter().map(|row| {
        let joined = |pieces: Vec<String>| pieces.join("\n");
        let (given, made) = row.sample.as_ref().map(|sample| (joined(sample.given.clone()), sample.made.clone())).unwrap_or_default();
        vec![
            row.target.clone(),
            row.target_type.clone(),
            if row.required { "yes" } else { "no" }.to_string(),
            joined(row.sources.iter().map(|(path, _)| path.clone()).collect()),
            joined(row.sources.iter().map(|(_, words)| words.clone()).collect()),
            row.rule.to_string(),
            row.expression.clone(),
            joined(row.table.iter().map(|(from, to)| format!("{from} = {to}")).collect()),
            row.default.clone().unwrap_or_default(),
            row.nothing.clone(),
            given,
            made,
            row.note.clone().unwrap_or_default(),
            row.place.clone().unwrap_or_default(),
        ]
    });
    table(&heads, rows)
}

/// Both directions over all maps.
pub fn index(index: &Index) -> String {
    let used = |direction: &str, field: &str, used: &Use| {
        vec![direction.to_string(), field.to_string(), used.field.clone(), used.map.clone(), used.flows.join(" ")]
    };
    let goes = index.goes.iter().flat_map(|(field, uses)| uses.iter().map(move |one| used("goes to", field, one)));
    let comes = index.comes.iter().flat_map(|(field, uses)| uses.iter().map(move |one| used("comes from", field, one)));
    table(&["direction", "field", "other field", "map", "flows"], goes.chain(comes))
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = String::from("\u{feff}");
    out += &heads.join(",");
    out += "\r\n";
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        out += &cells.join(",");
        out += "\r\n";
    }
    out
}

/// A cell that begins like a formula gets a `'` before it (OWASP, CSV injection).
fn quoted(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_string() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(super::quoted("=1+1"), "'=1+1");
        assert_eq!(super::quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
