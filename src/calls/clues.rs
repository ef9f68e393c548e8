//! Figures beside the cells of a span: no columns, but what some columns are derived from.

use std::borrow::Cow;

use crate::calls::Cell;
use crate::calls::parse::{self, Rejection};
use crate::dialects::{Clue, Unit};
use crate::ingest::ValueRef;

/// Figures that are no column but help to derive one.
#[derive(Debug, Clone, Default)]
pub struct Clues<'a> {
    /// See [`Clue::InputWithoutCache`].
    pub input_without_cache: Option<i64>,
    /// See [`Clue::MoreInput`].
    pub more_input: Option<i64>,
    /// See [`Clue::MoreOutput`].
    pub more_output: Option<i64>,
    /// See [`Clue::TotalTokens`].
    pub total_tokens: Option<i64>,
    /// See [`Clue::FinishS`].
    pub finish_s: Option<f64>,
    /// See [`Clue::StreamS`].
    pub stream_s: Option<f64>,
    /// See [`Clue::TtftAfterHeadersS`].
    pub ttft_after_headers_s: Option<f64>,
    /// See [`Clue::Resends`].
    pub resends: Option<i64>,
    /// Attempts before this one that are spans of their own.
    pub failed_before: i64,
    /// Whether the span, an event or a level says that it failed.
    pub failed: bool,
    /// Whether what went wrong was a time limit.
    pub timed_out: bool,
    /// See [`Clue::GatewayCache`].
    pub gateway_cache: bool,
    /// See [`Clue::UrlPath`].
    pub url_path: Option<Cow<'a, str>>,
    /// See [`Clue::ServerRequest`].
    pub server_request: Option<Cow<'a, str>>,
}

impl<'a> Clues<'a> {
    /// Reads one clue; the first value stands, its text held as it is told.
    pub fn put<'v>(
        &mut self,
        clue: Clue,
        (value, unit): (ValueRef<'v>, Unit),
        start_ns: i64,
        hold: impl Fn(Cow<'v, str>) -> Cow<'a, str>,
    ) -> Result<(), Rejection> {
        match clue {
            Clue::InputWithoutCache => put_count(&mut self.input_without_cache, value, unit),
            Clue::MoreInput => put_count(&mut self.more_input, value, unit),
            Clue::MoreOutput => put_count(&mut self.more_output, value, unit),
            Clue::TotalTokens => put_count(&mut self.total_tokens, value, unit),
            Clue::Resends => put_count(&mut self.resends, value, unit),
            Clue::FinishS => put_seconds(&mut self.finish_s, value, unit, start_ns),
            Clue::StreamS => put_seconds(&mut self.stream_s, value, unit, start_ns),
            Clue::TtftAfterHeadersS => {
                put_seconds(&mut self.ttft_after_headers_s, value, unit, start_ns)
            }
            Clue::Failed => {
                self.failed |= parse::flag(value, unit) == Some(true);
                Ok(())
            }
            Clue::Failure => {
                self.timed_out |= parse::text(value).is_some_and(|text| says_timeout(&text));
                Ok(())
            }
            Clue::GatewayCache => {
                self.gateway_cache |= parse::flag(value, unit) == Some(true);
                Ok(())
            }
            Clue::UrlPath => {
                let path = || Some(hold(parse::part(parse::text(value)?, parse::url_path)?));
                self.url_path = self.url_path.take().or_else(path);
                Ok(())
            }
            Clue::ServerRequest => {
                self.server_request =
                    self.server_request.take().or_else(|| parse::text(value).map(hold));
                Ok(())
            }
        }
    }

    /// Takes the counts of another record of the same call.
    pub fn usage_from(&mut self, other: &Self, input: bool, output: bool) {
        if input {
            self.input_without_cache = other.input_without_cache;
            self.more_input = other.more_input;
        }
        if output {
            self.more_output = other.more_output;
        }
        if input && output {
            self.total_tokens = other.total_tokens;
        }
    }

    /// Takes from another record of the same call what is not known here.
    pub fn fill_from(&mut self, other: &Self) {
        self.resends = self.resends.or(other.resends);
        self.stream_s = self.stream_s.or(other.stream_s);
        self.failed |= other.failed;
        self.timed_out |= other.timed_out;
        self.gateway_cache |= other.gateway_cache;
    }
}

fn put_count(slot: &mut Option<i64>, value: ValueRef<'_>, unit: Unit) -> Result<(), Rejection> {
    if let (None, Cell::Int(int)) = (&slot, parse::count(value, unit)?) {
        *slot = Some(int);
    }
    Ok(())
}

fn put_seconds(
    slot: &mut Option<f64>,
    value: ValueRef<'_>,
    unit: Unit,
    start_ns: i64,
) -> Result<(), Rejection> {
    if let (None, Cell::Float(seconds)) = (&slot, parse::seconds(value, unit, start_ns)?) {
        *slot = Some(seconds);
    }
    Ok(())
}

/// Whether an error class or message says that a time limit was hit.
pub fn says_timeout(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["timeout", "timed out", "timed_out", "time out", "deadline"]
        .iter()
        .any(|word| lower.contains(word))
}
