//! `sse-perf completions`: completions for a shell, from the same definitions as the parser.

use clap::Arg;
use clap::builder::PossibleValuesParser;

use super::{Ends, print};
use crate::cli::{CompletionsArgs, PROGRAM, Run, definitions};
use crate::protocol::Protocol;
use crate::record::TokenCount;
use crate::text::Language;
use crate::workload::Order;

/// Repairs of the scripts of `clap_complete` 4.6. Its bash script has two names for each state where the
/// program's name has a hyphen, and completes nothing after a subcommand. Its fish script completes
/// no value of a flag before a subcommand, since the flag still lacks its value.
const MENDS: [(&str, &str); 2] = [
    ("sse__subcmd__perf", "sse__perf"),
    (
        "\n    or return\n",
        "\n    or argparse -s (__fish_sse_perf_global_optspecs) -- $cmd[1..-2] 2>/dev/null\n    or return\n",
    ),
];

impl Run for CompletionsArgs {
    /// Writes the completions to standard output, with descriptions in this language.
    fn run(&self, language: Language) -> Ends {
        let mut definitions = definitions(language).mut_args(with_values);
        definitions = definitions.mut_subcommands(|subcommand| subcommand.mut_args(with_values));
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definitions, PROGRAM, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        let mend = |script: String, (from, to)| script.replace(from, to);
        print(MENDS.into_iter().fold(script, mend).as_bytes())
    }
}

/// The argument with its words. The parser does not have them: [`crate::config`] refuses a wrong one
/// with its own message.
fn with_values(arg: Arg) -> Arg {
    let words: Vec<&str> = match (arg.get_id().as_str(), arg.get_default_values()) {
        ("lang", _) => Language::ALL.map(Language::code).to_vec(),
        ("api" | "name", _) => Protocol::builtin_names().collect(),
        ("data_order", _) => Order::NAMES.to_vec(),
        ("tokens", [first]) if first == "usage" => TokenCount::ALL.map(TokenCount::name).to_vec(),
        _ => return arg,
    };
    arg.value_parser(PossibleValuesParser::new(words))
}
