//! Inputs that are not on this machine: tables of spans in ClickHouse, and object stores.
//!
//! What is asked is made here in every build, so that `--dry-run` can always show it; asking is
//! behind the cargo feature `remote`, which keeps a TLS and HTTP stack out of the others.

#[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "nobody is asked"))]
mod address;
#[cfg(feature = "remote")]
mod clickhouse;
#[cfg(feature = "remote")]
mod counts;
#[cfg(feature = "remote")]
mod network;
#[cfg(feature = "remote")]
mod objects;
#[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "nobody is asked"))]
mod sql;
mod stretch;

use std::fmt;
use std::sync::{Arc, Mutex};

pub use stretch::Stretch;

pub use self::sql::Bins;

use self::address::Address;
use super::discover::Found;
use super::progress::Progress;
use super::wanted::Wanted;
use crate::diagnosis::ServerCounts;
#[cfg(not(feature = "remote"))]
use crate::error::Error;
use crate::error::Result;

/// What is asked of inputs that are not on this machine.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The stretches of time that are needed; none where it is not known.
    pub times: Option<Vec<Stretch>>,
    /// The window, where one was given: what is counted in it is told apart.
    pub window: Option<Stretch>,
    /// Length of the bins in which a server counts, nanoseconds; minutes unless said.
    pub bin_ns: Option<i64>,
    /// Whether tables in object stores are read with every column.
    pub whole: bool,
    /// Where to write down what was asked.
    pub asked: Option<Arc<Asked>>,
}

/// What was asked of others, in order.
#[derive(Debug, Default)]
pub struct Asked(Mutex<Vec<String>>);

impl Asked {
    /// Writes down one question.
    #[cfg_attr(not(feature = "remote"), allow(dead_code, reason = "nobody is asked"))]
    fn note(&self, question: String) {
        if let Ok(mut all) = self.0.lock() {
            all.push(question);
        }
    }

    /// Every question so far.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().map(|all| all.clone()).unwrap_or_default()
    }
}

/// Something that gives its bytes when it is asked.
pub(super) trait Fetch: fmt::Debug + Send + Sync {
    /// All of its bytes.
    fn fetch(&self, progress: Option<&Progress>) -> Result<Vec<u8>>;

    /// Whether two fetches give the same order.
    fn in_order(&self) -> bool;

    /// How many bytes it has, where that is known before.
    fn size(&self) -> Option<u64>;

    /// What of it is not read on purpose, in words for the report, and how many calls that are.
    fn left_out(&self) -> Option<(String, u64)> {
        None
    }

    /// What was counted of all of it, where only a sample is read.
    fn counted(&self) -> Option<Arc<ServerCounts>> {
        None
    }

    /// What it means that there is no span in it, and what to do.
    fn when_empty(&self) -> (String, String);
}

/// Whether an input is not on this machine.
pub fn is_remote(input: &str) -> bool {
    Address::is(input)
        || ["s3://", "gs://", "az://", "https://", "http://"]
            .iter()
            .any(|scheme| input.starts_with(scheme))
}

/// Whether an input is a table in a database, which sends only what is understood of it.
pub fn is_table(input: &str) -> bool {
    Address::is(input)
}

/// What there is to read behind such an input.
#[cfg(feature = "remote")]
pub(super) fn open(input: &str, terms: &Terms, wanted: &Wanted) -> Result<Vec<Found>> {
    if Address::is(input) {
        return clickhouse::open(input, terms, wanted).map(|found| vec![found]);
    }
    objects::open(input, terms, wanted)
}

/// What there is to read behind such an input: nothing in this build.
#[cfg(not(feature = "remote"))]
pub(super) fn open(input: &str, _terms: &Terms, _wanted: &Wanted) -> Result<Vec<Found>> {
    let (scheme, _) = input.split_once("://").unwrap_or_default();
    Err(Error::usage(
        format!("this llmspan was built to read files only, and {scheme}:// is none"),
        "use a released binary or build with `--features remote`; or let --dry-run print the \
         query, run it with clickhouse-client, and read the Parquet that it writes",
    ))
}

/// What would be asked for these inputs, without asking anybody.
///
/// # Errors
/// An address that says nothing, or a time that is missing.
pub fn questions(inputs: &[String], terms: &Terms, wanted: &Wanted) -> Result<Vec<String>> {
    let mut questions = Vec::new();
    for input in inputs {
        if Address::is(input) {
            let address = Address::parse(input)?;
            let times = stretch::needed(&address, terms)?;
            let columns = sql::Columns::of_the_exporter();
            let (address, times) = (&address, times.as_slice());
            let layout = sql::Layout::Map;
            let asking = sql::Asking { address, columns: &columns, layout, times, wanted };
            questions.push(sql::describe(address));
            let one_in = address.sample.unwrap_or(1);
            questions.push(format!(
                "-- of more than {} a sample is read\n{}",
                address.limits.max_calls,
                asking.count()
            ));
            questions.push(format!(
                "-- only where a sample is read: every call, counted by time and slice\n{}",
                asking.tally(one_in, &Bins::new(terms))
            ));
            questions.push(format!(
                "-- for the columns of the collector's exporter; the answer to the first question \
                 decides\n{}",
                asking.select(one_in)
            ));
        } else {
            questions.push(format!("-- reads {}", shown(input)));
        }
    }
    Ok(questions)
}

/// An input as reports name it: without what may be secret, such as a signature.
pub fn shown(input: &str) -> String {
    let Some((scheme, rest)) = input.split_once("://").filter(|_| is_remote(input)) else {
        return input.to_owned();
    };
    let place = if Address::is(input) { rest } else { rest.split(['?', '#']).next().unwrap_or("") };
    let (authority, path) = place.split_at(place.find(['/', '?']).unwrap_or(place.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        assert_eq!(shown("https://h/a.parquet?sig=x"), "https://h/a.parquet");
        assert_eq!(shown("https://me:pw@h/a"), "https://h/a");
        assert_eq!(shown("clickhouse://me@h:1/db?table=t"), "clickhouse://h:1/db?table=t");
        assert_eq!(shown("a?b@c"), "a?b@c");
    }

    #[test]
    fn a_question_can_be_read_without_asking_anybody() {
        let times = Some(vec![Stretch { start_ns: 0, end_ns: 1 }]);
        let inputs = ["clickhouse://h/otel".to_owned(), "a.json".to_owned()];
        let terms = Terms { times, ..Terms::default() };
        let questions = questions(&inputs, &terms, &Wanted::default()).unwrap();
        assert_eq!(questions.len(), 5);
        assert!(questions[0].starts_with("DESCRIBE TABLE `otel`.`otel_traces`"));
        let terms = Terms::default();
        let error = super::questions(&inputs, &terms, &Wanted::default()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
