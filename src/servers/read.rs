//! Finds and opens the files of server metrics, and tells their forms apart.

use std::io::Read;
use std::path::Path;

use super::{Sample, ServerMetrics, otlp, text};
use crate::error::{Error, Result};

/// Largest content of one file: a day of snapshots every 15 seconds has a tenth of it.
const LARGEST: u64 = 1 << 30;

const HELP: &str = "give the text of a server's /metrics, saved with its time in the file's name \
                    (vllm_2026-11-03T14:00:00Z.prom) or in a comment, or OTLP metrics as JSON; \
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
    let content = content(path)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = file.trim_end_matches(".gz");
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

fn content(path: &Path) -> Result<String> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        let mut decoder = flate2::read::MultiGzDecoder::new(&bytes[..]).take(LARGEST + 1);
        decoder.read_to_end(&mut out).map_err(failed)?;
        if out.len() as u64 > LARGEST {
            let message = "a decompression bomb: its content passes 1 GiB";
            return Err(Error::input(path.display().to_string(), message, HELP));
        }
        bytes = out;
    }
    String::from_utf8(bytes).map_err(|_| {
        let message = "binary content, and no text of metrics";
        Error::input(path.display().to_string(), message, HELP)
    })
}
