//! Texts made of values: interpolation, `tostring`, `split`.

use spanwright_shape::{json, value::Value};

use super::{Flow, Frame, Given, Outcome, Run, Sink, Stop};
use crate::{
    functions::{Function, Prepared},
    op::TextPiece,
};

impl<'a> Run<'a> {
    pub(super) fn text_of(&self, pieces: &'a [TextPiece], format: Option<&'static Function>, frame: Frame<'a>, site: u32) -> Given<'a> {
        let mut parts: Vec<&'a str> = Vec::with_capacity(pieces.len());
        for piece in pieces.iter().rev() {
            match piece {
                TextPiece::Plain(text) => parts.push(text),
                TextPiece::Inside(op) => match self.one(op, frame)? {
                    Some(value) => parts.push(self.formatted(value, format, site)?),
                    None => return Ok(None),
                },
            }
        }
        parts.reverse();
        self.joined(&parts, site).map(Some)
    }

    /// Many results inside a text: the last piece is the outer loop.
    pub(super) fn each_text(
        &self,
        pieces: &'a [TextPiece],
        format: Option<&'static Function>,
        frame: Frame<'a>,
        site: u32,
        out: Sink<'a, '_>,
    ) -> Result<Flow, Stop> {
        self.text_before(pieces, format, "", frame, site, out)
    }

    /// A value inside a text: through the text's format, or as `tostring` has it.
    fn formatted(&self, value: Value<'a>, format: Option<&'static Function>, site: u32) -> Result<&'a str, Stop> {
        self.take_steps(1, site)?;
        let Some(format) = format else { return self.to_text(value, site) };
        let made = format.run(self, value, &[], &Prepared::Nothing, site)?;
        self.to_text(made, site)
    }

    fn text_before(
        &self,
        pieces: &'a [TextPiece],
        format: Option<&'static Function>,
        behind: &'a str,
        frame: Frame<'a>,
        site: u32,
        out: Sink<'a, '_>,
    ) -> Result<Flow, Stop> {
        let Some((last, before)) = pieces.split_last() else { return out(Value::Text(behind)) };
        match last {
            TextPiece::Plain(text) => {
                let Value::Text(longer) = self.joined(&[text, behind], site)? else { return Ok(Flow::On) };
                self.text_before(before, format, longer, frame, site, out)
            }
            TextPiece::Inside(op) => self.each(op, frame, &mut |value| {
                let text = self.formatted(value, format, site)?;
                let Value::Text(longer) = self.joined(&[text, behind], site)? else { return Ok(Flow::On) };
                self.text_before(before, format, longer, frame, site, out)
            }),
        }
    }

    /// `tostring`: text as it is, anything else as JSON.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn to_text(&self, value: Value<'a>, site: u32) -> Result<&'a str, Stop> {
        match value {
            Value::Text(text) => Ok(text),
            Value::Null => Ok("null"),
            Value::Bool(true) => Ok("true"),
            Value::Bool(false) => Ok("false"),
            Value::Number(number) => self.text(&number.to_string(), site),
            Value::List(_) | Value::Record(_) => self.to_json(value, site),
        }
    }

    /// `tojson`
    ///
    /// # Errors
    /// The budget is spent.
    pub fn to_json(&self, value: Value<'a>, site: u32) -> Result<&'a str, Stop> {
        self.take_steps(self.size(&value, site)?, site)?;
        let mut bytes = Vec::new();
        json::write(&value, &mut bytes);
        self.text(&String::from_utf8_lossy(&bytes), site)
    }

    /// How many values are in a value, itself included: what is shared counts each time, since it is written each time.
    fn size(&self, value: &Value<'_>, site: u32) -> Result<u32, Stop> {
        self.take_steps(1, site)?;
        let mut size = 1u32;
        match value {
            Value::List(items) => {
                for item in *items {
                    size = size.saturating_add(self.size(item, site)?);
                }
            }
            Value::Record(fields) => {
                for (name, field) in *fields {
                    self.take_text(name.len(), site)?;
                    size = size.saturating_add(self.size(field, site)?);
                }
            }
            Value::Text(text) => self.take_text(text.len(), site)?,
            Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
        Ok(size)
    }

    /// `split`: by a text, or into characters.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn split(&self, text: &'a str, by: &str, site: u32) -> Outcome<'a> {
        self.take_scanned(text.len(), site)?;
        let mut parts = self.vec();
        let mut push = |part: &'a str| {
            parts.push(Value::Text(part));
            self.take_items(1, site)
        };
        if text.is_empty() {
            return Ok(Value::List(&[]));
        }
        if by.is_empty() {
            text.char_indices().try_for_each(|(at, c)| push(&text[at..at + c.len_utf8()]))?;
        } else {
            text.split(by).try_for_each(&mut push)?;
        }
        Ok(Value::List(parts.into_bump_slice()))
    }
}
