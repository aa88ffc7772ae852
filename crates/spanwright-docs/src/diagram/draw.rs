//! A sequence diagram as SVG: lifelines, arrows, notes and frames, laid out from top to bottom in one walk.
//!
//! There is no font to measure, so widths are estimated for a common sans-serif and words are broken where they would not
//! fit; what always holds is that no text leaves its box.

use std::fmt::Write as _;

use super::sequence::{Arrow, Item, Sequence};
use crate::html::escape;

const LANE: f64 = 215.0;
const MARGIN: f64 = 24.0;
const HEAD: f64 = 40.0;
const LINE: f64 = 17.0;
const GAP: f64 = 14.0;
/// Characters of a lane's width.
const WRAP: usize = 29;
/// Pixels to which a page may shrink a drawing.
const LEAST_READABLE: f64 = 960.0;

/// Draws it.
pub fn sequence(sequence: &Sequence) -> String {
    let mut drawing = Drawing { lanes: sequence.participants.len(), y: MARGIN + HEAD + 18.0, body: String::new() };
    drawing.items(&sequence.items, 0);
    let width = MARGIN * 2.0 + LANE * sequence.participants.len() as f64;
    let bottom = drawing.y + 8.0;
    let height = bottom + HEAD + MARGIN;
    let mut out = canvas(width, height, &sequence.title);
    for (n, name) in sequence.participants.iter().enumerate() {
        let x = lane(n);
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#9aa4ae\" stroke-dasharray=\"4 4\"/>",
            MARGIN + HEAD
        );
        head(x, MARGIN, name, &mut out);
        head(x, bottom, name, &mut out);
    }
    out += &drawing.body;
    out + "</svg>"
}

/// The opening of a drawing. On a page it shrinks with the room that there is, down to where its words can still be read.
pub fn canvas(width: f64, height: f64, title: &str) -> String {
    let least = width.min(LEAST_READABLE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" style=\"min-width:{least}px\" role=\"img\" aria-label=\"{}\" font-family=\"system-ui, 'Liberation Sans', Arial, sans-serif\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        escape(title)
    )
}

fn head(x: f64, y: f64, name: &str, out: &mut String) {
    let width = LANE - 40.0;
    let _ = writeln!(
        out,
        "<rect x=\"{}\" y=\"{y}\" width=\"{width}\" height=\"{HEAD}\" rx=\"5\" fill=\"#f6f8fa\" stroke=\"#57606a\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" font-weight=\"600\" fill=\"#1b1f24\">{}</text>",
        x - width / 2.0,
        y + 25.0,
        escape(&shortened(name, 22))
    );
}

fn lane(n: usize) -> f64 {
    MARGIN + LANE * (n as f64 + 0.5)
}

struct Drawing {
    lanes: usize,
    y: f64,
    body: String,
}

impl Drawing {
    fn items(&mut self, items: &[Item], depth: usize) {
        for item in items {
            match item {
                Item::Says { from, to, words, arrow } if from == to => self.itself(*from, words, *arrow),
                Item::Says { from, to, words, arrow } => self.says(*from, *to, words, *arrow),
                Item::Note { at, words } => self.note(*at, words),
                Item::Frame { kind, parts } => self.frame(kind, parts, depth),
            }
        }
    }

    fn says(&mut self, from: usize, to: usize, words: &str, arrow: Arrow) {
        let room = WRAP * from.abs_diff(to).max(1);
        let (x1, x2) = (lane(from), lane(to));
        let side = if x2 > x1 { 1.0 } else { -1.0 };
        let lines = wrapped(words, room);
        self.lines(&lines, f64::midpoint(x1, x2), "middle", ink(arrow));
        self.y += 6.0;
        let (y, tip) = (self.y, x2 - side * 2.0);
        let (dash, colour) = (if arrow == Arrow::Asks { "" } else { " stroke-dasharray=\"6 4\"" }, ink(arrow));
        let _ =
            writeln!(self.body, "<line x1=\"{x1}\" y1=\"{y}\" x2=\"{tip}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"1.4\"{dash}/>");
        if arrow == Arrow::Lost {
            let c = x2 - side * 12.0;
            let _ = writeln!(
                self.body,
                "<path d=\"M{} {} l10 10 m0 -10 l-10 10\" stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\"/>",
                c - 5.0,
                y - 5.0
            );
        } else {
            let _ = writeln!(self.body, "<path d=\"M{tip} {y} l{} -5 l0 10 z\" fill=\"{colour}\"/>", -side * 10.0);
        }
        self.y += GAP + 6.0;
    }

    fn itself(&mut self, at: usize, words: &str, arrow: Arrow) {
        let x = lane(at);
        let lines = wrapped(words, WRAP - 6);
        let (top, colour) = (self.y + 2.0, ink(arrow));
        self.lines(&lines, x + 44.0, "start", colour);
        let bottom = self.y + 6.0;
        let _ = writeln!(
            self.body,
            "<path d=\"M{x} {top} h34 V{bottom} h-24\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"/><path d=\"M{} {bottom} l10 -5 l0 10 z\" fill=\"{colour}\"/>",
            x + 2.0
        );
        self.y = bottom + GAP;
    }

