//! An answer as this service would give it: content or a declared fault in an envelope, by the schema.

use spanwright_core::connector::{Pretended, Said};
use spanwright_shape::{
    value::Value,
    wsdl::Version,
    xml::{WriteFault, Writer},
    xsd::{self, ElementId},
};

use super::{
    header::HEADERS,
    request::{SOAP11, SOAP12},
    system::{SoapOperation, SoapSystem},
};

/// The answer, with the status that SOAP gives it (1.1 section 6.2, 1.2 part 2 section 7.5).
pub(super) fn pretend(system: &SoapSystem, operation: usize, pretended: &Pretended<'_>) -> Result<Said, String> {
    let soap = &system.operations[operation];
    let (space, media) = match system.version {
        Version::Soap11 => (SOAP11, "text/xml; charset=utf-8"),
        Version::Soap12 => (SOAP12, "application/soap+xml; charset=utf-8"),
    };
    let mut answer =
        Answer { system, space, writer: Writer::new([("soap".to_string(), space.to_string())].into_iter().chain(system.graph.prefixes())) };
    answer.open(&["Envelope"])?;
    let (content, blocks) = match pretended {
        Pretended::Gives(value) => apart(value),
        Pretended::Fault { .. } => (Vec::new(), None),
    };
    if let Some(blocks) = blocks {
        answer.header(soap, blocks)?;
    }
    answer.open(&["Body"])?;
    let status = match pretended {
        Pretended::Gives(value) => {
            let value = if blocks.is_some() { Value::Record(&content) } else { *value };
            if let Some(output) = soap.output {
                answer.element(output, &value)?;
            }
            200
        }
        Pretended::Fault { name, detail, reason } => {
            let declared = soap.faults.iter().find(|(have, id)| **have == **name || *system.graph.element(*id).local == **name);
            let known = || soap.faults.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let (_, element) = declared.ok_or_else(|| format!("it declares no fault `{name}`; it has {}", known()))?;
            answer.fault(*element, detail, reason)?;
            500
        }
    };
    answer.close(2);
    Ok(Said { status, headers: vec![("content-type".into(), media.into())], body: answer.writer.finish() })
}

/// A content and the Header beside it.
fn apart<'v>(value: &Value<'v>) -> (Vec<(&'v str, Value<'v>)>, Option<Value<'v>>) {
    let Value::Record(fields) = value else { return (Vec::new(), None) };
    let (headers, content): (Vec<_>, Vec<_>) = fields.iter().copied().partition(|(key, _)| *key == HEADERS);
    (content, headers.first().map(|(_, value)| *value))
}

struct Answer<'s> {
    system: &'s SoapSystem,
    space: &'s str,
    writer: Writer,
}

impl Answer<'_> {
    fn open(&mut self, names: &[&str]) -> Result<(), String> {
        names.iter().try_for_each(|name| self.writer.start(self.space, name).map_err(unwritable))
    }

    fn header(&mut self, soap: &SoapOperation, blocks: Value<'_>) -> Result<(), String> {
        let Value::Record(blocks) = blocks else { return Err(format!("`{HEADERS}` is a record of header blocks")) };
        self.open(&["Header"])?;
        for (name, value) in blocks {
            let block = soap.output_headers.iter().find(|id| *self.system.graph.element(**id).local == **name);
            self.element(*block.ok_or_else(|| format!("its answer declares no header block `{name}`"))?, value)?;
        }
        self.close(1);
        Ok(())
    }

    fn close(&mut self, elements: usize) {
        (0..elements).for_each(|_| self.writer.end());
    }

    fn element(&mut self, element: ElementId, value: &Value<'_>) -> Result<(), String> {
        xsd::encode(&self.system.graph, element, value, &mut self.writer).map_err(|fault| fault.to_string())
    }

    fn fault(&mut self, element: ElementId, detail: &Value<'_>, reason: &str) -> Result<(), String> {
        self.open(&["Fault"])?;
        match self.system.version {
            Version::Soap11 => {
                self.text("", "faultcode", "soap:Server")?;
                self.text("", "faultstring", reason)?;
                self.writer.start("", "detail").map_err(unwritable)?;
            }
            Version::Soap12 => {
                self.open(&["Code"])?;
                self.text(self.space, "Value", "soap:Receiver")?;
                self.close(1);
                self.open(&["Reason"])?;
                self.text(self.space, "Text", reason)?;
                self.close(1);
                self.open(&["Detail"])?;
            }
        }
        self.element(element, detail)?;
        self.close(2);
        Ok(())
    }

    fn text(&mut self, space: &str, name: &str, text: &str) -> Result<(), String> {
        self.writer.start(space, name).map_err(unwritable)?;
        self.writer.text(text).map_err(unwritable)?;
        self.close(1);
        Ok(())
    }
}

fn unwritable(fault: WriteFault) -> String {
    fault.to_string()
}
