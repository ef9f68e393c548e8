//! Finds and opens the files of server metrics, and tells their forms apart.

use std::io::Read;
use std::path::Path;

use super::{Sample, ServerMetrics, otlp, proto, text};
use crate::error::{Error, Result};

/// Largest content of one file: a day of snapshots every 15 seconds has a tenth of it.
const LARGEST: u64 = 1 << 30;

const HELP: &str = "give the text of a server's /metrics, saved with its time in the file's name \
                    (vllm_2026-11-03T14:00:00Z.prom) or in a comment, or OTLP metrics as JSON or protobuf; \
                    docs/server-metrics.md says more";

/// Reads files and folders of server metrics.
///
/// # Errors
/// A file that cannot be read or is of another kind, or files in which no metric is known.
pub fn read(inputs: &[String]) -> Result<ServerMetrics> {
    let mut samples = Vec::new();
    for input in inputs {
        let path = Path::new(input);
        if path.is_dir() {
            let failed = |source| Error::Io { path: path.to_owned(), source };
            let entries = std::fs::read_dir(path).map_err(failed)?;
            let mut files = Vec::new();
            for entry in entries {
                let file = entry.map_err(failed)?.path();
                if file.is_file() {
                    files.push(file);
                }
            }
            files.sort();
            for file in files {
                samples.extend(read_file(&file)?);
            }
        } else {
            samples.extend(read_file(path)?);
        }
    }
    if samples.is_empty() && !inputs.is_empty() {
        let message = "no metric of vLLM, SGLang, TGI, TensorRT-LLM or Dynamo is in these files";
        return Err(Error::input(inputs.join(", "), message, HELP));
    }
    Ok(ServerMetrics::new(samples))
}

fn read_file(path: &Path) -> Result<Vec<Sample>> {
    let name = path.display().to_string();
    let bytes = content(path)?;
    // Protobuf begins with a field's tag, which is a line break, or with a length.
    if bytes.first().is_some_and(|byte| *byte == b'\n' || *byte == 0)
        && let Some(samples) = proto::read(&bytes, "server")
    {
        return Ok(samples);
    }
    let content = String::from_utf8(bytes).map_err(|_| {
        Error::input(&name, "binary content, and no text and no OTLP protobuf of metrics", HELP)
    })?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = file.trim_end_matches(".gz").trim_end_matches(".zst");
    let stem =
        [".prom", ".txt", ".metrics"].iter().fold(stem, |stem, end| stem.trim_end_matches(end));
    if content.trim_start().starts_with(['{', '[']) {
        let help = "give OTLP metrics (`resourceMetrics`)";
        return otlp::read(&content, "server")
            .ok_or_else(|| Error::input(name, "JSON that is no export of OTLP metrics", help));
    }
    text::read(&content, "server", text::time_in(stem))
        .map_err(|message| Error::input(name, message, HELP))
}

/// A file's content, its compression taken off.
fn content(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
    if !bytes.starts_with(&GZIP) && !bytes.starts_with(&ZSTD) {
        return Ok(bytes);
    }
    unpacked(&bytes, LARGEST).ok_or_else(|| {
        let message = "compressed content that is damaged, or a decompression bomb beyond 1 GiB";
        Error::input(path.display().to_string(), message, HELP)
    })
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What lies in gzip or zstd; none where it is damaged or larger than `most`.
pub(super) fn unpacked(bytes: &[u8], most: u64) -> Option<Vec<u8>> {
    let decoder: Box<dyn Read + '_> = if bytes.starts_with(&GZIP) {
        Box::new(flate2::read::MultiGzDecoder::new(bytes))
    } else {
        Box::new(zstd::stream::read::Decoder::new(bytes).ok()?)
    };
    let mut out = Vec::new();
    decoder.take(most + 1).read_to_end(&mut out).ok()?;
    (out.len() as u64 <= most).then_some(out)
}
