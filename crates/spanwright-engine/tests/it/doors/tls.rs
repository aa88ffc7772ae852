//! A door behind TLS.

use super::*;

/// A certificate and its key, made by OpenSSL for `localhost`.
fn certificate(folder: &std::path::Path, name: &str) -> (String, String) {
    let path = |ending: &str| folder.join(format!("{name}.{ending}")).to_str().unwrap().to_string();
    let (cert, key) = (path("crt"), path("key"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj"])
        .args([&format!("/CN={name}"), "-addext", "subjectAltName=DNS:localhost", "-keyout", &key, "-out", &cert])
        .output()
        .expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (cert, key)
}

#[test]
fn tls_shows_a_certificate_that_is_read_again_when_it_changes() {
    let shop = Hostile::start(vec![Answer::json(200, "{}")]);
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = certificate(folder.path(), "served");
    let (other_cert, other_key) = certificate(folder.path(), "other");
    let first = folder.path().join("first.crt");
    std::fs::copy(&cert, &first).unwrap();
    let mut trial = project(&[("orders", ORDERS)], &shop);
    let listen = "listen: { http: \"127.0.0.1:0\", tls: { cert: \"${CERT}\", key: \"${KEY}\", client_ca: \"${CERT}\" } }";
    trial.edit("spanwright.yaml", "listen: { http: \"127.0.0.1:0\" }", listen);
    trial.edit("spanwright.yaml", "the shop }", "the shop }, CERT: { about: certificate }, KEY: { about: key }");
    trial.variables.extend([("CERT".to_string(), cert.clone()), ("KEY".to_string(), key.clone())]);
    let running = trial.start(false);
    let port = running.address().unwrap().port();
    let over = |ca: &std::path::Path, version: &str| {
        let out = std::process::Command::new("curl")
            .args([
                "--silent",
                "--max-time",
                "20",
                version,
                "--write-out",
                "%{http_code} %{http_version}",
                "--output",
                "/dev/null",
                "--cacert",
            ])
            .arg(ca)
            .args(["--header", "content-type: application/json", "--data", "{\"orderId\":7}", "--resolve"])
            .args([format!("localhost:{port}:127.0.0.1"), format!("https://localhost:{port}/orders")])
            .output()
            .expect("curl is installed");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let post = |ca: &std::path::Path| over(ca, "--http2")[..3].to_string();
    assert_eq!((over(&first, "--http2"), over(&first, "--http1.1")), ("202 2".into(), "202 1.1".into()), "as both sides agree");
    assert_eq!((over(&first, "--no-alpn"), post(&first)), ("202 1.1".into(), "202".into()));
    assert_eq!(post(std::path::Path::new(&other_cert)), "000", "and no other is shown");
    std::fs::copy(&other_cert, &cert).unwrap();
    assert_eq!(post(&first), "202", "half of a new pair leaves the old one");
    std::fs::copy(&other_key, &key).unwrap();
    assert_eq!(post(std::path::Path::new(&other_cert)), "202");
    stopped(running);
}
