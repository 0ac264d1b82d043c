//! The verdict on a run in its JSON.

use serde::de::value::{self, StrDeserializer};
use serde::{Deserialize, Serialize};

use crate::output::about::SavedMessage;
use crate::stats::{Grade, Verdict};
use crate::text::Message;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VerdictJson {
    grade: String,
    reasons: Vec<SavedMessage>,
}

impl VerdictJson {
    pub(super) fn of(verdict: &Verdict) -> Self {
        Self {
            grade: verdict.grade.name().to_owned(),
            reasons: verdict.reasons.iter().map(SavedMessage::from).collect(),
        }
    }

    /// The verdict; `None` if this version does not know the grade.
    pub(super) fn verdict(self) -> Option<Verdict> {
        let grade = StrDeserializer::<value::Error>::new(&self.grade);
        Some(Verdict {
            grade: Grade::deserialize(grade).ok()?,
            reasons: self.reasons.into_iter().map(Message::from).collect(),
        })
    }
}
