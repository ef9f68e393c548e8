//! The time that an object's key tells, as the collector's exporters partition what they upload.
//!
//! An upload follows the spans in it, so a partition holds what ended in it or, where uploads were
//! late, before: a span of some stretch lies in a partition of that time or a little later.

use chrono::{Duration, NaiveDate};

use super::super::Stretch;

/// A span is uploaded at most this long after its start: its own length, the batch, the retries.
const LATE_NS: i64 = 2 * 3600 * 1_000_000_000;
/// The clocks of those who upload and those who write spans differ by at most this.
const CLOCKS_NS: i64 = 300 * 1_000_000_000;

/// Parts of a time, the coarsest first; each needs the one before.
#[derive(Debug, Default, Clone, Copy)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: Option<u32>,
}

/// The stretch of time that a key, or the beginning of one, stands for: `year=2026/month=11/day=03`
/// and on to the minute, `2026/11/03` with an hour behind it, or `dt=2026-11-03`.
pub fn stretch(key: &str) -> Option<Stretch> {
    let mut parts = Parts::default();
    let mut bare: Vec<u32> = Vec::new();
    for segment in key.split('/') {
        if let Some((name, value)) = segment.split_once('=') {
            parts.set(name, value);
        } else if let Some(number) = digits(segment, bare.len()) {
            bare.push(number);
        } else if bare.len() < 3 {
            bare.clear();
        }
    }
    if parts.year.is_none() && bare.len() >= 3 {
        parts = Parts {
            year: i32::try_from(bare[0]).ok(),
            month: Some(bare[1]),
            day: Some(bare[2]),
            hour: bare.get(3).copied(),
            minute: None,
        };
    }
    parts.stretch()
}

/// Four digits of a year, then two of each finer part.
fn digits(segment: &str, place: usize) -> Option<u32> {
    let length = if place == 0 { 4 } else { 2 };
    let all = segment.len() == length && segment.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| segment.parse().ok()).flatten()
}

impl Parts {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "year" => self.year = value.parse().ok(),
            "month" => self.month = value.parse().ok(),
            "day" => self.day = value.parse().ok(),
            "hour" => self.hour = value.parse().ok(),
            "minute" => self.minute = value.parse().ok(),
            "dt" | "date" => {
                let date = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok();
                if let Some(date) = date {
                    use chrono::Datelike;
                    self.year = Some(date.year());
                    self.month = Some(date.month());
                    self.day = Some(date.day());
                }
            }
            _ => {}
        }
    }

    fn stretch(self) -> Option<Stretch> {
        let year = self.year?;
        let date = NaiveDate::from_ymd_opt(year, self.month.unwrap_or(1), self.day.unwrap_or(1))?;
        let hour = self.day.and(self.hour);
        let minute = hour.and(self.minute);
        let start = date.and_hms_opt(hour.unwrap_or(0), minute.unwrap_or(0), 0)?;
        let end = match (self.month, self.month.and(self.day), hour, minute) {
            (None, ..) => NaiveDate::from_ymd_opt(year + 1, 1, 1)?.and_hms_opt(0, 0, 0)?,
            (Some(12), None, ..) => {
                NaiveDate::from_ymd_opt(year + 1, 1, 1)?.and_hms_opt(0, 0, 0)?
            }
            (Some(month), None, ..) => {
                NaiveDate::from_ymd_opt(year, month + 1, 1)?.and_hms_opt(0, 0, 0)?
            }
            (_, Some(_), None, _) => start + Duration::days(1),
            (_, _, Some(_), None) => start + Duration::hours(1),
            (_, _, _, Some(_)) => start + Duration::minutes(1),
        };
        Some(Stretch {
            start_ns: start.and_utc().timestamp_nanos_opt()?,
            end_ns: end.and_utc().timestamp_nanos_opt()?,
        })
    }
}

/// Whether what lies under a key may hold spans of one of these stretches.
pub fn may_hold(key: &str, times: Option<&[Stretch]>) -> bool {
    let (Some(times), Some(partition)) = (times, stretch(key)) else { return true };
    times.iter().any(|time| {
        partition.end_ns.saturating_add(CLOCKS_NS) > time.start_ns
            && partition.start_ns < time.end_ns.saturating_add(LATE_NS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_NS: i64 = 3_600_000_000_000;

    #[test]
    fn every_layout_of_the_collector_tells_its_time() {
        let lengths = [
            ("p/year=2026", 8760 * 60),
            ("p/year=2026/month=12", 31 * 1440),
            ("p/year=2026/month=11/day=03", 1440),
            ("p/year=2026/month=11/day=03/hour=14/", 60),
            ("year=2026/month=11/day=03/hour=14/minute=05/traces_1.json.gz", 1),
            ("traces/2026/11/03/traces_14_05_00.json", 1440),
            ("traces/2026/11/03/14/x.json", 60),
            ("dt=2026-11-03/x.parquet", 1440),
        ];
        for (key, minutes) in lengths {
            let found = stretch(key).expect(key);
            assert_eq!((found.end_ns - found.start_ns) / (HOUR_NS / 60), minutes, "{key}");
        }
        let at = stretch("year=2026/month=11/day=03/hour=14/minute=05/x").unwrap();
        assert_eq!(at.to_string(), "2026-11-03T14:05:00Z and 2026-11-03T14:06:00Z");
    }

    #[test]
    fn a_key_without_a_time_is_never_left_out() {
        for key in ["", "spans.parquet", "v2/traces/a.json", "year=soon/x", "2026/spans.json"] {
            assert!(stretch(key).is_none(), "{key}");
            assert!(may_hold(key, Some(&[])), "{key}");
        }
    }

    #[test]
    fn late_uploads_are_read_and_other_days_are_not() {
        let start_ns = stretch("year=2026/month=11/day=03/hour=14").unwrap().start_ns;
        let times = [Stretch { start_ns, end_ns: start_ns + HOUR_NS }];
        let holds = |hour: &str| may_hold(&format!("year=2026/month=11/day={hour}"), Some(&times));
        assert!(holds("03/hour=14") && holds("03/hour=16") && holds("03"));
        assert!(!holds("03/hour=13/minute=30") && !holds("03/hour=17") && !holds("02"));
        assert!(may_hold("year=2026/month=11/day=02", None));
    }
}
