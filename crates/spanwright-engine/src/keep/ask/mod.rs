//! The engine's questions, each a range of an index or a look-up by number.

use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Result, Row};
use spanwright_core::fact::{FILES_BYTES_MOST, PlanBundle, PlanId, Print, RunFile, RunId};

use super::{CodeOf, memory::Loose, names::Names};

pub use bundles::GLUES;
pub use files::body;
#[cfg(test)]
pub use stopped::{FILED, THESE};
pub use stopped::{IS_STOPPED, overtaken, overtakes_a_dead_letter};

mod bundles;
mod due;
mod files;
mod old;
pub mod opening;
mod stopped;
mod tally;
#[cfg(test)]
pub(super) mod tests;
mod trouble;

/// Answers from what was committed.
#[derive(Clone, Copy)]
pub struct Ask<'k> {
    /// The file.
    pub connection: &'k Connection,
    /// Its names.
    pub names: &'k Names,
    /// What waits in memory to be put into an index, where this is who has it there.
    pub loose: Option<Loose<'k>>,
    /// Its codes.
    pub code_of: CodeOf,
}

const ACTIVE: &str = "SELECT id FROM run WHERE state = 0 AND flow = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
const SENT: &str = "SELECT print FROM seen WHERE scope = ?1 AND key = ?2";
impl Ask<'_> {
    pub fn plan(self, hash: &Print) -> Result<Option<PlanId>> {
        self.ready("SELECT id FROM plan WHERE hash = ?1")?.query_row([hash], |row| row.get(0).map(PlanId)).optional()
    }

    pub fn plan_bundle(self, plan: PlanId) -> Result<Option<PlanBundle>> {
        let bundle = |row: &Row<'_>| Ok(PlanBundle { hash: row.get(0)?, bundle: bytes(row, 1)?, language: row.get(2)? });
        self.ready("SELECT hash, bundle, language FROM plan WHERE id = ?1")?.query_row([plan.0], bundle).optional()
    }

    pub fn active(self, flow: &str, after: RunId, most: usize) -> Result<Vec<RunFile>> {
        let Some(flow) = self.names.known(flow) else {
            return Ok(Vec::new());
        };
        let mut statement = self.ready(ACTIVE)?;
        let runs = statement.query_map((flow, after.0, most.cast_signed()), |row| row.get(0).map(RunId))?;
        let mut bytes = 0;
        let mut files = Vec::new();
        for run in runs {
            if bytes >= FILES_BYTES_MOST {
                break;
            }
            let file = self.files(std::iter::once(run?))?;
            bytes += file.iter().map(RunFile::bytes).sum::<usize>();
            files.extend(file);
        }
        Ok(files)
    }

    pub fn sent(self, keys: &[(Arc<str>, Arc<str>)]) -> Result<Vec<Option<Print>>> {
        let mut statement = self.ready(SENT)?;
        let mut print = |(scope, key): &(Arc<str>, Arc<str>)| match self.names.known(scope) {
            Some(scope) => Ok(statement.query_row((scope, key), |row| row.get::<_, Option<Print>>(0)).optional()?.flatten()),
            None => Ok(None),
        };
        keys.iter().map(&mut print).collect()
    }

    pub fn ready(&self, sql: &str) -> Result<CachedStatement<'_>> {
        self.connection.prepare_cached(sql)
    }
}

/// Bytes of a column, shared.
pub fn bytes(row: &Row<'_>, column: usize) -> Result<Arc<[u8]>> {
    Ok(row.get_ref(column)?.as_blob()?.into())
}

/// Numbers as a JSON list, to be bound as one value.
pub fn list_of(numbers: &[i64]) -> String {
    format!("[{}]", numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
}

/// Text of a column, shared.
pub fn text(row: &Row<'_>, column: usize) -> Result<Arc<str>> {
    Ok(row.get_ref(column)?.as_str()?.into())
}

/// Text of a column that may be null.
pub fn text_if_any(row: &Row<'_>, column: usize) -> Result<Option<Arc<str>>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.map(Arc::from))
}
