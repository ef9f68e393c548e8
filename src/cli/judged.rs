//! What of stored calls is read and judged, by command: the columns that it needs, and how many
//! calls at most.

use clap::Args;

use crate::error::{Error, Result};
use crate::schema::Col;

/// Of more calls than these a sample is judged: a hundred times as many as gave the answer of all of
/// them in nineteen of twenty cases, and judged within two seconds (docs/performance.md).
const MOST_CALLS: u64 = 300_000;

/// The columns of the call table on which a diagnosis and its report rest.
pub const DIAGNOSED: &[Col] = &[
    Col::TraceId,
    Col::SpanId,
    Col::ServiceName,
    Col::SpanName,
    Col::ScopeName,
    Col::Dialect,
    Col::Start,
    Col::DurationS,
    Col::Provider,
    Col::RequestModel,
    Col::ResponseModel,
    Col::TtftS,
    Col::ItlS,
    Col::ItlP50S,
    Col::ItlP99S,
    Col::InputTokens,
    Col::CacheReadTokens,
    Col::CacheWriteTokens,
    Col::UncachedTokens,
    Col::CacheHitRatio,
    Col::CacheMissReason,
    Col::OutputTokens,
    Col::QueueWaitS,
    Col::ServerDecodeS,
    Col::ServerTtftS,
    Col::BatchSize,
    Col::RunningRequests,
    Col::WaitingRequests,
    Col::SpecAcceptedTokens,
    Col::SpecAcceptanceRatio,
    Col::RequestId,
    Col::ResponseId,
    Col::Region,
    Col::EdgePop,
    Col::PoolId,
    Col::SystemFingerprint,
    Col::ServiceTier,
    Col::PromptName,
    Col::PromptVersion,
    Col::PromptHash,
    Col::Tenant,
    Col::SessionId,
    Col::Status,
    Col::ErrorType,
    Col::Attempts,
    Col::RetryWaitS,
    Col::ClientWaitS,
];

/// How many calls are judged.
#[derive(Debug, Clone, Default, Args)]
pub struct JudgedArgs {
    /// Judge at most N calls: of more, a sample of whole traces is judged and every call counted
    /// beside it; or `all` [default: 300000; a database has its own, &max_calls=]
    #[arg(long, value_name = "N")]
    pub max_calls: Option<String>,
}

impl JudgedArgs {
    /// The number; none for all of them.
    ///
    /// # Errors
    /// What is neither a number above zero nor `all`.
    pub fn most(&self) -> Result<Option<u64>> {
        let Some(text) = self.max_calls.as_deref() else { return Ok(Some(MOST_CALLS)) };
        if text == "all" {
            return Ok(None);
        }
        let most = text.parse().ok().filter(|most| *most > 0);
        most.map(Some).ok_or_else(|| {
            Error::usage(
                format!("--max-calls {} is no number of calls", text.escape_debug()),
                "give a number above zero, or `all`",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn used(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                used(&path, found);
            } else {
                let text = fs::read_to_string(&path).unwrap();
                found.extend(text.split("Col::").skip(1).map(|rest| {
                    rest.chars().take_while(char::is_ascii_alphanumeric).collect::<String>()
                }));
            }
        }
    }

    #[test]
    fn every_column_that_the_judgement_looks_at_is_read() {
        let mut found = Vec::new();
        for stage in ["signals", "causes", "verdict", "cost", "windows", "servers"] {
            used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(stage), &mut found);
        }
        let known: Vec<String> = Col::all().map(|col| format!("{col:?}")).collect();
        let read: Vec<String> = DIAGNOSED.iter().map(|col| format!("{col:?}")).collect();
        let missing: Vec<&String> =
            found.iter().filter(|name| known.contains(name) && !read.contains(name)).collect();
        assert!(found.len() > 100 && missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_limit_is_a_number_or_all() {
        let most = |text: &str| JudgedArgs { max_calls: Some(text.to_owned()) }.most();
        assert_eq!(most("all").unwrap(), None);
        assert_eq!(most("5").unwrap(), Some(5));
        assert!(most("0").is_err() && most("many").is_err());
        assert_eq!(JudgedArgs::default().most().unwrap(), Some(MOST_CALLS));
    }
}
