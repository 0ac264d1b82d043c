//! Counts the tokens of a run that is over, by `--tokenizer`, and makes its results anew.
//!
//! Nothing is counted during the run: a tokenizer takes all the processor that it can get, and every
//! user waits for its turn on the same ones. What the run needs to keep is kept on disk.

use std::io::{self, ErrorKind};

use super::Waiting;
use crate::collector::Collected;
use crate::engine;
use crate::output::WriteError;
use crate::output::spool::Spool;
use crate::plan::Plan;
use crate::record::{RequestRecord, Sample};
use crate::text::Message;
use crate::tokenizer::{Tokenizer, TokenizerError};

/// So much text is counted at once, in bytes: enough for all processors, and soon done when somebody
/// wants to stop it.
const BATCH: usize = 1 << 20;

/// Why tokens have not been counted.
enum NotCounted {
    /// There was a signal.
    Stopped,
    /// A text cannot be counted.
    Refused(TokenizerError),
    /// The texts cannot be read.
    Unreadable(io::Error),
}

impl From<io::Error> for NotCounted {
    fn from(error: io::Error) -> Self {
        NotCounted::Unreadable(error)
    }
}

/// Counts the tokens of all requests, if that was asked for: all or none, so that the numbers of a
/// run come from one source. Returns whether signals have stopped it.
pub(super) fn count(plan: &Plan, collected: &mut Collected) -> bool {
    let Some(tokenizer) = &plan.tokenizer else {
        return false;
    };
    let Some(mut spool) = collected.outputs.kept_requests() else {
        // Why has been said.
        let message = Message::new("warning.not_counted");
        collected.notices.push(message);
        return false;
    };
    let counts = tokens(tokenizer, &mut spool, goes_on(plan));
    let stopped = matches!(counts, Err(NotCounted::Stopped));
    let counts = match counts {
        Ok(counts) => Some(counts),
        Err(why) => {
            tell(why, tokenizer, &spool, collected);
            None
        }
    };
    if counts.is_some() || plan.is_watched() {
        collect(&mut spool, counts, collected);
    }
    stopped
}

/// Says how far the counting has come, and whether it goes on: not after a signal, nor where the run
/// itself was cut by a second one, as the third would end the process.
fn goes_on(plan: &Plan) -> impl FnMut(f64) -> bool {
    let before = engine::signals();
    let quiet = plan.console.quiet;
    let mut waiting = Waiting::new(plan.console.language);
    move |part| {
        if !quiet {
            let percent = format!("{:.0}", part * 100.0);
            waiting.tell(|| Message::new("count.progress").with("percent", percent));
        }
        before < 2 && engine::signals() == before
    }
}

/// Notes why nothing has been counted.
fn tell(why: NotCounted, tokenizer: &Tokenizer, spool: &Spool, collected: &mut Collected) {
    match why {
        NotCounted::Stopped => {
            let message = Message::new("warning.count_stopped");
            collected.notices.push(message);
        }
        NotCounted::Refused(error) => {
            let message = Message::new("count.refused")
                .with("value", tokenizer.path().display())
                .with("error", error);
            collected.failures.push(message);
        }
        NotCounted::Unreadable(error) => collected.failures.push(unreadable(spool, error)),
    }
}

/// The output tokens of each request, in the order in which they were kept. `goes_on` is told which
/// part has been counted, 0 to 1, and says whether to go on.
fn tokens(
    tokenizer: &Tokenizer,
    spool: &mut Spool,
    mut goes_on: impl FnMut(f64) -> bool,
) -> Result<Vec<u64>, NotCounted> {
    if !goes_on(0.0) {
        return Err(NotCounted::Stopped);
    }
    let requests = spool.len();
    let mut counts = Vec::new();
    let mut batch = Batch::default();
    for text in spool.texts()? {
        counts.push(0);
        batch.add(counts.len() - 1, text?.generated);
        if batch.bytes >= BATCH {
            batch.count(tokenizer, &mut counts)?;
            if !goes_on(counts.len() as f64 / requests as f64) {
                return Err(NotCounted::Stopped);
            }
        }
    }
    batch.count(tokenizer, &mut counts)?;
    Ok(counts)
}

