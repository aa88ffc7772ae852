//! The thread that writes lines. The desk does not wait for a terminal or a pipe, unless [`LINES_MOST`] lines wait.

use std::{
    io::Write,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use super::{
    ecs, human,
    line::{Level, Line},
    redact::Secrets,
};

/// Lines that may wait to be written; whoever brings one more is held up. None is left out.
pub const LINES_MOST: usize = 8_192;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// JSON in the Elastic Common Schema.
    Ecs,
    /// Words for a person.
    Human {
        /// With colour.
        colour: bool,
    },
}

/// Where lines go.
pub struct LogSettings {
    /// How they look.
    pub form: LogForm,
    /// The least that is written.
    pub level: Level,
    /// Where to: standard error, a file, a test's buffer.
    pub to: Box<dyn Write + Send>,
}

/// The log. Dropped, it writes what waits and ends.
pub struct Log {
    lines: Option<SyncSender<Line>>,
    level: Level,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Starts the thread. `service` is ECS `service.name`.
    ///
    /// # Errors
    /// Where the system has no thread left.
    pub fn start(settings: LogSettings, service: &str, secrets: Secrets) -> std::io::Result<Log> {
        let (lines, waiting) = sync_channel(LINES_MOST);
        let (level, service) = (settings.level, service.to_string());
        let pen = Pen { form: settings.form, to: settings.to, service, secrets };
        let thread = thread::Builder::new().name("log".into()).spawn(move || pen.work(&waiting))?;
        Ok(Log { lines: Some(lines), level, thread: Some(thread) })
    }

    /// Whether lines of this level are written at all.
    pub fn wants(&self, level: Level) -> bool {
        level >= self.level
    }

    /// Writes a line, soon.
    pub fn write(&self, line: Line) {
        if self.wants(line.level)
            && let Some(lines) = &self.lines
        {
            // Fails only where the thread is gone; there is nobody to tell.
            drop(lines.send(line));
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

struct Pen {
    form: LogForm,
    to: Box<dyn Write + Send>,
    service: String,
    secrets: Secrets,
}

impl Pen {
    fn work(mut self, waiting: &Receiver<Line>) {
        let mut out = Vec::with_capacity(4_096);
        while let Ok(line) = waiting.recv() {
            self.form(&line, &mut out);
            while out.len() < 64 << 10
                && let Ok(line) = waiting.try_recv()
            {
                self.form(&line, &mut out);
            }
            // A closed terminal does not end an integration.
            drop(self.to.write_all(&out).and_then(|()| self.to.flush()));
            out.clear();
        }
    }

    fn form(&self, line: &Line, out: &mut Vec<u8>) {
        let mut text = Vec::with_capacity(512);
        match self.form {
            LogForm::Ecs => ecs::write(line, &self.service, &mut text),
            LogForm::Human { colour } => human::write(line, colour, &mut text),
        }
        self.secrets.redact(&mut text);
        out.append(&mut text);
    }
}
