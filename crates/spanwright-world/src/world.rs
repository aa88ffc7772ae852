//! Both stand-ins together, as `spanwright demo` starts them.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    crm::{Crm, CrmSettings},
    erp::{Erp, ErpSettings},
    stage::Stage,
    tally::{Dead, Tally, tally},
};

/// How a world starts.
#[derive(Clone, Debug)]
pub struct WorldSettings {
    /// The ERP.
    pub erp: ErpSettings,
    /// The CRM.
    pub crm: CrmSettings,
}

impl WorldSettings {
    /// Faults by the script of the demo; `folder` gets the ledgers.
    pub fn lively(folder: &Path, customers: u64) -> WorldSettings {
        WorldSettings { erp: ErpSettings::lively(folder, customers), crm: CrmSettings::lively(folder) }
    }

    /// No faults and no delay; `folder` gets the ledgers.
    pub fn quiet(folder: &Path, customers: u64) -> WorldSettings {
        WorldSettings { erp: ErpSettings::quiet(folder, customers), crm: CrmSettings::quiet(folder) }
    }
}

/// An ERP and a CRM that run; dropped, they stop.
pub struct World {
    /// The ERP.
    pub erp: Erp,
    /// The CRM.
    pub crm: Crm,
    variables: Vec<(&'static str, String)>,
}

impl World {
    /// Starts both on loopback.
    ///
    /// # Errors
    /// A ledger cannot be opened, or there is no port.
    pub fn start(settings: WorldSettings) -> io::Result<World> {
        let stage = Arc::new(Stage::default());
        if settings.erp.script.changes_twice.is_none() {
            stage.set_changed_twice();
        }
        let names = ["ERP_USER", "ERP_PASSWORD", "CRM_ID", "CRM_SECRET"];
        let WorldSettings { erp, crm } = &settings;
        let values = [&erp.user, &erp.password, &crm.client_id, &crm.client_secret].map(String::clone);
        let erp = Erp::start_on(settings.erp, Arc::clone(&stage))?;
        let crm = Crm::start_on(settings.crm, stage)?;
        let urls = [("ERP_URL", erp.url.clone()), ("CRM_URL", crm.url.clone())];
        Ok(World { erp, crm, variables: urls.into_iter().chain(names.into_iter().zip(values)).collect() })
    }

    /// The variables of the project `erp-to-crm` that lead to this world.
    pub fn variables(&self) -> &[(&'static str, String)] {
        &self.variables
    }

    /// The two ledgers: the ERP's and the CRM's.
    pub fn ledgers(&self) -> (PathBuf, PathBuf) {
        (self.erp.ledger().to_owned(), self.crm.ledger().to_owned())
    }

    /// What the ledgers say so far.
    ///
    /// # Errors
    /// A ledger cannot be read.
    pub fn tally(&self, dead: &[Dead]) -> io::Result<Tally> {
        tally(self.erp.ledger(), self.crm.ledger(), dead)
    }

    /// Stops both and closes the ledgers.
    pub fn stop(self) {
        self.erp.stop();
        self.crm.stop();
    }
}
