//! What a person may write for a window: read without the data, then placed on its dates.
//!
//! ```text
//! window    = instant "/" instant | instant "/" duration | instant "-" time
//! instant   = [date ("T" | " ")] time [offset] | date
//! time      = hours ":" minutes [":" seconds ["." fraction]]
//! duration  = 15m | 1h30m | 90s | 1d | 500ms
//! ```

use chrono::{
    DateTime, Days, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc,
};

use super::Range;

const DAY_NS: i64 = 86_400_000_000_000;

/// A window as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    start: Instant,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Instant {
    date: Option<NaiveDate>,
    /// Since midnight; up to a whole day.
    of_day_ns: i64,
    offset: Option<FixedOffset>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    At(Instant),
    After(i64),
}

/// Whether a text is written as a window, as against a name of a file.
pub fn is_written(text: &str) -> bool {
    Written::parse(text).is_some()
}

/// The zone in which times without an offset are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
    Named(chrono_tz::Tz),
    Fixed(FixedOffset),
}

impl Zone {
    pub(super) const UTC: Self = Self::Named(chrono_tz::UTC);

    /// `Europe/Berlin`, `UTC`, `Z`, `+02:00`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(offset) = offset(text) {
            return Some(Self::Fixed(offset));
        }
        text.parse().ok().map(Self::Named)
    }

    fn place(self, local: NaiveDateTime) -> Result<i64, Unplaced> {
        let found = match self {
            Self::Named(zone) => flatten(zone.from_local_datetime(&local)),
            Self::Fixed(zone) => flatten(zone.from_local_datetime(&local)),
        };
        found?.timestamp_nanos_opt().ok_or(Unplaced::OutOfRange)
    }

    /// The local date of an instant.
    pub(super) fn date(self, time_ns: i64) -> NaiveDate {
        let utc = DateTime::from_timestamp_nanos(time_ns);
        match self {
            Self::Named(zone) => utc.with_timezone(&zone).date_naive(),
            Self::Fixed(zone) => utc.with_timezone(&zone).date_naive(),
        }
    }
}

fn flatten<T: TimeZone>(found: LocalResult<DateTime<T>>) -> Result<DateTime<Utc>, Unplaced> {
    match found {
        LocalResult::Single(time) => Ok(time.to_utc()),
        // The hour that a clock shows twice: the first of the two.
        LocalResult::Ambiguous(first, _) => Ok(first.to_utc()),
        LocalResult::None => Err(Unplaced::SkippedByClock),
    }
}

/// Why a written window is no stretch of time on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unplaced {
    /// The end is not after the start.
    Reversed,
    /// Start and end are the same instant.
    Empty,
    /// The clocks of that zone skip that hour.
    SkippedByClock,
    /// Beyond what nanoseconds in 64 bits can hold.
    OutOfRange,
}

impl Written {
    /// Reads a window; `None` where it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some((start, end)) = text.split_once('/') {
            let start = Instant::parse(start)?;
            let end = match duration_ns(end.trim()) {
                Some(length) => End::After(length),
                None => End::At(Instant::parse(end)?),
            };
            // An end with a date cannot make up for a start without one.
            let dated = |end: &End| matches!(end, End::At(Instant { date: Some(_), .. }));
            return (start.date.is_some() || !dated(&end)).then_some(Self { start, end });
        }
        // Without a slash a hyphen parts start and end, and none may stand in an offset.
        let (date, rest) = split_date(text);
        let (start, end) = rest.split_once(['-', '–'])?;
        if end.contains(['-', '–']) {
            return None;
        }
        let mut start = Instant::of_day(start)?;
        start.date = date;
        Some(Self { start, end: End::At(Instant::of_day(end)?) })
    }

    /// Whether the date has to come from the data.
    pub(super) fn needs_date(&self) -> bool {
        self.start.date.is_none()
    }

    /// The stretch of time that it is when a date not written is `date`.
    pub(super) fn place(&self, date: NaiveDate, zone: Zone) -> Result<Range, Unplaced> {
        let day = self.start.date.unwrap_or(date);
        let start_ns = self.start.place(day, zone)?;
        let end_ns = match self.end {
            End::After(length) => start_ns.checked_add(length).ok_or(Unplaced::OutOfRange)?,
            End::At(end) => {
                let same_day = end.place(end.date.unwrap_or(day), zone)?;
                if same_day < start_ns && end.date.is_none() {
                    // Over midnight.
                    let next = day.checked_add_days(Days::new(1)).ok_or(Unplaced::OutOfRange)?;
                    end.place(next, zone)?
                } else {
                    same_day
                }
            }
        };
        match end_ns.cmp(&start_ns) {
            std::cmp::Ordering::Less => Err(Unplaced::Reversed),
            std::cmp::Ordering::Equal => Err(Unplaced::Empty),
            std::cmp::Ordering::Greater => Ok(Range { start_ns, end_ns }),
        }
    }
}

