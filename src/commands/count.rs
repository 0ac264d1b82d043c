//! Counts the tokens of a finished run by `--tokenizer`, and makes its results anew.
//!
//! Counting waits for the end of the run, because a tokenizer would take the processors from the
//! users. Until then the texts are on disk.

use std::io::{self, ErrorKind};

use super::Waiting;
use crate::collector::Collected;
use crate::output::WriteError;
use crate::output::spool::{Spool, Text};
use crate::plan::Plan;
use crate::record::{RequestRecord, Sample};
use crate::stop;
use crate::text::Message;
use crate::tokenizer::Tokenizer;

/// Bytes of text that are counted at once: enough for all processors, and soon done after a signal.
const BATCH: usize = 1 << 20;

/// Why tokens have not been counted: the failure, or `None` where a signal stopped the counting.
type NotCounted = Option<Message>;

/// Counts the tokens of all requests, if a tokenizer is given: all or none, so that the numbers of a
/// run come from one source. Returns whether a signal stopped the counting.
pub(super) fn count(plan: &Plan, collected: &mut Collected) -> bool {
    let Some(tokenizer) = &plan.tokenizer else {
        return false;
    };
    let Some(mut spool) = collected.outputs.kept_requests() else {
        // An earlier message says why.
        collected.notices.push(Message::new("warning.not_counted"));
        return false;
    };
    let counts = tokens(tokenizer, &mut spool, goes_on(plan));
    let stopped = counts == Err(None);
    let notice = stopped.then(|| Message::new("warning.count_stopped"));
    collected.notices.extend(notice);
    if let Err(Some(failure)) = &counts {
        collected.failures.push(failure.clone());
    }
    if (counts.is_ok() || plan.console.watched)
        && let Err(error) = collect(&mut spool, counts.ok(), collected)
    {
        let message = WriteError::texts(spool.directory(), error).message();
        collected.failures.push(message);
    }
    stopped
}

/// Shows progress, and says whether to go on: not after a signal, nor if a second signal cut the run,
/// as a third one would end the process.
fn goes_on(plan: &Plan) -> impl FnMut(f64) -> bool {
    let before = stop::signals();
    let quiet = plan.console.quiet;
    let mut waiting = Waiting::new(plan.console.language);
    move |part| {
        if !quiet {
            waiting.tell(part, || Message::new("count.progress"));
        }
        before < 2 && stop::signals() == before
    }
}

/// The output tokens of each request, in the order in which the requests were kept. `goes_on` gets
/// the counted part, 0 to 1, and says whether to go on.
fn tokens(
    tokenizer: &Tokenizer,
    spool: &mut Spool,
    mut goes_on: impl FnMut(f64) -> bool,
) -> Result<Vec<u64>, NotCounted> {
    if !goes_on(0.0) {
        return Err(None);
    }
    let requests = spool.requests();
    let directory = spool.directory().to_owned();
    let unreadable = |error| Some(WriteError::texts(&directory, error).message());
    let mut counts = Vec::new();
    let mut batch = Batch::default();
    for text in spool.read::<Text>().map_err(unreadable)? {
        for piece in text.map_err(unreadable)?.generated {
            batch.bytes += piece.len();
            batch.places.push(counts.len());
            batch.texts.push(piece);
        }
        counts.push(0);
        if batch.bytes >= BATCH {
            batch.count(tokenizer, &mut counts)?;
            if !goes_on(counts.len() as f64 / requests as f64) {
                return Err(None);
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
    /// The request of each text.
    places: Vec<usize>,
    bytes: usize,
}

impl Batch {
    fn count(&mut self, tokenizer: &Tokenizer, counts: &mut [u64]) -> Result<(), NotCounted> {
        let counted = tokenizer.count(&self.texts).map_err(|error| {
            let message = Message::new("count.refused").with("error", error);
            message.with("value", tokenizer.path.display())
        })?;
        for (place, tokens) in self.places.iter().zip(counted) {
            counts[*place] += tokens;
        }
        *self = Self::default();
        Ok(())
    }
}

/// Makes the results anew, if tokens have been counted, and shows the requests.
///
/// # Errors
///
/// If the kept requests cannot be read.
fn collect(
    spool: &mut Spool,
    counts: Option<Vec<u64>>,
    collected: &mut Collected,
) -> io::Result<()> {
    let counted = counts.is_some();
    let mut counts = counts.into_iter().flatten();
    if counted {
        collected.stats.forget_requests();
        note(&collected.outputs.start_over(), &mut collected.failures);
    }
    for request in spool.read::<RequestRecord>()? {
        let mut request = request?;
        request.tokenized = counts.next().filter(|_| request.chunks > 0);
        let sample = Sample::Finished(Box::new(request));
        if let (true, Sample::Finished(request)) = (counted, &sample) {
            collected.stats.recount(request);
            note(&collected.outputs.recount(&sample), &mut collected.failures);
        }
        let shown = collected.console.sample(&sample);
        collected.closed |= shown.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
    }
    if counted {
        note(&collected.outputs.settle(), &mut collected.failures);
    }
    Ok(())
}

fn note(errors: &[WriteError], failures: &mut Vec<Message>) {
    failures.extend(errors.iter().map(WriteError::message));
}

#[cfg(all(test, feature = "tokenizer"))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::clock::Stamp;
    use crate::record::{Phase, RequestRecord, Sent};

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
        assert_eq!(counts, Ok(vec![3, 0, 4, 1, 1]));
        assert_eq!(parts, [0.0, 3.0, 5.0]);
        let stopped = tokens(&tokenizer, &mut spool, |part| part < 0.5);
        assert_eq!(stopped, Err(None));
    }
}
