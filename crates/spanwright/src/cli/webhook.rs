//! `spanwright webhook verify|sign`: one captured request, judged by the very code that a door judges by.
#![allow(clippy::disallowed_methods)] // a command reads the files that it is given

use std::{
    fs,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use spanwright_connect::webhook::{
    change,
    judge::{Wrong, examine, form_fields},
    preset,
    scheme::{Piece, Scheme, signed_address},
};
use spanwright_core::{door::Request, fact::Moment};
use spanwright_engine::clock::Clock;

use super::{Ended, out::Out};

/// Verify one captured webhook, or sign one
#[derive(Subcommand)]
pub enum Webhook {
    Verify(Verify),
    Sign(Sign),
}

/// How it is signed.
#[derive(Args)]
struct How {
    /// How the sender signs: standard, github, stripe, slack, shopify, twilio, hmac
    #[arg(long, value_name = "NAME")]
    preset: String,
    /// What differs from the preset, as in `webhooks:`: header=X-Sig, algorithm=sha512, signed={timestamp}.{body}, ..
    #[arg(long = "with", value_name = "KEY=VALUE")]
    with: Vec<String>,
    /// A file with the secret; several while one is changed
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,
    /// A variable of the environment that holds the secret
    #[arg(long, value_name = "NAME")]
    secret_env: Vec<String>,
    /// A file with the body, byte for byte
    #[arg(long, value_name = "FILE")]
    body: PathBuf,
    /// The address that was asked, for twilio
    #[arg(long, value_name = "URL", default_value = "http://localhost/")]
    url: String,
    /// The time to judge by, as seconds since 1970 or RFC 3339; now where it is left out
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Check one captured request, and say which part is wrong
#[derive(Args)]
#[command(
    after_help = "Examples:\n  spanwright webhook verify --preset stripe --secret-env STRIPE_SECRET --headers head.txt --body body.json\n  \
    spanwright webhook verify --preset standard --secret-file secret --headers head.txt --body body.json --at 2021-02-25T15:02:10Z"
)]
pub struct Verify {
    #[command(flatten)]
    how: How,
    /// A file with the headers, a line each: `Name: value`
    #[arg(long, value_name = "FILE")]
    headers: PathBuf,
}

/// Sign a body, and print the headers
#[derive(Args)]
#[command(after_help = "Examples:\n  spanwright webhook sign --preset standard --secret-env SECRET --id msg_1 --body body.json\n  \
    spanwright webhook sign --preset hmac --with header=X-Sig --secret-file secret --body body.json")]
pub struct Sign {
    #[command(flatten)]
    how: How,
    /// The id of the event
    #[arg(long, value_name = "ID", default_value = "")]
    id: String,
}

impl Webhook {
    pub fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        match self {
            Webhook::Verify(verify) => verify.run(out),
            Webhook::Sign(sign) => sign.run(out),
        }
    }
}

impl How {
    fn scheme(&self) -> anyhow::Result<Scheme> {
        let names = || preset::ALL.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ");
        let mut scheme = preset::scheme(&self.preset).ok_or_else(|| anyhow!("there is no preset `{}`: {}", self.preset, names()))?;
        for option in &self.with {
            let (name, value) = option.split_once('=').ok_or_else(|| anyhow!("`--with {option}`: write KEY=VALUE"))?;
            change(&mut scheme, name, value).map_err(|why| anyhow!("`--with {option}`: {why}"))?;
        }
        Ok(scheme)
    }

    /// As they are: a line end at the end of a file is left out, since editors put one there.
    fn secrets(&self) -> anyhow::Result<Vec<String>> {
        let mut secrets = Vec::new();
        for path in &self.secret_file {
            let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            secrets.push(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_string());
        }
        for name in &self.secret_env {
            secrets.push(std::env::var(name).with_context(|| format!("the variable {name}"))?);
        }
        if secrets.is_empty() {
            bail!("there is no secret: name a file (--secret-file) or a variable (--secret-env)");
        }
        Ok(secrets)
    }

    fn body(&self) -> anyhow::Result<Vec<u8>> {
        fs::read(&self.body).with_context(|| format!("reading {}", self.body.display()))
    }

