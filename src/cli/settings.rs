//! The settings of a run: `llmspan.toml`, and the options that every command takes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::error::Result;
use crate::settings::{FILE, Settings};

/// Options of every command.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct SettingsArgs {
    /// Settings: attribute mappings, own dialects, thresholds, time zone [default: llmspan.toml
    /// in the working directory, where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What the inference server said of itself: its /metrics as text, or OTLP metrics as JSON
    /// or protobuf; a file or a folder of snapshots; may be given several times
    #[arg(long, global = true, value_name = "FILE")]
    pub server_metrics: Vec<String>,

    /// Tell tenants, sessions and users by stable pseudonyms
    #[arg(long, global = true)]
    pub redact: bool,

    /// Times its own size to which a compressed input may grow; beyond it is taken for a
    /// decompression bomb [default: 1000]
    #[arg(long, global = true, value_name = "TIMES", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_expansion: Option<u64>,

    /// MiB that one record of a dump may take (a line, a frame, a JSON value): records are held in
    /// memory whole; a longer one is cut there and told as lost [default: 1024]
    #[arg(long, global = true, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub max_record: Option<u64>,
}

impl SettingsArgs {
    /// What is set for this run.
    pub fn resolve(&self) -> Result<Settings> {
        let usual = Path::new(FILE);
        let found = match &self.config {
            Some(path) => Settings::read(path)?,
            None if usual.is_file() => Settings::read(usual)?,
            None => Settings::default(),
        };
        let servers = Arc::new(crate::servers::read(&self.server_metrics)?);
        let Self { redact, max_expansion, max_record, .. } = *self;
        let max_record_bytes = max_record.map(|mebibytes| mebibytes << 20);
        Ok(Settings { redact, max_expansion, max_record_bytes, servers, ..found })
    }
}
