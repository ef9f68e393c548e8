//! Dumps on disk: OTLP as JSON lines or protobuf, or Parquet in the ClickHouse exporter's layout.

pub mod otlp;
pub mod parquet;

use std::path::Path;

use super::dump::Assembled;
use crate::error::{Error, Result};

/// The form of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One OTLP/JSON request a line.
    Ndjson,
    /// The same, gzip.
    NdjsonGz,
    /// The same, zstd.
    NdjsonZst,
    /// One protobuf request.
    Pb,
    /// The same, zstd.
    PbZst,
    /// Protobuf requests, each behind its length in four bytes.
    LenPb,
    /// The same, zstd.
    LenPbZst,
    /// Parquet as the ClickHouse exporter lays spans out.
    Parquet,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 8] = [
        Self::Ndjson,
        Self::NdjsonGz,
        Self::NdjsonZst,
        Self::Pb,
        Self::PbZst,
        Self::LenPb,
        Self::LenPbZst,
        Self::Parquet,
    ];

    /// Its id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::NdjsonGz => "ndjson.gz",
            Self::NdjsonZst => "ndjson.zst",
            Self::Pb => "pb",
            Self::PbZst => "pb.zst",
            Self::LenPb => "lenpb",
            Self::LenPbZst => "lenpb.zst",
            Self::Parquet => "parquet_ch",
        }
    }

    /// The file's name.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Ndjson => "spans.otlp.ndjson",
            Self::NdjsonGz => "spans.otlp.ndjson.gz",
            Self::NdjsonZst => "spans.otlp.ndjson.zst",
            Self::Pb => "spans.otlp.pb",
            Self::PbZst => "spans.otlp.pb.zst",
            Self::LenPb => "spans.lenprefixed.pb",
            Self::LenPbZst => "spans.lenprefixed.pb.zst",
            Self::Parquet => "spans.parquet",
        }
    }
}

/// Writes the dump; returns its bytes on disk.
pub fn write(assembled: &Assembled, format: Format, path: &Path) -> Result<u64> {
    let broken = |message: String| Error::Output { place: path.display().to_string(), message };
    let bytes = match format {
        Format::Ndjson | Format::NdjsonGz | Format::NdjsonZst => {
            otlp::json_lines(assembled).map_err(broken)?
        }
        Format::Pb | Format::PbZst => otlp::protobuf(assembled),
        Format::LenPb | Format::LenPbZst => otlp::framed(assembled),
        Format::Parquet => parquet::clickhouse(assembled).map_err(broken)?,
    };
    let bytes = match format {
        Format::NdjsonGz => gzip(&bytes).map_err(|error| broken(error.to_string()))?,
        Format::NdjsonZst | Format::PbZst | Format::LenPbZst => {
            zstd::encode_all(bytes.as_slice(), 3).map_err(|error| broken(error.to_string()))?
        }
        _ => bytes,
    };
    std::fs::write(path, &bytes).map_err(|source| Error::Io { path: path.to_owned(), source })?;
    Ok(bytes.len() as u64)
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
