//! `alerts:` of `spanwright.yaml`: channels, each built by the connector that knows how such a one is told.

use std::{collections::BTreeSet, time::Duration};

use spanwright_shape::text::{Node, NodeKind, Problems, Scalar, codes as text_codes, form::Filled};

use super::{Variables, policy, vocabulary};
use crate::{
    alert::{CHANNEL_SYSTEM, CauseKind, Rule},
    connector::Connector,
    plan::ChannelPlan,
    settings::{ChannelSettings, Template},
};

/// What stands is said again after this, where nothing is said.
const AGAIN_DEFAULT: Duration = Duration::from_secs(4 * 3600);

/// The forms of all channels.
pub(super) fn forms<'f>(project: Option<&Filled<'f>>) -> Vec<Filled<'f>> {
    entries(project).iter().filter_map(|(_, node)| vocabulary::ALERT.fill(node)).collect()
}

fn entries<'f>(project: Option<&Filled<'f>>) -> &'f [(Scalar, Node)] {
    project.map_or(&[], |project| project.pairs("alerts"))
}

/// The names of all channels, also of those that cannot be built.
pub(super) fn names<'f>(project: Option<&Filled<'f>>) -> Vec<&'f str> {
    entries(project).iter().map(|(name, _)| name.text.as_str()).collect()
}

/// What the system that stands for a channel is called. No system of a project has such a name.
pub(super) fn system_name(channel: &str) -> String {
    format!("{CHANNEL_SYSTEM}.{channel}")
}

/// The channels that steps of these flows tell something, each with the name of the system that stands for it.
pub(super) fn told<'p>(channels: &'p [ChannelPlan], flows: &[&Filled<'_>]) -> Vec<(String, &'p ChannelPlan)> {
    let mut named = BTreeSet::new();
    flows.iter().for_each(|form| gather(form.node, &mut named));
    let told = channels.iter().filter(|channel| named.contains(&*channel.rule.channel));
    told.map(|channel| (system_name(&channel.rule.channel), channel)).collect()
}

fn gather<'f>(node: &'f Node, told: &mut BTreeSet<&'f str>) {
    match &node.kind {
        NodeKind::Map(pairs) => {
            let named = pairs.iter().filter(|(key, _)| key.text == "alert").filter_map(|(_, name)| name.scalar());
            told.extend(named.map(|name| name.text.as_str()));
            pairs.iter().for_each(|(_, inner)| gather(inner, told));
        }
        NodeKind::List(items) => items.iter().for_each(|inner| gather(inner, told)),
        _ => {}
    }
}

/// Every channel of the project.
pub(super) fn channels(
    project: Option<&Filled<'_>>,
    connectors: &[&dyn Connector],
    variables: &Variables,
    to: &mut Problems,
) -> Vec<ChannelPlan> {
    entries(project).iter().filter_map(|(name, node)| channel(name, node, connectors, variables, to)).collect()
}

fn channel(name: &Scalar, node: &Node, connectors: &[&dyn Connector], variables: &Variables, to: &mut Problems) -> Option<ChannelPlan> {
    let form = vocabulary::ALERT.fill(node)?;
    let (kind, key, _) = form.named()?;
    let template = |key| form.text(key).map(Template::parse);
    let settings = ChannelSettings {
        name: name.text.as_str().into(),
        kind: kind.into(),
        at: key.span,
        to: template(kind)?,
        url: template("url"),
        bearer: template("bearer"),
    };
    let again = policy::time(&form, "again", variables, to).unwrap_or(AGAIN_DEFAULT);
    let tells = form.items("tell").iter().filter_map(|item| CauseKind::of(&item.scalar()?.text)).collect();
    let Some(system) = connectors.iter().find_map(|connector| connector.channel(&settings)) else {
        to.error(&text_codes::NOT_BUILT, settings.at, format!("`{kind}:` is not built yet"), None);
        return None;
    };
    Some(ChannelPlan { rule: Rule { channel: settings.name, again, tells }, system })
}
