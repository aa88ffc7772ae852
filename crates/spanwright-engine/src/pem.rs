//! Certificates and keys: PEM files outside the project, read again when they change.
//!
//! A fault names the file and never what is in it.
#![allow(clippy::disallowed_methods)] // they are files

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum PemFault {
    /// It cannot be read.
    #[error("reading the {what} in {}: {why}", path.display())]
    Unreadable {
        /// Certificates or a key.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is nothing in it that can be trusted or shown.
    #[error("{} holds no certificate", .0.display())]
    Empty(PathBuf),
}

/// The certificates of a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemFault> {
    let unreadable =
        |why: rustls::pki_types::pem::Error| PemFault::Unreadable { what: "certificates", path: path.into(), why: why.to_string() };
    let all: Vec<_> = CertificateDer::pem_file_iter(path).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
    if all.is_empty() { Err(PemFault::Empty(path.into())) } else { Ok(all) }
}

/// The private key of a file.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, PemFault> {
    PrivateKeyDer::from_pem_file(path).map_err(|why| PemFault::Unreadable { what: "key", path: path.into(), why: why.to_string() })
}

/// Adds the authorities of a file to those that are trusted.
pub(crate) fn trust(roots: &mut RootCertStore, path: &Path) -> Result<(), PemFault> {
    let (added, _) = roots.add_parsable_certificates(certificates(path)?);
    if added == 0 { Err(PemFault::Empty(path.into())) } else { Ok(()) }
}

/// What was made of some files, and is made again when one of them changes.
pub(crate) struct Made<T> {
    files: Vec<PathBuf>,
    last: Mutex<(Vec<Option<SystemTime>>, T)>,
}

impl<T: Clone> Made<T> {
    /// Makes it for the first time.
    pub(crate) fn of<E>(files: Vec<PathBuf>, make: impl FnOnce() -> Result<T, E>) -> Result<Made<T>, E> {
        let times = changed(&files);
        let made = make()?;
        Ok(Made { files, last: Mutex::new((times, made)) })
    }

    /// As the files are now. Files that are half written leave what was there.
    pub(crate) fn now<E>(&self, make: impl FnOnce() -> Result<T, E>) -> T {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let times = changed(&self.files);
        if times != last.0
            && let Ok(made) = make()
        {
            *last = (times, made);
        }
        last.1.clone()
    }
}

fn changed(files: &[PathBuf]) -> Vec<Option<SystemTime>> {
    files.iter().map(|file| std::fs::metadata(file).ok()?.modified().ok()).collect()
}
