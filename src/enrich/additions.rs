//! What the call table adds to each span, under the proposed names (`dialects/proposed.rs`).

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::calls::CallTable;
use crate::schema::Col;

/// A value to add.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number.
    Float(f64),
}

/// What one span gets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Addition {
    /// Attributes, unless the span has one of that name.
    pub attributes: Vec<(&'static str, Value)>,
    /// The reason of a cache miss and how it is known, unless the span has that event.
    pub cache_miss: Option<(String, &'static str)>,
}

/// The name of the event, and of its attributes.
pub const CACHE_MISS: &str = "cache_miss";
pub const REASON: &str = "reason";
pub const SOURCE: &str = "source";

/// What every span gets, by trace and span id.
#[derive(Debug, Default)]
pub struct Additions {
    by_span: HashMap<(String, String), Addition, FixedState>,
}

const NUMBERS: [(Col, &str); 6] = [
    (Col::CacheHitRatio, "gen_ai.usage.cache_hit_ratio"),
    (Col::DecodeS, "gen_ai.response.decode_duration"),
    (Col::ItlS, "gen_ai.response.inter_token_latency.mean"),
    (Col::ItlP50S, "gen_ai.response.inter_token_latency.p50"),
    (Col::ItlP95S, "gen_ai.response.inter_token_latency.p95"),
    (Col::ItlP99S, "gen_ai.response.inter_token_latency.p99"),
];
const TEXTS: [(Col, &str); 3] = [
    (Col::RequestId, "gen_ai.provider.request_id"),
    (Col::Region, "gen_ai.provider.region"),
    (Col::PoolId, "gen_ai.provider.pool_id"),
];

impl Additions {
    /// Reads them off the table.
    pub fn of(table: &CallTable) -> Self {
        let numbers = NUMBERS.map(|(col, name)| (table.numbers(col), name));
        let texts = TEXTS.map(|(col, name)| (table.codes(col.name()), name));
        let [trace, span, reason, source] =
            [Col::TraceId, Col::SpanId, Col::CacheMissReason, Col::CacheMissReasonSource]
                .map(|col| table.codes(col.name()));
        let mut by_span = HashMap::default();
        for row in 0..table.len() {
            let (Some(trace), Some(span)) = (trace.get(row), span.get(row)) else { continue };
            let mut addition = Addition::default();
            for (values, name) in &numbers {
                if values[row].is_finite() {
                    addition.attributes.push((name, Value::Float(values[row])));
                }
            }
            for (values, name) in &texts {
                if let Some(text) = values.get(row) {
                    addition.attributes.push((name, Value::Text(text.to_owned())));
                }
            }
            addition.cache_miss = reason.get(row).map(|reason| {
                let seen = source.get(row) == Some("span");
                (reason.to_owned(), if seen { "observed" } else { "inferred" })
            });
            if addition != Addition::default() {
                by_span.insert((trace.to_owned(), span.to_owned()), addition);
            }
        }
        Self { by_span }
    }

    /// Every name that can be added, and whether its values are numbers.
    pub(crate) fn names() -> impl Iterator<Item = (&'static str, bool)> {
        let numbers = NUMBERS.iter().map(|(_, name)| (*name, true));
        numbers.chain(TEXTS.iter().map(|(_, name)| (*name, false)))
    }

    /// How many spans get something.
    pub fn len(&self) -> usize {
        self.by_span.len()
    }

    /// Whether no span gets anything.
    pub fn is_empty(&self) -> bool {
        self.by_span.is_empty()
    }

    /// What a span gets beyond what it has; ids in lower-case hex.
    pub(crate) fn new_to(
        &self,
        (trace, span): (&str, &str),
        has_attribute: impl Fn(&str) -> bool,
        has_event: bool,
    ) -> Option<Addition> {
        let known = self.by_span.get(&(trace.to_owned(), span.to_owned()))?;
        let attributes = known.attributes.iter().filter(|(name, _)| !has_attribute(name));
        let new = Addition {
            attributes: attributes.cloned().collect(),
            cache_miss: known.cache_miss.clone().filter(|_| !has_event),
        };
        (new != Addition::default()).then_some(new)
    }
}