    fn at(&self) -> anyhow::Result<Moment> {
        let Some(text) = &self.at else { return Ok(Clock::of_machine().now()) };
        if let Ok(seconds) = text.parse::<i64>() {
            return Ok(Moment(seconds.saturating_mul(1_000_000)));
        }
        let time: jiff::Timestamp = text.parse().map_err(|_| anyhow!("`--at {text}` is no time: write seconds since 1970, or RFC 3339"))?;
        Ok(Moment(time.as_microsecond()))
    }

    /// Origin, path and query.
    fn address(&self) -> (&str, &str, &str) {
        let from = self.url.find("://").map_or(0, |at| at + 3);
        let path = self.url[from..].find(['/', '?']).map_or(self.url.len(), |at| at + from);
        let (path_text, query) = self.url[path..].split_once('?').unwrap_or((&self.url[path..], ""));
        (&self.url[..path], if path_text.is_empty() { "/" } else { path_text }, query)
    }
}

impl Verify {
    fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let (scheme, secrets, body, now) = (self.how.scheme()?, self.how.secrets()?, self.how.body()?, self.how.at()?);
        let text = fs::read_to_string(&self.headers).with_context(|| format!("reading {}", self.headers.display()))?;
        let lines = lines(&text);
        let headers: Vec<(&str, &[u8])> = lines.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let (origin, path, query) = self.how.address();
        let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let request =
            Request { method: "POST", origin, path, query, parameters: &[], headers: &headers, body: &body, from, certificate: None };
        match examine(&scheme, &secrets, &request, origin, now) {
            Ok(signed) => {
                let which = if secrets.len() > 1 { format!(" (secret {})", signed.secret + 1) } else { String::new() };
                out.line(&format!("the signature is right{which}"))?;
                Ok(Ended::Fine)
            }
            Err(finding) => {
                out.line(&format!("wrong: {}", part(&finding.wrong)))?;
                out.line(&format!("  {}", finding.wrong))?;
                if let Some(instead) = finding.instead {
                    out.line(&format!("  {instead}"))?;
                }
                Ok(Ended::Problems)
            }
        }
    }
}

/// The part of a request that is wrong.
fn part(wrong: &Wrong) -> &'static str {
    match wrong {
        Wrong::NoHeader(_) | Wrong::TwoHeaders(_) | Wrong::Dot => "headers",
        Wrong::Time | Wrong::TooOld(_) | Wrong::TooNew(_) => "timestamp",
        Wrong::Secret(..) => "secret",
        Wrong::BodyHash => "body",
        Wrong::NoSignature | Wrong::Mismatch => "signature",
    }
}

/// `Name: value` a line; a request line or status line is passed over.
fn lines(text: &str) -> Vec<(String, String)> {
    let named = text.lines().filter_map(|line| line.split_once(':'));
    named
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_string()))
        .filter(|(name, _)| !name.contains(' '))
        .collect()
}

impl Sign {
    fn run(&self, out: &mut Out) -> anyhow::Result<Ended> {
        let (scheme, secrets, body, now) = (self.how.scheme()?, self.how.secrets()?, self.how.body()?, self.how.at()?);
        let time = now.0.div_euclid(1_000_000).to_string();
        // Twilio signs the fields of a form with the address; where the address names a hash of the body, that alone.
        let is_form = scheme.signed.contains(&Piece::Address) && !self.how.url.contains("bodySHA256=");
        let fields = if is_form { form_fields(&body) } else { Vec::new() };
        let content = scheme.content(&self.id, &time, &body, &signed_address(&self.how.url, &fields));
        let value = scheme.sign(&secrets[0], &time, &content).map_err(|fault| anyhow!("{}", Wrong::Secret(1, fault)))?;
        if let Some(header) = scheme.id_headers.first().filter(|_| !self.id.is_empty()) {
            out.line(&format!("{header}: {}", self.id))?;
        }
        if let Some(header) = &scheme.time_header {
            out.line(&format!("{header}: {time}"))?;
        }
        out.line(&format!("{}: {value}", scheme.header))?;
        if is_form {
            out.line("content-type: application/x-www-form-urlencoded")?;
        }
        Ok(Ended::Fine)
    }
}
