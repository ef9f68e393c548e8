//! What a user sets beside the arguments: `llmspan.toml`, read and checked into plain data.

mod attributes;
mod file;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use attributes::{Mapping, Source, Written};
pub use tables::{AbsentCount, Group, InputCount, OwnDialect, Role, Streamed, Tokens, ZeroCount};

use crate::error::{Error, Result};
use crate::servers::ServerMetrics;
use file::File;

/// The file that is looked for where none is named.
pub const FILE: &str = "llmspan.toml";

/// Longest file that is read: far more than anyone writes by hand.
const LONGEST: usize = 128 << 10;

/// Most attribute names in one file.
const MOST_NAMES: usize = 4000;

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Zone of times that name none.
    pub timezone: Option<String>,
    /// Where columns stand, whatever the dialect; believed before its own rules.
    pub columns: Vec<Mapping>,
    /// Attributes to keep for slicing.
    pub segments: Vec<String>,
    /// Tables for instrumentations that llmspan does not know.
    pub dialects: Vec<OwnDialect>,
    /// What a diagnosis goes by.
    pub standards: Standards,
    /// Whether tenants, sessions and users are told by pseudonyms.
    pub redact: bool,
    /// What the pseudonyms are made with, so that nobody else can try values until one fits.
    pub redact_key: String,
    /// What the servers said of themselves over time.
    pub servers: Arc<ServerMetrics>,
    /// How many times its own size a compressed input may grow to.
    pub max_expansion: Option<u64>,
    /// How large one record of a dump may be.
    pub max_record_bytes: Option<u64>,
}

/// What a diagnosis goes by, where it is not to be the built-in figure.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standards {
    /// What is known of each provider's prompt cache, by `provider` as the call table has it.
    pub cache: BTreeMap<String, CacheFacts>,
    /// What counts as material.
    pub material: Material,
}

/// What is known of a provider's prompt cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheFacts {
    /// Shortest prompt that is cached, tokens.
    pub minimum_tokens: Option<u32>,
    /// How long an entry lives without being read, seconds.
    pub time_to_live_s: Option<f64>,
}

/// Least changes that matter, as factors above 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Material {
    /// Of the typical call (p50).
    pub typical_ratio: Option<f64>,
    /// Of the slow call (p95).
    pub slow_ratio: Option<f64>,
    /// Of the service at the same work.
    pub same_work_ratio: Option<f64>,
    /// Of what your own traffic asks for: lengths, mix, cache.
    pub own_work_ratio: Option<f64>,
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no TOML, or sets something that does not exist or make sense; the
    /// message names the line and the key.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |source| Error::Io { path: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(failed)?;
        Self::parse(&path.display().to_string(), &bytes)
    }

    /// Reads the content of the file of that name.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub fn parse(place: &str, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LONGEST {
            let message = format!("{place}: {} bytes are no settings", bytes.len());
            return Err(Error::usage(message, "give the file described in docs/settings.md"));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count();
            Error::usage(format!("{place}, line {line}: not UTF-8 text"), HELP)
        })?;
        let file: File = toml::from_str(text).map_err(|error| {
            located(place, text, error.span().unwrap_or_default(), error.message())
        })?;
        let settings = file.checked(place, text)?;
        let names = settings.names();
        if names > MOST_NAMES {
            let message = format!("{place}: {names} attribute names are more than {MOST_NAMES}");
            return Err(Error::usage(message, "name only what a diagnosis needs"));
        }
        Ok(settings)
    }

    fn names(&self) -> usize {
        let own = self.dialects.iter().map(|own| own.columns.len() + own.segments.len());
        self.columns.len() + self.segments.len() + own.sum::<usize>()
    }
}

impl Standards {
    /// Seconds after which an unread cache entry of that provider is gone.
    pub fn time_to_live_s(&self, provider: Option<&str>, usual_s: f64) -> f64 {
        self.facts(provider).and_then(|facts| facts.time_to_live_s).unwrap_or(usual_s)
    }

    /// Shortest prompt that the provider caches, tokens; 0 where nothing was said.
    pub fn minimum_tokens(&self, provider: Option<&str>) -> f64 {
        self.facts(provider).and_then(|facts| facts.minimum_tokens).map_or(0.0, f64::from)
    }

    fn facts(&self, provider: Option<&str>) -> Option<&CacheFacts> {
        self.cache.get(provider?)
    }
}

const HELP: &str = "docs/settings.md lists every key with an example";

/// An error at these bytes of the file.
fn located(place: &str, text: &str, span: std::ops::Range<usize>, message: &str) -> Error {
    let before = text.get(..span.start).unwrap_or_default();
    let line = 1 + before.matches('\n').count();
    let written = text.lines().nth(line - 1).unwrap_or_default().trim();
    let key = match written.split_once('=') {
        Some((key, _)) => key.trim(),
        None => written.trim_matches(['[', ']', ' ']),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-\"' ".contains(c);
    let key = if key.len() <= 80 && !key.is_empty() && key.chars().all(plain) {
        format!(", key `{key}`")
    } else {
        String::new()
    };
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Error::usage(format!("{place}, line {line}{key}: {message}"), HELP)
}

#[cfg(test)]
mod tests;
