//! A certificate authority of a test's own, made by OpenSSL: who is shown what, and whom that one trusts.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

/// An authority whose certificates lie in a folder.
#[derive(Debug)]
pub struct Authority {
    folder: PathBuf,
    name: &'static str,
}

/// A certificate and its key: PEM files.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    /// OpenSSL is not installed, or the folder cannot be written.
    pub fn make(folder: &Path, name: &'static str) -> io::Result<Authority> {
        let authority = Authority { folder: folder.to_path_buf(), name };
        let extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
        authority.openssl(name, &extensions)?;
        Ok(authority)
    }

    /// Its own certificate, which whoever trusts it has.
    pub fn certificate(&self) -> PathBuf {
        self.path(self.name, "crt")
    }

    /// Signs a certificate, for a server on loopback as well as for a client.
    ///
    /// # Errors
    /// As [`Authority::make`].
    pub fn sign(&self, name: &str) -> io::Result<Certificate> {
        let [ca, key] = [self.certificate(), self.path(self.name, "key")].map(|path| path.to_string_lossy().into_owned());
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        self.openssl(name, &["-addext", names, "-addext", "basicConstraints=critical,CA:FALSE", "-CA", &ca, "-CAkey", &key])?;
        Ok(Certificate { certificate: self.path(name, "crt"), key: self.path(name, "key") })
    }

    fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ending}"))
    }

    fn openssl(&self, name: &str, further: &[&str]) -> io::Result<()> {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
        command.args(["-subj", &format!("/CN={name}")]).args(further);
        command.arg("-keyout").arg(self.path(name, "key")).arg("-out").arg(self.path(name, "crt"));
        said(&mut command).map(|_| ())
    }
}

impl Certificate {
    /// The SHA-256 of the certificate, in hexadecimal digits.
    ///
    /// # Errors
    /// OpenSSL cannot read it.
    pub fn sha256(&self) -> io::Result<String> {
        let mut command = Command::new("openssl");
        command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(&self.certificate);
        let printed = said(&mut command)?;
        Ok(printed.trim().rsplit('=').next().unwrap_or_default().to_owned())
    }
}

fn said(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(io::Error::other(format!("openssl: {}", String::from_utf8_lossy(&output.stderr))))
}
