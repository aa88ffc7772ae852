//! The overview as SVG: three columns, what is read, the flows, what is written.

use std::fmt::Write as _;

use super::{
    draw::{canvas, shortened},
    graph::Graph,
};
use crate::html::escape;

const WIDTH: f64 = 190.0;
const BETWEEN: f64 = 220.0;
const HEIGHT: f64 = 38.0;
const STEP: f64 = 62.0;
const MARGIN: f64 = 20.0;
const TITLE: f64 = 26.0;

/// Draws it.
pub fn draw(graph: &Graph) -> String {
    let columns: [(&str, &[String]); 3] = [("read", &graph.sources), ("flows", &graph.flows), ("asked", &graph.targets)];
    let rows = columns.iter().map(|(_, names)| names.len()).max().unwrap_or(0).max(1);
    let (width, height) = (MARGIN * 2.0 + WIDTH * 3.0 + BETWEEN * 2.0, MARGIN * 2.0 + TITLE + STEP * rows as f64);
    let mut out = canvas(width, height, "Who talks to whom");
    let middle = |column: usize, n: usize| {
        let used = STEP * columns[column].1.len() as f64;
        MARGIN + TITLE + (STEP * rows as f64 - used) / 2.0 + STEP * (n as f64 + 0.5)
    };
    let left = |column: usize| MARGIN + (WIDTH + BETWEEN) * column as f64;
    for (source, flow, how) in &graph.reads {
        edge(left(0) + WIDTH, middle(0, *source), left(1), middle(1, *flow), how, &mut out);
    }
    for (flow, target, how) in &graph.asks {
        edge(left(1) + WIDTH, middle(1, *flow), left(2), middle(2, *target), how, &mut out);
    }
    for (from, to) in &graph.hands {
        hands_over(left(1), middle(1, *from), middle(1, *to), &mut out);
    }
    for (column, (title, names)) in columns.iter().enumerate() {
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\" font-size=\"12\">{title}</text>",
            left(column) + WIDTH / 2.0,
            MARGIN + 12.0
        );
        for (n, name) in names.iter().enumerate() {
            let (x, y, round) = (left(column), middle(column, n) - HEIGHT / 2.0, if column == 1 { 19 } else { 4 });
            let fill = if column == 1 { "#ddf4ff" } else { "#f6f8fa" };
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"{round}\" fill=\"{fill}\" stroke=\"#57606a\"/><text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"600\" fill=\"#1b1f24\">{}</text>",
                x + WIDTH / 2.0,
                y + 24.0,
                escape(&shortened(name, 24))
            );
        }
    }
    out + "</svg>"
}

/// From one flow to another in the same column: round the left side, where little is written.
fn hands_over(x: f64, from: f64, to: f64, out: &mut String) {
    let bend = x - 46.0;
    let _ = writeln!(
        out,
        "<path d=\"M{x} {from} C{bend} {from} {bend} {to} {} {to}\" fill=\"none\" stroke=\"#0a58ca\" stroke-width=\"1.3\"/><path d=\"M{x} {to} l-10 -5 l0 10 z\" fill=\"#0a58ca\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-size=\"11.5\" fill=\"#0a58ca\">hands over</text>",
        x - 8.0,
        bend + 6.0,
        f64::midpoint(from, to) + 4.0
    );
}

fn edge(x1: f64, y1: f64, x2: f64, y2: f64, how: &str, out: &mut String) {
    let bend = (x2 - x1) / 2.0;
    let _ = writeln!(
        out,
        "<path d=\"M{x1} {y1} C{} {y1} {} {y2} {} {y2}\" fill=\"none\" stroke=\"#57606a\" stroke-width=\"1.3\"/><path d=\"M{x2} {y2} l-10 -5 l0 10 z\" fill=\"#57606a\"/>",
        x1 + bend,
        x2 - bend,
        x2 - 8.0
    );
    let text = shortened(how, 30);
    let (x, y) = (f64::midpoint(x1, x2), f64::midpoint(y1, y2) - 5.0);
    let width = text.chars().count() as f64 * 6.1 + 6.0;
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"15\" fill=\"#ffffff\" fill-opacity=\"0.9\"/><text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" font-size=\"11.5\" fill=\"#1b1f24\">{}</text>",
        x - width / 2.0,
        y - 11.0,
        escape(&text)
    );
}
