//! `client_stall`: time was lost in the client.

use super::{Judgement, Rule, found, held, times};
use crate::diagnosis::Cause;
use crate::signals::case::Case;
use crate::signals::effects::Effect;

const EFFECTS: [Effect; 2] = [Effect::ClientWait, Effect::Stall];

/// The rule.
pub const RULE: Rule = Rule {
    cause: Cause::ClientStall,
    doc: "Time was lost in the client: before the request left (a full connection pool, a blocked event loop, a \
        limiter), or while the stream was read. The wait before the first attempt is read off the attempts; a \
        stalled reader shows in chunks that had waited and come at once (the median gap shrinks while the \
        longest explode), or in a decode time longer than the server's own.",
    needs: &["http.client.request.duration"],
    constants: &[],
    judge,
};

fn judge(case: &Case) -> Judgement {
    let because = case.strongest(&EFFECTS).map(|(effect, located)| {
        let where_lost = if effect == Effect::Stall {
            "while reading the stream"
        } else {
            "before the request left"
        };
        format!("time lost {where_lost} takes the latency to {}", times(&located.shift))
    });
    if let Some(finding) = because.and_then(|because| found(case, &EFFECTS, 1.0, because)) {
        return Judgement::Found(finding);
    }
    if !case.carried.client_wait {
        let because = "no HTTP attempt is recorded to measure the client's own wait by".to_owned();
        return Judgement::Undecidable(RULE.needs.to_vec(), because);
    }
    Judgement::RuledOut(held(case, Effect::ClientWait, "calls with the client's own wait:"))
}
