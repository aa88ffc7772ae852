//! The stand-in ERP: SOAP 1.1 with Basic auth, by the WSDL of `examples/erp-to-crm`.
//!
//! It serves `ListCustomers` in pages, and notes in its ledger each call (`asked`), each customer that it served (`served`) and each fault (`fault`).

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    catalog::{Catalog, Page, Position},
    envelope::{self, ListCustomers},
    ledger::{Flush, Ledger, Lines},
    server::{Answers, Asked, Reply, Server},
    stage::Stage,
    tokens::basic,
};

const XML: &str = "text/xml; charset=utf-8";

/// The path of the SOAP port.
pub const ERP_PATH: &str = "/soap/ErpService";

/// What the ERP does beside its work, by counters.
#[derive(Clone, Debug, Default)]
pub struct ErpScript {
    /// The call (from 1) that is answered with `BusyFault`, once.
    pub busy_at_call: Option<u64>,
    /// `RetryAfterSeconds` of that fault.
    pub busy_seconds: u64,
    /// The index of the customer that changes twice while the CRM is away.
    pub changes_twice: Option<u64>,
}

/// How an ERP starts.
#[derive(Clone, Debug)]
pub struct ErpSettings {
    /// Its ledger; continued where it is there.
    pub ledger: PathBuf,
    /// Each line of the ledger at once, or in pieces.
    pub flush: Flush,
    /// The technical user.
    pub user: String,
    /// The technical user's password.
    pub password: String,
    /// Customers of a page where the caller names no `PageSize`, 1,000 at most.
    pub page_size: usize,
    /// Which customers there are.
    pub catalog: Catalog,
    /// What it does beside its work.
    pub script: ErpScript,
}

impl ErpSettings {
    /// No faults, no delay, pages of 1,000: for benches.
    pub fn quiet(folder: &Path, customers: u64) -> ErpSettings {
        ErpSettings {
            ledger: folder.join("erp.jsonl"),
            flush: Flush::Full,
            user: "crm-sync".into(),
            password: "open sesame".into(),
            page_size: envelope::PAGE_MOST,
            catalog: Catalog::of(customers),
            script: ErpScript::default(),
        }
    }

    /// A day as it is: pages of 100, one of them busy at first, one customer malformed, one without e-mail.
    pub fn lively(folder: &Path, customers: u64) -> ErpSettings {
        let at = |share: u64| customers * share / 100;
        let catalog = Catalog::of(customers).with_malformed(at(30)).without_email(at(60));
        ErpSettings {
            flush: Flush::Each,
            page_size: 100,
            catalog,
            script: ErpScript { busy_at_call: Some(3), busy_seconds: 1, changes_twice: Some(at(10)) },
            ..ErpSettings::quiet(folder, customers)
        }
    }
}

/// A whole `ListCustomersResponse` envelope with so many customers, for benches and tests of what reads it.
pub fn envelope_of(customers: u64) -> String {
    let catalog = Catalog::of(customers);
    envelope::page(&catalog.page(catalog.since(""), usize::try_from(customers).unwrap_or(usize::MAX)))
}

/// A running ERP; dropped, it stops.
pub struct Erp {
    /// The address of its SOAP port.
    pub url: String,
    state: Arc<State>,
    server: Server,
}

struct State {
    settings: ErpSettings,
    ledger: Ledger,
    stage: Arc<Stage>,
    now: Mutex<Now>,
}

/// What changes while it runs.
struct Now {
    catalog: Catalog,
    calls: u64,
    /// How many changes of the one customer there were, and whether the newest was served.
    changes: u32,
    served: bool,
}

impl Erp {
    /// Starts on a port of loopback.
    ///
    /// # Errors
    /// The ledger cannot be opened, or there is no port.
    pub fn start(settings: ErpSettings) -> io::Result<Erp> {
        Erp::start_on(settings, Arc::default())
    }

    pub(crate) fn start_on(settings: ErpSettings, stage: Arc<Stage>) -> io::Result<Erp> {
        let ledger = Ledger::open(&settings.ledger, settings.flush)?;
        let now = Mutex::new(Now { catalog: settings.catalog.clone(), calls: 0, changes: 0, served: true });
        let state = Arc::new(State { settings, ledger, stage, now });
        let server = Server::start("erp", Arc::clone(&state) as Arc<dyn Answers>)?;
        Ok(Erp { url: server.url() + ERP_PATH, state, server })
    }

