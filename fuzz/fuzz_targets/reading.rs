//! Reads bytes as a dump, through a file as every input comes.

use llmspan::ingest::Options;

thread_local! {
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder for one file");
}

/// Reads to the call table; a fault inside a reader is a finding although a run survives it.
pub fn read(bytes: &[u8]) {
    let path = FOLDER.with(|folder| folder.path().join("dump"));
    std::fs::write(&path, bytes).expect("room for one file");
    let options = Options { max_expansion: 50, ..Options::default() };
    if let Ok((_, ingest)) = llmspan::read(&[path.display().to_string()], &options) {
        let mut losses = ingest.files.iter().flat_map(|file| &file.losses);
        assert!(!losses.any(|loss| loss.reason.contains("on which the reader failed")));
    }
}
