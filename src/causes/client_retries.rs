//! `client_retries`: failed attempts were retried inside the call.

use super::{Judgement, Rule, found, held, times};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientRetries,
    doc: "Attempts failed (throttled, refused, reset) and were retried inside the call; the attempt that \
        succeeded was not slow. Only the recorded attempts can show it: the time of failed attempts and the \
        waits between them are taken out of the call before anything else is compared.",
    needs: &["http.request.resend_count"],
    constants: &[],
    judge,
};

fn judge(case: &Case) -> Judgement {
    if !case.carried.attempts {
        let because = "no HTTP attempt or resend count is recorded".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    let because = case.at(Effect::Retry).map(|retry| {
        format!(
            "time lost in failed attempts and between them takes calls to {}",
            times(&retry.shift)
        )
    });
    match because.and_then(|because| found(case, &[Effect::Retry], 1.0, because)) {
        Some(finding) => Judgement::Found(finding),
        None => Judgement::RuledOut(held(case, Effect::Retry, "calls with their retries:")),
    }
}
