//! What a system pushes to us, as far as we may read it. Its signature counts for all that was sent.

use std::{collections::HashMap, sync::Arc};

use spanwright_shape::{room::Room, shape::ShapeId, value::Value};

use super::{
    Rights,
    sieve::{Side, Sieve},
};
use crate::{
    connector::With,
    door::{Asked, Brings, Door, HttpAnswer, Incoming, Pretended, Received, Refused, Request, Route, Said, SignHeader},
    interface::Interface,
};

/// A way in whose messages are read as far as we may.
pub struct Pushed {
    inner: Arc<dyn Door>,
    read: Sieve,
    interface: Interface,
}

impl Pushed {
    /// Around a door.
    pub fn around(inner: Arc<dyn Door>, rights: &Rights) -> Arc<dyn Door> {
        let Some(entries) = &rights.read else { return inner };
        let mut interface = inner.interface().clone();
        let read = Sieve::of(entries, &interface, Side::Given);
        let (mut shapes, mut known) = ((*interface.shapes).clone(), HashMap::new());
        for (n, operation) in interface.operations.iter_mut().enumerate() {
            if let (Some(body), Some(node)) = (operation.body, read.item(n)) {
                operation.body = Some(read.narrow(node, &mut shapes, body, &mut known));
            }
        }
        interface.shapes = Arc::new(shapes);
        Arc::new(Pushed { inner, read, interface })
    }
}

impl Door for Pushed {
    fn routes(&self) -> &[Route] {
        self.inner.routes()
    }

    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn beside(&self, operation: usize) -> Vec<(&str, ShapeId)> {
        self.inner.beside(operation)
    }

    fn signs(&self) -> Vec<SignHeader> {
        self.inner.signs()
    }

    fn is_open_to(&self, request: &Request<'_>) -> bool {
        self.inner.is_open_to(request)
    }

    fn receive<'r>(&'r self, request: &Request<'r>, with: &With<'_>, room: &'r Room) -> Result<Received<'r>, Refused> {
        Ok(match self.inner.receive(request, with, room)? {
            Received::Message(incoming) => {
                let node = self.read.item(incoming.operation);
                let body = node.and_then(|node| self.read.strip(node, &incoming.body, room)).unwrap_or(Value::Null);
                Received::Message(Incoming { body, ..incoming })
            }
            answer @ Received::Answer(_) => answer,
        })
    }

    fn refuse(&self, request: &Request<'_>, refused: &Refused) -> HttpAnswer {
        self.inner.refuse(request, refused)
    }

    fn answer(&self, asked: Option<Asked>, said: &Said<'_>) -> HttpAnswer {
        self.inner.answer(asked, said)
    }

    fn pretend(&self, operation: usize, brings: &Brings<'_>, with: &With<'_>) -> Result<Pretended, String> {
        self.inner.pretend(operation, brings, with)
    }
}
