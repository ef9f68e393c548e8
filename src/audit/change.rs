//! One change that brings an attribute, and where it helps.

use crate::schema::Col;

/// One change.
#[derive(Debug, Clone, Copy)]
pub struct Fix {
    /// Its id; entries that share one are one change.
    pub id: &'static str,
    /// Dialects whose instrumentation it changes; empty is any.
    pub dialects: &'static [&'static str],
    /// Providers to whom it applies; empty is any.
    pub providers: &'static [&'static str],
    /// Which gaps it closes.
    pub when: When,
    /// Columns that it fills.
    pub closes: &'static [Col],
    /// The dialect that reads what it writes; empty is the one that is there.
    pub read_as: &'static str,
    /// Attributes, documents or events that it makes the spans carry.
    pub writes: &'static [&'static str],
    /// What to do, in one sentence.
    pub change: &'static str,
    /// Language of the snippet.
    pub language: &'static str,
    /// The change itself.
    pub snippet: &'static str,
}

/// Which gaps a change closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Any.
    Always,
    /// One that some calls do not have.
    Partly,
    /// One where the SDK dropped events: the pace of a stream is known and its first chunk is not.
    EventsDropped,
}

/// Where an attribute is missing.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The dialect's id.
    pub dialect: &'a str,
    /// The provider of most calls that lack it; none where none is named.
    pub provider: Option<&'a str>,
    /// Whether the SDK dropped events.
    pub events_dropped: bool,
}

impl Fix {
    /// Whether it closes a gap of that column there; `some` where some calls carry it.
    pub fn helps(&self, col: Col, place: Place<'_>, some: bool) -> bool {
        let listed = |list: &[&str], name: &str| list.is_empty() || list.contains(&name);
        let when = match self.when {
            When::Always => true,
            When::Partly => some,
            When::EventsDropped => place.events_dropped,
        };
        when && self.closes.contains(&col)
            && listed(self.dialects, place.dialect)
            && listed(self.providers, place.provider.unwrap_or_default())
    }
}
