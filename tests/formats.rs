//! Every container, spelling and compression of OTLP gives the same spans.

mod support;

use std::path::Path;

use llmspan::ingest::{self, Ingested, Options};
use support::wanted::{genai, render};

fn read(path: &Path) -> llmspan::error::Result<Ingested> {
    ingest::read(&[path.display().to_string()], &genai(), &Options::default())
}

#[test]
fn every_form_of_a_real_dump_gives_the_same_spans() {
    let Some(root) = support::shared("realspans") else { return };
    let mut compared = 0;
    for dialect in root.read_dir().unwrap() {
        let dialect = dialect.unwrap().path();
        if !dialect.is_dir() {
            continue;
        }
        let forms: Vec<_> = [
            "spans.otlp.ndjson.gz",
            "spans.otlp.pb.zst",
            "spans.lenprefixed.pb",
            "spans.collector-compression-zstd.json.bin",
            "spans.collector-compression-zstd.proto.bin",
        ]
        .iter()
        .map(|form| dialect.join(form))
        .filter(|path| path.exists())
        .collect();
        let mut first: Option<String> = None;
        for form in forms {
            let ingested = read(&form).unwrap();
            assert!(!ingested.ingest.lost_any(), "{}: {:?}", form.display(), ingested.ingest.files);
            let text = render(&ingested);
            assert!(!ingested.spans.spans.is_empty(), "{}", form.display());
            let first = first.get_or_insert_with(|| text.clone());
            assert!(*first == text, "{} differs", form.display());
            compared += 1;
        }
    }
    assert!(compared >= 60, "{compared}");
}
