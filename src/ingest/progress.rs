//! How far reading has come, for whoever waits: counters that others may look at meanwhile.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Bytes become spans.
    Reading,
    /// Spans become LLM calls.
    Assembling,
    /// The calls are judged.
    Judging,
}

/// The counters. They only ever tell; nothing that is concluded depends on them.
#[derive(Debug, Default)]
pub struct Progress {
    total_bytes: AtomicU64,
    bytes: AtomicU64,
    spans: AtomicU64,
    calls: AtomicU64,
    stage: AtomicU8,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    /// What is being done.
    pub stage: Stage,
    /// Bytes of all files, as they are stored; 0 where not known (standard input).
    pub total_bytes: u64,
    /// Stored bytes whose spans were read.
    pub bytes: u64,
    /// Spans seen, LLM calls or not.
    pub spans: u64,
    /// LLM calls; 0 until they are assembled.
    pub calls: u64,
}

impl Progress {
    /// The counters now.
    pub fn reached(&self) -> Reached {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Reached {
            stage: match self.stage.load(Ordering::Relaxed) {
                0 => Stage::Reading,
                1 => Stage::Assembling,
                _ => Stage::Judging,
            },
            total_bytes: of(&self.total_bytes),
            bytes: of(&self.bytes),
            spans: of(&self.spans),
            calls: of(&self.calls),
        }
    }

    /// Sets how many bytes there are.
    pub(super) fn expect_bytes(&self, bytes: u64) {
        self.total_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Counts what was read.
    pub(super) fn read(&self, bytes: u64, spans: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.spans.fetch_add(spans, Ordering::Relaxed);
    }

    /// The spans are read.
    pub(crate) fn assembling(&self) {
        self.stage.store(1, Ordering::Relaxed);
    }

    /// The calls are assembled.
    pub(crate) fn judging(&self, calls: usize) {
        self.calls.store(calls as u64, Ordering::Relaxed);
        self.stage.store(2, Ordering::Relaxed);
    }
}
