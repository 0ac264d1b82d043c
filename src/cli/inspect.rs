//! The flags of `sse-perf probe` and `sse-perf protocols`.

use clap::Args;

use super::args::{ConnectionArgs, RequestArgs, RunArgs, TargetArgs, WaitArgs};
use crate::flags::{tokens, whole};
use crate::record::TokenCount;

/// `sse-perf probe`: the flags of a run that shape a request. Flags of load, retries and files would
/// have no effect; clap refuses them.
#[derive(Args, Clone, Debug)]
pub struct ProbeArgs {
    /// Where the request goes.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What the request says.
    #[command(flatten)]
    pub request: RequestArgs,
    /// Seed of the rows' order.
    #[arg(help_heading = "request")]
    #[arg(long, value_name = "SEED", default_value = "0", value_parser = whole(0..=u64::MAX))]
    pub seed: u64,
    /// Timeouts.
    #[command(flatten)]
    pub waits: WaitArgs,
    /// How the request travels.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Events are shown with their data.
    #[arg(help_heading = "general", long)]
    pub raw: bool,
    /// How output tokens are counted.
    #[arg(help_heading = "general")]
    #[arg(long, value_name = "SOURCE", default_value = "usage", value_parser = tokens)]
    pub tokens: TokenCount,
    /// Files that cannot be used are errors.
    #[arg(help_heading = "general", long)]
    pub strict: bool,
}

impl ProbeArgs {
    /// The flags of a run of a single request, without retries and files.
    #[must_use]
    pub fn single(&self) -> RunArgs {
        let mut run = RunArgs {
            target: self.target.clone(),
            request: self.request.clone(),
            connection: self.connection.clone(),
            ..RunArgs::default()
        };
        run.load.seed = self.seed;
        run.waits = self.waits.clone();
        run.retries = 0;
        run.output.tokens = self.tokens;
        run.output.files.0.clear();
        run.console.strict = self.strict;
        run
    }
}

/// `sse-perf protocols`.
#[derive(Args, Clone, Debug)]
pub struct ProtocolsArgs {
    /// The protocol to print: a name, or a file to check.
    #[arg(value_name = "NAME|FILE")]
    pub name: Option<String>,
    /// The JSON Schema of protocols is printed.
    #[arg(long, conflicts_with = "name")]
    pub schema: bool,
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::Arg;

    use super::super::{Command, PROGRAM, Reply, definitions, parse, parse_run};
    use super::*;
    use crate::text::Language;

    /// The words of a flag, with a value of its own where it takes one.
    fn words(arg: &Arg) -> Option<Vec<String>> {
        let flag = format!("--{}", arg.get_long()?);
        Some(if arg.get_action().takes_values() {
            let value = match arg.get_value_names().and_then(|names| names.first()) {
                Some(name) if name == "TIME" => "3s".to_owned(),
                Some(name) if name == "SIZE" => "2MiB".to_owned(),
                Some(name) if name == "SEED" => "7".to_owned(),
                Some(name) if name == "SOURCE" => "events".to_owned(),
                _ => format!("v-{}", arg.get_id()),
            };
            vec![flag, value]
        } else {
            vec![flag]
        })
    }

    fn probe(flags: &[String]) -> Result<Box<ProbeArgs>, Reply> {
        let words = [PROGRAM, "probe"].into_iter().map(OsString::from);
        let args: Vec<OsString> = words.chain(flags.iter().map(OsString::from)).collect();
        match parse(&args, Language::English)?.command {
            Some(Command::Probe(args)) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_flag_of_a_run_is_heeded_or_refused() {
        let of_no_run = ["help", "version", "lang"];
        let mut taken = Vec::new();
        for arg in definitions(Language::English).get_arguments() {
            let flag = words(arg).filter(|_| !of_no_run.contains(&arg.get_id().as_str()));
            let Some(flag) = flag else { continue };
            match probe(&flag) {
                Ok(_) => taken.extend(flag),
                Err(Reply::Usage(message)) => {
                    assert_eq!(message.id(), "usage.probe_flags", "{flag:?}");
                    assert!(message.to_string().starts_with(&flag[0]), "{message}");
                }
                Err(stop) => panic!("{stop:?}"),
            }
        }
        let single = probe(&taken).expect("flags of a probe").single();
        let run = parse_run(&taken, Language::English).expect("flags of a run");
        let shown = |run: &RunArgs| {
            let RunArgs {
                target,
                request,
                connection,
                ..
            } = run;
            let waits = &run.waits;
            let others = (&run.load.seed, &run.output.tokens, run.console.strict);
            format!("{target:?} {request:?} {connection:?} {waits:?} {others:?}")
        };
        assert_eq!(shown(&single), shown(&run));
    }
}
