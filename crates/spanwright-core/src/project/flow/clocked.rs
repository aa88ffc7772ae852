//! `cron:` and `flow:`: messages that a clock makes, and those that other flows hand over.

use spanwright_shape::{
    shape::{Field, Format, Presence, RecordShape, Shape, TextFacets, Zone},
    text::form::Filled,
};

use super::{
    Builder,
    scene::{Scene, constant_names},
};
use crate::{
    alert::{EXPECT_FORMS, Expect},
    plan::{Cron, Missed, Source, SourceKind},
    project::codes,
    schedule::Schedule,
};

impl Builder<'_, '_> {
    /// `cron:`; the body says when it was due, and when the time before.
    pub(super) fn clocked(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        let time = self.shapes.add(Shape::Text(TextFacets { format: Format::DateTime(Zone::Must), ..TextFacets::default() }));
        let maybe = self.shapes.or_null(time);
        let field = |name: &str, shape| Field { name: name.into(), shape, presence: Presence::Always, about: None };
        let fields = vec![field("due", time), field("previous", maybe)];
        let dot = self.shapes.add(Shape::Record(RecordShape { fields, ..RecordShape::default() }));
        let missed = match form.text("missed") {
            Some("all") => Missed::All,
            Some("skip") => Missed::Skip,
            _ => Missed::Once,
        };
        let kind = self.schedule(form).map(|schedule| SourceKind::Cron(Box::new(Cron { schedule, missed })));
        self.plain(form, Scene::of(dot, None, false), kind)
    }

    fn schedule(&mut self, form: &Filled<'_>) -> Option<Schedule> {
        let text = form.scalar("cron")?;
        let told = Schedule::parse(&text.text, form.text("zone").unwrap_or("UTC"));
        if let Err(why) = &told {
            let at = form.scalar("zone").filter(|_| why.starts_with("there is no zone")).unwrap_or(text);
            let help = "write five fields, as `0 6 * * 1-5` for six o'clock from Monday to Friday, and a zone as `Europe/Berlin`";
            self.to.error(&codes::CRON, at.span, format!("this is no time: {why}"), help.to_string());
        }
        told.ok()
    }

    /// `flow:`; of what is handed over nothing is known before it comes.
    pub(super) fn handed(&mut self, form: &Filled<'_>) -> (Option<Source>, Scene) {
        let any = self.any();
        self.plain(form, Scene::of(any, None, false), Some(SourceKind::Handed))
    }

    /// `expect:`
    pub(super) fn expect(&mut self, form: &Filled<'_>) -> Option<Expect> {
        let text = form.scalar("expect")?;
        let told = Expect::parse(&text.text);
        if let Err(why) = &told {
            let help = format!("write {EXPECT_FORMS}; times of the day are UTC where no zone is named");
            self.to.error(&codes::CRON, text.span, format!("this is no expectation: {why}"), help);
        }
        told.ok()
    }

    /// A source whose messages have a body and nothing beside it.
    fn plain(&mut self, form: &Filled<'_>, brought: Scene, kind: Option<SourceKind>) -> (Option<Source>, Scene) {
        let source = self.source_of(form, &brought, kind);
        let names = constant_names(&mut self.shapes, brought.dot, self.known.variables);
        (source, Scene { names, ..brought })
    }
}
