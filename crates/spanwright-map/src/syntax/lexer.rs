//! Bytes to tokens, one at a time: texts contain expressions, so the parser asks for the next token when it wants one.

/// A token; texts begin with [`Token::Quote`] and are read on by the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'t> {
    /// `.name`, without its dot
    Field(&'t str),
    /// `name`
    Name(&'t str),
    /// `$name`, without its sign
    Variable(&'t str),
    /// `12.5e3`
    Number(&'t str),
    /// `@base64`
    Format(&'t str),
    /// `"`
    Quote,
    /// anything of [`SIGNS`]
    Sign(&'static str),
    /// a character that begins nothing
    Other(char),
    /// the end of the text
    End,
}

/// All signs, longer ones before those that they begin with.
const SIGNS: &[&str] = &[
    "?//=", "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "and", "or", "|", ",", ".", "[", "]",
    "(", ")", "{", "}", ":", ";", "?", "=", "<", ">", "+", "-", "*", "/", "%", "$",
];

/// The token that begins at or behind `at`, and its bytes.
pub fn next(text: &str, at: usize) -> (Token<'_>, usize, usize) {
    let from = at + blank(&text[at..]);
    let rest = &text[from..];
    let Some(first) = rest.chars().next() else { return (Token::End, text.len(), text.len()) };
    let (token, length) = match first {
        '"' => (Token::Quote, 1),
        '.' if starts_name(&rest[1..]) => field(rest),
        '0'..='9' => number(rest),
        '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => number(rest),
        '$' if starts_name(&rest[1..]) => prefixed(rest, Token::Variable),
        '@' if starts_name(&rest[1..]) => prefixed(rest, Token::Format),
        'a'..='z' | 'A'..='Z' | '_' => word(rest),
        _ => sign(rest, first),
    };
    (token, from, from + length)
}

/// How many bytes of white space and comments stand in front.
fn blank(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if !rest.starts_with('#') {
            return text.len() - rest.len();
        }
        rest = rest.find('\n').map_or("", |end| &rest[end..]);
    }
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

fn name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

fn field(rest: &str) -> (Token<'_>, usize) {
    let name = name(&rest[1..]);
    (Token::Field(name), name.len() + 1)
}

fn prefixed<'t>(rest: &'t str, token: fn(&'t str) -> Token<'t>) -> (Token<'t>, usize) {
    let name = name(&rest[1..]);
    (token(name), name.len() + 1)
}

fn word(rest: &str) -> (Token<'_>, usize) {
    let name = name(rest);
    let token = match name {
        "and" => Token::Sign("and"),
        "or" => Token::Sign("or"),
        _ => Token::Name(name),
    };
    (token, name.len())
}

/// `[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?`, or a point first; the parser tidies what JSON would not take.
fn number(rest: &str) -> (Token<'_>, usize) {
    let digits = |from: usize| from + rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    if rest[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let last = digits(end + 1 + sign);
        if last > end + 1 + sign {
            end = last;
        }
    }
    (Token::Number(&rest[..end]), end)
}

fn sign(rest: &str, first: char) -> (Token<'_>, usize) {
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => (Token::Sign(sign), sign.len()),
        None => (Token::Other(first), first.len_utf8()),
    }
}
