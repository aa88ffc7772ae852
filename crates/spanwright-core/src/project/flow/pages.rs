//! `pages:` how the next page is asked for, by a poll and by a call.

use std::sync::Arc;

use spanwright_map::{Count, Program};
use spanwright_shape::{
    shape::Shape,
    text::{
        NodeKind,
        form::{self, Filled},
    },
};

use super::{
    Builder, Known,
    parameters::Parameters,
    scene::{Scene, noun},
};
use crate::{
    interface::Repeat,
    plan::{CountBy, Gather, NextPage, Pages},
    project::codes,
};

/// What the queue of a question is called behind that of its step, and that of an undo.
pub(super) const QUESTION_PART: &str = ".ask";
pub(super) const UNDO_PART: &str = ".undo";
/// The parameter that takes the address of a next page.
const PAGE_ADDRESS: &str = "url";

impl Builder<'_, '_> {
    /// `pages:` of a poll, or else of its operation.
    pub(super) fn pages_of_poll(
        &mut self,
        form: &Filled<'_>,
        found: Option<(usize, usize)>,
        page: &Scene,
        parameters: &mut Parameters,
    ) -> Option<Pages> {
        let own = form.form("pages");
        if let Some(pages) = &own {
            self.check_page_keys(pages, &["each"], "the `each` of the poll, which names the items");
        }
        let pages = own.or_else(|| inherited(self.known, found))?;
        self.pages(&pages, page, parameters)
    }

    /// `pages:` of a call or of a question, or else of its operation. `None` where it asks for one page. What a question would find
    /// on its second page did happen: so it reads all of them, whoever else sees them.
    pub(super) fn pages_of_call(
        &mut self,
        part: &str,
        form: &Filled<'_>,
        found: Option<(usize, usize)>,
        parameters: &mut Parameters,
    ) -> Option<Arc<Gather>> {
        let Some(("call", ..)) = form.named() else { return None };
        let is_question = part == QUESTION_PART;
        let own = form.form("pages");
        let inherits = || inherited(self.known, found).filter(|pages| !gives(form, &pages_into(pages)));
        let pages = match &own {
            Some(pages) => pages.clone(),
            None if part == UNDO_PART => return self.check_undoes(form, inherits().is_some()),
            None => inherits().filter(|_| is_question || form.node("as").is_some())?,
        };
        self.check_one_answer(form, own.is_some(), is_question, found);
        let page = self.page(found);
        let rule = self.pages(&pages, &page, parameters);
        let list = self.list_of(form, &pages, own.is_some(), &page);
        Some(Arc::new(Gather { pages: rule?, list: list? }))
    }

    fn pages(&mut self, pages: &Filled<'_>, page: &Scene, parameters: &mut Parameters) -> Option<Pages> {
        if let Some(("link", ..)) = pages.named() {
            self.check_page_keys(pages, &["into", "from", "full"], "`link`: the answer names the address of the next page");
            return Some(Pages { into: PAGE_ADDRESS.into(), next: NextPage::Link });
        }
        let Some(into) = pages.scalar("into") else {
            let says = "`pages` does not say which parameter takes the next page's token";
            self.to.error(&codes::SETTING, pages.node.span, says, "add `into: PARAMETER`".to_string());
            return None;
        };
        let wanted = parameters.fill(into, self.to);
        let next = match pages.text("count") {
            Some(by) => Some(self.counted(pages, by)),
            None => {
                self.check_page_keys(pages, &["from", "full"], "`take`: the answer names the next page");
                let take = self.scalar_of(pages, "take", page);
                self.check_taken(pages, into, take.as_ref(), wanted);
                take.map(NextPage::Token)
            }
        };
        Some(Pages { into: into.text.as_str().into(), next: next? })
    }

    fn counted(&mut self, pages: &Filled<'_>, by: &str) -> NextPage {
        let variables = self.known.variables;
        let from = variables.known(pages, "from", pages.number("from"), form::number, self.to);
        let full = variables.known(pages, "full", pages.number("full"), form::number, self.to);
        let (by, first) = if by == "pages" { (CountBy::Pages, 1) } else { (CountBy::Items, 0) };
        NextPage::Counted { from: from.unwrap_or(first), by, full }
    }

