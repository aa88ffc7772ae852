//! Pages as HTML that opens from a folder: one stylesheet inside, no script, no font, nothing to fetch.

use std::fmt::Write as _;

use crate::page::{Block, Inline, Page, relative};

/// The look: plain, legible, printable, and dark where the reader's system is.
const STYLE: &str = include_str!("style.css");

/// The page.
pub fn page(page: &Page, project: &str, print: &str) -> String {
    let mut out = String::with_capacity(16 << 10);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{} · {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<nav aria-label=\"Where this page stands\">",
        escape(&page.title),
        escape(project)
    );
    for (label, to) in &page.crumbs {
        let _ = write!(out, "<a href=\"{}\">{}</a><span aria-hidden=\"true\"> / </span>", escape(&href(&page.path, to)), escape(label));
    }
    let _ = write!(
        out,
        "<span aria-current=\"page\">{}</span></nav>\n<h1>{}</h1>\n</header>\n<main>\n",
        escape(&page.title),
        escape(&page.title)
    );
    contents(page, &mut out);
    page.blocks.iter().for_each(|block| write_block(block, &page.path, &mut out));
    let _ = write!(
        out,
        "</main>\n<footer>Made by <code>spanwright docs</code> from the project that runs, {}. Change the project, not this page.</footer>\n</body>\n</html>\n",
        escape(print)
    );
    out
}

/// The headings, where there are many.
fn contents(page: &Page, out: &mut String) {
    let heads: Vec<&String> =
        page.blocks.iter().filter_map(|block| if let Block::Heading(2, text) = block { Some(text) } else { None }).collect();
    if heads.len() < 3 {
        return;
    }
    out.push_str("<nav class=\"contents\" aria-label=\"On this page\"><ul>");
    for head in heads {
        let _ = write!(out, "<li><a href=\"#{}\">{}</a></li>", anchor(head), escape(head));
    }
    out.push_str("</ul></nav>\n");
}

fn write_block(block: &Block, path: &str, out: &mut String) {
    match block {
        Block::Heading(level, text) => {
            let _ = writeln!(out, "<h{level} id=\"{}\">{}</h{level}>", anchor(text), escape(text));
        }
        Block::Text(text) => {
            out.push_str("<p>");
            line(text, path, out);
            out.push_str("</p>\n");
        }
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                out.push_str("<li>");
                line(item, path, out);
                out.push_str("</li>\n");
            }
            out.push_str("</ul>\n");
        }
        Block::Facts(facts) => {
            out.push_str("<dl>\n");
            for (name, value) in facts {
                let _ = write!(out, "<dt>{}</dt><dd>", escape(name));
                line(value, path, out);
                out.push_str("</dd>\n");
            }
            out.push_str("</dl>\n");
        }
        Block::Table(heads, rows) => table(heads, rows, path, out),
        Block::Figure(figure) => {
            let _ = write!(
                out,
                "<figure>\n<div class=\"drawing\" tabindex=\"0\">{}</div>\n<figcaption>{}</figcaption>\n<details><summary>As Mermaid text</summary><pre><code>{}</code></pre></details>\n</figure>\n",
                figure.svg,
                escape(&figure.caption),
                escape(&figure.mermaid)
            );
        }
    }
}

fn table(heads: &[&str], rows: &[Vec<Vec<Inline>>], path: &str, out: &mut String) {
    out.push_str("<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr>");
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(head));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for (n, cell) in row.iter().enumerate() {
            let tag = if n == 0 { "th scope=\"row\"" } else { "td" };
            let _ = write!(out, "<{tag}>");
            line(cell, path, out);
            let _ = write!(out, "</{}>", &tag[..2]);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn line(text: &[Inline], path: &str, out: &mut String) {
    for piece in text {
        match piece {
            Inline::Text(text) => out.push_str(&escape(text)),
            Inline::Code(text) => {
                let _ = write!(out, "<code>{}</code>", escape(text));
            }
            Inline::Strong(text) => {
                let _ = write!(out, "<strong>{}</strong>", escape(text));
            }
            Inline::Mark(text) => {
                let _ = write!(out, "<span class=\"mark\">{}</span>", escape(text));
            }
            Inline::Link(label, to) => {
                let _ = write!(out, "<a href=\"{}\">{}</a>", escape(&href(path, to)), escape(label));
            }
            Inline::Break => out.push_str("<br>"),
        }
    }
}

fn href(from: &str, to: &str) -> String {
    let (page, part) = to.split_once('#').map_or((to, String::new()), |(page, part)| (page, format!("#{part}")));
    let last = page.rsplit('/').next().unwrap_or(page);
    let ending = if is_file(last) { "" } else { ".html" };
    format!("{}{ending}{part}", relative(from, page))
}

/// Whether a name has an ending of ours: names of flows and maps may have dots.
pub fn is_file(name: &str) -> bool {
    [".csv", ".yaml", ".json", ".wsdl", ".xsd", ".svg"].iter().any(|ending| name.ends_with(ending))
}

/// `on-this-page`
pub fn anchor(text: &str) -> String {
    let word: String = text
        .chars()
        .filter_map(|c| {
            if c.is_alphanumeric() {
                Some(c.to_ascii_lowercase())
            } else if c == ' ' || c == '-' {
                Some('-')
            } else {
                None
            }
        })
        .collect();
    word
}

/// Text as HTML takes it.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
