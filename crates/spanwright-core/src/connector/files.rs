//! What is done with a folder of this machine, and what came of it.

use std::{io::BufRead, sync::Arc, time::Duration};

/// What is done with a folder of this machine.
#[derive(Clone, Debug)]
pub enum FilesRequest {
    /// The next file that nobody is writing is opened, and the one before it moved away.
    Take {
        /// The folder.
        folder: String,
        /// Which names: `*` and `?`.
        matches: String,
        /// So long nobody has touched it: two looks this far apart saw the same. Zero: it is taken at once.
        settle: Duration,
        /// Where files go that were read, seen from the folder.
        done: String,
        /// Where those go that cannot be read.
        failed: String,
        /// What was read before.
        finished: Option<Finished>,
    },
    /// A file appears, whole, and once for its key.
    Put {
        /// The folder.
        folder: String,
        /// What it is called there.
        name: String,
        /// The same at each try.
        key: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
}

/// A file whose rows are all on disk.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it is called.
    pub name: Arc<str>,
    /// Of its content.
    pub digest: Arc<str>,
    /// As [`FileSeen::stamp`] said when it was opened.
    pub stamp: Arc<str>,
    /// It could not be read.
    pub failed: bool,
}

/// A file that was found.
#[derive(Clone, Debug)]
pub struct FileSeen {
    /// What it is called.
    pub name: String,
    /// Of its content: its identity.
    pub digest: String,
    /// Its size.
    pub bytes: u64,
    /// Another one after every change.
    pub stamp: String,
}

/// What came of it.
pub enum FilesHeard<'h> {
    /// No file stands ready.
    Nothing,
    /// None does yet; there are some that may when so much time has passed.
    Unsettled {
        /// From now on.
        again: Duration,
    },
    /// This one does.
    Found {
        /// Which.
        file: &'h FileSeen,
        /// What is in it.
        body: &'h mut dyn BufRead,
    },
    /// It is there.
    Put {
        /// What it is called.
        name: &'h str,
    },
    /// Another one of this name is there, and nothing was written.
    InTheWay {
        /// What it is called.
        name: &'h str,
    },
}