    fn check_page_keys(&mut self, pages: &Filled<'_>, idle: &[&'static str], because: &str) {
        for key in idle.iter().filter_map(|key| pages.key(key)) {
            let says = format!("`{}` says nothing beside {because}", key.text);
            self.to.error(&codes::SETTING, key.span, says, "leave it out".to_string());
        }
    }

    /// Whether all pages can be one answer: what reads alone can begin again, and somebody sees it.
    fn check_one_answer(&mut self, form: &Filled<'_>, own: bool, is_question: bool, found: Option<(usize, usize)>) {
        let at = form
            .key("pages")
            .filter(|_| own)
            .map_or_else(|| form.named().map_or(form.node.span, |(_, _, operand)| operand.span), |key| key.span);
        let operation = self.operation(found).map(|operation| (operation.name.clone(), operation.repeat, operation.parameters_are_body()));
        if let Some((name, ..)) = operation.as_ref().filter(|(_, repeat, _)| *repeat != Repeat::Safe) {
            let says = format!("nothing says that `{name}` only reads, and after a crash its pages are read again from the first");
            self.to.error(&codes::PAGES, at, says, format!("if it only reads, say so: `operations: {{ {name}: {{ safe: true }} }}`"));
        }
        if !is_question && form.node("as").is_none() && form.node("again").is_none() {
            self.to.error(
                &codes::PAGES,
                at,
                "nobody sees the answer that the pages would make",
                "add `as: NAME`, or leave `pages` out".to_string(),
            );
        }
        if let (Some((name, ..)), true) = (operation.filter(|(_, _, one)| *one), form.node("with").is_none()) {
            let says = format!("the parameter of the page stands among the others of `{name}`, and there is no `with`");
            self.to.error(&codes::PAGES, at, says, "give them by `with: { .. }` in place of `body`".to_string());
        }
    }

    /// What is read page by page undoes nothing.
    fn check_undoes(&mut self, form: &Filled<'_>, reads_pages: bool) -> Option<Arc<Gather>> {
        if let (true, Some((_, _, operand))) = (reads_pages, form.named()) {
            let says = "this operation reads page by page (`pages` in its system), and an undo changes something";
            self.to.error(&codes::PAGES, operand.span, says, "name the operation that takes back what was done".to_string());
        }
        None
    }

    /// `each:` the keys that lead to the list of a page.
    fn list_of(&mut self, form: &Filled<'_>, pages: &Filled<'_>, own: bool, page: &Scene) -> Option<Vec<Arc<str>>> {
        let Some(each) = pages.scalar("each") else {
            let at = form.named().filter(|_| !own).map_or(pages.node.span, |(_, _, operand)| operand.span);
            let says = "a `call` joins the lists of all pages, and `pages` does not say which list grows";
            let one_page = pages.text("into").map(|into| format!("; or ask for one page: `with: {{ {into}: .. }}`"));
            let help = format!("add `each: .items` to `pages`, or `each: .` where a page is a list{}", one_page.unwrap_or_default());
            self.to.error(&codes::PAGES, at, says, help);
            return None;
        };
        let program = self.program(each, page)?;
        let keys = if each.text.trim() == "." { Some(Vec::new()) } else { program.keys() };
        let Some(keys) = keys else {
            let says = "`each` of `pages` is where the lists of all pages are joined: a plain path";
            self.to.error(&codes::PAGES, each.span, says, "write the way to the list, as `.items` or `.data.rows`".to_string());
            return None;
        };
        let keys = keys.into_iter().map(Arc::from).collect();
        self.check_list(&program, each);
        Some(keys)
    }

    fn check_list(&mut self, program: &Program, each: &spanwright_shape::text::Scalar) {
        let (shape, _) = self.shapes.without_null(program.gives().shape);
        let what = match self.shapes.get(shape) {
            _ if program.gives().count == Count::Many => "any number of values",
            Shape::List(..) | Shape::Any | Shape::OneOf(_) => return,
            other => noun(other),
        };
        self.to.error(
            &codes::NO_LIST,
            each.span,
            format!("`each` wants a list, and this gives {what}"),
            "name the list itself".to_string(),
        );
    }
}

/// `pages:` of an operation.
fn inherited<'k>(known: &'k Known<'k>, found: Option<(usize, usize)>) -> Option<Filled<'k>> {
    let (system, operation) = found?;
    let name = &known.systems.interface(system)?.operations.get(operation)?.name;
    known.systems.get(system).pages(name)
}

/// The parameter that a page goes into.
fn pages_into(pages: &Filled<'_>) -> String {
    pages.text("into").unwrap_or(PAGE_ADDRESS).to_string()
}

/// Whether a step gives this parameter itself.
fn gives(form: &Filled<'_>, parameter: &str) -> bool {
    match form.node("with").map(|with| &with.kind) {
        Some(NodeKind::Map(pairs)) => pairs.iter().any(|(name, _)| name.text == parameter),
        _ => false,
    }
}
