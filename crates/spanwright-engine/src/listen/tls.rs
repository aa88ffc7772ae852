//! TLS of the listener: the certificate that we show, read again when its files change, and client certificates.
#![allow(clippy::disallowed_methods)] // a certificate is a file outside the project

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use spanwright_core::plan::TlsPlan;

use super::ListenFault;

/// The files, and what was made of them last.
pub(super) struct Certificates {
    files: [Option<PathBuf>; 3],
    last: Mutex<(Vec<Option<SystemTime>>, Arc<ServerConfig>)>,
}

impl Certificates {
    /// Reads them for the first time.
    pub(super) fn of(plan: &TlsPlan, variable: &dyn Fn(&str) -> Option<String>) -> Result<Certificates, ListenFault> {
        let path =
            |template: &spanwright_core::settings::Template| template.fill(variable).map(PathBuf::from).map_err(ListenFault::Variable);
        let ca = plan.client_ca.as_ref().map(path).transpose()?;
        let files = [Some(path(&plan.certificate)?), Some(path(&plan.key)?), ca];
        let config = read(&files).map_err(ListenFault::Tls)?;
        let times = changed(&files);
        Ok(Certificates { files, last: Mutex::new((times, config)) })
    }

    /// The settings of the next connection. Files that are half written leave what was there.
    pub(super) fn now(&self) -> Arc<ServerConfig> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let times = changed(&self.files);
        if times != last.0
            && let Ok(config) = read(&self.files)
        {
            *last = (times, config);
        }
        last.1.clone()
    }
}

fn changed(files: &[Option<PathBuf>; 3]) -> Vec<Option<SystemTime>> {
    files.iter().map(|file| std::fs::metadata(file.as_ref()?).ok()?.modified().ok()).collect()
}

/// A fault names the file and never what is in it.
fn read(files: &[Option<PathBuf>; 3]) -> Result<Arc<ServerConfig>, String> {
    let [Some(certificate), Some(key), ca] = files else { return Err("no certificate is named".into()) };
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|why| format!("reading the key in {}: {why}", key.display()))?;
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().map_err(|why| why.to_string())?;
    let builder = match ca {
        None => builder.with_no_client_auth(),
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates(ca)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).allow_unauthenticated().build();
            builder.with_client_cert_verifier(verifier.map_err(|why| format!("{}: {why}", ca.display()))?)
        }
    };
    let mut config = builder.with_single_cert(chain, private).map_err(|why| format!("{} and its key: {why}", certificate.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |why: rustls::pki_types::pem::Error| format!("reading the certificates in {}: {why}", path.display());
    let all: Vec<_> = CertificateDer::pem_file_iter(path).map_err(fault)?.collect::<Result<_, _>>().map_err(fault)?;
    if all.is_empty() { Err(format!("{} holds no certificate", path.display())) } else { Ok(all) }
}
