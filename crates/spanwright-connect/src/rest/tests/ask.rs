use super::*;

/// `METHOD url | header: value ... | body`, without the headers that every request has.
fn shown(request: &Request) -> String {
    let Request::Http(request) = request else { panic!("not over HTTP") };
    let everywhere = ["accept", "authorization", "traceparent", "x-correlation-id", "content-type"];
    let headers = request.headers.iter().filter(|(name, _)| !everywhere.contains(&&**name));
    let headers: String = headers.map(|(name, value)| format!(" | {name}: {}", String::from_utf8_lossy(value))).collect();
    let body = if request.body.is_empty() { String::new() } else { format!(" | {}", String::from_utf8_lossy(&request.body)) };
    format!("{} {}{headers}{body}", request.method, request.url)
}

fn asked(system: &Arc<dyn System>, operation: &str, given: &[(&str, &str)]) -> String {
    let room = Room::new();
    match system.ask(number(system, operation), &calls(given, &room), &with()) {
        Ok(request) => shown(&request),
        Err(Refusal::Call(n, failure)) => format!("call {n} {} {}", failure.code.id, failure.says),
        Err(Refusal::System(failure)) => format!("system {} {}", failure.code.id, failure.says),
    }
}

fn check(operation: &str, given: (&str, &str), expected: &str) {
    assert_eq!(asked(&shop(Vec::new()), operation, &[given]), expected);
}