    fn note(&mut self, at: usize, words: &str) {
        let x = lane(at);
        let lines = wrapped(words, WRAP - 4);
        let (width, height) = (LANE - 26.0, lines.len() as f64 * LINE + 10.0);
        let _ = writeln!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{height}\" rx=\"3\" fill=\"#fff8c5\" stroke=\"#d4a72c\"/>",
            x - width / 2.0,
            self.y
        );
        self.y += 5.0;
        self.lines(&lines, x, "middle", "#3b3000");
        self.y += 5.0 + GAP;
    }

    fn frame(&mut self, kind: &str, parts: &[(String, Vec<Item>)], depth: usize) {
        let inset = depth as f64 * 8.0;
        let (left, width) = (MARGIN + inset, LANE * self.lanes as f64 - inset * 2.0);
        let top = self.y;
        let mut lines = String::new();
        for (n, (condition, inside)) in parts.iter().enumerate() {
            if n > 0 {
                let _ = writeln!(
                    lines,
                    "<line x1=\"{left}\" y1=\"{0}\" x2=\"{1}\" y2=\"{0}\" stroke=\"#57606a\" stroke-dasharray=\"5 4\"/>",
                    self.y,
                    left + width
                );
            }
            self.condition(if n == 0 { Some(kind) } else { None }, condition, left);
            self.items(inside, depth + 1);
        }
        let _ = writeln!(
            self.body,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{}\" rx=\"4\" fill=\"none\" stroke=\"#57606a\"/>\n{lines}",
            self.y - top
        );
        self.y += GAP;
    }

    fn condition(&mut self, kind: Option<&str>, condition: &str, left: f64) {
        let mut x = left + 10.0;
        if let Some(kind) = kind {
            let _ = writeln!(
                self.body,
                "<path d=\"M{left} {0} h46 v14 l-7 7 h-39 z\" fill=\"#eaeef2\" stroke=\"#57606a\"/><text x=\"{1}\" y=\"{2}\" font-size=\"12\" font-weight=\"600\" fill=\"#1b1f24\">{kind}</text>",
                self.y,
                left + 8.0,
                self.y + 15.0
            );
            x = left + 56.0;
        }
        let room = ((LANE * self.lanes as f64 - 90.0) / 7.2) as usize;
        let text = shortened(condition, room);
        // White below the words, so that lifelines do not cross them.
        let width = text.chars().count() as f64 * 7.0 + 12.0;
        let _ = writeln!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"18\" fill=\"#ffffff\"/><text x=\"{x}\" y=\"{}\" font-style=\"italic\" fill=\"#57606a\">[{}]</text>",
            x - 3.0,
            self.y + 2.0,
            self.y + 15.0,
            escape(&text)
        );
        self.y += 32.0;
    }

    /// Lines of text; white below them, so that lifelines do not cross them.
    fn lines(&mut self, lines: &[String], x: f64, anchor: &str, colour: &str) {
        for line in lines {
            let width = line.chars().count() as f64 * 6.8 + 6.0;
            let left = if anchor == "middle" { x - width / 2.0 } else { x - 3.0 };
            if colour != "#3b3000" {
                let _ = writeln!(
                    self.body,
                    "<rect x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"{LINE}\" fill=\"#ffffff\" fill-opacity=\"0.92\"/>",
                    self.y
                );
            }
            self.y += LINE;
            let _ = writeln!(
                self.body,
                "<text x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{}</text>",
                self.y - 4.0,
                escape(line)
            );
        }
    }
}

fn ink(arrow: Arrow) -> &'static str {
    match arrow {
        Arrow::Asks => "#1b1f24",
        Arrow::Answers => "#1a7f37",
        Arrow::Lost => "#b42318",
    }
}

/// Words in lines of at most so many characters; a longer word is broken.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word.to_string();
        loop {
            let last = lines.last_mut().map_or(0, |line| line.chars().count());
            let length = word.chars().count();
            if last == 0 && length > most {
                let head: String = word.chars().take(most).collect();
                word = word.chars().skip(most).collect();
                if let Some(line) = lines.last_mut() {
                    line.push_str(&head);
                }
                lines.push(String::new());
                continue;
            }
            if last > 0 && last + 1 + length > most {
                lines.push(String::new());
                continue;
            }
            if let Some(line) = lines.last_mut() {
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(&word);
            }
            break;
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// At most so many characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_string() } else { text.chars().take(most.saturating_sub(1)).chain("…".chars()).collect() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_wrapped_and_long_ones_broken() {
        assert_eq!(super::wrapped("ab cd efghijk", 5), ["ab cd", "efghi", "jk"]);
    }
}
