//! Writes a file whole or not at all: beside its place, then renamed into it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes a file with `fill`. A reader of `path` sees what was there before or all of the new
/// content, and a failure leaves what was there. A device or pipe is written to directly.
///
/// # Errors
/// The place cannot be written to, or `fill` failed.
pub fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<()> {
    let failed = |error: io::Error| Error::Output {
        place: path.display().to_string(),
        message: error.to_string(),
    };
    // Through a link to the file itself: renaming onto the link would replace the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let direct = fs::metadata(&target).is_ok_and(|found| !found.is_file());
    if direct {
        let file = OpenOptions::new().write(true).open(&target).map_err(failed)?;
        return filled(file, fill).map(drop).map_err(failed);
    }
    let beside = beside(&target);
    let file = File::create(&beside).map_err(failed)?;
    let written = filled(file, fill)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&beside, &target));
    written.map_err(|error| {
        // The first error is the one to tell; a leftover that cannot be removed changes nothing.
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

fn filled(
    file: File,
    fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> io::Result<File> {
    let mut buffered = BufWriter::with_capacity(1 << 18, file);
    fill(&mut buffered)?;
    buffered.into_inner().map_err(io::IntoInnerError::into_error)
}

fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_failure_half_way_leaves_what_was_there_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.csv");
        write_with(&path, |out| out.write_all(b"old")).unwrap();
        let error = write_with(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("no room"))
        });
        assert!(error.unwrap_err().to_string().contains("no room"));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["calls.csv"]);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_output_error() {
        let error = write_with(Path::new("no/such/folder/x.csv"), |_| Ok(())).unwrap_err();
        assert_eq!(error.exit_code(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("calls.csv"), folder.path().join("latest.csv"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        write_with(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}
