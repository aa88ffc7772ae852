//! Programs and inputs at random: every accepted form and function, over values that are absent, null, false, empty or of the wrong kind.

use spanwright_map::functions::{self, Function};

use crate::dice::Dice;

/// Names that inputs have fields under, so that paths find something.
const KEYS: &[&str] = &["a", "b", "c", "n", "s", "l"];
const TEXTS: &[&str] =
    &["", "a", "ab", "abc", "banana", "12", "-7.50", "x1", "true", "äöü", " a ", "a,b,c", "A-B", "0", "[1,2]", "a\\nb", "\\u0000", "null"];
const NUMBERS: &[&str] = &["0", "1", "-1", "2", "3", "1.5", "-2.5", "0.25", "10", "2.50", "100"];
const PATTERNS: &[&str] = &[
    "a",
    "",
    "^",
    "b$",
    "[a-c]+",
    "a*",
    "(?<x>a)(?<y>b)?",
    "(a)|(b)",
    "\\\\d+",
    "^\\\\s*|\\\\s*$",
    "[^a]",
    ".",
    "(?<k>[a-z])",
    "a|ab",
    "(a|b)*",
    "b?",
    "ä",
    "\\\\.",
    "[,;] *",
    "an",
    "(?:ab){1,2}",
    "\\\\w",
    "a+?",
    "(?<w>\\\\w+)",
];
const FLAGS: &[&str] = &["\"g\"", "\"i\"", "null", "\"gi\"", "\"\"", "\"x\""];

/// A program of about so many nodes.
pub fn program(dice: &mut Dice, size: usize) -> String {
    let mut names = Vec::new();
    Growth { dice, names: &mut names }.pipe(size)
}

/// An input, as JSON.
pub fn input(dice: &mut Dice, depth: usize) -> String {
    let kinds = if depth == 0 { 6 } else { 13 };
    match dice.roll(kinds) {
        0 => "null".to_string(),
        1 => dice.pick(&["true", "false", "false"]).to_string(),
        2 | 3 => dice.pick(NUMBERS).to_string(),
        4 | 5 => format!("\"{}\"", dice.pick(TEXTS)),
        6..=8 => {
            let same = dice.once_in(2);
            let kind = dice.roll(1 << 20);
            let items: Vec<String> = (0..dice.roll(4)).map(|_| if same { alike(dice, kind) } else { input(dice, depth - 1) }).collect();
            format!("[{}]", items.join(","))
        }
        _ => {
            let mut fields: Vec<String> = Vec::new();
            for key in KEYS {
                if dice.once_in(2) {
                    fields.push(format!("\"{key}\":{}", input(dice, depth - 1)));
                }
            }
            format!("{{{}}}", fields.join(","))
        }
    }
}

/// Items of one kind, as lists mostly have them.
fn alike(dice: &mut Dice, kind: usize) -> String {
    match kind % 4 {
        0 => dice.pick(NUMBERS).to_string(),
        1 => format!("\"{}\"", dice.pick(TEXTS)),
        2 => format!("{{\"a\":{},\"b\":\"{}\"}}", dice.pick(NUMBERS), dice.pick(TEXTS)),
        _ => format!("[{},\"{}\"]", dice.pick(NUMBERS), dice.pick(TEXTS)),
    }
}

/// What jq has too, each as it may be called.
pub fn theirs() -> impl Iterator<Item = (&'static Function, &'static str)> {
    let shared = functions::ALL.iter().filter(|function| !function.ours);
    // `round(places)` is ours; a record's values are changed with `map_values`, a list's with `map`.
    shared.flat_map(|function| {
        function.takes.iter().filter(|takes| function.name != "round" || takes.is_empty()).map(|takes| (*function, *takes))
    })
}

struct Growth<'g> {
    dice: &'g mut Dice,
    names: &'g mut Vec<&'static str>,
}

