//! Choices of a content model: exactly one alternative of each must have been made.

use super::graph::{Complex, Particle};
use super::occurs::Occurs;

/// What is wrong with the choices of a record of which some members are present; `None` where nothing is.
pub(super) fn unmade(complex: &Complex, particle: &Particle, outer: Occurs, present: &dyn Fn(u32) -> bool) -> Option<String> {
    match particle {
        Particle::Sequence(parts, occurs) => {
            let here = occurs.times(outer);
            // An optional group that is not there makes no demands.
            if here.least == 0 && !parts.iter().any(|part| is_there(part, present)) {
                return None;
            }
            parts.iter().find_map(|part| unmade(complex, part, Occurs { least: 1, ..here }, present))
        }
        Particle::Choice(parts, occurs) => {
            let here = occurs.times(outer);
            let made = parts.iter().filter(|part| is_there(part, present)).count();
            if made == 0 && here.least > 0 && !parts.iter().any(may_be_empty) {
                return Some(format!("one of {} is missing", names(complex, parts)));
            }
            if made > 1 && !here.repeats() {
                return Some(format!("only one of {} may be there", names(complex, parts)));
            }
            parts.iter().filter(|part| is_there(part, present)).find_map(|part| unmade(complex, part, here, present))
        }
        Particle::Element(..) | Particle::Any(..) | Particle::Items(..) => None,
    }
}

/// The keys of a choice's alternatives, for messages and residue.
pub(super) fn names(complex: &Complex, parts: &[Particle]) -> String {
    let mut members = Vec::new();
    parts.iter().for_each(|part| collect(part, &mut members));
    let keys: Vec<&str> = members.iter().map(|member| &*complex.members[*member as usize].key).collect();
    keys.join(", ")
}

/// Every choice of a content model with its alternatives.
pub(super) fn all<'p>(particle: &'p Particle, found: &mut Vec<(&'p [Particle], Occurs)>) {
    match particle {
        Particle::Choice(parts, occurs) => {
            found.push((parts, *occurs));
            parts.iter().for_each(|part| all(part, found));
        }
        Particle::Sequence(parts, _) => parts.iter().for_each(|part| all(part, found)),
        Particle::Element(..) | Particle::Any(..) | Particle::Items(..) => {}
    }
}

fn collect(particle: &Particle, members: &mut Vec<u32>) {
    match particle {
        Particle::Element(member, _) | Particle::Any(member, ..) | Particle::Items(member, _) => members.push(*member),
        Particle::Sequence(parts, _) | Particle::Choice(parts, _) => parts.iter().for_each(|part| collect(part, members)),
    }
}

pub(super) fn is_there(particle: &Particle, present: &dyn Fn(u32) -> bool) -> bool {
    match particle {
        Particle::Element(member, _) | Particle::Any(member, ..) | Particle::Items(member, _) => present(*member),
        Particle::Sequence(parts, _) | Particle::Choice(parts, _) => parts.iter().any(|part| is_there(part, present)),
    }
}

/// Whether a particle is content with nothing.
pub(super) fn may_be_empty(particle: &Particle) -> bool {
    match particle {
        Particle::Element(_, occurs) | Particle::Any(_, _, occurs) => occurs.least == 0,
        Particle::Items(_, model) => model.may_be_empty(),
        Particle::Sequence(parts, occurs) => occurs.least == 0 || parts.iter().all(may_be_empty),
        Particle::Choice(parts, occurs) => occurs.least == 0 || parts.iter().any(may_be_empty),
    }
}