/// Texts that are counted at once.
#[derive(Default)]
struct Batch {
    texts: Vec<String>,
    /// Whose they are.
    places: Vec<usize>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, place: usize, texts: Vec<String>) {
        for text in texts {
            self.bytes += text.len();
            self.texts.push(text);
            self.places.push(place);
        }
    }

    fn count(&mut self, tokenizer: &Tokenizer, counts: &mut [u64]) -> Result<(), NotCounted> {
        let counted = tokenizer.count(&self.texts).map_err(NotCounted::Refused)?;
        for (place, tokens) in self.places.iter().zip(counted) {
            counts[*place] += tokens;
        }
        *self = Self::default();
        Ok(())
    }
}

/// Goes through the requests once more: makes the results anew, if their tokens have been counted,
/// and shows what was left to be shown.
fn collect(spool: &mut Spool, counts: Option<Vec<u64>>, collected: &mut Collected) {
    let counted = counts.is_some();
    if counted {
        collected.stats.forget_tokens();
        let errors = collected.outputs.start_over();
        note(&errors, &mut collected.failures);
    }
    let mut counts = counts.unwrap_or_default().into_iter();
    let read = each(spool, |mut request| {
        let tokens = counts.next();
        request.tokenized = tokens.filter(|_| request.chunks > 0);
        if counted {
            collected.stats.recount(&request);
        }
        let sample = Sample::Finished(Box::new(request));
        if counted {
            let errors = collected.outputs.recount(&sample);
            note(&errors, &mut collected.failures);
        }
        let shown = collected.console.sample(&sample);
        collected.closed |= shown.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
    });
    if let Err(error) = read {
        collected.failures.push(unreadable(spool, error));
    } else if counted {
        let errors = collected.outputs.settle();
        note(&errors, &mut collected.failures);
    }
}

fn each(spool: &mut Spool, mut take: impl FnMut(RequestRecord)) -> io::Result<()> {
    for request in spool.requests()? {
        take(request?);
    }
    Ok(())
}

fn note(errors: &[WriteError], failures: &mut Vec<Message>) {
    failures.extend(errors.iter().map(WriteError::message));
}

fn unreadable(spool: &Spool, error: io::Error) -> Message {
    WriteError::texts(spool.directory(), error).message()
}

#[cfg(all(test, feature = "tokenizer"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clock::Stamp;
    use crate::record::{Phase, Sent};

    const WORDS: &str = r#"{"version": "1.0", "added_tokens": [],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}"#;

    fn request(pieces: &[&str]) -> RequestRecord {
        let mut request = RequestRecord::begin(1, 1, Phase::Hold, Sent::default(), Stamp::ZERO);
        request.generated = pieces.iter().map(ToString::to_string).collect();
        request
    }

    #[test]
    fn each_request_has_the_tokens_of_all_its_pieces_and_counting_can_be_stopped() {
        let tokenizer = Tokenizer::new(Path::new("t.json"), WORDS).expect("a tokenizer");
        let mut spool = Spool::create(&std::env::temp_dir()).expect("a place");
        // A batch each.
        let long = "word".repeat(BATCH / 4);
        for pieces in [&["a b", "c"][..], &[], &[&long, "a b c"], &["a"], &[&long]] {
            spool.push(&request(pieces)).expect("space");
        }
        let mut parts = Vec::new();
        let counts = tokens(&tokenizer, &mut spool, |part| {
            parts.push((part * 5.0).round());
            true
        });
        assert!(matches!(counts, Ok(counts) if counts == [3, 0, 4, 1, 1]));
        assert_eq!(parts, [0.0, 3.0, 5.0]);
        let stopped = tokens(&tokenizer, &mut spool, |part| part < 0.5);
        assert!(matches!(stopped, Err(NotCounted::Stopped)));
    }
}
