//! The stretches of time that are asked for, so that a table is never read whole by accident.

use std::fmt;

use chrono::{DateTime, SecondsFormat};

use super::Terms;
use super::address::Address;
use crate::error::{Error, Result};
use crate::ingest::time;

const HELP: &str = "give --window with its date, as in 2026-11-03T14:00/15m, or say since= and \
                    until= in the address, as in &since=2026-11-03T12:00:00Z";

/// A half-open stretch of time, nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// First instant.
    pub start_ns: i64,
    /// First instant after it.
    pub end_ns: i64,
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |time_ns| {
            let time = DateTime::from_timestamp_nanos(time_ns);
            time.to_rfc3339_opts(SecondsFormat::Secs, true)
        };
        match self.end_ns {
            i64::MAX => write!(f, "{} and now", text(self.start_ns)),
            end_ns => write!(f, "{} and {}", text(self.start_ns), text(end_ns)),
        }
    }
}

/// What the address says, else what the window needs; ascending, and apart.
pub fn needed(address: &Address, terms: &Terms) -> Result<Vec<Stretch>> {
    let instant = |text: &Option<String>, what: &str| match text {
        None => Ok(None),
        Some(text) => read(text).map(Some).ok_or_else(|| {
            let message = format!("{what}={} is no time", text.escape_debug());
            Error::usage(message, "write it as 2026-11-03T14:00:00Z")
        }),
    };
    let (since, until) = (instant(&address.since, "since")?, instant(&address.until, "until")?);
    let times = match (since, until, &terms.times) {
        (Some(start_ns), until, _) => {
            vec![Stretch { start_ns, end_ns: until.unwrap_or(i64::MAX) }]
        }
        (None, Some(_), _) => return Err(Error::usage("until= without since=", HELP)),
        (None, None, Some(times)) => joined(times.clone()),
        (None, None, None) => {
            return Err(Error::usage("a table in ClickHouse is not read without a time", HELP));
        }
    };
    if times.iter().any(|time| time.start_ns >= time.end_ns) || times.is_empty() {
        return Err(Error::usage("the time to read ends before it begins", HELP));
    }
    Ok(times)
}

fn read(text: &str) -> Option<i64> {
    let text = match text.len() {
        // A date, or a time without seconds.
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        17 => format!("{}:00Z", text.strip_suffix('Z')?),
        _ => text.to_owned(),
    };
    text.contains('-').then(|| time::parse(text.as_bytes())).filter(|time| *time > 0)
}

fn joined(mut times: Vec<Stretch>) -> Vec<Stretch> {
    times.sort_unstable();
    let mut apart: Vec<Stretch> = Vec::new();
    for time in times {
        match apart.last_mut().filter(|last| time.start_ns <= last.end_ns) {
            Some(last) => last.end_ns = last.end_ns.max(time.end_ns),
            None => apart.push(time),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_goes_before_the_window() {
        let address = Address::parse("clickhouse://h/x?since=2026-11-03T14:00Z&until=2026-11-04");
        let terms = Terms { times: Some(Vec::new()), ..Terms::default() };
        let times = needed(&address.unwrap(), &terms).unwrap();
        assert_eq!(times[0].end_ns - times[0].start_ns, 10 * 3_600_000_000_000);
    }

    #[test]
    fn stretches_that_touch_are_one() {
        let of = |start_ns, end_ns| Stretch { start_ns, end_ns };
        assert_eq!(joined(vec![of(5, 9), of(0, 2), of(2, 3), of(6, 7)]), [of(0, 3), of(5, 9)]);
    }

    #[test]
    fn no_time_and_no_such_time_are_usage_errors() {
        for (text, times) in [
            ("clickhouse://h/x", None),
            ("clickhouse://h/x?until=2026-11-03", None),
            ("clickhouse://h/x?since=yesterday", None),
            ("clickhouse://h/x?since=2026-11-03&until=2026-11-02", None),
            ("clickhouse://h/x", Some(Vec::new())),
        ] {
            let address = Address::parse(text).unwrap();
            let error = needed(&address, &Terms { times, ..Terms::default() }).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{text}");
        }
    }
}
