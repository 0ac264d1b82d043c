//! `sse-perf protocols`: lists the protocols, prints one as a document, checks the user's own.

use std::fmt::Write as _;

use super::{Ends, Stop, print};
use crate::cli::{PROGRAM, ProtocolsArgs, Run};
use crate::config;
use crate::protocol::{Protocol, SCHEMA};
use crate::text::{Language, Message};

impl Run for ProtocolsArgs {
    /// Prints the schema, the list or a document.
    fn run(&self, language: Language) -> Ends {
        let text = match &self.name {
            _ if self.schema => SCHEMA.to_owned(),
            None => list(language),
            Some(name) => config::protocol(name, language).map_err(Stop::usage)?.1,
        };
        print(text.as_bytes())
    }
}

/// The protocols, a line each, and how to use them.
fn list(language: Language) -> String {
    let names = || Protocol::builtin_names();
    let width = names().map(str::len).max().unwrap_or(0);
    let mut text = String::new();
    for protocol in names().filter_map(Protocol::builtin) {
        let _ = writeln!(text, "{:width$}  {}", protocol.name, protocol.title);
    }
    let hint = Message::new("protocols.hint").with("program", PROGRAM);
    let _ = writeln!(text, "\n{}", language.texts().render(&hint));
    text
}
