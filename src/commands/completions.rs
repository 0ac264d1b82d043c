//! `sse-perf completions`: completions for a shell, from the same definitions as the parser.

use super::{Ends, print};
use crate::cli::{CompletionsArgs, PROGRAM, definitions};
use crate::text::Language;

/// Writes the completions to standard output, with descriptions in this language.
pub(super) fn write(args: &CompletionsArgs, language: Language) -> Ends {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definitions(language), PROGRAM, &mut script);
    print(&script)
}
