//! TLS of the listener: the certificate that we show, read again when its files change, and client certificates.

use std::{path::PathBuf, sync::Arc};

use rustls::{RootCertStore, ServerConfig, crypto::ring, server::WebPkiClientVerifier};
use spanwright_core::{plan::TlsPlan, settings::Template};

use super::ListenFault;
use crate::pem::{self, Made};

/// How HTTP/2 is called where both sides agree on what they speak.
pub(super) const HTTP_2: &[u8] = b"h2";

/// The files, and what was made of them last.
pub(super) struct Certificates {
    files: Files,
    made: Made<Arc<ServerConfig>>,
}

/// PEM files outside the project.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

impl Certificates {
    /// Reads them for the first time.
    pub(super) fn of(plan: &TlsPlan, variable: &dyn Fn(&str) -> Option<String>) -> Result<Certificates, ListenFault> {
        let path = |template: &Template| template.fill(variable).map(PathBuf::from).map_err(ListenFault::Variable);
        let client_ca = plan.client_ca.as_ref().map(path).transpose()?;
        let files = Files { certificate: path(&plan.certificate)?, key: path(&plan.key)?, client_ca };
        let all = [&files.certificate, &files.key].into_iter().chain(&files.client_ca).cloned().collect();
        let made = Made::of(all, || files.read()).map_err(ListenFault::Tls)?;
        Ok(Certificates { files, made })
    }

    /// The settings of the next connection. Files that are half written leave what was there.
    pub(super) fn now(&self) -> Arc<ServerConfig> {
        self.made.now(|| self.files.read())
    }
}

impl Files {
    fn read(&self) -> Result<Arc<ServerConfig>, String> {
        let words = |why: pem::PemFault| why.to_string();
        let provider = Arc::new(ring::default_provider());
        let (chain, private) = (pem::certificates(&self.certificate).map_err(words)?, pem::key(&self.key).map_err(words)?);
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(|why| why.to_string())?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                pem::trust(&mut roots, ca).map_err(words)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).allow_unauthenticated().build();
                builder.with_client_cert_verifier(verifier.map_err(|why| format!("{}: {why}", ca.display()))?)
            }
        };
        let own = builder.with_single_cert(chain, private);
        let mut config = own.map_err(|why| format!("{} and its key: {why}", self.certificate.display()))?;
        config.alpn_protocols = [HTTP_2, b"http/1.1"].map(<[u8]>::to_vec).into();
        Ok(Arc::new(config))
    }
}
