//! The prefix cache of one replica: what of a prompt's shared prefix is still there.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::simulate::rng::mix;

/// A stretch of a prompt that other prompts may share, named by a hash of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Identity of the content.
    pub hash: u64,
    /// Its length in tokens.
    pub tokens: u32,
}

/// The shareable prefix of a prompt, first segment first.
pub type Prefix = Arc<[Segment]>;

/// How a cache behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CacheSpec {
    /// Tokens that fit: an entry is gone once this many tokens were touched after it.
    pub capacity_tokens: f64,
    /// Seconds without use after which an entry expires.
    pub ttl_s: f64,
    /// Shortest prefix that is cached, tokens.
    pub min_tokens: u32,
    /// Reads are multiples of this many tokens.
    pub granularity_tokens: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    clock: f64,
    used_s: f64,
}

/// Least-recently-used by stack distance: the tokens touched since an entry's last use.
#[derive(Debug, Clone)]
pub struct PrefixCache {
    spec: CacheSpec,
    /// Share of the capacity that is in use now (an incident lowers it).
    pub capacity_factor: f64,
    clock: f64,
    entries: HashMap<u64, Entry, FixedState>,
}

/// The cumulative hashes and token counts of a prefix.
pub fn chain(prefix: &[Segment]) -> impl Iterator<Item = (u64, u32)> + '_ {
    prefix.iter().scan((0_u64, 0_u32), |(hash, tokens), segment| {
        *hash = mix(&[*hash, segment.hash, u64::from(segment.tokens)]);
        *tokens = tokens.saturating_add(segment.tokens);
        Some((*hash, *tokens))
    })
}

impl PrefixCache {
    /// An empty cache.
    pub fn new(spec: CacheSpec) -> Self {
        Self { spec, capacity_factor: 1.0, clock: 0.0, entries: HashMap::default() }
    }

    /// How many tokens of the prefix can be read at `now_s`.
    pub fn read_tokens(&self, prefix: &[Segment], now_s: f64) -> u32 {
        let live = |hash: &u64| {
            self.entries.get(hash).is_some_and(|entry| {
                now_s - entry.used_s <= self.spec.ttl_s
                    && self.clock - entry.clock <= self.spec.capacity_tokens * self.capacity_factor
            })
        };
        let found = chain(prefix).take_while(|(hash, _)| live(hash)).last();
        let tokens = found.map_or(0, |(_, tokens)| tokens);
        let whole = tokens - tokens % self.spec.granularity_tokens.max(1);
        if whole < self.spec.min_tokens { 0 } else { whole }
    }

    /// Records that the prefix was computed or read at `now_s`, and that a prompt passed through.
    pub fn touch(&mut self, prefix: &[Segment], prompt_tokens: f64, now_s: f64) {
        self.clock += prompt_tokens;
        let entry = Entry { clock: self.clock, used_s: now_s };
        for (hash, _) in chain(prefix) {
            self.entries.insert(hash, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: CacheSpec = CacheSpec {
        capacity_tokens: 10_000.0,
        ttl_s: 300.0,
        min_tokens: 1024,
        granularity_tokens: 128,
    };

    fn segments(hashes: &[u64]) -> Vec<Segment> {
        hashes.iter().map(|hash| Segment { hash: *hash, tokens: 1000 }).collect()
    }

    #[test]
    fn reads_the_longest_common_prefix_in_whole_blocks() {
        let mut cache = PrefixCache::new(SPEC);
        cache.touch(&segments(&[1, 2, 3]), 3000.0, 0.0);
        assert_eq!(cache.read_tokens(&segments(&[1, 2, 9]), 1.0), 1920);
        assert_eq!(cache.read_tokens(&segments(&[1, 9, 3]), 1.0), 0, "below the minimum");
        assert_eq!(cache.read_tokens(&segments(&[9, 2, 3]), 1.0), 0, "an edit at the head");
    }

    #[test]
    fn forgets_by_idle_time_and_by_pressure() {
        let mut cache = PrefixCache::new(SPEC);
        cache.touch(&segments(&[1, 2]), 2000.0, 0.0);
        assert_eq!(cache.read_tokens(&segments(&[1, 2]), 301.0), 0);
        cache.touch(&segments(&[1, 2]), 2000.0, 310.0);
        cache.touch(&[], 10_001.0, 311.0);
        assert_eq!(cache.read_tokens(&segments(&[1, 2]), 312.0), 0);
    }
}
