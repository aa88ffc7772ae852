//! Pages as Markdown that reads well beside the code: tables, and diagrams as Mermaid text, which forges draw.

use std::fmt::Write as _;

use crate::{
    html::is_file,
    page::{Block, Inline, Page, relative},
};

/// The page.
pub fn page(page: &Page, print: &str) -> String {
    let mut out =
        format!("<!-- Made by `spanwright docs` from the project that runs ({print}). Change the project, not this page. -->\n\n");
    if !page.crumbs.is_empty() {
        let crumbs: Vec<String> = page.crumbs.iter().map(|(label, to)| format!("[{}]({})", escape(label), href(&page.path, to))).collect();
        let _ = writeln!(out, "{} /\n", crumbs.join(" / "));
    }
    let _ = writeln!(out, "# {}\n", escape(&page.title));
    page.blocks.iter().for_each(|block| write_block(block, &page.path, &mut out));
    out
}

fn write_block(block: &Block, path: &str, out: &mut String) {
    match block {
        Block::Heading(level, text) => {
            let _ = writeln!(out, "{} {}\n", "#".repeat(usize::from(*level)), escape(text));
        }
        Block::Text(text) => {
            let _ = writeln!(out, "{}\n", line(text, path));
        }
        Block::List(items) => {
            items.iter().for_each(|item| {
                let _ = writeln!(out, "- {}", line(item, path));
            });
            out.push('\n');
        }
        Block::Facts(facts) => {
            out.push_str("| | |\n|---|---|\n");
            for (name, value) in facts {
                let _ = writeln!(out, "| {} | {} |", escape(name), line(value, path));
            }
            out.push('\n');
        }
        Block::Table(heads, rows) => {
            let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
            for row in rows {
                let cells: Vec<String> = row.iter().map(|cell| line(cell, path)).collect();
                let _ = writeln!(out, "| {} |", cells.join(" | "));
            }
            out.push('\n');
        }
        Block::Figure(figure) => {
            let _ = writeln!(
                out,
                "```mermaid\n{}```\n\n{} ([as a drawing]({}))\n",
                figure.mermaid,
                escape(&figure.caption),
                relative(path, &figure.file)
            );
        }
    }
}

fn line(text: &[Inline], path: &str) -> String {
    let mut out = String::new();
    for piece in text {
        match piece {
            Inline::Text(text) => out.push_str(&escape(text)),
            Inline::Code(text) => out.push_str(&code(text)),
            Inline::Strong(text) => {
                let _ = write!(out, "**{}**", escape(text));
            }
            Inline::Mark(text) => {
                let _ = write!(out, "_{}_", escape(text));
            }
            Inline::Link(label, to) => {
                let _ = write!(out, "[{}]({})", escape(label), href(path, to));
            }
            Inline::Break => out.push_str("<br>"),
        }
    }
    out
}

/// Code in a table: a pipe would end the cell, a backtick the code.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|").replace(['\n', '\r'], " ");
    let ticks = if text.contains('`') { "``" } else { "`" };
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{blank}{text}{blank}{ticks}")
}

fn href(from: &str, to: &str) -> String {
    let (page, part) = to.split_once('#').map_or((to, String::new()), |(page, part)| (page, format!("#{part}")));
    let name = if page == "index" { "README" } else { page };
    let ending = if is_file(page.rsplit('/').next().unwrap_or(page)) { "" } else { ".md" };
    format!("{}{ending}{part}", relative(from, name))
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
