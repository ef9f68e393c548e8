//! What a window cost beside the same calls in the baseline: tokens always, money where a price is
//! known.

use serde::Serialize;

/// The window's bill against that of the same kinds of calls at the baseline's usual tokens.
#[derive(Debug, Clone, Serialize)]
pub struct Cost {
    /// Calls of the window whose tokens are known and whose kind the baseline knows.
    pub calls: usize,
    /// Calls of the window that are left out: their tokens are not known, or the baseline does not
    /// know their kind.
    pub left_out: usize,
    /// Tokens of those calls.
    pub window: Tokens,
    /// Tokens that as many calls of the same kinds take in the baseline.
    pub usual: Tokens,
    /// Money; null where no price is known for any of them.
    pub money: Option<Money>,
}

/// Tokens by what they are billed as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Tokens {
    /// Prompt tokens that the cache did not hold, cache writes not included.
    pub uncached: f64,
    /// Prompt tokens read from the cache.
    pub cache_read: f64,
    /// Prompt tokens written to the cache.
    pub cache_write: f64,
    /// Tokens of the answers, reasoning included.
    pub output: f64,
}

/// Money at list prices.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Money {
    /// Always `USD` in the built-in table.
    pub currency: String,
    /// The date of the oldest price that was used.
    pub prices_as_of: String,
    /// Calls for whose model a price is known; the sums are of these.
    pub priced_calls: usize,
    /// What they cost.
    pub window: f64,
    /// What as many calls of the same kinds cost in the baseline.
    pub usual: f64,
    /// The difference.
    pub added: f64,
    /// Lower end of the difference's 95 % interval, from blocks of time.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
}
