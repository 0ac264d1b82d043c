//! The failures of a run, counted by kind, and in groups of one kind, HTTP status and message.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::FailureSummary;
use crate::clock::Stamp;
use crate::record::{Failure, FailureKind};

/// The most groups of a kind and status. Any further message is counted in the last group.
const MOST_MESSAGES: usize = 5;

#[derive(Debug, Default)]
pub(super) struct Failures {
    by_kind: BTreeMap<FailureKind, FailureSummary>,
    groups: Vec<FailureSummary>,
}

impl Failures {
    pub(super) fn add(&mut self, failure: &Failure, at: Stamp) {
        let Failure { kind, detail } = failure;
        let new = || FailureSummary {
            kind: *kind,
            count: 0,
            first_seen: at,
            detail: detail.clone(),
        };
        count(self.by_kind.entry(*kind).or_insert_with(new), failure, at);
        let status = kind.status(detail);
        let places = (0..self.groups.len()).filter(|place| {
            let group = &self.groups[*place];
            group.kind == *kind && kind.status(&group.detail) == status
        });
        let places: Vec<usize> = places.collect();
        let mut alike = places.iter();
        let alike = alike.find(|place| words(&self.groups[**place].detail).eq(words(detail)));
        let place = alike.or(places.get(MOST_MESSAGES - 1));
        let place = place.copied().unwrap_or_else(|| {
            self.groups.push(new());
            self.groups.len() - 1
        });
        count(&mut self.groups[place], failure, at);
    }

    /// The failures of each kind, in the manual's order.
    pub(super) fn by_kind(&self) -> Vec<FailureSummary> {
        self.by_kind.values().cloned().collect()
    }

    /// The groups, the largest first.
    pub(super) fn groups(&self) -> Vec<FailureSummary> {
        let mut groups = self.groups.clone();
        groups.sort_by_key(|group| (Reverse(group.count), group.kind, group.first_seen));
        groups
    }
}

fn count(group: &mut FailureSummary, failure: &Failure, at: Stamp) {
    group.count += 1;
    if at < group.first_seen {
        group.first_seen = at;
        failure.detail.clone_into(&mut group.detail);
    }
}

/// The words by which messages differ. Words with a digit are ids, times and amounts, which differ
/// in messages of one fault.
fn words(detail: &str) -> impl Iterator<Item = &str> {
    let words = detail.split(|c: char| !c.is_alphanumeric() && !"-_".contains(c));
    words.filter(|word| !word.is_empty() && !word.contains(|c: char| c.is_ascii_digit()))
}
