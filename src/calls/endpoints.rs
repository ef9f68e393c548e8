//! Which HTTP requests are made to have an answer generated, told by their path.

use memchr::memchr_iter;

use crate::calls::draft::Draft;
use crate::dialects::http;

/// Attempts made for the call itself, by start: where some go to a generating endpoint, others (a
/// token refresh, an image download) are not attempts.
pub fn own(mut attempts: Vec<Draft<'_>>) -> Vec<Draft<'_>> {
    // Those that start together stay in the order of the trace's members.
    attempts.sort_by_key(|attempt| attempt.start_ns);
    let api = |draft: &Draft<'_>| draft.clues.url_path.as_deref().is_some_and(is_generating);
    if attempts.iter().any(api) {
        attempts.retain(api);
    }
    attempts
}

/// Whether an attempt may be one of a call's: its path is not that of another service.
pub fn generates(attempt: &Draft) -> bool {
    let Some(path) = attempt.clues.url_path.as_deref().map(str::as_bytes) else { return true };
    let other = |part: &[u8]| part.starts_with(b"embed") || part.starts_with(b"rerank");
    !memchr_iter(b'/', path).any(|slash| path.get(slash + 1..).is_some_and(other))
}

/// Whether a URL path is one that generates an answer.
pub fn is_generating(path: &str) -> bool {
    http::GENERATING.iter().any(|end| path.ends_with(end)) || path.contains("enerateContent")
}
