//! Judges that share no code with us: an ERP on PHP ext-soap, and Stoplight Prism between the caller and the CRM.
//!
//! Both are other people's programs, which `tests/peers/setup.sh` installs. The CRM itself stays the stand-in, since Prism's own answers
//! do not have a result for each contact; Prism forwards, and notes what in a request or an answer is against `crm.openapi.yaml`.

use std::{
    fs::File,
    io::{self, ErrorKind},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    crm::{Crm, CrmSettings},
    erp::{ErpScript, ErpSettings},
    tally::{Dead, Tally, tally},
};

/// How long a program may take until it listens; a Java server on a busy machine takes half a minute.
const READY_WAIT: Duration = Duration::from_secs(120);
/// How long until it is tried again.
const READY_PAUSE: Duration = Duration::from_millis(50);

/// A program that runs; dropped, it is ended.
#[derive(Debug)]
pub struct Program {
    child: Child,
    port: u16,
}

impl Program {
    /// Starts a program that listens on `port`; what it says goes into `log`.
    ///
    /// # Errors
    /// It is not installed, or does not listen.
    pub fn start(command: &mut Command, port: u16, log: &Path) -> io::Result<Program> {
        let said = File::create(log)?;
        let name = command.get_program().to_string_lossy().into_owned();
        let started = command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said).spawn();
        let child = started.map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}; run tests/peers/setup.sh first")))?;
        let mut program = Program { child, port };
        program.wait_until_ready(&name, log)?;
        Ok(program)
    }

    fn wait_until_ready(&mut self, name: &str, log: &Path) -> io::Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if self.child.try_wait()?.is_some() || begin.elapsed() > READY_WAIT {
                let said = std::fs::read_to_string(log)?;
                return Err(io::Error::new(ErrorKind::TimedOut, format!("{name} does not listen; it says: {said}")));
            }
            thread::sleep(READY_PAUSE);
        }
        Ok(())
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill and the wait returns at once.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port that is free now; the program that gets its number takes it a moment later.
///
/// # Errors
/// There is none.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// An ERP on PHP, Prism, and the CRM behind it.
pub struct Peers {
    php: Program,
    prism: Program,
    crm: Crm,
    erp_settings: ErpSettings,
    crm_settings: CrmSettings,
    prism_log: PathBuf,
}

impl Peers {
    /// Starts all three. `repository` has `tests/peers` and `examples`; `folder` gets ledgers and logs. The ERP answers one call with
    /// `BusyFault` where `busy_at_call` (from 1) says so.
    ///
    /// # Errors
    /// A program is not installed or does not start.
    pub fn start(repository: &Path, folder: &Path, customers: u64, busy_at_call: Option<u64>) -> io::Result<Peers> {
        let script = ErpScript { busy_at_call, ..ErpScript::default() };
        let erp_settings = ErpSettings { script, ..ErpSettings::quiet(folder, customers) };
        let crm_settings = CrmSettings { keeps_contacts: true, ..CrmSettings::quiet(folder) };
        let crm = Crm::start(crm_settings.clone())?;
        let prism_log = folder.join("prism.log");
        let php = php(repository, folder, &erp_settings)?;
        let prism = prism(repository, &prism_log, &crm.url)?;
        Ok(Peers { php, prism, crm, erp_settings, crm_settings, prism_log })
    }

    /// The variables of the project `erp-to-crm` that lead here.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ERP_URL", self.php.url()),
            ("ERP_USER", self.erp_settings.user.clone()),
            ("ERP_PASSWORD", self.erp_settings.password.clone()),
            ("CRM_URL", self.prism.url()),
            ("CRM_ID", self.crm_settings.client_id.clone()),
            ("CRM_SECRET", self.crm_settings.client_secret.clone()),
        ]
    }

    /// What the ledgers say so far: PHP's and the CRM's.
    ///
    /// # Errors
    /// A ledger cannot be read; there is none before the first call.
    pub fn tally(&self, dead: &[Dead]) -> io::Result<Tally> {
        tally(&self.erp_settings.ledger, self.crm.ledger(), dead)
    }

    /// What was against the contract so far, as Prism says it: empty is right.
    ///
    /// # Errors
    /// Prism's log cannot be read.
    pub fn violations(&self) -> io::Result<Vec<String>> {
        let log = std::fs::read_to_string(&self.prism_log)?;
        Ok(log.lines().filter(|line| is_violation(line)).map(str::to_owned).collect())
    }
}

/// Prism warns of paths that are not in the contract, and the token endpoint is not; anything else is an error.
fn is_violation(line: &str) -> bool {
    line.contains("error") && line.contains("Violation:")
}

fn php(repository: &Path, folder: &Path, settings: &ErpSettings) -> io::Result<Program> {
    let port = free_port()?;
    let mut command = Command::new("php");
    command.args(["-d", "soap.wsdl_cache_enabled=0", "-S", &format!("127.0.0.1:{port}")]).arg(repository.join("tests/peers/php/index.php"));
    command.env("ERP_WSDL", repository.join("examples/erp-to-crm/schemas/erp.wsdl"));
    command.env("ERP_USER", &settings.user).env("ERP_PASSWORD", &settings.password);
    command.env("ERP_CUSTOMERS", settings.catalog.customers.to_string()).env("ERP_LEDGER", &settings.ledger);
    command.env("ERP_BUSY_AT", settings.script.busy_at_call.unwrap_or(0).to_string());
    Program::start(&mut command, port, &folder.join("php.log"))
}

fn prism(repository: &Path, log: &Path, upstream: &str) -> io::Result<Program> {
    let port = free_port()?;
    let mut command = Command::new(repository.join("tests/peers/prism/node_modules/.bin/prism"));
    command.arg("proxy").arg(repository.join("examples/erp-to-crm/schemas/crm.openapi.yaml")).arg(upstream);
    command.args(["--host", "127.0.0.1", "--port", &port.to_string()]).env("FORCE_COLOR", "0");
    Program::start(&mut command, port, log)
}
