//! Says why a window was slow, and for whom to open a ticket:
//! `cargo run --example diagnose -- spans.parquet 05:01-05:11`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use llmspan::diagnosis::{Owner, Verdict};
use llmspan::error::{Error, Result};
use llmspan::ingest::Options;
use llmspan::windows::WindowArgs;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(input) = arguments.next() else {
        return Err(Error::usage("no dump was given", "give a file, and a window if you know it"));
    };
    // Without a window, spikes are looked for.
    let asked = WindowArgs { window: arguments.next(), ..WindowArgs::default() };
    let (table, ingest) = llmspan::read(&[input], &Options::default())?;
    let diagnosis = llmspan::diagnose(&table, ingest, &asked)?;
    println!("{}", diagnosis.headline);
    if diagnosis.verdict != Verdict::Spike {
        return Ok(());
    }
    for found in &diagnosis.diagnoses {
        println!("{}. {} ({:.0} %)", found.rank, found.cause.id(), found.confidence * 100.0);
        let theirs = matches!(found.owner, Owner::ProviderBatch | Owner::ProviderInfrastructure);
        for call in found.request_ids.iter().take(if theirs { 5 } else { 0 }) {
            println!("   cite {}", call.request_id);
        }
    }
    Ok(())
}
