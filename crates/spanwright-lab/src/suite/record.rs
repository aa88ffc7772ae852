//! A record through a map.

use std::sync::Arc;

use spanwright_core::plan::MapPlan;
use spanwright_map::{Env, Fork};
use spanwright_shape::{json, room::Room, text::Failure};

use super::{case::Record, cover::Coverage};
use crate::codes;

/// What the map makes of it.
pub(super) fn make(map: &MapPlan, record: &Record, coverage: &Coverage) -> Result<Arc<[u8]>, Failure> {
    let room = Room::new();
    let dot = json::read(&record.given, &room).map_err(|fault| Failure::new(&codes::CANNOT, fault.says))?;
    let mut out = Vec::new();
    let watch = |target: &Arc<str>, fork: Fork<'_>| coverage.forked(&map.mapping, target, fork);
    map.mapping.write_watched(&Env { dot, names: &[] }, &room, &mut out, &watch).map_err(|fault| fault.failure)?;
    coverage.mapped(&map.mapping, &out);
    Ok(out.into())
}
