//! The flags of the commands that look closely at a service and its protocol, as typed.

use clap::Args;

use super::{OutputArgs, RunArgs};

/// `sse-perf probe`: the flags of a run, so that a word more in a command line looks closely at what
/// it does; those of load and output are taken and not heeded.
#[derive(Args, Clone, Debug)]
pub struct ProbeArgs {
    /// Events are shown with their data.
    #[arg(help_heading = "general", long)]
    pub raw: bool,
    /// The flags of a run.
    #[command(flatten)]
    pub run: RunArgs,
}

impl ProbeArgs {
    /// The flags of a run of a single request that is not tried again and leaves no files.
    #[must_use]
    pub fn single(&self) -> RunArgs {
        let mut run = self.run.clone();
        "1".clone_into(&mut run.load.threads);
        "0".clone_into(&mut run.load.ramp_up);
        "0".clone_into(&mut run.load.duration);
        run.load.requests = None;
        "0".clone_into(&mut run.patience.retries);
        run.output = OutputArgs {
            no_csv: true,
            no_json: true,
            no_html: true,
            csv: None,
            json: None,
            events: None,
            html_report: None,
            ..run.output
        };
        run.console.quiet = false;
        run.console.show_text = false;
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