impl Instant {
    fn parse(text: &str) -> Option<Self> {
        let (date, rest) = split_date(text.trim());
        if date.is_some() && rest.is_empty() {
            return Some(Self { date, of_day_ns: 0, offset: None });
        }
        Some(Self { date, ..Self::of_day(rest)? })
    }

    fn of_day(text: &str) -> Option<Self> {
        let text = text.trim();
        let at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
        let (time, zone) = text.split_at_checked(at)?;
        let offset = if zone.is_empty() { None } else { Some(offset(zone)?) };
        Some(Self { date: None, of_day_ns: of_day_ns(time.trim_end())?, offset })
    }

    fn place(&self, date: NaiveDate, zone: Zone) -> Result<i64, Unplaced> {
        let zone = self.offset.map_or(zone, Zone::Fixed);
        let (date, of_day_ns) = if self.of_day_ns >= DAY_NS {
            (date.checked_add_days(Days::new(1)).ok_or(Unplaced::OutOfRange)?, 0)
        } else {
            (date, self.of_day_ns)
        };
        let seconds = u32::try_from(of_day_ns / 1_000_000_000).map_err(|_| Unplaced::OutOfRange)?;
        let nanos = u32::try_from(of_day_ns % 1_000_000_000).map_err(|_| Unplaced::OutOfRange)?;
        let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos);
        zone.place(date.and_time(time.ok_or(Unplaced::OutOfRange)?))
    }
}

/// Splits `2026-11-03T…` into its date and the rest.
fn split_date(text: &str) -> (Option<NaiveDate>, &str) {
    let Some((head, rest)) = text.split_at_checked(10) else { return (None, text) };
    let Ok(date) = NaiveDate::parse_from_str(head, "%Y-%m-%d") else { return (None, text) };
    match rest.strip_prefix(['T', 't', ' ']) {
        Some(time) => (Some(date), time),
        None if rest.is_empty() => (Some(date), rest),
        None => (None, text),
    }
}

/// `14:00`, `9:05:30`, `14:00:00.25`, `24:00`.
fn of_day_ns(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next().unwrap_or("0"));
    if parts.next().is_some() {
        return None;
    }
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let hours = digits(hours, 2)?;
    let (minutes, seconds) = (digits(minutes, 2)?, digits(whole, 2)?);
    let nanos = digits(fraction, 9)? * 10_i64.pow(9 - u32::try_from(fraction.len()).ok()?);
    let total = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + nanos;
    (minutes < 60 && seconds < 60 && total <= DAY_NS).then_some(total)
}

