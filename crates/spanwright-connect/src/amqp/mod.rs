//! `amqp:` a broker of queues, as RabbitMQ (AMQP 0-9-1): messages out, and messages in.
//!
//! Out: a message is delivered when the broker has confirmed it, in every queue that it belongs to; one that no queue
//! wants comes back. Its `message-id` is the idempotency key, the same on each try. In: what came is on our disk before the
//! broker hears that it may forget it, so a message is lost by nobody and, where its sender named it, taken once.

use std::{ops::ControlFlow, sync::Arc};

use spanwright_core::{
    connector::{
        Answers, Call, Connector, Deliveries, Delivery, Heard, Outcome, Part, QueueHeard, Refusal, Request, Show, System, Verdict, With,
    },
    interface::Interface,
    settings::{Auth, SystemSettings, Template},
};
use spanwright_shape::{
    json,
    text::{Bundle, Code, Problems},
    value::Value,
};

mod ask;
pub mod codes;
mod compile;
mod read;
#[cfg(test)]
mod tests;
mod verdict;
mod write;

use compile::Place;

/// The kind of system behind `amqp:`.
#[derive(Debug)]
pub struct Amqp;

impl Connector for Amqp {
    fn key(&self) -> &'static str {
        "amqp"
    }

    fn about(&self) -> &'static str {
        "A broker of queues that speaks AMQP 0-9-1, as RabbitMQ: its queues are read and written, and messages are sent to its exchanges. \
         `url:` is `amqp://HOST:PORT/VHOST`, or `amqps://`; `spanwright setup` declares what is named."
    }

    fn codes(&self) -> Vec<&'static Code> {
        codes::ALL.to_vec()
    }

    fn system(&self, settings: &SystemSettings, bundle: &Bundle, to: &mut Problems) -> Option<Arc<dyn System>> {
        let Some(url) = settings.url.clone() else {
            let help = "write it beside `amqp:`, for instance `url: \"${RABBIT_URL}\"`".to_string();
            to.error(&crate::codes::URL, settings.at, format!("the system `{}` has no `url:`", settings.name), help);
            return None;
        };
        let login = match &settings.auth {
            Auth::None => None,
            Auth::Basic { user, password } => Some((user.clone(), password.clone())),
            _ => {
                let help = "write `auth: { basic: { user: .., password: .. } }`".to_string();
                to.error(&codes::QUEUE_SETTING, settings.at, "a broker is shown a user and a password, and nothing else yet", help);
                None
            }
        };
        let (interface, places) = compile::compile(settings, bundle, to);
        Some(Arc::new(AmqpSystem { name: settings.name.clone(), url, login, interface, places }))
    }
}

/// One broker, proved.
struct AmqpSystem {
    name: Arc<str>,
    url: Template,
    login: Option<(Template, Template)>,
    interface: Interface,
    /// By the same number as in the interface.
    places: Vec<Place>,
}

impl System for AmqpSystem {
    fn interface(&self) -> &Interface {
        &self.interface
    }

    fn ask(&self, operation: usize, calls: &[Call<'_>], with: &With<'_>) -> Result<Request, Refusal> {
        let (place, broker) = (&self.places[operation], self.broker(with).map_err(Refusal::System)?);
        let request = match calls {
            [call] if call.body.is_none() => ask::take(place, broker, call, with),
            calls => ask::publish(place, &self.interface.shapes, broker, calls, with),
        };
        request.map(Request::Queue)
    }

    fn hear(&self, operation: usize, calls: &[Call<'_>], heard: Heard<'_>, _: &With<'_>, answers: Answers<'_>) -> Verdict {
        let place = &self.places[operation];
        match (heard, answers) {
            (Heard::Queue(QueueHeard::Deliveries(deliveries)), Answers::Show(show)) => {
                let mut all = Vec::new();
                let verdict = self.read(place, deliveries, &mut |piece, part| {
                    if part == Part::Items {
                        all.push(bytes(piece));
                    }
                    ControlFlow::Continue(())
                });
                read::gather(&all, show);
                verdict
            }
            // What a test of a project says that a queue holds: one message.
            (Heard::Http { status: 200..=299, body, .. }, Answers::Show(show)) => {
                let mut held = Vec::new();
                let read = std::io::Read::read_to_end(body, &mut held);
                let held = Delivery { body: read.is_ok().then_some(held), ..Delivery::default() };
                read::gather(&[read::piece_bytes(place, &self.interface.shapes, &[held])], show);
                Verdict::all(calls.len(), Outcome::Delivered(None))
            }
            (heard, answers) => verdict::verdict(place, calls.len(), heard, matches!(answers, Answers::Keep)),
        }
    }

    fn reads_pieces(&self) -> bool {
        true
    }

    fn shows_items(&self) -> Option<&'static str> {
        Some("messages")
    }

    fn hear_pieces(&self, operation: usize, call: Call<'_>, heard: Heard<'_>, with: &With<'_>, _: &[&str], show: Show<'_>) -> Verdict {
        match heard {
            Heard::Queue(QueueHeard::Deliveries(deliveries)) => self.read(&self.places[operation], deliveries, show),
            other => self.hear(operation, &[call], other, with, Answers::Drop),
        }
    }

    fn setup(&self, with: &With<'_>) -> Option<Result<Request, Refusal>> {
        let declared = self.broker(with).map_err(Refusal::System).and_then(|broker| ask::declare(&self.places, broker, with));
        Some(declared.map(Request::Queue))
    }
}

impl AmqpSystem {
    /// Until nothing comes for a while: what was shown is on disk, and only then the broker may forget it.
    fn read(&self, place: &Place, deliveries: &mut dyn Deliveries, show: Show<'_>) -> Verdict {
        let mut more = true;
        while more {
            let came = match deliveries.next() {
                Ok(came) => came,
                Err(why) => return verdict::lost(place, &why),
            };
            if came.is_empty() {
                more = false;
                break;
            }
            if read::show(place, &self.interface.shapes, &came, show).is_break() {
                deliveries.breaks_off();
                return verdict::stopped(place);
            }
            deliveries.kept();
            if deliveries.is_time_up() {
                break;
            }
        }
        let _ = show(&Value::Record(&[("more", Value::Bool(more))]), Part::Rest);
        Verdict::all(1, Outcome::Delivered(None))
    }
}

/// JSON bytes of a value.
fn bytes(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    json::write(value, &mut out);
    out
}
