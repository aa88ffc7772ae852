//! From a URL to an open connection. Nothing that fails in here can have been read by anybody.
#![allow(clippy::disallowed_methods)] // the one place that opens a connection

use std::{io, net::SocketAddr, time::Duration};

use hyper::Uri;
use rustls::pki_types::ServerName;
use spanwright_core::connector::ClientCertificate;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{address::may_be_reached, counted::Stream, tls::Tls};

/// Time that one address of a host may take before the next is tried.
const ADDRESS_TIME_MOST: Duration = Duration::from_secs(5);
/// Addresses of one host that are tried.
const ADDRESSES_MOST: usize = 8;

/// Where a request goes: connections are shared by what has the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// What we show there: a connection is somebody's.
    shows: Option<ClientCertificate>,
}

impl Origin {
    /// What is no HTTP, and is shown no certificate.
    pub(super) fn at(host: &str, port: u16, tls: bool) -> Origin {
        Origin { tls, host: host.to_string(), port, shows: None }
    }

    /// # Errors
    /// In words. A URL may carry a key in its query, so it is not quoted.
    pub(super) fn of(uri: &Uri, shows: Option<ClientCertificate>) -> Result<Origin, String> {
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(other) => return Err(format!("`{other}:` is no wire that we have; write `https:` or `http:`")),
            None => return Err("the URL has no `https://` in front".to_string()),
        };
        if !tls && shows.is_some() {
            return Err("a client certificate is shown over `https:` alone, and the URL says `http:`".to_string());
        }
        let host = uri.host().filter(|host| !host.is_empty()).ok_or("the URL names no host")?;
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Origin { tls, host: host.trim_matches(['[', ']']).to_ascii_lowercase(), port, shows })
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.contains(':') {
            true => write!(to, "[{}]:{}", self.host, self.port),
            false => write!(to, "{}:{}", self.host, self.port),
        }
    }
}

/// How connections are opened, whatever is spoken on them.
pub(super) struct Reach {
    pub(super) tls: Tls,
    /// Nothing but the public Internet is reached.
    pub(super) public_only: bool,
    pub(super) names: Names,
}

/// Who knows the addresses of a host.
#[derive(Clone)]
pub(super) enum Names {
    /// The system's resolver.
    System,
    /// A resolver that says what it is told to say.
    #[cfg(test)]
    Told(std::sync::Arc<Says>),
}

#[cfg(test)]
pub(super) type Says = dyn Fn(&str, u16) -> Vec<SocketAddr> + Send + Sync;

impl Names {
    async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = match self {
            Names::System => lookup_host((host, port)).await?.take(ADDRESSES_MOST).collect(),
            #[cfg(test)]
            Names::Told(told) => told(host, port),
        };
        Ok(found)
    }
}

impl Reach {
    /// Opens a connection.
    ///
    /// # Errors
    /// In words.
    pub(super) async fn connect(&self, origin: &Origin) -> Result<Stream, String> {
        let bare = self.bare(origin).await?;
        // Without it small requests wait for the delayed acknowledgement of the one before; where it cannot be set we are only slower.
        let _ = bare.set_nodelay(true);
        if !origin.tls {
            return Ok(Stream::Bare(bare));
        }
        let name = ServerName::try_from(origin.host.clone()).map_err(|why| format!("the host of the URL: {why}"))?;
        let settings = self.tls.showing(origin.shows.as_ref()).map_err(|why| format!("the client certificate: {why}"))?;
        let stream = TlsConnector::from(settings).connect(name, bare).await;
        stream.map(|stream| Stream::Tls(Box::new(stream))).map_err(|why| format!("TLS with {origin}: {why}"))
    }

    /// The resolver is asked once for each connection. What it says is looked at and then connected to, as the very same
    /// addresses: a name that is another one a moment later has no second word.
    async fn bare(&self, origin: &Origin) -> Result<TcpStream, String> {
        let found = self.names.look_up(&origin.host, origin.port).await.map_err(|why| format!("looking up {}: {why}", origin.host))?;
        open_one(origin, found, self.public_only).await
    }
}

async fn open_one(origin: &Origin, found: Vec<SocketAddr>, public_only: bool) -> Result<TcpStream, String> {
    let mut last = format!("looking up {}: it has no address", origin.host);
    for address in found {
        if !may_be_reached(address.ip(), public_only) {
            last = match public_only {
                true => format!("connecting to {origin}: `{}` is no address of the public Internet", address.ip()),
                false => format!("connecting to {origin}: requests may not go to `{}`", address.ip()),
            };
            continue;
        }
        match reach_address(address).await {
            Ok(stream) => return Ok(stream),
            Err(why) => last = format!("connecting to {origin}: {why}"),
        }
    }
    Err(last)
}

async fn reach_address(address: SocketAddr) -> Result<TcpStream, String> {
    match timeout(ADDRESS_TIME_MOST, TcpStream::connect(address)).await {
        Ok(connected) => connected.map_err(|why| why.to_string()),
        Err(_) => Err(format!("nothing came back within {} s", ADDRESS_TIME_MOST.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(url: &str, expected: &str) {
        let origin = Origin::of(&url.parse().unwrap(), None);
        assert_eq!(origin.map_or_else(|why| why, |origin| format!("{} {origin}", origin.tls)), expected);
    }

    #[test]
    fn origins_are_told_apart_by_scheme_host_and_port() {
        check("https://CRM.example/v1?key=1", "true crm.example:443");
        check("http://crm.example/v1", "false crm.example:80");
        check("http://[::1]:8080/", "false [::1]:8080");
    }

    #[test]
    fn an_address_in_another_spelling_is_the_same_address() {
        let reach = Reach { tls: Tls::new(None).unwrap(), public_only: true, names: Names::System };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let spelled = [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://public.example@127.0.0.1/",
            "http://127.0.0.1.:9/",
            "http://localhost:9/",
        ];
        for url in spelled {
            let origin = Origin::of(&url.parse().unwrap(), None).unwrap();
            let why = runtime.block_on(reach.bare(&origin)).unwrap_err();
            // What the resolver does not know as an address is no name either.
            let refused = why.contains("is no address of the public Internet") || why.starts_with("looking up");
            assert!(refused, "{url}: {why}");
        }
    }

    #[test]
    fn a_name_with_a_private_address_among_public_ones_is_never_connected_to_there() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let inside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        inside.set_nonblocking(true).unwrap();
        let origin =
            Origin::of(&format!("http://rebinding.example:{}/", inside.local_addr().unwrap().port()).parse().unwrap(), None).unwrap();
        let found = vec!["169.254.169.254:80".parse().unwrap(), inside.local_addr().unwrap()];
        let why = runtime.block_on(open_one(&origin, found, true)).unwrap_err();
        assert!(why.contains("`127.0.0.1` is no address of the public Internet"), "{why}");
        assert!(inside.accept().is_err(), "nobody came");
    }

    #[test]
    fn what_is_no_wire_is_said_without_the_url() {
        check("ftp://secret@crm.example/", "`ftp:` is no wire that we have; write `https:` or `http:`");
        check("/v1?key=secret", "the URL has no `https://` in front");
    }
}
