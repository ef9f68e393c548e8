//! Renders one conclusion in several forms: `cargo run --example render -- spans.parquet DIR`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::path::PathBuf;

use llmspan::error::{Error, Result};
use llmspan::ingest::Options;
use llmspan::report::{Format, Style, render};
use llmspan::windows::WindowArgs;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(folder)) = (arguments.next(), arguments.next().map(PathBuf::from))
    else {
        return Err(Error::usage("a dump and a folder are needed", "give IN and DIR"));
    };
    let (table, ingest) = llmspan::read(&[input], &Options::default())?;
    let diagnosis = llmspan::diagnose(&table, ingest, &WindowArgs::default())?;
    let style = Style::of_width(100);
    for (format, name, suffix) in Format::ALL {
        let path = folder.join("incident").with_extension(suffix);
        std::fs::write(&path, render(&diagnosis, format, style))
            .map_err(|source| Error::Io { path: path.clone(), source })?;
        println!("{name}: {}", path.display());
    }
    Ok(())
}
