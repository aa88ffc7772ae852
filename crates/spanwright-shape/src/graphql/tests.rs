#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    shape::{Presence, Shape, ShapeId, Shapes},
    text::{Bundle, FileId, Problems},
};

const SHOP: &str = r#"
schema { query: Root mutation: Changes }
"What can be read."
type Root {
  order(id: ID!): Order
  orders(first: Int = 10, after: String, where: OrderFilter): OrderPage!
  node(id: ID!): Node
  search(text: String!): [Hit!]!
}
type Changes { createOrder(input: OrderInput!, key: String): Order! cancel(id: ID!): Boolean }
interface Node { id: ID! }
type Order implements Node { id: ID! total: Float! state: State! customer: Customer lines: [Line!]! placed: DateTime! }
type Customer implements Node { id: ID! "As it is printed." name: String email: String }
type Line { sku: String! count: Int! }
type OrderPage { nodes: [Order!]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
union Hit = Order | Customer
enum State { OPEN SHIPPED }
input OrderFilter { state: State since: DateTime customer: CustomerFilter }
input CustomerFilter { id: ID! also: [OrderFilter!] }
input OrderInput { id: ID! lines: [LineInput!]! note: String = "none" }
input LineInput { sku: String! count: Int! }
scalar DateTime
"#;

fn read(schema: &str, document: &str) -> (Option<Operation>, Shapes, Vec<String>) {
    let bundle = Bundle::new([("a.graphql".to_string(), document.into()), ("schema.graphql".to_string(), schema.into())]);
    let (mut problems, mut shapes) = (Problems::new(), Shapes::default());
    let operation = Schema::read(&bundle, FileId(1), &mut problems)
        .and_then(|schema| Operation::check(&bundle, FileId(0), &schema, &mut shapes, &mut problems));
    let said = problems.iter().map(|problem| {
        let at = problem.at.unwrap();
        let (line, column) = bundle.line_column(at.file, at.from);
        format!("{} {line}:{column} {}", problem.code.id, problem.says)
    });
    (operation, shapes, said.collect())
}

/// A shape in a line: `{ id: text, total?: double|null, lines: [{ .. }] }`.
fn line(shapes: &Shapes, id: ShapeId) -> String {
    match shapes.get(id) {
        Shape::Any => "any".into(),
        Shape::Never => "never".into(),
        Shape::Null => "null".into(),
        Shape::Flag => "flag".into(),
        Shape::Number(_) => "number".into(),
        Shape::Text(facets) => facets.one_of.as_ref().map_or("text".into(), |words| words.join("|")),
        Shape::List(item, _) => format!("[{}]", line(shapes, *item)),
        Shape::OneOf(arms) => arms.iter().map(|arm| line(shapes, *arm)).collect::<Vec<_>>().join(" or "),
        Shape::Record(record) => {
            let fields = record.fields.iter().map(|field| {
                let maybe = if field.presence == Presence::Maybe { "?" } else { "" };
                format!("{}{maybe}: {}", field.name, line(shapes, field.shape))
            });
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

/// What a document takes and gives.
fn check(document: &str, with: &str, gives: &str) {
    let (operation, shapes, said) = read(SHOP, document);
    assert_eq!(said, Vec::<String>::new(), "{document}");
    let operation = operation.unwrap();
    assert_eq!((line(&shapes, operation.with).as_str(), line(&shapes, operation.gives).as_str()), (with, gives), "{document}");
}

fn refuse(document: &str, expected: &[&str]) {
    let (operation, _, said) = read(SHOP, document);
    assert_eq!(said, expected, "{document}");
    assert!(operation.is_none());
}

#[test]
fn a_document_says_what_it_takes_and_gives() {
    check("{ order(id: 7) { id total } }", "{  }", "{ order: { id: text, total: number } or null }");
    check(
        "query Changed($after: String, $since: DateTime!) {\n  orders(after: $after, where: { since: $since }) { nodes { id state placed } pageInfo { hasNextPage endCursor } }\n}",
        "{ after?: text or null, since: any }",
        "{ orders: { nodes: [{ id: text, state: OPEN|SHIPPED, placed: any }], pageInfo: { hasNextPage: flag, endCursor: text or null } } }",
    );
    check(
        "mutation($input: OrderInput!) { made: createOrder(input: $input) { id } }",
        "{ input: { id: text, lines: [{ sku: text, count: number }], note?: text or null } }",
        "{ made: { id: text } }",
    );
}

#[test]
fn fragments_and_directives_make_fields_that_may_not_be_there() {
    check(
        "query($all: Boolean!) { order(id: 1) { ...Head lines @include(if: $all) { sku } } } fragment Head on Node { id __typename }",
        "{ all: flag }",
        "{ order: { id: text, __typename: Customer|Order, lines?: [{ sku: text }] } or null }",
    );
    check(
        "{ search(text: \"a\") { __typename ... on Order { id total } ... on Customer { id name } } }",
        "{  }",
        "{ search: [{ __typename: Customer|Order, id?: text, total?: number, name?: text or null }] }",
    );
    check(
        "{ order(id: 1) { customer { id } customer { name } } }",
        "{  }",
        "{ order: { customer: { id: text, name: text or null } or null } or null }",
    );
}

#[test]
fn what_a_server_would_refuse_is_told_with_its_place() {
    refuse("{ order(id: 1) { id totl } }", &["G0203 1:21 `Order` has no field `totl`"]);
    refuse("{ order { id } }", &["G0204 1:3 it needs the argument `id` of the type `ID!`"]);
    refuse("{ order(no: 1, id: 2) { id } }", &["G0204 1:3 there is no argument `no` here"]);
    refuse("{ orders(first: \"x\") { nodes { id } } }", &["G0204 1:3 the argument `first`: `\"x\"` is no `Int`"]);
    refuse("{ orders(where: { state: LOST }) { nodes { id } } }", &["G0204 1:3 the argument `where`: `LOST` is no `State`"]);
    refuse("{ order(id: 1) { customer } }", &["G0205 1:18 `customer` is a `Customer`, which has fields of its own"]);
    refuse("{ order(id: 1) { id { x } } }", &["G0205 1:18 `id` is a `ID`, which has no fields"]);
    refuse("query($id: ID) { order(id: $id) { id } }", &["G0206 1:18 the argument `id`: `$id` is `ID`, and `ID!` is wanted"]);
    refuse("{ order(id: $id) { id } }", &["G0206 1:3 the argument `id`: the variable `$id` is not declared"]);
    refuse("query($id: ID!, $x: Int) { order(id: $id) { id } }", &["G0206 1:17 nothing uses `$x`"]);
    refuse(
        "query($id: Order!) { order(id: $id) { id } }",
        &[
            "G0206 1:7 `$id` is of the type `Order`, which is no input type of the schema",
            "G0206 1:22 the argument `id`: `$id` is `Order!`, and `ID!` is wanted",
        ],
    );
    refuse("{ order(id: 1) { ...Head } }", &["G0207 1:21 the document has no fragment `Head`"]);
    refuse("{ order(id: 1) { id } } fragment Head on Order { id }", &["G0207 1:34 nothing uses the fragment `Head`"]);
    refuse("{ order(id: 1) { ...A } } fragment A on Order { id ...A }", &["G0207 1:55 the fragment `A` contains itself"]);
    refuse("{ order(id: 1) { ... on Customer { id } } }", &["G0207 1:25 `Order` is never a `Customer`"]);
    refuse(
        "{ order(id: 1) { id } order(id: 2) { id } }",
        &["G0208 1:23 `order` is asked for twice in this place, and not in the same way"],
    );
    refuse("{ node(id: 1) { name } }", &["G0203 1:17 `Node` has no field `name`"]);
    refuse("subscription { order(id: 1) { id } }", &["G0202 1:1 a subscription is listened to and not asked, which is not built yet"]);
    refuse("query A { order(id: 1) { id } } query B { order(id: 1) { id } }", &["G0202 1:1 this document has 2 operations"]);
}

#[test]
fn what_is_no_document_is_told_where_it_stops() {
    let (_, _, said) = read(SHOP, "{\n  order(id: 1) {\n    id\n");
    assert!(said.len() == 1 && said[0].starts_with("G0201 "), "{said:?}");
    let (_, _, said) = read("type Query { a: Nowhere }", "{ a }");
    assert_eq!(said, ["G0101 1:1 it speaks of a type `Nowhere` and does not say what that is"]);
    let (_, _, said) = read("type Query { a: ", "{ a }");
    assert!(said.len() == 1 && said[0].starts_with("G0101 "), "{said:?}");
    let (_, _, said) = read("{ \"data\": {} }", "{ a }");
    assert_eq!(said, ["G0101 1:1 this JSON is no answer to an introspection: it has no `__schema`"]);
}

#[test]
fn an_introspection_is_the_same_schema() {
    let told = r#"{ "data": { "__schema": { "queryType": { "name": "Q" }, "mutationType": null, "types": [
        { "kind": "OBJECT", "name": "Q", "description": null, "interfaces": [], "fields": [ { "name": "a", "description": "An A.",
          "args": [ { "name": "n", "description": null, "defaultValue": "1", "type": { "kind": "NON_NULL", "name": null, "ofType": { "kind": "SCALAR", "name": "Int" } } } ],
          "type": { "kind": "LIST", "name": null, "ofType": { "kind": "ENUM", "name": "E" } } } ] },
        { "kind": "ENUM", "name": "E", "enumValues": [ { "name": "X" }, { "name": "Y" } ] },
        { "kind": "OBJECT", "name": "__Type", "fields": [], "interfaces": [] } ] } } }"#;
    let (operation, shapes, said) = read(told, "{ a }");
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(line(&shapes, operation.unwrap().gives), "{ a: [X|Y or null] or null }");
}
