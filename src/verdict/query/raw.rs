//! What the fitted lines rest on: the raw figures beside which "at the same work" can be judged.

use super::Column::{self, *};
use super::sql;
use crate::signals::effects::Effect;

/// Columns of a query, the attributes by which it counts, and which calls it is about.
pub struct Raw {
    /// Name and expression.
    pub columns: Vec<(&'static str, String)>,
    /// Attributes, most often none.
    pub by: &'static [&'static str],
    /// Conditions.
    pub conditions: Vec<String>,
}

const PLACES: &[&str] =
    &["response_model", "region", "pool_id", "system_fingerprint", "service_tier"];
const KINDS: &[&str] = &["service_name", "request_model", "prompt_name"];

/// What an effect rests on.
pub fn of(effect: Effect) -> Raw {
    let (columns, by): (&[(&'static str, Column)], _) = match effect {
        Effect::Length | Effect::Cache | Effect::RestTtft => {
            (&[("ttft_p50_s", Ttft), INPUT, UNCACHED], NOTHING)
        }
        Effect::Output | Effect::RestWhole => {
            (&[("duration_p50_s", Duration), INPUT, ("output_tokens_per_call", Output)], NOTHING)
        }
        Effect::AcceptWithin | Effect::AcceptMix | Effect::ClassMix => {
            (&[("itl_p50_s", Itl), ACCEPTANCE], &["prompt_name"])
        }
        Effect::RestItl => (&[("itl_p50_s", Itl), INPUT, ACCEPTANCE], NOTHING),
        Effect::RouteTtft => (&[("ttft_p50_s", Ttft)], PLACES),
        Effect::RouteItl => (&[("itl_p50_s", Itl)], PLACES),
        Effect::RouteWhole => (&[("duration_p50_s", Duration)], PLACES),
        Effect::Retry => (
            &[("ttft_p50_s", Ttft), ("attempts_per_call", Attempts), ("retry_wait_s", RetryWait)],
            NOTHING,
        ),
        Effect::ClientWait => (&[("ttft_p50_s", Ttft), ("client_wait_s", ClientWait)], NOTHING),
        Effect::Stall => {
            (&[("itl_p50_s", Itl), ("gap_p50_s", GapP50), ("gap_p99_s", GapP99)], NOTHING)
        }
        Effect::Mix => (&[("duration_p50_s", Duration)], KINDS),
        Effect::Failure => return failures(),
    };
    let columns = columns.iter().map(|(name, of)| (*name, level(name, *of))).collect();
    Raw { columns, by, conditions: vec![sql::SERVED.to_owned()] }
}

const NOTHING: &[&str] = &[];
const INPUT: (&str, Column) = ("input_tokens_per_call", Input);
const UNCACHED: (&str, Column) = ("uncached_tokens_per_call", Uncached);
const ACCEPTANCE: (&str, Column) = ("spec_acceptance_ratio", Acceptance);

/// A median or a mean, as its name says, of the calls that tell.
fn level(name: &str, of: Column) -> String {
    let column = sql::column(of);
    let middle = name.contains("_p50_") && matches!(of, Ttft | Itl | Duration);
    let level =
        if middle { format!("quantile_cont({column}, 0.5)") } else { format!("avg({column})") };
    match sql::kept(of).first() {
        Some(kept) => format!("{level} FILTER ({kept})"),
        None => level,
    }
}

fn failures() -> Raw {
    let share = |ended: &str| format!("count(*) FILTER ({ended}) / count(*)");
    let columns = vec![
        ("error_share", share("status = 'error'")),
        ("timeout_share", share("status IN ('timeout', 'cancelled')")),
    ];
    Raw { columns, by: NOTHING, conditions: Vec::new() }
}
