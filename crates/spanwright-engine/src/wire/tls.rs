//! Whom we trust, and what we show: the machine's roots and a file of further ones; a client certificate where a system
//! demands one.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use spanwright_core::connector::ClientCertificate;

use crate::pem::{self, Made, PemFault};

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// One of the files.
    #[error(transparent)]
    File(#[from] PemFault),
    /// The TLS library does not take our settings: a key that is of another certificate.
    #[error("setting up TLS: {0}")]
    Settings(#[from] rustls::Error),
}

/// The settings of every TLS connection: without a certificate of ours, and with each that a system is shown.
pub(super) struct Tls {
    further: Option<PathBuf>,
    bare: Arc<ClientConfig>,
    shown: Mutex<HashMap<ClientCertificate, Arc<Made<Arc<ClientConfig>>>>>,
}

impl Tls {
    /// `further`: a PEM file of certificates to trust beside the machine's.
    pub(super) fn new(further: Option<&Path>) -> Result<Tls, TlsFault> {
        Ok(Tls { further: further.map(Path::to_path_buf), bare: config(further, None)?, shown: Mutex::default() })
    }

    /// For what is no HTTP: nothing is said about what is spoken inside.
    pub(super) fn without_protocol(&self) -> Tls {
        let mut bare = (*self.bare).clone();
        bare.alpn_protocols.clear();
        Tls { further: self.further.clone(), bare: Arc::new(bare), shown: Mutex::default() }
    }

    /// The settings of the next connection that shows this. Only files that were never right are a fault: those that are half
    /// written leave what was there.
    pub(super) fn showing(&self, shows: Option<&ClientCertificate>) -> Result<Arc<ClientConfig>, TlsFault> {
        let Some(shows) = shows else { return Ok(self.bare.clone()) };
        let make = || config(self.further.as_deref(), Some(shows));
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = shown.get(shows) {
            return Ok(made.now(make));
        }
        let files = [&shows.certificate, &shows.key].into_iter().chain(&shows.ca).cloned().collect();
        let made = Arc::new(Made::of(files, make)?);
        shown.insert(shows.clone(), made.clone());
        Ok(made.now(make))
    }
}

/// `ring` by name (two providers in one process would panic), HTTP/1.1 only.
fn config(further: Option<&Path>, shows: Option<&ClientCertificate>) -> Result<Arc<ClientConfig>, TlsFault> {
    let provider = Arc::new(ring::default_provider());
    let roots = match shows.and_then(|shows| shows.ca.as_deref()) {
        Some(ca) => only(ca)?,
        None => machine(further)?,
    };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?.with_root_certificates(roots);
    let mut config = match shows {
        None => builder.with_no_client_auth(),
        Some(shows) => builder.with_client_auth_cert(pem::certificates(&shows.certificate)?, pem::key(&shows.key)?)?,
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn only(ca: &Path) -> Result<RootCertStore, PemFault> {
    let mut roots = RootCertStore::empty();
    pem::trust(&mut roots, ca)?;
    Ok(roots)
}

/// A machine without roots is no fault here: only `https` needs them, and its handshake will say so.
fn machine(further: Option<&Path>) -> Result<RootCertStore, PemFault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = further {
        pem::trust(&mut roots, path)?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(further: &Path) -> String {
        Tls::new(Some(further)).err().unwrap().to_string()
    }

    #[test]
    fn a_file_of_roots_that_is_not_there_is_named() {
        let fault = refused(Path::new("/nowhere/ca.pem"));
        assert!(fault.starts_with("reading the certificates in /nowhere/ca.pem: "), "{fault}");
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "these are no certificates\n").unwrap();
        assert_eq!(refused(&path), format!("{} holds no certificate", path.display()));
    }
}
