//! Methods and paths.

use std::sync::Arc;

/// A method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `POST`; `None`: any.
    pub method: Option<&'static str>,
    /// Its segments.
    pub path: Vec<Segment>,
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// As it stands.
    Word(Arc<str>),
    /// `{id}`: one segment, whatever it holds.
    Parameter(Arc<str>),
}

/// The methods that a route may name.
pub const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Route {
    /// `POST /orders/{id}`, or a path alone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Route, &'static str> {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => {
                let known = METHODS.into_iter().find(|known| *known == method);
                (Some(known.ok_or("the method is GET, POST, PUT, PATCH or DELETE")?), path.trim())
            }
            None => (None, text),
        };
        let rest = path.strip_prefix('/').ok_or("a path begins with `/`")?;
        let segments = rest.split('/').filter(|_| !rest.is_empty()).map(segment).collect::<Result<_, _>>()?;
        Ok(Route { method, path: segments })
    }

    /// The parameters of a path that fits, each still percent-encoded; `None` where it does not.
    pub fn fits<'p>(&'p self, path: &'p str) -> Option<Vec<(&'p str, &'p str)>> {
        let rest = path.strip_prefix('/')?;
        let mut given = rest.split('/').filter(|_| !rest.is_empty());
        let mut parameters = Vec::new();
        for segment in &self.path {
            match (segment, given.next()?) {
                (Segment::Word(word), given) if **word == *given => {}
                (Segment::Parameter(name), given) if !given.is_empty() => parameters.push((&**name, given)),
                (Segment::Word(_) | Segment::Parameter(_), _) => return None,
            }
        }
        given.next().is_none().then_some(parameters)
    }

    /// Whether some request would fit both.
    pub fn meets(&self, other: &Route) -> bool {
        let methods = self.method.is_none() || other.method.is_none() || self.method == other.method;
        let alike = |(one, other): (&Segment, &Segment)| match (one, other) {
            (Segment::Word(one), Segment::Word(other)) => one == other,
            (Segment::Parameter(_), _) | (_, Segment::Parameter(_)) => true,
        };
        methods && self.path.len() == other.path.len() && self.path.iter().zip(&other.path).all(alike)
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &Arc<str>> {
        self.path.iter().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name),
            Segment::Word(_) => None,
        })
    }
}

impl std::fmt::Display for Route {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(method) = self.method {
            write!(to, "{method} ")?;
        }
        if self.path.is_empty() {
            return write!(to, "/");
        }
        self.path.iter().try_for_each(|segment| match segment {
            Segment::Word(word) => write!(to, "/{word}"),
            Segment::Parameter(name) => write!(to, "/{{{name}}}"),
        })
    }
}

fn segment(text: &str) -> Result<Segment, &'static str> {
    if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        let good = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        return if good { Ok(Segment::Parameter(name.into())) } else { Err("a parameter is letters, digits and `_` in braces") };
    }
    let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte));
    if good { Ok(Segment::Word(text.into())) } else { Err("a segment of a path has characters that stand for themselves, or is `{name}`") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(route: &str, path: &str, expected: Option<&[(&str, &str)]>) {
        assert_eq!(Route::parse(route).unwrap().fits(path).as_deref(), expected, "{route} {path}");
    }

    #[test]
    fn a_path_fits_segment_by_segment() {
        check("POST /orders/{id}", "/orders/7", Some(&[("id", "7")]));
        check("POST /orders/{id}", "/orders/a%2Fb", Some(&[("id", "a%2Fb")]));
        check("POST /orders/{id}/lines/{n}", "/orders/7/lines/1", Some(&[("id", "7"), ("n", "1")]));
        check("/", "/", Some(&[]));
        for other in ["/orders", "/orders/", "/orders/7/", "/Orders/7", "orders/7", "/orders//7", "/orders/7/x"] {
            check("POST /orders/{id}", other, None);
        }
    }

    #[test]
    fn what_is_no_route_is_told() {
        for bad in
            ["orders", "FETCH /orders", "post /orders", "POST orders", "POST /a//b", "POST /{}", "POST /a b", "POST /{a-b}", "POST /ü"]
        {
            assert!(Route::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Route::parse("POST /a/{id}").unwrap().to_string(), "POST /a/{id}");
    }

    #[test]
    fn two_routes_meet_where_one_request_fits_both() {
        let meets = |one: &str, other: &str| Route::parse(one).unwrap().meets(&Route::parse(other).unwrap());
        assert!(meets("POST /a/{x}", "POST /a/b") && meets("/a", "POST /a"));
        assert!(!meets("POST /a", "GET /a") && !meets("POST /a", "POST /a/b") && !meets("POST /a/b", "POST /a/c"));
    }
}
