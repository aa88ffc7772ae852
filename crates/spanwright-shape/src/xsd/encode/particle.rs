//! The elements of a record in the order of the content model, as often as that allows.

use crate::value::Value;
use crate::xsd::choice;
use crate::xsd::graph::{Member, MemberKind, Particle, Wildcard};
use crate::xsd::members::ANY;
use crate::xsd::occurs::Occurs;

use super::record::Open;
use super::{EncodeFault, Encoding};

impl<'s> Encoding<'s, '_> {
    /// Writes one pass or more through a particle. `needed`: whether what it demands must be there.
    pub(super) fn particle(&mut self, particle: &'s Particle, open: &Open<'s>, needed: bool) -> Result<(), EncodeFault> {
        match particle {
            Particle::Element(member, occurs) => self.elements(*member, *occurs, open, needed),
            Particle::Any(member, wildcard, occurs) => {
                self.open_content(*member, &open.complex.wildcards[*wildcard as usize], *occurs, open)
            }
            Particle::Items(member, model) => self.items(*member, model, open, needed),
            Particle::Sequence(parts, occurs) => self.rounds(particle, *occurs, open, needed, |this, needed| {
                parts.iter().try_for_each(|part| this.particle(part, open, needed))
            }),
            Particle::Choice(parts, occurs) => self.rounds(particle, *occurs, open, needed, |this, _| {
                let made = parts.iter().find(|part| this.is_there(part, open));
                made.map_or(Ok(()), |part| this.particle(part, open, true))
            }),
        }
    }

    /// Whether something of a particle is still to be written.
    fn is_there(&self, particle: &Particle, open: &Open<'s>) -> bool {
        choice::is_there(particle, &|member| self.values(open, member).len() > self.kept[open.base + member as usize].written)
    }

    /// As many passes as its content needs and its occurrence allows.
    fn rounds(
        &mut self,
        whole: &'s Particle,
        occurs: Occurs,
        open: &Open<'s>,
        needed: bool,
        pass: impl Fn(&mut Self, bool) -> Result<(), EncodeFault>,
    ) -> Result<(), EncodeFault> {
        // Nearly all groups are there once, and need no look ahead.
        if occurs == Occurs::ONCE && needed {
            return pass(self, true);
        }
        let mut done = 0;
        loop {
            let there = self.is_there(whole, open);
            let demanded = needed && done < occurs.least;
            if !(there || demanded) || occurs.most.is_some_and(|most| done >= most) {
                return Ok(());
            }
            pass(self, needed || there)?;
            done += 1;
            if !there {
                return Ok(());
            }
        }
    }

    fn elements(&mut self, member: u32, occurs: Occurs, open: &Open<'s>, needed: bool) -> Result<(), EncodeFault> {
        let declared = &open.complex.members[member as usize];
        let MemberKind::Element(id) = declared.kind else { return Ok(()) };
        let element = self.graph.element(id);
        let values = self.values(open, member);
        let from = self.kept[open.base + member as usize].written;
        let rest = values.len() - from;
        // Where the name stands again further on, what is demanded there is left for it.
        let later = open.complex.particle.as_ref().map_or(0, |whole| demanded_later(whole, member, particle_least(declared, occurs)));
        let spare = rest.saturating_sub(later).max(rest.min(occurs.least as usize));
        let take = occurs.most.map_or(spare, |most| spare.min(most as usize));
        if needed && rest < occurs.least as usize {
            let says = if declared.list { "the schema demands more of them" } else { "the schema demands it" };
            return self.within(&declared.key, None, |this| this.fault(says));
        }
        for (n, value) in values.iter().enumerate().skip(from).take(take) {
            let index = declared.list.then_some(n);
            self.within(&declared.key, index, |this| this.element(element, *value))?;
        }
        self.kept[open.base + member as usize].written += take;
        Ok(())
    }

    fn open_content(&mut self, member: u32, wildcard: &'s Wildcard, occurs: Occurs, open: &Open<'s>) -> Result<(), EncodeFault> {
        let values = self.values(open, member);
        let from = self.kept[open.base + member as usize].written;
        let welcome = |value: &Value<'s>| match value {
            Value::Record([(key, _)]) => self.welcomes(wildcard, key),
            // Said in its own words when it is written.
            _ => true,
        };
        let most = occurs.most.map_or(usize::MAX, |most| most as usize);
        let take = values[from..].iter().take(most).take_while(|value| welcome(value)).count();
        for (n, value) in values.iter().enumerate().skip(from).take(take) {
            self.within(ANY, Some(n), |this| this.open_element(*value, wildcard.typed))?;
        }
        self.kept[open.base + member as usize].written += take;
        Ok(())
    }

    pub(super) fn all_written(&mut self, open: &Open<'s>) -> Result<(), EncodeFault> {
        for (n, member) in open.complex.members.iter().enumerate() {
            let written = self.kept[open.base + n].written;
            let in_content = matches!(member.kind, MemberKind::Element(_) | MemberKind::Any | MemberKind::Items);
            if !in_content || self.values(open, n as u32).len() <= written {
                continue;
            }
            let (index, says) = match member.kind {
                MemberKind::Items => (Some(written), "it may not stand here"),
                MemberKind::Any => (Some(written), "the schema does not welcome it here"),
                _ => (None, "there is more of it than the schema allows"),
            };
            return self.within(&member.key, index, |this| this.fault(says));
        }
        Ok(())
    }
}

/// What a member's whole content model demands of it beyond one of its places.
fn particle_least(member: &Member, here: Occurs) -> usize {
    if member.list { (member.occurs.least as usize).saturating_sub(here.least as usize) } else { 0 }
}

/// How many of a member the places behind the first one demand; none where it has only one place.
fn demanded_later(whole: &Particle, member: u32, rest: usize) -> usize {
    if rest == 0 || places(whole, member) < 2 { 0 } else { rest }
}

fn places(particle: &Particle, member: u32) -> usize {
    match particle {
        Particle::Element(n, _) => usize::from(*n == member),
        Particle::Any(..) | Particle::Items(..) => 0,
        Particle::Sequence(parts, _) | Particle::Choice(parts, _) => parts.iter().map(|part| places(part, member)).sum(),
    }
}
