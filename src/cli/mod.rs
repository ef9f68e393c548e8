//! The command line: one file per subcommand; structs record, a plan resolves, `run` does.

pub mod normalize;
pub mod output;
