//! The model against its own suite: the scripted cases say what it must answer, the seeds that it folds back to itself.

use spanwright_core::fact::Store;

use super::{Stores, run};
use crate::model::ModelStore;

struct Models;

impl Stores for Models {
    fn fresh(&mut self) -> Box<dyn Store> {
        Box::new(ModelStore::new())
    }

    fn reopened(&mut self, store: Box<dyn Store>) -> Box<dyn Store> {
        store
    }
}

#[test]
fn the_model_passes_its_own_suite() {
    run(&mut Models, 0..20);
}
