//! Whether what is given fits what is wanted: the check at the border of a map.
//!
//! The verdict speaks of *values*: [`Fit::Never`] when no given value can be a wanted one, [`Fit::Narrows`] when the
//! schemas say that some are refused or lose something, [`Fit::Perhaps`] when the given schema does not promise
//! enough to tell ("any text into one of ..."), else [`Fit::Fits`]. A record's verdict is the worst of its parts, and
//! its words begin with the path of that part. Recursive shapes are safe: a pair that is being compared already is
//! taken to fit, which is right, since only a difference elsewhere could break it.

use std::{collections::HashMap, fmt::Write};

use super::{NumberFacets, NumberKind, Shape, ShapeId, Shapes};

mod number;
mod record;
mod text;

/// Nesting that is compared; what lies deeper is told when it runs.
const FIT_DEPTH_MOST: usize = 64;

/// How a given shape relates to a wanted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Every given value is a wanted one.
    Fits,
    /// Each fits in kind, but some lose or break a bound: "text of up to 200 characters into 50".
    Narrows(String),
    /// Cannot be told before it runs: "anything into text".
    Perhaps(String),
    /// No given value can fit: "a flag into text".
    Never(String),
}

/// Compares a given shape with a wanted one. Both live in the same arena (see [`Shapes::import`]).
pub fn fits(shapes: &Shapes, given: ShapeId, wanted: ShapeId) -> Fit {
    Comparison { shapes, known: HashMap::new(), depth: 0 }.fit(given, wanted)
}

impl Fit {
    fn weight(&self) -> u8 {
        match self {
            Fit::Fits => 0,
            Fit::Perhaps(_) => 1,
            Fit::Narrows(_) => 2,
            Fit::Never(_) => 3,
        }
    }

    /// The worse of two; the first where they weigh the same.
    pub fn worse(self, other: Fit) -> Fit {
        if other.weight() > self.weight() { other } else { self }
    }

    /// The same verdict about a part, with its path in front: `.addresses[].zip: ...`.
    fn within(self, part: &str) -> Fit {
        let prefix = |says: String| match says.starts_with(['.', '[']) {
            true => format!("{part}{says}"),
            false => format!("{part}: {says}"),
        };
        match self {
            Fit::Fits => Fit::Fits,
            Fit::Narrows(says) => Fit::Narrows(prefix(says)),
            Fit::Perhaps(says) => Fit::Perhaps(prefix(says)),
            Fit::Never(says) => Fit::Never(prefix(says)),
        }
    }

    /// The verdict when only some of the given values are of this kind.
    fn of_some(self) -> Fit {
        match self {
            Fit::Never(says) => Fit::Narrows(says),
            other => other,
        }
    }
}

struct Comparison<'s> {
    shapes: &'s Shapes,
    known: HashMap<(ShapeId, ShapeId), Fit>,
    depth: usize,
}

