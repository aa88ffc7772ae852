//! Projects that the binary carries, so that `init` and `demo` need nothing beside it.

use std::{fs, path::Path};

use anyhow::{Context, bail};

/// Files by their path in the project.
pub type Tree = [(&'static str, &'static [u8])];

macro_rules! tree {
    ($root:literal: $($path:literal)*) => {
        &[$(($path, include_bytes!(concat!("../../", $root, "/", $path)))),*]
    };
}

/// What `init` writes.
pub const STARTER: &Tree = tree!("starter":
    "spanwright.yaml" "systems/shop.yaml" "systems/books.yaml" "flows/orders.yaml" "maps/order-to-entry.yaml"
    "schemas/shop.openapi.yaml" "schemas/books.openapi.yaml");

/// `examples/erp-to-crm`, which the demo runs.
pub const EXAMPLE: &Tree = tree!("../../examples/erp-to-crm":
    "README.md" "flows/customers.yaml" "maps/customer-to-contact.yaml" "schemas/crm.openapi.yaml" "schemas/erp-types.xsd"
    "schemas/erp.wsdl" "spanwright.yaml" "systems/crm.yaml" "systems/erp.yaml" "tests/contact.test.yaml"
    "tests/customers.test.yaml" "tests/data/company.json" "tests/snapshots/contact/the-whole-company.json"
    "tests/snapshots/customers/everything-that-a-good-day-does.json");

/// `examples/order-saga`
pub const ORDER_SAGA: &Tree = tree!("../../examples/order-saga":
    "README.md" "flows/checkout.yaml" "schemas/carrier.openapi.yaml" "schemas/pay.openapi.yaml" "schemas/shop.openapi.yaml"
    "schemas/stock.openapi.yaml" "spanwright.yaml" "systems/carrier.yaml" "systems/pay.yaml" "systems/shop.yaml"
    "systems/stock.yaml" "tests/checkout.test.yaml");

/// `examples/flash-sale`
pub const FLASH_SALE: &Tree = tree!("../../examples/flash-sale":
    "README.md" "flows/payments.yaml" "schemas/gateway.openapi.yaml" "schemas/shop.openapi.yaml" "spanwright.yaml"
    "systems/gateway.yaml" "systems/shop.yaml" "tests/payments.test.yaml");

/// `examples/nightly-sync`
pub const NIGHTLY_SYNC: &Tree = tree!("../../examples/nightly-sync":
    "README.md" "environments/in-batches.yaml" "environments/one-by-one.yaml" "flows/in-batches.yaml" "flows/one-by-one.yaml"
    "schemas/api.openapi.yaml" "schemas/database.openapi.yaml" "spanwright.yaml" "systems/api.yaml" "systems/database.yaml"
    "tests/in-batches.test.yaml" "tests/one-by-one.test.yaml");

/// Writes a project into a folder, which may be there but must have none of its files: nothing of a user's is overwritten.
///
/// # Errors
/// A file is there already, or cannot be written.
pub fn write(tree: &Tree, folder: &Path) -> anyhow::Result<()> {
    if let Some((path, _)) = tree.iter().find(|(path, _)| folder.join(path).exists()) {
        bail!("`{}` is there already: nothing was written", folder.join(path).display());
    }
    tree.iter().try_for_each(|(path, bytes)| write_file(&folder.join(path), bytes))
}

fn write_file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let doing = || format!("writing `{}`", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(doing)?;
    }
    fs::write(path, bytes).with_context(doing)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(name: &str, tree: &Tree) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
        let mut there = Vec::new();
        files(&root, "", &mut there);
        let mut carried: Vec<_> = tree.iter().map(|(path, _)| (*path).to_string()).collect();
        there.sort();
        carried.sort();
        assert_eq!(carried, there, "{name}");
    }

    #[test]
    fn whole_examples_are_carried() {
        check("erp-to-crm", EXAMPLE);
        check("order-saga", ORDER_SAGA);
        check("flash-sale", FLASH_SALE);
        check("nightly-sync", NIGHTLY_SYNC);
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spanwright.yaml"), "mine").unwrap();
        assert!(write(STARTER, folder.path()).unwrap_err().to_string().ends_with("is there already: nothing was written"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    fn files(root: &Path, path: &str, into: &mut Vec<String>) {
        for entry in fs::read_dir(root.join(path)).unwrap() {
            let entry = entry.unwrap();
            let inside = format!("{path}{}", entry.file_name().into_string().unwrap());
            if entry.path().is_dir() {
                files(root, &format!("{inside}/"), into);
            } else if !inside.starts_with('.') {
                into.push(inside);
            }
        }
    }
}
