//! `alerts:` of `spanwright.yaml`: channels, each built by the connector that knows how such a one is told.

use std::time::Duration;

use spanwright_shape::text::{Node, Problems, Scalar, codes as text_codes, form::Filled};

use super::{Variables, policy, vocabulary};
use crate::{
    alert::{CauseKind, Rule},
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
