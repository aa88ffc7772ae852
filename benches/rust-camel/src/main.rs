//! A synchronous HTTP answer without a mapping, by rust-camel: what `/ping` of the other programs answers.
//! `door-of-rust-camel PORT`

use camel_api::{Body, CamelError, Value};
use camel_builder::{RouteBuilder, StepAccumulator};
use camel_component_http::HttpComponent;
use camel_core::CamelContext;

#[tokio::main]
async fn main() -> Result<(), CamelError> {
    let port = std::env::args().nth(1).expect("a port");
    let mut context = CamelContext::builder().build().await?;
    context.register_component(HttpComponent::new());
    let ping = RouteBuilder::from(&format!("http://127.0.0.1:{port}/ping"))
        .route_id("ping")
        .set_header("Content-Type", Value::String("application/json".into()))
        .set_body(Body::Text("{\"ok\":true}".into()))
        .build()?;
    context.add_route_definition(ping).await?;
    context.start().await?;
    tokio::signal::ctrl_c().await.map_err(|why| CamelError::Io(why.to_string()))?;
    context.stop().await
}
