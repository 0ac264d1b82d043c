//! `sse-perf completions`: completions for a shell, from the same definitions as the parser.

use super::{Exit, print};
use crate::cli::{CompletionsArgs, PROGRAM, definitions};
use crate::text::Language;

/// Writes them to standard output, their descriptions in that language.
pub(super) fn write(args: &CompletionsArgs, language: Language) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definitions(language), PROGRAM, &mut script);
    print(&script, language)
}
