//! Which HTTP requests are made to have an answer generated, told by their path.

use crate::calls::draft::Draft;
use crate::dialects::http;

/// Attempts made for the call itself: where some go to a generating endpoint, others (a token
/// refresh, an image download) are not attempts.
pub fn own_attempts(attempts: &mut Vec<Draft>) {
    let api = |draft: &Draft| draft.clues.url_path.as_deref().is_some_and(is_generating);
    if attempts.iter().any(api) {
        attempts.retain(api);
    }
}

/// Whether an attempt may be one of a call's: its path is not that of another service.
pub fn generates(attempt: &Draft) -> bool {
    let path = attempt.clues.url_path.as_deref();
    let other = |part: &str| part.starts_with("embed") || part.starts_with("rerank");
    path.is_none_or(|path| !path.split('/').skip(1).any(other))
}

/// Whether a URL path is one that generates an answer.
pub fn is_generating(path: &str) -> bool {
    http::GENERATING.iter().any(|end| path.ends_with(end)) || path.contains("enerateContent")
}
