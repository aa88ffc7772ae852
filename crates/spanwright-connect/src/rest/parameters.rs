//! `with:` written into the address and the headers.

use spanwright_core::connector::HttpRequest;
use spanwright_shape::{
    jsonschema::openapi::{Parameter, Place},
    text::Failure,
    value::Value,
};

use super::operation::{PathPart, RestOperation};
use crate::{auth::add_header, codes, http::url};

/// The field of `with:` that holds the link to a next page.
const LINK: &str = "url";

/// Appends path and query to the address and adds the headers.
pub(super) fn write(operation: &RestOperation, with: &Value<'_>, request: &mut HttpRequest) -> Result<(), Failure> {
    known(operation, with)?;
    match link(operation, with)? {
        Some(link) => {
            let says = "the link to the next page leads to another server, and our credentials would go with it";
            let mut page = request.url.clone();
            // It is seen from where the first page stood.
            let base = if write_path(operation, with, &mut page).is_ok() { &page } else { &request.url };
            request.url = url::follow(base, link).ok_or_else(|| fault(operation, says.into()))?;
        }
        None => {
            write_path(operation, with, &mut request.url)?;
            write_query(operation, with, &mut request.url)?;
        }
    }
    write_headers(operation, with, request)
}

/// Every field of `with:` has a place.
fn known(operation: &RestOperation, with: &Value<'_>) -> Result<(), Failure> {
    let Value::Record(fields) = with else { return Ok(()) };
    let knows = |name: &str| operation.open_query || name == LINK || operation.parameters.iter().any(|parameter| &*parameter.name == name);
    match fields.iter().find(|(name, _)| !knows(name)) {
        Some((name, _)) => Err(fault(operation, format!("there is no parameter `{name}`"))),
        None => Ok(()),
    }
}

fn link<'v>(operation: &RestOperation, with: &Value<'v>) -> Result<Option<&'v str>, Failure> {
    let own = operation.parameters.iter().any(|parameter| &*parameter.name == LINK);
    match with.get(LINK).filter(|_| !own && operation.method == "GET") {
        Some(Value::Text(link)) if !link.is_empty() => Ok(Some(link)),
        Some(Value::Null | Value::Text(_)) | None => Ok(None),
        Some(other) => Err(fault(operation, format!("the link to the next page is {}, not text", other.kind().word()))),
    }
}

fn write_path(operation: &RestOperation, with: &Value<'_>, url: &mut String) -> Result<(), Failure> {
    for part in &operation.path {
        match part {
            PathPart::Text(text) => url.push_str(text),
            PathPart::Parameter(name) => {
                let value = with.get(name).unwrap_or(Value::Null);
                let texts = texts(operation, name, &value)?;
                let joined = texts.join(",");
                // An empty segment names another resource (the list), and `..` its parent.
                if joined.is_empty() || joined == "." || joined == ".." {
                    let what = if joined.is_empty() { "is absent or empty".to_string() } else { format!("is `{joined}`") };
                    return Err(fault(operation, format!("the parameter `{name}` {what}, and would make another path")));
                }
                url::encode(&joined, url);
            }
        }
    }
    Ok(())
}

fn write_query(operation: &RestOperation, with: &Value<'_>, url: &mut String) -> Result<(), Failure> {
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Query) {
        let texts = given(operation, parameter, with)?;
        if parameter.explode {
            texts.iter().for_each(|text| url::add_query(url, &parameter.name, text));
        } else if !texts.is_empty() {
            url::add_query(url, &parameter.name, &texts.join(","));
        }
    }
    let Value::Record(fields) = with else { return Ok(()) };
    let named = |name: &str| name == LINK || operation.parameters.iter().any(|parameter| &*parameter.name == name);
    for (name, value) in fields.iter().filter(|(name, _)| operation.open_query && !named(name)) {
        texts(operation, name, value)?.iter().for_each(|text| url::add_query(url, name, text));
    }
    Ok(())
}

fn write_headers(operation: &RestOperation, with: &Value<'_>, request: &mut HttpRequest) -> Result<(), Failure> {
    for parameter in operation.parameters.iter().filter(|parameter| parameter.place == Place::Header) {
        let texts = given(operation, parameter, with)?;
        if !texts.is_empty() {
            add_header(request, &parameter.name, texts.join(",")).map_err(|failure| fault(operation, failure.says))?;
        }
    }
    Ok(())
}

/// The texts of a parameter; none where it is absent, which a required one must not be.
fn given(operation: &RestOperation, parameter: &Parameter, with: &Value<'_>) -> Result<Vec<String>, Failure> {
    match with.get(&parameter.name) {
        None | Some(Value::Null) if parameter.required => {
            Err(fault(operation, format!("the parameter `{}` is required, and absent", parameter.name)))
        }
        None => Ok(Vec::new()),
        Some(value) => texts(operation, &parameter.name, &value),
    }
}

fn texts(operation: &RestOperation, name: &str, value: &Value<'_>) -> Result<Vec<String>, Failure> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::List(items) => items.iter().map(|item| text(operation, name, item)).collect(),
        one => Ok(vec![text(operation, name, one)?]),
    }
}

fn text(operation: &RestOperation, name: &str, value: &Value<'_>) -> Result<String, Failure> {
    match value {
        Value::Text(text) => Ok(text.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other @ (Value::Null | Value::List(_) | Value::Record(_)) => {
            Err(fault(operation, format!("the parameter `{name}` is {}, which has no place in an address", other.kind().word())))
        }
    }
}

fn fault(operation: &RestOperation, says: String) -> Failure {
    Failure::new(&codes::PARAMETER, format!("{}: {says}", operation.name))
}
