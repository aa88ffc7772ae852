//! Where words go: data to standard output, all else to standard error; colour only where there is a terminal.

use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use clap::ValueEnum;
use spanwright_shape::json;

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a person.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Both streams of the process.
pub struct Out {
    data: AutoStream<io::Stdout>,
}

impl Out {
    /// The process's own.
    pub fn of_process() -> Out {
        Out { data: AutoStream::auto(io::stdout()) }
    }

    /// Writes data as it is; colour is taken out where there is no terminal.
    ///
    /// # Errors
    /// Where standard output is gone.
    pub fn data(&mut self, text: &str) -> io::Result<()> {
        self.data.write_all(text.as_bytes())
    }

    /// Writes a line of data.
    ///
    /// # Errors
    /// Where standard output is gone.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        self.data(text)?;
        self.data("\n")
    }

    /// Writes a line to standard error. Where that is closed there is nobody left to tell.
    pub fn aside(&mut self, text: &str) {
        drop(writeln!(anstream::stderr(), "{text}"));
    }

    /// Writes text to standard error as it is.
    pub fn aside_text(&mut self, text: &str) {
        drop(anstream::stderr().write_all(text.as_bytes()));
    }

    /// Writes what is still in a buffer.
    ///
    /// # Errors
    /// Where standard output is gone.
    pub fn end(&mut self) -> io::Result<()> {
        self.data.flush()
    }

    /// Whether a person watches standard error: only then anything moves there.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }
}

/// One JSON object on its way, its keys in the order in which they are added.
pub struct Object {
    text: Vec<u8>,
}

impl Object {
    /// An empty one.
    pub fn new() -> Object {
        Object { text: b"{".to_vec() }
    }

    /// Adds text.
    pub fn text(mut self, key: &str, value: &str) -> Object {
        self.key(key);
        json::write_text(value, &mut self.text);
        self
    }

    /// Adds text, or nothing at all.
    pub fn maybe(self, key: &str, value: Option<&str>) -> Object {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    /// Adds a number.
    pub fn number(self, key: &str, value: u64) -> Object {
        self.raw(key, &value.to_string())
    }

    /// Adds what is JSON already.
    pub fn raw(mut self, key: &str, json: &str) -> Object {
        self.key(key);
        self.text.extend_from_slice(json.as_bytes());
        self
    }

    /// Adds a list of what is JSON already.
    pub fn list(self, key: &str, items: impl IntoIterator<Item = String>) -> Object {
        let items: Vec<String> = items.into_iter().collect();
        self.raw(key, &format!("[{}]", items.join(",")))
    }

    /// The object.
    pub fn end(mut self) -> String {
        self.text.push(b'}');
        String::from_utf8(self.text).expect("every part was text")
    }

    fn key(&mut self, key: &str) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        json::write_text(key, &mut self.text);
        self.text.push(b':');
    }
}

#[cfg(test)]
mod tests {
    use super::Object;

    #[test]
    fn an_object_is_json_with_its_keys_in_order() {
        let object = Object::new().text("b", "\"x\"\n").number("a", 3).maybe("c", None).list("d", ["1".to_string(), Object::new().end()]);
        assert_eq!(object.end(), r#"{"b":"\"x\"\n","a":3,"d":[1,{}]}"#);
    }
}
