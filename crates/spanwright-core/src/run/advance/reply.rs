//! What a waiting sender is told.

use spanwright_shape::{json, room::Room, text::Failure, value::Value};

use super::{Flowing, Replied, Walk};
use crate::{
    codes,
    door::Reply,
    fact::{ANSWER, NodeName},
    plan::ReplyPlan,
    run::scene::{Carried, Names},
};

impl<'a> Walk<'a> {
    /// The first reply counts; the flow goes on below it.
    pub(super) fn reply(
        &mut self,
        node: &NodeName,
        plan: &'a ReplyPlan,
        body: Carried<'a>,
        names: &Names<'a>,
    ) -> Result<Flowing<'a>, Failure> {
        let said_before = self.replied.is_some() || self.job.known.iter().any(|known| &*known.item == ANSWER);
        if !said_before {
            let headers = match &plan.headers {
                Some(map) => header_lines(&self.mapped(map, body, names)?, self.room)?,
                None => Vec::new(),
            };
            let said = self.made(&plan.body, body, names)?.unwrap_or_else(|| b"null".to_vec());
            let reply = Reply { status: plan.status, headers, fault: plan.fault.as_deref().map(String::from), body: said };
            self.replied = Some(Replied { node: node.clone(), reply });
        }
        Ok(Flowing::On(body))
    }
}

/// The headers of a reply: a record of texts and numbers; null leaves one out.
fn header_lines(bytes: &[u8], room: &Room) -> Result<Vec<(String, String)>, Failure> {
    let fault = |says: String| Failure::new(&codes::EXPRESSION, says);
    let Ok(Value::Record(fields)) = json::read(bytes, room) else { return Err(fault("`headers` of the reply are no record".into())) };
    let mut lines = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::Text(text) => lines.push(((*name).to_string(), (*text).to_string())),
            Value::Number(number) => lines.push(((*name).to_string(), number.to_string())),
            other => return Err(fault(format!("the header `{name}` of the reply is {}, not text", other.kind().word()))),
        }
    }
    Ok(lines)
}
