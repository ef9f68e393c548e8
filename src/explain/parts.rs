//! The stretches of a call in order of time: what the spans report, then what the cohort's rate
//! makes of its tokens, then what is left over.

use super::{Case, cohort, finite, words};
use crate::diagnosis::{CallPart, PartSource};

/// Shorter stretches are none.
const LEAST_S: f64 = 5e-7;

/// A stretch that is being cut from what is left of the call.
struct Cut {
    id: &'static str,
    label: String,
    observed_s: f64,
    usual_s: Option<f64>,
    source: PartSource,
}

/// The parts of a call; they add up to its duration, or to its TTFT where that alone is known.
pub fn parts(case: &Case<'_>) -> Vec<CallPart> {
    let frame = case.frame;
    let (duration, ttft) = (finite(frame.duration_s[case.row]), finite(frame.ttft_s[case.row]));
    let mut list = Cutting { list: Vec::new(), left_s: 0.0 };
    match (duration, ttft) {
        (_, Some(ttft)) => {
            list.left_s = ttft;
            lost(case, &mut list);
            before_first_token(case, &mut list);
            if let Some(duration) = duration {
                list.left_s = (duration - ttft).max(0.0);
                decode(case, &mut list);
            }
        }
        (Some(duration), None) => {
            list.left_s = duration;
            lost(case, &mut list);
            unsplit(case, &mut list);
        }
        (None, None) => {}
    }
    in_time(case, list.list)
}

struct Cutting {
    list: Vec<Cut>,
    left_s: f64,
}

impl Cutting {
    /// Cuts at most what is left.
    fn cut(&mut self, mut cut: Cut) {
        cut.observed_s = cut.observed_s.clamp(0.0, self.left_s.max(0.0));
        self.left_s -= cut.observed_s;
        if cut.observed_s > LEAST_S || cut.usual_s.is_some_and(|usual| usual > LEAST_S) {
            self.list.push(cut);
        }
    }

    fn measured(&mut self, id: &'static str, label: &str, seen: f64, usual: Option<f64>) {
        if let Some(observed_s) = finite(seen) {
            let source = PartSource::Measured;
            self.cut(Cut { id, label: label.to_owned(), observed_s, usual_s: usual, source });
        }
    }

    /// What the parts cut since `from` usually take.
    fn usual_since(&self, from: usize) -> f64 {
        let since = self.list.iter().skip(from);
        since.filter_map(|cut| cut.usual_s).sum::<f64>()
    }

    /// All that is left, the rest of what is usual with it.
    fn rest(&mut self, id: &'static str, label: String, from: usize, usual: Option<f64>) {
        let source = PartSource::Remainder;
        let usual_s = usual.map(|usual| (usual - self.usual_since(from)).max(0.0));
        let observed_s = self.left_s;
        self.cut(Cut { id, label, observed_s, usual_s, source });
    }
}

fn lost(case: &Case<'_>, list: &mut Cutting) {
    let frame = case.frame;
    for (id, label, values) in [
        ("client_wait", "waiting in the client", &frame.client_wait_s),
        ("retries", "failed attempts and the waits between them", &frame.retry_wait_s),
    ] {
        list.measured(id, label, values[case.row], case.peers.median(values));
    }
}

fn before_first_token(case: &Case<'_>, list: &mut Cutting) {
    let (frame, row) = (case.frame, case.row);
    let from = list.list.len();
    let usual = case.peers.enough().then(|| finite(case.expected.ttft_s[row])).flatten();
    let network: Vec<f64> = (0..frame.len())
        .map(|row| (frame.ttft_s[row] - frame.lost_s(row) - frame.server_ttft_s[row]).max(0.0))
        .map(|wait| if wait.is_finite() { wait } else { f64::NAN })
        .collect();
    let on_server = frame.server_ttft_s[row].is_finite();
    if on_server {
        list.measured(
            "network",
            "network to the server",
            network[row],
            case.peers.median(&network),
        );
    }
    let queued = &frame.queue_wait_s;
    list.measured("queue", "queue on the server", queued[row], case.peers.median(queued));
    prefill(case, list, usual);
    let label = words::wait(on_server, queued[row].is_finite());
    list.rest("before_first_token", label, from, usual);
    // Medians of parts need not stay below what the whole usually takes.
    if let Some(usual) = usual {
        let sum = list.usual_since(from);
        let shrink = if sum > usual { usual / sum } else { 1.0 };
        for cut in list.list.iter_mut().skip(from) {
            cut.usual_s = cut.usual_s.map(|usual| usual * shrink);
        }
    }
}

/// Prefill as the server reported it, else the cohort's seconds a token on the call's own tokens.
fn prefill(case: &Case<'_>, list: &mut Cutting, usual: Option<f64>) {
    let row = case.row;
    let Some(tokens) = finite(case.frame.uncached_tokens[row]) else {
        list.measured("prefill", "prefill", case.prefill_s[row], case.peers.median(case.prefill_s));
        return;
    };
    let label = words::prefill(tokens, case.cache_known);
    let rate = case.expected.prefill_slope_s[row] * tokens / 1000.0;
    let by_rate = finite(rate).filter(|s| *s > 0.0 && case.peers.enough());
    if case.prefill_s[row].is_finite() {
        list.measured("prefill", &label, case.prefill_s[row], case.peers.median(case.prefill_s));
    } else if let Some(observed_s) = by_rate {
        let usual_s = usual.map(|usual| usual.min(observed_s));
        let source = PartSource::Estimated;
        list.cut(Cut { id: "prefill", label, observed_s, usual_s, source });
    }
}

fn decode(case: &Case<'_>, list: &mut Cutting) {
    let observed_s = list.left_s;
    let factor = cohort::itl_factor(case.expected, case.row).filter(|_| case.peers.enough());
    let label =
        words::decode(case.frame.output_tokens[case.row], case.expected.seen_itl_s[case.row]);
    let usual_s = factor.map(|factor| observed_s * factor);
    list.cut(Cut { id: "decode", label, observed_s, usual_s, source: PartSource::Measured });
}

/// A call without a first chunk: both halves by the cohort's rates, the rest said as rest.
fn unsplit(case: &Case<'_>, list: &mut Cutting) {
    let row = case.row;
    let from = list.list.len();
    let usual = case.peers.enough().then(|| finite(case.expected.whole_s[row])).flatten();
    prefill(case, list, usual);
    let rate = case.expected.whole_token_s[row];
    let tokens = case.frame.output_tokens[row];
    if let Some(observed_s) = finite(rate * tokens).filter(|s| *s > 0.0 && usual.is_some()) {
        let label = words::decode(tokens, rate);
        let usual_s = usual.map(|usual| (usual - list.usual_since(from)).clamp(0.0, observed_s));
        list.cut(Cut { id: "decode", label, observed_s, usual_s, source: PartSource::Estimated });
    }
    list.rest("not_told_apart", "not told apart: network, queue, service".to_owned(), from, usual);
}

/// The cuts one behind the other. A call that was cut off is not held against whole ones.
fn in_time(case: &Case<'_>, cuts: Vec<Cut>) -> Vec<CallPart> {
    let whole = cohort::whole(case.frame, case.row);
    let mut from_s = 0.0;
    let place = |cut: Cut| {
        let Cut { id, label, observed_s, usual_s, source } = cut;
        let usual_s = usual_s.filter(|_| whole);
        let part = CallPart { id, label, from_s, observed_s, usual_s, source };
        from_s += observed_s;
        part
    };
    cuts.into_iter().map(place).collect()
}
