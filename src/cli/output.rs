//! Writes a file whole or not at all: beside its place, then renamed into it.

use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// Writes `bytes` to `path`; a reader sees the old file or the new one, never half of one.
///
/// # Errors
/// The folder does not exist, cannot be written, or is full.
pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |error: std::io::Error| Error::Output {
        place: path.display().to_string(),
        message: error.to_string(),
    };
    // A device or a pipe (/dev/stdout) has no beside.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, bytes).map_err(failed);
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // The part is of no use to anybody, and the first failure is the one to report.
        let _ = fs::remove_file(&part);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.md");
        write_beside(&path, b"old").unwrap();
        write_beside(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_an_output_error_with_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_beside(&folder.path().join("no/r.md"), b"x").unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains("r.md"));
    }
}
