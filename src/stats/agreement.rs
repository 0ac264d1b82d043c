//! How far the server's count of tokens agrees with our count: a tokenizer's count or, without one,
//! the estimate.

use crate::record::{Outcome, RequestRecord};

/// The tokens of the requests that succeeded and have both counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// By the server's usage.
    pub usage: u64,
    /// By our own count.
    pub own: u64,
    /// Whether our count is a tokenizer's.
    pub tokenized: bool,
    /// Requests whose usage was implausible, with any outcome.
    pub implausible: u64,
    /// Requests that succeeded and whose TPOT mixes models.
    pub mixed: u64,
}

impl Agreement {
    pub(super) fn record(&mut self, request: &RequestRecord) {
        self.implausible += u64::from(request.implausible_usage);
        let is_mixed = request.outcome == Outcome::Ok && request.mixes_models();
        self.mixed += u64::from(is_mixed);
        let usage = request.usage.completion.filter(|tokens| *tokens > 0);
        if let (Some(usage), Outcome::Ok) = (usage, &request.outcome)
            && request.chunks > 0
        {
            self.usage += usage;
            self.tokenized |= request.tokenized.is_some();
            self.own += request.tokenized.unwrap_or(request.estimated_tokens);
        }
    }

    /// The difference in percent of the usage, where it is more than 20.
    #[must_use]
    pub fn disagreement(&self) -> Option<u64> {
        let difference = self.usage.abs_diff(self.own);
        (5 * difference > self.usage).then(|| 100 * difference / self.usage.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;
    use crate::stats::tests::ok_request;

    #[test]
    fn more_than_a_fifth_is_a_disagreement() {
        for (usage, own, expected) in [
            (0, 0, None),
            (100, 100, None),
            (100, 80, None),
            (100, 79, Some(21)),
            (100, 120, None),
            (100, 150, Some(50)),
        ] {
            let agreement = Agreement {
                usage,
                own,
                ..Agreement::default()
            };
            assert_eq!(agreement.disagreement(), expected, "{agreement:?}");
        }
    }

    #[test]
    fn only_requests_with_both_counts_are_compared() {
        let at = Stamp::from_micros;
        let mut request = ok_request(at(0), at(1), at(2));
        let mut agreement = Agreement::default();
        agreement.record(&request);
        request.usage.completion = Some(7);
        agreement.record(&request);
        request.outcome = Outcome::Cancelled;
        agreement.record(&request);
        let counts = |a: Agreement| (a.usage, a.own, a.tokenized);
        assert_eq!(counts(agreement), (7, 5, false));
        request.outcome = Outcome::Ok;
        request.tokenized = Some(9);
        agreement.record(&request);
        assert_eq!(counts(agreement), (14, 14, true));
    }
}
