//! `llmspan completions` and `llmspan man`: what a shell wants, out of the same tree of arguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Finished, output};
use crate::error::{Error, Result};

const COMPLETIONS: &str = "\
Examples:
  llmspan completions bash > ~/.local/share/bash-completion/completions/llmspan
  llmspan completions zsh > ~/.zfunc/_llmspan
  llmspan completions fish > ~/.config/fish/completions/llmspan.fish";

const MAN: &str = "\
Examples:
  llmspan man -o ~/.local/share/man/man1
  llmspan man | man -l -";

/// Print what a shell needs to complete commands and options
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// Print the manual page, or write one for every command
#[derive(Debug, Args)]
#[command(after_help = MAN)]
pub struct ManArgs {
    /// Write llmspan.1, llmspan-diagnose.1 and so on into DIR
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// The completions.
pub fn completions(args: &CompletionsArgs) -> Finished {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "llmspan", &mut out);
    Finished { out: String::from_utf8_lossy(&out).into_owned(), ..Finished::default() }
}

/// The pages.
///
/// # Errors
/// The folder cannot be written to.
pub fn man(args: &ManArgs) -> Result<Finished> {
    let Some(folder) = &args.output else {
        let (_, page) = page(Cli::command(), "llmspan");
        return Ok(Finished { out: page, ..Finished::default() });
    };
    std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.clone(), source })?;
    let mut whole = Cli::command();
    // The tree is filled in where it is built: without that, commands lack what they inherit.
    whole.build();
    let commands: Vec<clap::Command> = whole.get_subcommands().cloned().collect();
    let mut pages = vec![page(Cli::command(), "llmspan")];
    for command in commands.into_iter().filter(|command| command.get_name() != "help") {
        let name = format!("llmspan-{}", command.get_name());
        pages.push(page(command, &name));
    }
    for (name, text) in &pages {
        output::write_with(&folder.join(name), |out| out.write_all(text.as_bytes()))?;
    }
    let note = format!("wrote {} pages into {}", pages.len(), folder.display());
    Ok(Finished { notes: vec![note], ..Finished::default() })
}

/// A page's file name and text.
fn page(command: clap::Command, name: &str) -> (String, String) {
    let mut out = Vec::new();
    let man = clap_mangen::Man::new(command);
    // Writing into memory does not fail.
    let _ = man.render(&mut out);
    (format!("{name}.1"), String::from_utf8_lossy(&out).into_owned())
}
