//! `sse-perf protocols`: lists the protocols, prints one ready to be copied, checks one's own.

use std::fmt::Write as _;

use super::{Exit, print, usage};
use crate::cli::{PROGRAM, ProtocolsArgs};
use crate::config::protocol_document;
use crate::protocol::{Protocol, SCHEMA};
use crate::text::{Language, Message};

/// Prints what was asked for.
pub(super) fn show(args: &ProtocolsArgs, language: Language) -> Exit {
    if args.schema {
        return print(SCHEMA.as_bytes(), language);
    }
    let Some(name) = &args.name else {
        return print(list(language).as_bytes(), language);
    };
    match protocol_document(name, language) {
        Ok(document) => print(document.as_bytes(), language),
        Err(message) => usage(&message, language),
    }
}

/// The protocols, a line each, and what can be done with them.
fn list(language: Language) -> String {
    let names = || Protocol::builtin_names();
    let width = names().map(str::len).max().unwrap_or(0);
    let mut text = String::new();
    for protocol in names().filter_map(Protocol::builtin) {
        let _ = writeln!(text, "{:width$}  {}", protocol.name(), protocol.title());
    }
    let hint = Message::new("protocols.hint").with("program", PROGRAM);
    text.push('\n');
    text.push_str(&language.texts().render(&hint));
    text.push('\n');
    text
}
