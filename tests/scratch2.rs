#[test]
fn read_works() {
    for f in std::env::var("FILES").unwrap().split(',') {
        let r = llmspan::read(&[f.to_owned()], &llmspan::ingest::Options::default());
        match r { Ok((t, i)) => eprintln!("{f}: {} rows, {} spans {:?} {:?} {:?}", t.len(), i.spans, i.dialects, i.folded, i.rejected), Err(e) => eprintln!("{f}: {e}") }
    }
}
