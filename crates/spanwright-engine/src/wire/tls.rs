//! Whom we trust: the machine's roots, and a file of further ones for systems with a certificate authority of their own.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// The file of further roots cannot be read.
    #[error("reading the certificates in {}: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The file of further roots holds nothing that we can trust.
    #[error("{} holds no certificate", .0.display())]
    Empty(PathBuf),
    /// The TLS library does not take our settings.
    #[error("setting up TLS: {0}")]
    Settings(#[from] rustls::Error),
}

/// The settings of every TLS connection: `ring` by name (two providers in one process would panic), HTTP/1.1 only.
pub(super) fn config(further: Option<&Path>) -> Result<Arc<ClientConfig>, TlsFault> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(further)?)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A machine without roots is no fault here: only `https` needs them, and its handshake will say so.
fn roots(further: Option<&Path>) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = further {
        let unreadable = |why: rustls::pki_types::pem::Error| TlsFault::Unreadable { path: path.into(), why: why.to_string() };
        let certificates: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(path).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(TlsFault::Empty(path.into()));
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_of_roots_that_is_not_there_is_named() {
        let fault = config(Some(Path::new("/nowhere/ca.pem"))).unwrap_err().to_string();
        assert!(fault.starts_with("reading the certificates in /nowhere/ca.pem: "), "{fault}");
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, "these are no certificates\n").unwrap();
        assert!(matches!(config(Some(&path)), Err(TlsFault::Empty(_))));
    }
}
