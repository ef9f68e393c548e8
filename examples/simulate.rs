//! Stand-in for `llmspan simulate` until the command line is wired.

use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: llmspan::cli::simulate::SimulateArgs,
}

fn main() -> Result<(), llmspan::error::Error> {
    llmspan::cli::simulate::run(&Cli::parse().args).map(|_| ())
}