    /// Changes a customer now.
    pub fn change(&self, index: u64) {
        self.state.now().catalog.change(index);
    }

    /// The file of the ledger, with all that happened so far.
    pub fn ledger(&self) -> &Path {
        self.state.ledger.flush();
        self.state.ledger.path()
    }

    /// Stops it and closes the ledger.
    pub fn stop(self) {
        drop(self.server);
        self.state.ledger.flush();
    }
}

impl Answers for State {
    fn answer(&self, asked: &Asked) -> Reply {
        let call = self.count();
        let mut lines = Lines::of_call(call);
        let reply = self.reply(asked, call, &mut lines);
        self.ledger.append(&lines);
        reply
    }
}

impl State {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) -> u64 {
        let mut now = self.now();
        now.calls += 1;
        now.calls
    }

    fn reply(&self, asked: &Asked, call: u64, lines: &mut Lines) -> Reply {
        if asked.path != ERP_PATH || asked.method != hyper::Method::POST {
            return Reply::new(404, "text/plain", "no service here");
        }
        if asked.header("authorization").and_then(basic) != Some((self.settings.user.clone(), self.settings.password.clone())) {
            lines.line("refused").number("status", 401).end();
            return Reply::new(401, "text/html", "<html><body>Authentication required</body></html>");
        }
        if self.settings.script.busy_at_call == Some(call) {
            lines.line("fault").text("why", "busy").end();
            return Reply::new(500, XML, envelope::busy(self.settings.script.busy_seconds));
        }
        match std::str::from_utf8(&asked.body).map_err(|_| "the envelope is not UTF-8").and_then(envelope::read) {
            Ok(request) => self.list(&request, lines),
            Err(why) => {
                lines.line("fault").text("why", why).end();
                Reply::new(500, XML, envelope::fault("Client", why, ""))
            }
        }
    }

    fn list(&self, request: &ListCustomers, lines: &mut Lines) -> Reply {
        let token = request.page_token.as_deref();
        lines.line("asked").text("changed_since", &request.changed_since).text("page_token", token.unwrap_or_default()).end();
        let catalog = self.changed(token.is_none());
        let from = match token {
            Some(token) => Position::read(token),
            None => Some(catalog.since(&request.changed_since)),
        };
        let Some(from) = from else {
            lines.line("fault").text("why", "unknown page token").end();
            return Reply::new(500, XML, envelope::fault("Client", "unknown page token", ""));
        };
        let page = catalog.page(from, request.page_size.unwrap_or(self.settings.page_size));
        self.note(&page, lines);
        Reply::new(200, XML, envelope::page(&page))
    }

    /// The catalog, after the one customer has changed if it is time: first when the CRM has gone away, then when that was served.
    fn changed(&self, new_poll: bool) -> Catalog {
        let mut now = self.now();
        let is_time = now.served && ((now.changes == 0 && self.stage.crm_is_away()) || (now.changes == 1 && new_poll));
        if let Some(index) = self.settings.script.changes_twice.filter(|_| is_time) {
            now.catalog.change(index);
            now.changes += 1;
            now.served = false;
        }
        now.catalog.clone()
    }

    fn note(&self, page: &Page, lines: &mut Lines) {
        for customer in &page.customers {
            let line = lines.line("served").text("customer", &customer.number).text("version", &customer.changed_at);
            let line = line.text("email", &customer.email_text()).text("balance", &customer.balance_text());
            if customer.is_malformed() { line.text("quirk", "malformed").end() } else { line.end() }
        }
        self.note_change(page);
    }

    fn note_change(&self, page: &Page) {
        let mut now = self.now();
        let changing = self.settings.script.changes_twice.map(|index| crate::customer::FIRST_NUMBER + index);
        let newest = page.customers.last().filter(|_| !now.served).filter(|newest| newest.number.parse().ok() == changing);
        if newest.is_some() {
            now.served = true;
            if now.changes == 2 {
                self.stage.set_changed_twice();
            }
        }
    }
}