impl Comparison<'_> {
    fn fit(&mut self, given: ShapeId, wanted: ShapeId) -> Fit {
        if given == wanted {
            return Fit::Fits;
        }
        if let Some(known) = self.known.get(&(given, wanted)) {
            return known.clone();
        }
        if self.depth == FIT_DEPTH_MOST {
            return Fit::Perhaps("nested too deep to tell".into());
        }
        self.known.insert((given, wanted), Fit::Fits);
        self.depth += 1;
        let fit = self.compare(given, wanted);
        self.depth -= 1;
        self.known.insert((given, wanted), fit.clone());
        fit
    }

    fn compare(&mut self, given: ShapeId, wanted: ShapeId) -> Fit {
        let shapes = self.shapes;
        match (shapes.get(given), shapes.get(wanted)) {
            (Shape::Never, _) | (_, Shape::Any) => Fit::Fits,
            (_, Shape::Never) => Fit::Never("nothing is allowed here".into()),
            (Shape::Any, target) => Fit::Perhaps(format!("anything into {}", self.words(target))),
            (Shape::OneOf(arms), _) => self.each_given(arms, wanted),
            (_, Shape::OneOf(arms)) => self.any_wanted(given, arms),
            (Shape::Null, Shape::Null) | (Shape::Flag, Shape::Flag) => Fit::Fits,
            (Shape::Number(have), Shape::Number(want)) => number::fit(have, want),
            (Shape::Text(have), Shape::Text(want)) => text::fit(have, want),
            (Shape::List(have, counts), Shape::List(want, bounds)) => self.lists((*have, *counts), (*want, *bounds)),
            (Shape::Record(have), Shape::Record(want)) => self.records((given, have), (wanted, want)),
            (source, target) => Fit::Never(self.unlike(source, target)),
        }
    }

    /// All kinds that may be given must fit; where some can never, some values are refused.
    fn each_given(&mut self, arms: &[ShapeId], wanted: ShapeId) -> Fit {
        let fits: Vec<Fit> = arms.iter().map(|arm| self.one_given(*arm, wanted)).collect();
        let all_never = fits.iter().all(|fit| matches!(fit, Fit::Never(_)));
        let worst = fits.into_iter().reduce(Fit::worse).unwrap_or(Fit::Fits);
        if all_never { worst } else { worst.of_some() }
    }

    fn one_given(&mut self, arm: ShapeId, wanted: ShapeId) -> Fit {
        match (self.shapes.get(arm), self.fit(arm, wanted)) {
            (Shape::Null, Fit::Never(says)) => Fit::Never(format!("it may be {says}")),
            (_, fit) => fit,
        }
    }

    /// One kind that is wanted must take it: the one that takes it best.
    fn any_wanted(&mut self, given: ShapeId, arms: &[ShapeId]) -> Fit {
        let mut best = None;
        for arm in arms {
            let fit = self.fit(given, *arm);
            let closer = best.as_ref().is_none_or(|(best, of): &(Fit, ShapeId)| {
                fit.weight() < best.weight() || (fit.weight() == best.weight() && self.closer(given, *arm, *of))
            });
            if closer {
                best = Some((fit, *arm));
            }
        }
        best.map_or(Fit::Never("nothing is allowed here".into()), |(fit, _)| fit)
    }

    /// Whether one arm speaks of the given kind and the other does not: its words explain more.
    fn closer(&self, given: ShapeId, arm: ShapeId, other: ShapeId) -> bool {
        let kind = |id: ShapeId| std::mem::discriminant(self.shapes.get(id));
        let null = |id: ShapeId| matches!(self.shapes.get(id), Shape::Null);
        (kind(arm) == kind(given) && kind(other) != kind(given)) || (null(other) && !null(arm))
    }

    fn lists(&mut self, (have, (least, most)): (ShapeId, (u32, Option<u32>)), (want, bounds): (ShapeId, (u32, Option<u32>))) -> Fit {
        let counts = match (most, bounds) {
            (Some(most), (fewest, _)) if most < fewest => Fit::Never(format!("at most {most} items, and at least {fewest} are wanted")),
            (_, (_, Some(limit))) if least > limit => Fit::Never(format!("at least {least} items into at most {limit}")),
            (Some(most), (_, Some(limit))) if most > limit => Fit::Narrows(format!("up to {most} items into at most {limit}")),
            (None, (_, Some(limit))) => Fit::Perhaps(format!("any number of items into at most {limit}")),
            (_, (fewest, _)) if least < fewest => Fit::Perhaps(format!("at least {fewest} items are wanted")),
            _ => Fit::Fits,
        };
        counts.worse(self.fit(have, want).within("[]"))
    }

    /// Why two kinds can never meet, and what to write where there is a usual way.
    fn unlike(&self, source: &Shape, target: &Shape) -> String {
        let mut says = format!("{} into {}", self.words(source), self.words(target));
        let way = match (source, target) {
            (Shape::Null, _) => return format!("null, and {} is wanted", self.words(target)),
            (Shape::Number(_) | Shape::Flag, Shape::Text(_)) => "`tostring`",
            (Shape::Text(_), Shape::Number(_)) => "`tonumber`",
            (Shape::Text(_), Shape::Flag) => "a comparison such as `. == \"true\"`",
            (Shape::Record(record), Shape::Text(_) | Shape::Number(_)) if record.text_with_attributes => "`text` to leave its attributes",
            (Shape::List(..), _) => "`first` or `join` to take one",
            (_, Shape::List(..)) => "`[.]` to make a list of it",
            _ => return says,
        };
        write!(says, ": write {way}").expect("a String takes all text");
        says
    }

    fn words(&self, shape: &Shape) -> String {
        match shape {
            Shape::Any => "anything".into(),
            Shape::Never => "nothing".into(),
            Shape::Null => "null".into(),
            Shape::Flag => "a flag".into(),
            Shape::Number(facets) => number_words(facets).into(),
            Shape::Text(facets) => text::words(facets),
            Shape::List(..) => "a list".into(),
            Shape::Record(record) => record.name.as_ref().map_or("a record".into(), |name| format!("a record ({name})")),
            Shape::OneOf(arms) => {
                let words: Vec<String> = arms.iter().map(|arm| self.words(self.shapes.get(*arm))).collect();
                words.join(" or ")
            }
        }
    }
}

fn number_words(facets: &NumberFacets) -> &'static str {
    match facets.kind {
        NumberKind::Integer { .. } => "a whole number",
        NumberKind::Decimal => "a decimal number",
        NumberKind::Double => "a binary number (double)",
    }
}

#[cfg(test)]
mod tests;