fn digits(text: &str, most: usize) -> Option<i64> {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

/// `Z`, `+02:00`, `-0530`, `+02`.
fn offset(text: &str) -> Option<FixedOffset> {
    if text.eq_ignore_ascii_case("z") {
        return FixedOffset::east_opt(0);
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() > 2 => rest.split_at_checked(rest.len() - 2)?,
        None => (rest, "0"),
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    let seconds = i32::try_from(sign * (hours * 60 + minutes) * 60).ok()?;
    (minutes < 60).then(|| FixedOffset::east_opt(seconds))?
}

/// `15m`, `1h30m`, `90s`, `1d`, `500ms` in nanoseconds.
pub fn duration_ns(text: &str) -> Option<i64> {
    let (mut rest, mut total) = (text, 0_i64);
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, tail) = rest.split_at_checked(number)?;
        let unit = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        let unit_ns: i64 = match unit {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" | "min" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => DAY_NS,
            _ => return None,
        };
        total = total.checked_add(count.parse::<i64>().ok()?.checked_mul(unit_ns)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn placed(text: &str) -> Option<String> {
        let date = NaiveDate::from_ymd_opt(2026, 11, 3).unwrap();
        let range = Written::parse(text)?.place(date, Zone::UTC).ok()?;
        Some(range.to_string())
    }

    #[test]
    fn every_form_of_the_contract_is_read() {
        let quarter = Some("2026-11-03T14:00:00Z/2026-11-03T14:15:00Z".to_owned());
        for text in [
            "14:00-14:15",
            " 14:00 - 14:15 ",
            "14:00–14:15",
            "14:00/15m",
            "14:00/14:15",
            "14:00:00.0-14:15:00",
            "2026-11-03T14:00:00Z/2026-11-03T14:15:00Z",
            "2026-11-03T14:00:00+00:00/2026-11-03T16:15:00+02:00",
            "2026-11-03T14:00/15m",
            "2026-11-03 14:00/900s",
            "2026-11-03T14:00/14:15",
            "2026-11-03T14:00-14:15",
            "2026-11-03T14:00:00.000Z/2026-11-03T14:15:00.000000000Z",
            "2026-11-03T15:00+01:00/15m",
        ] {
            assert_eq!(placed(text), quarter, "{text}");
        }
    }

    #[test]
    fn a_window_may_cross_midnight() {
        let night = Some("2026-11-03T23:50:00Z/2026-11-04T00:10:00Z".to_owned());
        assert_eq!(placed("23:50-00:10"), night);
        assert_eq!(placed("23:50/20m"), night);
        let evening = Some("2026-11-03T23:00:00Z/2026-11-04T00:00:00Z".to_owned());
        assert_eq!(placed("23:00-24:00"), evening);
        assert_eq!(placed("2026-11-03T23:00/2026-11-04"), evening);
    }

    #[test]
    fn durations_add_up() {
        assert_eq!(duration_ns("1h30m"), Some(5_400_000_000_000));
        assert_eq!(duration_ns("90s"), Some(90_000_000_000));
        assert_eq!(duration_ns("500ms"), Some(500_000_000));
        for wrong in ["", "m", "15", "15x", "-5m", "99999999999999999d", "1.5h"] {
            assert_eq!(duration_ns(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in [
            "",
            "14:00",
            "14:00-",
            "-14:15",
            "25:00-26:00",
            "14:60-15:00",
            "14-15",
            "2026-11-03",
            "now/15m",
            "14:00/2026-11-03T14:15",
            "2026-13-03T14:00/15m",
            "14:00:00.0000000001-15:00",
            "14:00-14:15-14:30",
        ] {
            assert!(Written::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn reversed_empty_and_skipped_windows_say_so() {
        let date = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        let place = |text: &str, zone| Written::parse(text).unwrap().place(date, zone);
        let reversed = "2026-11-03T15:00Z/2026-11-03T14:00Z";
        assert_eq!(place(reversed, Zone::UTC), Err(Unplaced::Reversed));
        assert_eq!(place("14:00-14:00", Zone::UTC), Err(Unplaced::Empty));
        assert_eq!(place("14:00/0s", Zone::UTC), Err(Unplaced::Empty));
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(place("02:30-03:30", berlin), Err(Unplaced::SkippedByClock));
        assert!(Zone::parse("Mars/Olympus").is_none());
        assert_eq!(Zone::parse("+02:00"), Zone::parse("+0200"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", near in "[-0-9:TZ/+.hms –d]{0,40}") {
            let date = NaiveDate::MAX;
            for text in [text, near] {
                if let Some(written) = Written::parse(&text) {
                    let _ = written.place(date, Zone::UTC);
                    let _ = written.place(NaiveDate::MIN, Zone::UTC);
                }
                let _ = Zone::parse(&text);
            }
        }
    }
}
