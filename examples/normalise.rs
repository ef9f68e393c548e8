//! Writes one row per LLM call as JSON lines, and computes a figure from the columns:
//! `cargo run --example normalise -- spans.parquet calls.ndjson`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::fs::File;
use std::io::BufWriter;

use llmspan::error::{Error, Result};
use llmspan::ingest::{CanonicalFormat, Options};
use llmspan::schema::Col;
use llmspan::stats::quantile::quantile;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err(Error::usage("two files are needed", "give IN and OUT"));
    };
    let (table, _) = llmspan::read(&[input], &Options::default())?;
    let io = |source| Error::Io { path: output.clone().into(), source };
    let mut file = BufWriter::new(File::create(&output).map_err(io)?);
    table.write(CanonicalFormat::Ndjson, &mut file).map_err(io)?;
    // A number that is not known is NaN here and null in the file; quantiles leave it out.
    let ttft_s = table.numbers(Col::TtftS);
    match quantile(&ttft_s, 0.95) {
        Some(p95) => println!("{} calls, TTFT p95 {p95:.3} s", table.len()),
        None => println!("{} calls, none tells its TTFT", table.len()),
    }
    Ok(())
}
