//! A run apart from its figures: target, program, machine and plan.

use serde_json::Value;
use time::OffsetDateTime;

use super::host::Host;
use crate::load::Load;
use crate::text::Message;

/// The values that all rows of a run share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    /// A random id, different in each run: people stack the files of several runs and machines.
    pub run_id: String,
    /// The user's own label of the run.
    pub label: Option<String>,
    /// Name of the machine that measured.
    pub client_host: Option<String>,
    /// The URL that was tested.
    pub target: String,
    /// Name of the protocol.
    pub protocol: String,
    /// Name of the model.
    pub model: Option<String>,
    /// Wall-clock time of the run's start, in local time: [`crate::clock::Clock::wall`] of
    /// [`crate::clock::Stamp::ZERO`].
    pub started: OffsetDateTime,
}

/// A run, apart from its figures. A requests CSV alone tells only `run`.
#[derive(Clone, Debug, PartialEq)]
pub struct About {
    /// The values that all rows share.
    pub run: RunInfo,
    /// The version of the program that ran it.
    pub version: Option<String>,
    /// The complete configuration, keys masked: a JSON object.
    pub config: Option<Value>,
    /// The command line that repeats the run, keys masked.
    pub command_line: Option<String>,
    /// The measuring machine.
    pub host: Option<Host>,
    /// The planned load.
    pub plan: Option<Load>,
    /// The run's warnings.
    pub warnings: Vec<Message>,
}

impl About {
    /// A run of which only the rows are known.
    #[must_use]
    pub fn of(run: RunInfo) -> Self {
        Self {
            run,
            version: None,
            config: None,
            command_line: None,
            host: None,
            plan: None,
            warnings: Vec::new(),
        }
    }

    /// Two runs as one: lists the names of both, and leaves out other values that differ.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let (run, others) = (&self.run, &other.run);
        let mut warnings = self.warnings.clone();
        for warning in &other.warnings {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        let both = |names: &Option<String>, name: &Option<String>| {
            listed_option(names.as_deref(), name.as_deref())
        };
        Self {
            run: RunInfo {
                run_id: listed(&run.run_id, &others.run_id),
                label: both(&run.label, &others.label),
                client_host: both(&run.client_host, &others.client_host),
                target: listed(&run.target, &others.target),
                protocol: listed(&run.protocol, &others.protocol),
                model: both(&run.model, &others.model),
                started: run.started.min(others.started),
            },
            version: both(&self.version, &other.version),
            config: None,
            command_line: None,
            host: self.host.as_ref().zip(other.host.as_ref()).map(both_hosts),
            plan: None,
            warnings,
        }
    }
}

/// Names one after the other, each once.
fn listed(names: &str, name: &str) -> String {
    if name.is_empty() || names.split(", ").any(|known| known == name) {
        names.to_owned()
    } else if names.is_empty() {
        name.to_owned()
    } else {
        format!("{names}, {name}")
    }
}

fn listed_option(names: Option<&str>, name: Option<&str>) -> Option<String> {
    match (names, name) {
        (Some(names), Some(name)) => Some(listed(names, name)),
        (names, name) => names.or(name).map(str::to_owned),
    }
}

fn both_hosts((host, other): (&Host, &Host)) -> Host {
    let same = |a, b| if a == b { a } else { None };
    Host {
        name: listed_option(host.name.as_deref(), other.name.as_deref()),
        cores: host.cores.filter(|_| host.cores == other.cores),
        os: listed(&host.os, &other.os),
        arch: listed(&host.arch, &other.arch),
        kernel: listed_option(host.kernel.as_deref(), other.kernel.as_deref()),
        open_files_soft: same(host.open_files_soft, other.open_files_soft),
        open_files_hard: same(host.open_files_hard, other.open_files_hard),
    }
}
