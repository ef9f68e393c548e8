//! Counts the attribute names that were met and that no table asked for.
//!
//! Names only, never values; and a name that is none (an exporter may put anything there) is
//! counted without being told.

use std::collections::HashMap;
use std::sync::Mutex;

/// Most distinct names that are told apart: some exporters write content into names.
const MOST: usize = 4096;
/// Longest name that is told, bytes, and longest part between two dots.
const LONGEST: usize = 120;
const LONGEST_PART: usize = 40;

/// Attribute names by how often they were met; shared by the threads that read.
#[derive(Debug, Default)]
pub struct Census {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    names: HashMap<Box<[u8]>, u64, foldhash::fast::FixedState>,
    untold: u64,
}

/// What a census found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread {
    /// Names with how often they were met, most frequent first.
    pub names: Vec<(String, u64)>,
    /// Attributes whose name is not told: it is no identifier, or there were too many.
    pub untold: u64,
}

impl Census {
    /// Counts one attribute.
    pub fn met(&self, name: &[u8]) {
        self.met_times(name, 1);
    }

    /// Counts an attribute that was met so many times.
    pub fn met_times(&self, name: &[u8], times: u64) {
        let Ok(mut counts) = self.counts.lock() else { return };
        if let Some(count) = counts.names.get_mut(name) {
            *count += times;
        } else if counts.names.len() < MOST && name.len() <= LONGEST {
            counts.names.insert(name.into(), times);
        } else {
            counts.untold += times;
        }
    }

    /// What was met so far; places in a list (`message.0.role`, `message.1.role`) as one name.
    pub fn unread(&self) -> Unread {
        let Ok(counts) = self.counts.lock() else { return Unread::default() };
        let mut unread = Unread { names: Vec::new(), untold: counts.untold };
        let mut names: HashMap<String, u64> = HashMap::new();
        for (name, count) in &counts.names {
            match std::str::from_utf8(name).ok().and_then(told) {
                Some(name) => *names.entry(name).or_default() += count,
                None => unread.untold += count,
            }
        }
        unread.names = names.into_iter().collect();
        unread.names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        unread
    }
}

/// The name as it is told; none where it is no identifier.
fn told(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let parts: Option<Vec<&str>> = name.split('.').map(part).collect();
    parts.map(|parts| parts.join("."))
}

/// A part between dots: a number is a place in a list, and what looks like a key or an id is not
/// told.
fn part(part: &str) -> Option<&str> {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    if digits > 0 && digits == part.len() {
        return Some("*");
    }
    let secret = part.len() > LONGEST_PART || digits > 6 || part.starts_with("sk-");
    (!secret).then_some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted_and_lists_are_one_name() {
        let census = Census::default();
        for name in ["b", "message.0.role", "message.1.role", "a", "message.11.role", "b"] {
            census.met(name.as_bytes());
        }
        let named = |name: &str, count| (name.to_owned(), count);
        let expected = vec![named("message.*.role", 3), named("b", 2), named("a", 1)];
        assert_eq!(census.unread(), Unread { names: expected, untold: 0 });
    }

    #[test]
    fn what_is_no_name_is_counted_and_not_told() {
        let census = Census::default();
        let long = "x".repeat(1000);
        let names = [
            "Tell me about our merger",
            "sk-ant-api03-AbCdEf",
            "a.sk-ant-api03",
            "\u{1b}[31m",
            "id.0123456789abcdef",
            &long,
        ];
        names.iter().for_each(|name| census.met(name.as_bytes()));
        census.met(&[0xff, 0xfe]);
        assert_eq!(census.unread(), Unread { names: Vec::new(), untold: 7 });
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let census = Census::default();
        for number in 0..2 * MOST {
            census.met(format!("n{number}x").as_bytes());
        }
        let unread = census.unread();
        assert_eq!(unread.names.len(), MOST);
        assert_eq!(unread.untold, MOST as u64);
    }
}