impl Growth<'_> {
    fn pipe(&mut self, size: usize) -> String {
        if size < 2 {
            return self.term(size);
        }
        match self.dice.roll(12) {
            0..=4 => format!("{} | {}", self.operand(size / 2), self.pipe(size - size / 2 - 1)),
            5 => {
                let source = self.term(size / 2);
                let name = ["x", "y", "z"][self.dice.roll(3)];
                self.names.push(name);
                let body = self.pipe(size - size / 2);
                self.names.pop();
                format!("{source} as ${name} | {body}")
            }
            6 => format!("{}, {}", self.operand(size / 2), self.operand(size / 2)),
            _ => self.operand(size),
        }
    }

    fn operand(&mut self, size: usize) -> String {
        if size < 3 {
            return self.term(size);
        }
        let half = size / 2;
        match self.dice.roll(14) {
            0 | 1 => {
                let sign = self.dice.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("{} {sign} {}", self.term(half), self.term(half))
            }
            2 | 3 => {
                let sign = self.dice.pick(&["+", "-", "*", "+", "%"]);
                format!("{} {sign} {}", self.term(half), self.term(half))
            }
            4 => format!("{} / {}", self.term(half), self.dice.pick(&["2", "4", "\",\"", "\"\"", "0.5"])),
            5 => format!("{} {} {}", self.term(half), self.dice.pick(&["and", "or"]), self.term(half)),
            6 => format!("{} // {}", self.term(half), self.term(half)),
            7 => format!("-{}", self.path(half)),
            _ => self.term(size),
        }
    }

    fn term(&mut self, size: usize) -> String {
        if size < 2 {
            return self.leaf();
        }
        match self.dice.roll(22) {
            0..=3 => self.path(size),
            4 => format!("({})", self.pipe(size - 1)),
            5 => format!("[{}]", self.pipe(size - 1)),
            6 | 7 => self.record(size),
            8 => {
                let (when, then) = (self.pipe(size / 3), self.pipe(size / 3));
                match self.dice.roll(3) {
                    0 => format!("if {when} then {then} end"),
                    1 => format!("if {when} then {then} else {} end", self.pipe(size / 3)),
                    _ => {
                        format!("if {when} then {then} elif {} then {} else {} end", self.pipe(size / 4), self.leaf(), self.pipe(size / 4))
                    }
                }
            }
            9 => {
                let source = self.term(size / 3);
                let start = self.leaf();
                self.names.push("r");
                let step = self.pipe(size / 2);
                self.names.pop();
                format!("reduce {source} as $r ({start}; {step})")
            }
            10 => format!("try {}", self.term(size - 1)),
            11 => format!("try ({}) catch {}", self.pipe(size / 2), self.quiet()),
            12 => format!("({})?", self.pipe(size - 1)),
            13 => {
                let format = if self.dice.once_in(2) {
                    ""
                } else {
                    self.dice.pick(&["@json ", "@text ", "@csv ", "@uri ", "@html ", "@sh ", "@base64 "])
                };
                format!("{format}\"{}\\({})b\"", self.dice.pick(&["", "x", "é"]), self.pipe(size / 2))
            }
            _ => self.call(size),
        }
    }

    /// What a handler may say: the words of a failure are jq's own, and so it does not look at them.
    fn quiet(&mut self) -> String {
        self.dice.pick(&["null", "\"no\"", "1", "[]", "empty"]).to_string()
    }

    fn leaf(&mut self) -> String {
        match self.dice.roll(13) {
            0 | 1 => ".".to_string(),
            2..=4 => format!(".{}", self.dice.pick(KEYS)),
            5 | 6 => self.dice.pick(NUMBERS).to_string(),
            7 | 8 => format!("\"{}\"", self.dice.pick(TEXTS)),
            9 => self.dice.pick(&["null", "true", "false", "[]", "{}", "empty"]).to_string(),
            10 => ".[]".to_string(),
            11 => match self.names.last() {
                Some(name) => format!("${name}"),
                None => ".a.b".to_string(),
            },
            _ => ".[]?".to_string(),
        }
    }

    fn path(&mut self, size: usize) -> String {
        let mut text = match self.dice.roll(6) {
            0 if size > 3 => format!("({})", self.pipe(size / 2)),
            1 if !self.names.is_empty() => format!("${}", self.names[self.dice.roll(self.names.len())]),
            _ => format!(".{}", self.dice.pick(KEYS)),
        };
        for _ in 0..1 + self.dice.roll(2) {
            let step = match self.dice.roll(10) {
                0..=2 => format!(".{}", self.dice.pick(KEYS)),
                3 => format!("[{}]", self.dice.roll(3)),
                4 => "[-1]".to_string(),
                5 => "[]".to_string(),
                6 => format!("[{}]", self.pipe(size / 3)),
                7 => format!("[{}:]", self.dice.pick(&["1", "-2", "0", "1.5", "null", "(0,1)"])),
                8 => format!("[{}:{}]", self.dice.pick(&["0", "-3", "1"]), self.dice.pick(&["2", "-1", "(1,2)", "5"])),
                _ => format!(".\"{}\"", self.dice.pick(KEYS)),
            };
            text.push_str(&step);
            if self.dice.once_in(5) {
                text.push('?');
            }
        }
        text
    }

    fn record(&mut self, size: usize) -> String {
        let mut fields = Vec::new();
        for _ in 0..1 + self.dice.roll(2) {
            let key = self.dice.pick(KEYS);
            let field = match self.dice.roll(8) {
                0 => key.to_string(),
                1 => format!("\"{key}\": {}", self.term(size / 3)),
                2 => format!("({}): {}", self.pipe(size / 4), self.term(size / 3)),
                3 if !self.names.is_empty() => format!("${}", self.names[self.dice.roll(self.names.len())]),
                4 => format!("\"k\\({})\": 1", self.term(size / 4)),
                _ => format!("{key}: {}", self.operand(size / 3)),
            };
            fields.push(field);
        }
        format!("{{{}}}", fields.join(", "))
    }

    fn call(&mut self, size: usize) -> String {
        let all: Vec<_> = theirs().collect();
        let (function, takes) = all[self.dice.roll(all.len())];
        self.called(function, takes, size)
    }

    fn called(&mut self, function: &Function, takes: &str, size: usize) -> String {
        if takes.is_empty() {
            return function.name.to_string();
        }
        let words: Vec<&str> = takes.split("; ").collect();
        let each = size / words.len();
        let arguments: Vec<String> = words.iter().map(|word| self.argument(function.name, word, words.len(), each)).collect();
        format!("{}({})", function.name, arguments.join("; "))
    }

    fn argument(&mut self, name: &str, word: &str, of: usize, size: usize) -> String {
        match (name, word) {
            (_, "\"pattern\"") => format!("\"{}\"", self.dice.pick(PATTERNS)),
            (_, "\"flags\"") => self.dice.pick(FLAGS).to_string(),
            (_, "with") => self.dice.pick(&["\"\"", "\"-\"", "\"<\\(.x)>\"", "\"\\(.k // \"q\")\"", ".x", "\"aa\""]).to_string(),
            // Bounds of jq's `range(a; b; c)` that are no numbers may have no end.
            ("range", _) if of == 3 => self.dice.pick(&["0", "1", "5", "-3", "0.5", "2", "(0,1)"]).to_string(),
            ("range" | "limit" | "skip" | "nth", "n" | "to" | "from") => {
                self.dice.pick(&["0", "1", "2", "3", "1.5", "length", "(1,2)", ".n", "-1"]).to_string()
            }
            ("flatten", _) => self.dice.pick(&["0", "1", "2", "-1"]).to_string(),
            (_, "separator" | "prefix" | "suffix" | "affix" | "sought") if !self.dice.once_in(4) => {
                format!("\"{}\"", self.dice.pick(TEXTS))
            }
            _ => self.pipe(size),
        }
    }
}
