//! `sse-perf demo`: a test against the simulated service in the same process, to see what a run
//! looks like before there is anything to test.

use super::{Ends, mock};
use crate::cli::{DemoArgs, Run, parse_run};
use crate::mock::Options;
use crate::text::{Language, Message};

impl Run for DemoArgs {
    /// Starts the service, runs the test, and says what to type next.
    fn run(&self, language: Language) -> Ends {
        let server = mock::start(0, Options::default())?;
        let flags = [
            format!("--url=http://{}/v1/chat-messages", server.addr()),
            "--api-key=app-demo-0123456789abcdef".to_owned(),
            format!("--threads={}", self.users),
            format!("--duration={}", self.duration.as_secs_f64()),
        ];
        let raw = parse_run(flags, language).expect("the demo's own flags are good");
        let plan = super::plan(&raw, language)?;
        super::run::execute(&plan, Some(&Message::new("demo.next")))
    }
}
