//! The failures of a run, counted by kind, and in groups of one kind, HTTP status and message.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::FailureSummary;
use crate::clock::Stamp;
use crate::record::{Failure, FailureKind};

/// The most groups of a kind and status. Any further message is counted in the last group.
const MOST_MESSAGES: usize = 5;

/// The groups of failures.
#[derive(Debug, Default)]
pub(super) struct Failures(Vec<FailureSummary>);

impl Failures {
    pub(super) fn add(&mut self, failure: &Failure, at: Stamp) {
        let Failure { kind, detail } = failure;
        let failed = FailureSummary {
            kind: *kind,
            count: 1,
            first_seen: at,
            detail: detail.clone(),
        };
        let status = kind.status(detail);
        let groups = self.0.iter_mut();
        let groups = groups.filter(|of| of.kind == *kind && kind.status(&of.detail) == status);
        let mut groups: Vec<_> = groups.collect();
        let mut details = groups.iter().map(|group| &group.detail);
        let alike = details.position(|known| words(known).eq(words(detail)));
        match groups.get_mut(alike.unwrap_or(MOST_MESSAGES - 1)) {
            Some(group) => join(group, &failed),
            None => self.0.push(failed),
        }
    }

    /// The failures of each kind, in the manual's order.
    pub(super) fn by_kind(&self) -> Vec<FailureSummary> {
        let mut kinds: BTreeMap<FailureKind, FailureSummary> = BTreeMap::new();
        for group in &self.0 {
            let kind = kinds.entry(group.kind);
            let kind = kind.and_modify(|kind| join(kind, group));
            kind.or_insert_with(|| group.clone());
        }
        kinds.into_values().collect()
    }

    /// The groups, the largest first.
    pub(super) fn groups(&self) -> Vec<FailureSummary> {
        let mut groups = self.0.clone();
        groups.sort_by_key(|group| (Reverse(group.count), group.kind, group.first_seen));
        groups
    }
}

/// Adds failures to those of a group, which tells the earliest.
fn join(group: &mut FailureSummary, failures: &FailureSummary) {
    group.count += failures.count;
    if failures.first_seen < group.first_seen {
        group.first_seen = failures.first_seen;
        failures.detail.clone_into(&mut group.detail);
    }
}

/// The words by which messages differ. Words with a digit are ids, times and amounts, which differ
/// in messages of one fault.
fn words(detail: &str) -> impl Iterator<Item = &str> {
    let words = detail.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c));
    words.filter(|word| !word.is_empty() && !word.contains(|c: char| c.is_ascii_digit()))
}
