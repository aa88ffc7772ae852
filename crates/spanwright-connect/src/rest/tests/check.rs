use spanwright_core::interface::{Bulk, BulkKey, Repeat};
use spanwright_shape::shape::Shape;

use super::*;

/// What is said of these settings over the shop's document.
fn check(operations: Vec<OperationSettings>, expected: &[&str]) {
    assert_eq!(read(SHOP, &settings(operations)).1, expected);
}

#[test]
fn the_operations_of_the_document_are_there() {
    let system = shop(Vec::new());
    let seen: Vec<String> = system
        .interface()
        .operations
        .iter()
        .map(|operation| format!("{} {} {:?}", operation.name, operation.wire, operation.repeat))
        .collect();
    let expected = [
        "listOrders GET /orders Safe",
        "createOrder POST /orders Never",
        "getOrder GET /orders/{id} Safe",
        "putOrder PUT /orders/{id} Idempotent",
        "deleteOrder DELETE /orders/{id} Idempotent",
        "pay POST /payments Keyed",
        "putPrices POST /prices Never",
        "putStock PUT /stock Idempotent",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_flow_never_gives_the_key_itself() {
    let system = shop(Vec::new());
    let (_, pay) = system.interface().operation("pay").unwrap();
    assert!(
        matches!(system.interface().shapes.get(pay.with), Shape::Record(record) if record.fields.iter().all(|field| field.name.starts_with("If-")))
    );
}

#[test]
fn types_are_given_and_taken() {
    let system = shop(Vec::new());
    let interface = system.interface();
    let order = interface.types["Order"];
    assert!(interface.shapes.field(order.given, "id").is_some());
    assert!(interface.shapes.field(order.taken, "id").is_none());
}

#[test]
fn the_body_of_a_bulk_operation_is_that_of_one_item() {
    let system = shop(vec![operation("putPrices").key("request_id").bulk(500, "", "", ""), operation("putStock").bulk(9, "", "", "")]);
    let (_, prices) = system.interface().operation("putPrices").unwrap();
    assert!(system.interface().shapes.field(prices.body.unwrap(), "sku").is_some());
    assert_eq!((prices.repeat, prices.bulk), (Repeat::Keyed, Some(Bulk { most: 500, bytes: None, key: BulkKey::PerRequest })));
    let (_, stock) = system.interface().operation("putStock").unwrap();
    assert_eq!((stock.repeat, stock.bulk), (Repeat::Idempotent, Some(Bulk { most: 9, bytes: None, key: BulkKey::PerItem })));
}

#[test]
fn an_outcome_of_none_makes_the_answer_null_or_something() {
    let system = shop(vec![operation("getOrder").outcome("404", OutcomeWord::None)]);
    let (_, get) = system.interface().operation("getOrder").unwrap();
    let Shape::OneOf(arms) = system.interface().shapes.get(get.gives) else { panic!("no union") };
    assert!(arms.iter().any(|arm| matches!(system.interface().shapes.get(*arm), Shape::Null)));
}

#[test]
fn safe_makes_any_method_repeatable() {
    let safe = OperationSettings { safe: Some(true), ..operation("createOrder") };
    assert_eq!(shop(vec![safe]).interface().operation("createOrder").unwrap().1.repeat, Repeat::Safe);
}

#[test]
fn an_operation_by_hand_may_be_one_that_the_document_describes() {
    let system = shop(vec![operation("one").by_hand("GET", "/orders/{id}")]);
    let (_, one) = system.interface().operation("one").unwrap();
    assert!(system.interface().shapes.field(one.gives, "no").is_some());
}

#[test]
fn a_system_without_a_document_has_what_is_made_by_hand() {
    let by_hand = SystemSettings { schema: None, ..settings(vec![operation("ping").by_hand("GET", "/ping")]) };
    let (system, said) = read("", &by_hand);
    assert_eq!((said, system.unwrap().interface().operations.len()), (Vec::new(), 1));
}

#[test]
fn names_that_mean_nothing_are_refused() {
    check(vec![operation("createOrdr")], &["C0101 the document has no operation `createOrdr` (did you mean `createOrder`?)"]);
    check(vec![operation("zzz")], &["C0101 the document has no operation `zzz` (make it by hand: `zzz: { get: /path }`)"]);
    check(
        vec![operation("pay").by_hand("POST", "/pay")],
        &["C0109 the document has an operation `pay` already (give the one made by hand a name of its own)"],
    );
    check(
        vec![operation("uploadPhoto")],
        &["C0102 `uploadPhoto` cannot be used: its body is image/png, and only JSON bodies are built yet (J0205)"],
    );
    check(
        vec![operation("x").by_hand("GET", "orders/{id")],
        &["C0110 `orders/{id` is no path (a path begins with `/` and has its parameters in braces: `/contacts/{id}`)"],
    );
    check(
        vec![operation("pay").key("Idempotncy-Key")],
        &["C0103 the operation has no header or query parameter `Idempotncy-Key` (did you mean `Idempotency-Key`?)"],
    );
    check(
        vec![operation("pay").outcome("missing", OutcomeWord::None).outcome("4XX", OutcomeWord::Later).outcome("700", OutcomeWord::Later)],
        &[
            "C0104 `missing` is no status (write a status such as `404`, or a class of them such as `4XX`)",
            "C0104 `700` is no status (write a status such as `404`, or a class of them such as `4XX`)",
        ],
    );
}

#[test]
fn a_bulk_operation_needs_a_list_to_send() {
    check(vec![operation("createOrder").bulk(10, "", "", "")], &["C0105 `createOrder` cannot carry many items: its body has no list"]);
    check(vec![operation("getOrder").bulk(10, "", "", "")], &["C0105 `getOrder` cannot carry many items: it takes no body"]);
    check(
        vec![operation("putPrices").bulk(501, "", "", "")],
        &["C0106 the document allows 500 items in one request, and `most` is 501 (write `most: 500`)"],
    );
}

#[test]
fn the_list_of_a_bulk_operation_may_be_named() {
    let named = |operation: OperationSettings, list: &str| {
        let bulk = operation.bulk.map(|bulk| BulkSettings { items: Some(Scalar::made(list)), ..bulk });
        OperationSettings { bulk, ..operation }
    };
    check(vec![named(operation("putPrices").bulk(9, "", "", ""), "prices")], &[]);
    check(
        vec![named(operation("putPrices").bulk(9, "", "", ""), "price")],
        &["C0105 `putPrices` cannot carry many items: its body has no list `price`"],
    );
    check(
        vec![named(operation("putStock").bulk(9, "", "", ""), "stock")],
        &["C0105 `putStock` cannot carry many items: its body is the list, so there is no `items` to name"],
    );
}

#[test]
fn the_answers_of_a_bulk_operation_are_proved() {
    check(
        vec![operation("putPrices").bulk(9, ".results[0]", "", ".status")],
        &["C0107 this is no list of answers (write where the list is: `answers: .results`)"],
    );
    let help = "say what each means under `outcomes:`: delivered, none, later, unknown or never";
    check(
        vec![operation("putPrices").bulk(9, ".results", "", ".state").outcome("stored", OutcomeWord::Delivered)],
        &[&format!("C0108 nothing says what `same`, `refused`, `busy` means ({help})")],
    );
    check(
        vec![operation("putPrices").bulk(9, ".results", "", ".")],
        &["C0108 this is no status, no flag and no text (take the status, a flag or a text of the answer: `outcome: .status`)"],
    );
}

#[test]
fn a_system_needs_an_address_and_a_document_that_is_one() {
    let nowhere = SystemSettings { url: None, ..settings(Vec::new()) };
    let (system, said) = read(SHOP, &nowhere);
    assert!(system.is_none());
    assert_eq!(said, ["C0111 the system `shop` has no `url:` (write it beside `rest:`, for instance `url: \"${CRM_URL}\"`)"]);
    assert!(read("swagger: '2.0'\n", &settings(Vec::new())).0.is_none());
}

#[test]
fn the_crm_of_the_example_is_understood() {
    let crm = include_str!("../../../../../examples/erp-to-crm/schemas/crm.openapi.yaml");
    let upsert = operation("upsertContacts").key("Idempotency-Key").bulk(1_000, ".results", "", ".status");
    let get = OperationSettings { safe: Some(true), ..operation("getContact") }.outcome("404", OutcomeWord::None);
    let (system, said) = read(crm, &settings(vec![upsert, get]));
    assert_eq!(said, Vec::<String>::new());
    let system = system.unwrap();
    let (_, upsert) = system.interface().operation("upsertContacts").unwrap();
    assert_eq!((upsert.repeat, upsert.bulk), (Repeat::Keyed, Some(Bulk { most: 1_000, bytes: None, key: BulkKey::PerRequest })));
    assert!(system.interface().shapes.field(upsert.body.unwrap(), "externalId").is_some());
    assert!(system.interface().types.contains_key("Contact"));
}

#[test]
fn a_header_that_shows_who_we_are_is_no_parameter() {
    let named = |name: &str| {
        let mut note = operation("note").by_hand("POST", "/notes");
        note.headers = vec![Scalar::made(name)];
        read(SHOP, &settings(vec![note])).1
    };
    for name in ["Authorization", "cookie", "Content-Type", "x tenant"] {
        let help = "name a header of your own, as `X-Tenant`; what shows who we are is `auth:`";
        assert_eq!(named(name), [format!("C0115 `{name}` is no header that a flow gives ({help})")]);
    }
    assert_eq!(named("X-Tenant"), Vec::<String>::new());
}