#[test]
fn a_path_is_filled_in_and_encoded() {
    check("getOrder", (r#"{"id":"a/b ü?"}"#, ""), "GET https://shop.example.com/v1/orders/a%2Fb%20%C3%BC%3F");
    check("getOrder", (r#"{"id":12.50}"#, ""), "GET https://shop.example.com/v1/orders/12.50");
}

#[test]
fn a_path_never_becomes_another_path() {
    let other = "and would make another path";
    check("deleteOrder", (r#"{"id":""}"#, ""), &format!("call 0 R2003 shop.deleteOrder: the parameter `id` is absent or empty, {other}"));
    check("deleteOrder", (r#"{"id":null}"#, ""), &format!("call 0 R2003 shop.deleteOrder: the parameter `id` is absent or empty, {other}"));
    check("deleteOrder", ("{}", ""), &format!("call 0 R2003 shop.deleteOrder: the parameter `id` is absent or empty, {other}"));
    check("deleteOrder", (r#"{"id":".."}"#, ""), &format!("call 0 R2003 shop.deleteOrder: the parameter `id` is `..`, {other}"));
}

#[test]
fn query_and_header_parameters_are_written() {
    check(
        "listOrders",
        (r#"{"X-Tenant":"t1","since":"2026-01-01 & more","state":["open","held"],"fields":["no","total"]}"#, ""),
        "GET https://shop.example.com/v1/orders?since=2026-01-01%20%26%20more&state=open&state=held&fields=no%2Ctotal | x-tenant: t1",
    );
    check("listOrders", (r#"{"X-Tenant":7,"since":null}"#, ""), "GET https://shop.example.com/v1/orders | x-tenant: 7");
}

#[test]
fn parameters_that_cannot_be_written_are_refused() {
    check("listOrders", ("{}", ""), "call 0 R2003 shop.listOrders: the parameter `X-Tenant` is required, and absent");
    check("listOrders", (r#"{"X-Tenant":"t","x":1}"#, ""), "call 0 R2003 shop.listOrders: there is no parameter `x`");
    check(
        "listOrders",
        (r#"{"X-Tenant":"t","since":{"a":1}}"#, ""),
        "call 0 R2003 shop.listOrders: the parameter `since` is a record, which has no place in an address",
    );
    check(
        "listOrders",
        (r#"{"X-Tenant":"t\r\nx-admin: 1"}"#, ""),
        "call 0 R2003 shop.listOrders: the value of the header `X-Tenant` has a line break or another control character",
    );
}

#[test]
fn a_condition_is_a_header_of_every_operation() {
    check("putOrder", (r#"{"id":"1","If-Match":"\"7\""}"#, ""), "PUT https://shop.example.com/v1/orders/1 | if-match: \"7\"");
    check("putOrder", (r#"{"id":"1","If-Match":null}"#, ""), "PUT https://shop.example.com/v1/orders/1");
    let by_hand = shop(vec![operation("note").by_hand("POST", "/notes")]);
    let given = [(r#"{"If-None-Match":"*","of":7}"#, "{}")];
    assert_eq!(asked(&by_hand, "note", &given), "POST https://shop.example.com/v1/notes?of=7 | if-none-match: * | {}");
}

#[test]
fn headers_of_an_operation_made_by_hand_are_those_that_it_names() {
    let mut note = operation("note").by_hand("POST", "/notes");
    note.headers = vec![Scalar::made("X-Tenant")];
    let given = [(r#"{"X-Tenant":"t1","of":7}"#, "{}")];
    assert_eq!(asked(&shop(vec![note]), "note", &given), "POST https://shop.example.com/v1/notes?of=7 | x-tenant: t1 | {}");
}

#[test]
fn a_body_is_sent_as_its_bytes_are() {
    check(
        "createOrder",
        ("{}", r#"{"no": "1",  "total":1.10}"#),
        r#"POST https://shop.example.com/v1/orders | {"no": "1",  "total":1.10}"#,
    );
    check("createOrder", ("{}", ""), "call 0 R2004 shop.createOrder needs a body");
    check("putOrder", (r#"{"id":"1"}"#, ""), "PUT https://shop.example.com/v1/orders/1");
}

#[test]
fn a_body_that_the_document_does_not_allow_is_not_sent() {
    let not = |name: &str, says: &str| format!("R2019 shop.{name}: the document does not allow this body: {says}");
    check("createOrder", ("{}", "{}"), &format!("call 0 {}", not("createOrder", "`.no`: it is required, and missing")));
    check("createOrder", ("{}", r#"{"no":7}"#), &format!("call 0 {}", not("createOrder", "`.no`: text is wanted, and it is a number")));
    check(
        "createOrder",
        ("{}", "{\"no\":"),
        &format!("call 0 {}", not("createOrder", "it is no JSON (byte 6: it ends where a value was expected)")),
    );
    let bulk = shop(vec![operation("putPrices").bulk(500, "", "", "")]);
    let items = [("{}", r#"{"sku":"a"}"#), ("{}", r#"{"sku":"b","price":"1"}"#)];
    let expected = format!("call 1 {}", not("putPrices", "`.price`: a number is wanted, and it is text"));
    assert_eq!(asked(&bulk, "putPrices", &items), expected);
}

#[test]
fn a_body_that_its_map_has_proved_is_not_read_again() {
    let (room, system) = (Room::new(), shop(Vec::new()));
    // What no map can have proved shows that nobody looked.
    let call = Call { proved: true, ..calls(&[("{}", r#"{"no":7"#)], &room)[0] };
    let Ok(Request::Http(request)) = system.ask(number(&system, "createOrder"), &[call], &with()) else { panic!("not over HTTP") };
    assert_eq!(request.body, br#"{"no":7"#);
}

#[test]
fn every_request_says_who_what_and_why() {
    let (room, system) = (Room::new(), shop(Vec::new()));
    let Request::Http(request) = system.ask(number(&system, "createOrder"), &calls(&[("{}", r#"{"no":"1"}"#)], &room), &with()).unwrap()
    else {
        panic!("not over HTTP")
    };
    let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect();
    let expected = [
        "accept: application/json, application/problem+json;q=0.9",
        "content-type: application/json",
        "x-correlation-id: correlation-0",
        "traceparent: 00-trace-span-01",
        "authorization: Bearer t",
    ];
    assert_eq!(headers, expected);
}

#[test]
fn the_key_goes_where_the_document_or_the_settings_say() {
    check("pay", ("{}", "{}"), "POST https://shop.example.com/v1/payments | idempotency-key: key-0 | {}");
    let keyed = shop(vec![operation("putPrices").key("request_id")]);
    assert_eq!(
        asked(&keyed, "putPrices", &[("{}", r#"{"prices":[]}"#)]),
        r#"POST https://shop.example.com/v1/prices?request_id=key-0 | {"prices":[]}"#
    );
    let by_hand = shop(vec![operation("ship").by_hand("POST", "/ship/{id}").key("X-Request-Id")]);
    assert_eq!(asked(&by_hand, "ship", &[(r#"{"id":1}"#, "")]), "POST https://shop.example.com/v1/ship/1 | x-request-id: key-0");
}

#[test]
fn an_operation_by_hand_takes_other_fields_as_its_query() {
    let system = shop(vec![operation("find").by_hand("GET", "/find/{kind}")]);
    let given = (r#"{"kind":"a","q":"x y","n":[1,2]}"#, "");
    assert_eq!(asked(&system, "find", &[given]), "GET https://shop.example.com/v1/find/a?q=x%20y&n=1&n=2");
}

#[test]
fn a_next_page_is_followed_on_its_own_server_only() {
    let next = |url: &str| format!(r#"{{"X-Tenant":"t","since":"x","url":"{url}"}}"#);
    let system = shop(Vec::new());
    let check = |url: &str, expected: &str| assert_eq!(asked(&system, "listOrders", &[(&next(url), "")]), expected);
    check("https://shop.example.com/v1/orders?page=2", "GET https://shop.example.com/v1/orders?page=2 | x-tenant: t");
    check("/v1/orders?page=2", "GET https://shop.example.com/v1/orders?page=2 | x-tenant: t");
    check("", "GET https://shop.example.com/v1/orders?since=x | x-tenant: t");
    let says = "call 0 R2003 shop.listOrders: the link to the next page leads to another server, and our credentials would go with it";
    check("https://evil.example.com/v1/orders?page=2", says);
}

#[test]
fn a_system_that_has_no_address_is_held() {
    let with_url = |url: &str| SystemSettings { url: Some(Template::parse(url)), ..settings(Vec::new()) };
    let check = |url: &str, expected: &str| {
        let system = read(SHOP, &with_url(url)).0.unwrap();
        assert_eq!(asked(&system, "createOrder", &[("{}", "{}")]), expected);
    };
    let unset = "put it into the environment, or into the file of the chosen environment";
    check("${NO_SUCH}", &format!("system R2001 the variable `NO_SUCH` is not set: {unset}"));
    let none = "system R2002 the system's `url` is no http:// or https:// address without `?` and `#`";
    check("shop.example.com", none);
    check("${URL}?x=1", none);
}

#[test]
fn a_batch_is_spliced_from_the_bytes_of_its_items() {
    let system = shop(vec![operation("putStock").bulk(100, "", "", "")]);
    let expected = r#"PUT https://shop.example.com/v1/stock | [{"sku":"a"},{"sku": "b"}]"#;
    assert_eq!(asked(&system, "putStock", &[("{}", r#"{"sku":"a"}"#), ("{}", r#"{"sku": "b"}"#)]), expected);
    let wrapped = shop(vec![operation("putPrices").key("request_id").bulk(500, "", "", "")]);
    let expected = r#"POST https://shop.example.com/v1/prices?request_id=key-of-request | {"prices":[{"sku":"a"}]}"#;
    assert_eq!(asked(&wrapped, "putPrices", &[("{}", r#"{"sku":"a"}"#)]), expected);
    assert_eq!(asked(&system, "putStock", &[("{}", r#"{"sku":"a"}"#), ("{}", "")]), "call 1 R2004 shop.putStock needs a body");
}

#[test]
fn the_items_of_a_batch_share_their_parameters() {
    let by_hand = operation("put").by_hand("POST", "/put/{tenant}").bulk(10, "", "", "");
    let system = shop(vec![by_hand]);
    let given = [(r#"{"tenant":"a"}"#, "{}"), (r#"{"tenant":"b"}"#, "{}")];
    assert_eq!(asked(&system, "put", &given), "call 1 R2003 shop.put: its parameters differ from those of the items beside it");
}

#[test]
fn a_batch_of_many_messages_carries_the_key_of_the_request_for_correlation() {
    let (room, system) = (Room::new(), shop(vec![operation("putStock").bulk(100, "", "", "")]));
    let Request::Http(request) =
        system.ask(number(&system, "putStock"), &calls(&[("{}", r#"{"sku":"a"}"#), ("{}", r#"{"sku":"b"}"#)], &room), &with()).unwrap()
    else {
        panic!("not over HTTP")
    };
    let correlation = request.headers.iter().find(|(name, _)| &**name == "x-correlation-id").unwrap();
    assert_eq!(correlation.1, b"key-of-request");
}
