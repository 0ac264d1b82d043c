//! The one thread that receives what the users measure: feeds the statistics, writes the files as
//! requests end, and prints a line a second.

use std::io;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::clock::{Clock, Stamp};
use crate::output::console::Console;
use crate::output::{Outputs, WriteError};
use crate::record::Sample;
use crate::stats::RunStats;
use crate::stop::Control;
use crate::text::Message;

/// How often rows are flushed: killed at any moment, a run keeps all but the last of these.
const FLUSH: Duration = Duration::from_millis(250);
/// How long after a second's end its line is printed, so that what happened in it has arrived.
const SETTLE: Duration = Duration::from_millis(20);

/// Collects the samples of a run.
pub struct Collector {
    clock: Clock,
    control: Sender<Control>,
    collected: Collected,
    /// Whether a line a second is printed.
    live: bool,
}

/// What a run came to.
pub struct Collected {
    /// Its statistics.
    pub stats: RunStats,
    /// Its files, still open: the run JSON is written last.
    pub outputs: Outputs,
    /// The terminal.
    pub console: Console,
    /// What was said on the way, to be repeated by the summary.
    pub notices: Vec<Message>,
    /// Files that could not be written to their end.
    pub failures: Vec<Message>,
    /// Nobody reads our output any more.
    pub closed: bool,
}

impl Collected {
    /// Nothing yet.
    #[must_use]
    pub fn new(outputs: Outputs, console: Console) -> Self {
        Self {
            stats: RunStats::default(),
            outputs,
            console,
            notices: Vec::new(),
            failures: Vec::new(),
            closed: false,
        }
    }
}

impl Collector {
    /// A collector that tells the engine when output fails; `live` prints a line a second.
    #[must_use]
    pub fn new(clock: Clock, control: Sender<Control>, collected: Collected, live: bool) -> Self {
        Self {
            clock,
            control,
            collected,
            live,
        }
    }

    /// Receives samples until the engine says that these were all.
    #[must_use]
    pub fn run(mut self, samples: &Receiver<Sample>) -> Collected {
        let mut second = 0;
        let mut line_due = line_due(second);
        let mut flush_due = self.clock.now() + FLUSH;
        loop {
            let wait = self.clock.until(line_due.min(flush_due));
            match samples.recv_timeout(wait) {
                Ok(Sample::Done) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(sample) => self.take(&sample),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // The clock is asked after each sample: under load the queue is never empty.
            let now = self.clock.now();
            if now >= flush_due {
                self.flush();
                flush_due = now + FLUSH;
            }
            if now >= line_due {
                self.print_line(second);
                second += 1;
                line_due = self::line_due(second);
            }
        }
        // A run's last part of a second is shown too, unless its line has just been printed.
        if self.clock.now().second() >= second {
            self.print_line(second);
        }
        self.flush();
        self.collected
    }

    fn take(&mut self, sample: &Sample) {
        let collected = &mut self.collected;
        collected.stats.on(sample);
        if let Sample::Notice(message) = sample {
            collected.notices.push(message.clone());
        }
        let written = collected.outputs.on(sample);
        let shown = collected.console.sample(sample);
        self.check_written(written);
        self.check_shown(&shown);
    }

    fn print_line(&mut self, second: u64) {
        if self.live {
            let line = self.collected.stats.live(second);
            let shown = self.collected.console.live(&line);
            self.check_shown(&shown);
        }
    }

    fn flush(&mut self) {
        for error in self.collected.outputs.flush().err().unwrap_or_default() {
            self.check_written(Err(error));
        }
    }

    fn check_written(&mut self, written: Result<(), WriteError>) {
        match written {
            Ok(()) => {}
            Err(WriteError::BrokenPipe) => self.close(),
            Err(failed) => {
                self.collected.failures.push(failed.message());
                let _ = self.control.send(Control::OutputFailed);
            }
        }
    }

    /// A terminal that cannot be written to ends the run only if nobody is there any more.
    fn check_shown(&mut self, shown: &io::Result<()>) {
        if shown
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        {
            self.close();
        }
    }

    fn close(&mut self) {
        if !self.collected.closed {
            self.collected.closed = true;
            let _ = self.control.send(Control::OutputClosed);
        }
    }
}

/// When the line of a second is printed.
fn line_due(second: u64) -> Stamp {
    Stamp::from_micros((second + 1) * 1_000_000) + SETTLE
}
