//! The one thread that receives what the users measure: feeds the statistics, writes the files as
//! requests end, and prints a line a second.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError};

use crate::clock::{Clock, Stamp};
use crate::monitor::{Heartbeat, Monitor};
use crate::output::about::About;
use crate::output::console::Console;
use crate::output::waterfall::{Bar, Waterfall};
use crate::output::{Outputs, WriteError};
use crate::record::Sample;
use crate::stats::{LiveLine, RunStats};
use crate::stop::Control;
use crate::text::Message;

/// How often the queue is looked at. The collector is not woken by samples: a wake would cost the
/// user's thread a system call, and everybody a change of threads, for each of them.
const PACE: Duration = Duration::from_millis(10);
/// How often rows are flushed: killed at any moment, a run keeps all but the last of these.
const FLUSH: Duration = Duration::from_millis(250);
/// How long after a second's end its line is printed: by then its samples have arrived.
const SETTLE: Duration = Duration::from_millis(20);

/// Collects the samples of a run.
pub struct Collector {
    clock: Clock,
    control: Sender<Control>,
    collected: Collected,
    /// Whether a line a second is printed.
    live: bool,
    /// The second whose line is printed next.
    second: u64,
    flush_due: Stamp,
    monitor: Monitor,
    heartbeat: Arc<Heartbeat>,
}

/// The results of a run.
pub struct Collected {
    /// The run itself.
    pub about: About,
    /// Its statistics.
    pub stats: RunStats,
    /// The requests that are drawn from start to end.
    pub waterfall: Waterfall,
    /// Its files, still open: documents are written last.
    pub outputs: Outputs,
    /// The terminal.
    pub console: Console,
    /// Notices during the run, which the summary repeats.
    pub notices: Vec<Message>,
    /// Files that could not be written to their end.
    pub failures: Vec<Message>,
    /// Nobody reads the output any more.
    pub closed: bool,
}

impl Collected {
    /// The results of a run without samples.
    #[must_use]
    pub fn new(about: About, outputs: Outputs, console: Console) -> Self {
        Self {
            about,
            stats: RunStats::default(),
            waterfall: Waterfall::default(),
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
            second: 0,
            flush_due: Stamp::ZERO + FLUSH,
            monitor: Monitor::default(),
            heartbeat: Arc::default(),
        }
    }

    /// Tells users when the process stood still.
    #[must_use]
    pub fn heartbeat(&self) -> Arc<Heartbeat> {
        Arc::clone(&self.heartbeat)
    }

    /// Receives samples until the engine says that these were all.
    #[must_use]
    pub fn run(mut self, samples: &Receiver<Sample>) -> Collected {
        // What was used before the run does not count.
        let _ = self.monitor.read(self.clock.now(), &self.heartbeat);
        while self.drain(samples) {
            let next = (self.clock.now() + PACE)
                .min(self.flush_due)
                .min(self.line_due());
            self.clock.park_until(next, || false);
            self.heartbeat.woke(next, self.clock.now());
        }
        // The last second may be a part of one: its line is printed if anything happened in it.
        let line = self.collected.stats.ticks.live(self.second);
        if line.tokens_per_s > 0 || line.rps > 0 {
            self.print_line(&line);
        }
        self.flush();
        self.sample_cpu();
        self.collected
    }

    /// Takes all samples that have come; false if there will be no more.
    fn drain(&mut self, samples: &Receiver<Sample>) -> bool {
        loop {
            match samples.try_recv() {
                Ok(Sample::Done) | Err(TryRecvError::Disconnected) => return false,
                Ok(sample) => self.take(&sample),
                Err(TryRecvError::Empty) => {
                    self.keep_time();
                    return true;
                }
            }
            // Under load the queue may never be empty.
            self.keep_time();
        }
    }

    /// Beats, flushes and prints a line where it is time.
    fn keep_time(&mut self) {
        let now = self.clock.now();
        self.heartbeat.beat(now);
        if now >= self.flush_due {
            self.flush();
            self.flush_due = now + FLUSH;
        }
        while now >= self.line_due() {
            let line = self.collected.stats.ticks.live(self.second);
            self.print_line(&line);
            self.second += 1;
            self.sample_cpu();
        }
    }

    /// Samples the use of processors and memory.
    fn sample_cpu(&mut self) {
        let at = self.clock.now();
        let used = self.monitor.read(at, &self.heartbeat);
        self.collected.stats.on(&Sample::CpuUse { at, used });
    }

    /// When the next line is printed.
    fn line_due(&self) -> Stamp {
        Stamp::from_micros((self.second + 1) * 1_000_000) + SETTLE
    }

    fn take(&mut self, sample: &Sample) {
        let collected = &mut self.collected;
        collected.stats.on(sample);
        match sample {
            Sample::Notice(message) => collected.notices.push(message.clone()),
            Sample::Finished(request) => collected.waterfall.add(Bar::of(request)),
            _ => {}
        }
        let errors = collected.outputs.on(sample);
        // Its outcome is shown when its tokens have been counted.
        let waits = matches!(sample, Sample::Finished(_)) && collected.outputs.keeps_requests();
        let shown = if waits {
            Ok(())
        } else {
            collected.console.sample(sample)
        };
        self.check_written(errors);
        self.check_shown(&shown);
    }

    fn print_line(&mut self, line: &LiveLine) {
        if self.live {
            let shown = self.collected.console.live(line);
            self.check_shown(&shown);
        }
    }

    fn flush(&mut self) {
        let errors = self.collected.outputs.flush();
        self.check_written(errors);
    }

    fn check_written(&mut self, errors: Vec<WriteError>) {
        for error in errors {
            if error.is_closed() {
                self.close();
                continue;
            }
            self.collected.failures.push(error.message());
            if error.is_optional() {
                self.take(&Sample::Notice(error.message()));
            } else {
                let _ = self.control.send(Control::OutputFailed);
            }
        }
    }

    /// A terminal that cannot be written to ends the run only if nobody is there any more.
    fn check_shown(&mut self, shown: &io::Result<()>) {
        let is_closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        if shown.as_ref().is_err_and(is_closed) {
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
