//! Reads dumps of spans and says what was in them: `cargo run --example read -- spans.parquet`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use llmspan::error::Result;
use llmspan::ingest::Options;

fn main() -> Result<()> {
    let inputs: Vec<String> = std::env::args().skip(1).collect();
    let (table, ingest) = llmspan::read(&inputs, &Options::default())?;
    println!("{} spans, {} LLM calls", ingest.spans, table.len());
    for (dialect, calls) in &ingest.dialects {
        println!("{dialect}: {calls}");
    }
    for file in &ingest.files {
        for loss in &file.losses {
            println!("{}: {} x {}, first at {}", file.file, loss.count, loss.reason, loss.first);
        }
    }
    Ok(())
}
