//! From calls to what a broker is asked.

use spanwright_core::connector::{Broker, Call, Publication, QueueRequest, Refusal, Topology, With};
use spanwright_shape::{
    json,
    room::Room,
    shape::{Shapes, breach},
    text::Failure,
    value::Value,
};

use super::{
    AmqpSystem, codes,
    compile::{At, Place},
    write,
};
use crate::{auth::fill, codes as shared, http::url::decode};

/// Messages that are on their way to us at once, where a flow says nothing.
const PREFETCH_DEFAULT: u16 = 256;
/// Bytes of a name or routing key (AMQP 0-9-1: a short string).
const NAME_BYTES_MOST: usize = 255;

impl AmqpSystem {
    /// Where the broker is, and who we are there.
    pub(super) fn broker(&self, with: &With<'_>) -> Result<Broker, Failure> {
        let wrong = |why: &str| Failure::new(&shared::URL, format!("`url:` of the system `{}`: {why}", self.name));
        let url = fill(&self.url, with)?;
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("write `amqp://HOST:PORT/VHOST`"))?;
        let tls = match scheme {
            "amqp" => false,
            "amqps" => true,
            _ => return Err(wrong("a broker is at `amqp://` or `amqps://`")),
        };
        let (place, vhost) = rest.split_once('/').unwrap_or((rest, ""));
        if place.contains('@') {
            return Err(wrong("user and password go into `auth: { basic: .. }`"));
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| wrong("its port is no number"))?),
            _ => (place, if tls { 5671 } else { 5672 }),
        };
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        let vhost = if vhost.is_empty() {
            "/".to_string()
        } else {
            decode(vhost).ok_or_else(|| wrong("its virtual host is no percent-encoded text"))?
        };
        let (user, password) = match &self.login {
            Some((user, password)) => (fill(user, with)?, fill(password, with)?),
            // What RabbitMQ lets in from its own machine.
            None => ("guest".to_string(), "guest".to_string()),
        };
        Ok(Broker { tls, host: host.trim_matches(['[', ']']).to_ascii_lowercase(), port, vhost, user, password })
    }
}

/// The messages of a queue, as they come.
pub(super) fn take(place: &Place, broker: Broker, call: &Call<'_>, with: &With<'_>) -> Result<QueueRequest, Refusal> {
    let At::Queue { name, .. } = &place.at else {
        return Err(Refusal::System(Failure::new(
            &codes::MESSAGE,
            format!("{}: an exchange keeps nothing that could be read", place.name),
        )));
    };
    let prefetch = match call.with.get("prefetch") {
        Some(Value::Number(number)) => number.as_i64().and_then(|number| u16::try_from(number).ok()),
        _ => None,
    };
    let queue = fill(name, with).map_err(Refusal::System)?;
    Ok(QueueRequest::Take { broker, queue, prefetch: prefetch.unwrap_or(PREFETCH_DEFAULT).max(1) })
}

/// One message for each call.
pub(super) fn publish(
    place: &Place,
    shapes: &Shapes,
    broker: Broker,
    calls: &[Call<'_>],
    with: &With<'_>,
) -> Result<QueueRequest, Refusal> {
    let (At::Queue { name, .. } | At::Exchange { name, .. }) = &place.at;
    let name = fill(name, with).map_err(Refusal::System)?;
    let exchange = if place.is_queue() { String::new() } else { name.clone() };
    let mut messages = Vec::with_capacity(calls.len());
    for (n, call) in calls.iter().enumerate() {
        let routing_key = match place.is_queue() {
            // The exchange without a name has every queue by its own (AMQP 0-9-1, section 3.1.3.1).
            true => name.clone(),
            false => call.with.get("routing_key").and_then(|key| key.text()).unwrap_or_default().to_string(),
        };
        messages.push(publication(place, shapes, call, routing_key).map_err(|why| Refusal::Call(n, why))?);
    }
    Ok(QueueRequest::Publish { broker, exchange, messages })
}

fn publication(place: &Place, shapes: &Shapes, call: &Call<'_>, routing_key: String) -> Result<Publication, Failure> {
    let fault = |says: String| Failure::new(&codes::MESSAGE, format!("{}: {says}", place.name));
    if routing_key.len() > NAME_BYTES_MOST {
        return Err(fault(format!("its routing key has more than {NAME_BYTES_MOST} bytes")));
    }
    let (room, body) = (Room::new(), call.body.unwrap_or(b"null"));
    let value = json::read(body, &room).map_err(|why| fault(format!("the message is no JSON (byte {}: {})", why.at, why.says)))?;
    if let Some(wrong) = place.body.filter(|_| !call.proved).and_then(|shape| breach(shapes, shape, &value)) {
        return Err(fault(format!("the schema does not allow this message: {wrong}")));
    }
    let (content_type, body) = write::write(place, shapes, &value, body).map_err(fault)?;
    let (id, correlation, trace) = (call.key.to_string(), call.correlation.to_string(), call.trace.to_string());
    Ok(Publication { routing_key, id, correlation, trace, content_type, body })
}

/// All that is named, as it should be.
pub(super) fn declare(places: &[Place], broker: Broker, with: &With<'_>) -> Result<QueueRequest, Refusal> {
    let mut topology = Topology::default();
    for place in places {
        match &place.at {
            At::Exchange { name, kind } => topology.exchanges.push((filled(name, with)?, kind)),
            At::Queue { name, kind, bind } => {
                let queue = filled(name, with)?;
                for (exchange, key) in bind {
                    topology.bindings.push((queue.clone(), filled(exchange, with)?, filled(key, with)?));
                }
                topology.queues.push((queue, *kind));
            }
        }
    }
    Ok(QueueRequest::Declare { broker, topology })
}

fn filled(template: &spanwright_core::settings::Template, with: &With<'_>) -> Result<String, Refusal> {
    fill(template, with).map_err(Refusal::System)
}
