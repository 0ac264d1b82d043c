//! What is known of a run beside its figures: who ran what, where, and how it was meant.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RunInfo;
use super::host::Host;
use crate::load::ClosedLoop;
use crate::text::{Language, Message};

/// A run, apart from its figures. `None` where that is not known: a requests CSV alone does not
/// tell.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// What is the same in all of its rows.
    pub run: RunInfo,
    /// The version of the program that ran it.
    pub version: Option<String>,
    /// The configuration as understood, keys masked: a JSON object.
    pub config: Option<Value>,
    /// The command line that repeats the run, keys masked.
    pub command_line: Option<String>,
    /// The measuring machine.
    pub host: Option<Host>,
    /// What was planned.
    pub plan: Option<ClosedLoop>,
    /// What the user was warned of.
    pub warnings: Vec<Warning>,
}

/// A warning in all languages, as files keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Its text's id, the same in every language and version.
    pub id: String,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl From<&Message> for Warning {
    fn from(message: &Message) -> Self {
        let text = |language: Language| language.texts().render(message);
        Self {
            id: message.id().to_owned(),
            en: text(Language::English),
            zh: text(Language::Chinese),
        }
    }
}
