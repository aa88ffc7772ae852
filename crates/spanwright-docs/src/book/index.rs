//! Both directions over all maps: source field to where it goes, target field to where it comes from.

use std::collections::BTreeMap;

use super::map::MapPage;

/// A use of a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The map.
    pub map: String,
    /// The flows that use the map.
    pub flows: Vec<String>,
    /// The field on the other side, with its type.
    pub field: String,
}

/// Which field goes where.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// `erp:Customer.Number` to the target fields that it makes.
    pub goes: BTreeMap<String, Vec<Use>>,
    /// `crm:Contact.externalId` to the source fields that it is made of.
    pub comes: BTreeMap<String, Vec<Use>>,
}

impl Index {
    pub(super) fn of(maps: &[MapPage]) -> Index {
        let mut index = Index::default();
        for map in maps {
            let (Some(from), Some(to)) = (&map.from, &map.to) else { continue };
            for row in &map.rows {
                let target = format!("{to}.{}", row.target);
                for (path, _) in &row.sources {
                    let source = format!("{from}{}", if path.starts_with('.') { path.clone() } else { format!(" {path}") });
                    let used = |field: &str| Use { map: map.name.clone(), flows: map.flows.clone(), field: field.to_string() };
                    index.goes.entry(source.clone()).or_default().push(used(&target));
                    index.comes.entry(target.clone()).or_default().push(used(&source));
                }
            }
        }
        index
    }
}
