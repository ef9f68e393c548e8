//! Parses, runs, and turns an error into a message and an exit code; the only file that prints.

use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;

use clap::Parser;
use llmspan::cli::{Cli, Finished, fault, usage_paragraph};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && error.kind() != ASKS_FOR_HELP => {
            let (message, help) = usage_paragraph(&error);
            return failed(&message, &help, 2);
        }
        Err(help) => {
            let code = u8::from(help.use_stderr()) * 2;
            // Help that nobody can read any more is no failure.
            let _ = help.print();
            return ExitCode::from(code);
        }
    };
    panic::set_hook(Box::new(|fault| {
        let place = fault.location().map_or_else(String::new, ToString::to_string);
        if let Ok(mut faults) = FAULTS.lock() {
            faults.push(place);
        }
    }));
    let ran = panic::catch_unwind(AssertUnwindSafe(|| cli.run()));
    let place = || FAULTS.lock().ok().and_then(|mut faults| faults.pop()).unwrap_or_default();
    match ran.unwrap_or_else(|_| Err(fault(&place()))) {
        Ok(finished) => print(&finished),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => failed(&error.to_string(), error.help(), error.exit_code()),
    }
}

/// Where something panicked. Only the place is kept: a panic's message may quote an input.
static FAULTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

const ASKS_FOR_HELP: clap::error::ErrorKind =
    clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

fn print(finished: &Finished) -> ExitCode {
    let code = ExitCode::from(finished.code);
    let mut out = io::stdout().lock();
    match out.write_all(finished.out.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => {}
        // Whoever reads has read enough; what --fail-on found still stands.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return code,
        Err(error) => {
            return failed(&format!("standard output: {error}"), "check that it is open", 3);
        }
    }
    for note in &finished.notes {
        let _ = writeln!(io::stderr(), "{note}");
    }
    code
}

fn failed(message: &str, help: &str, code: u8) -> ExitCode {
    let message = llmspan::report::neutral::line(message);
    let _ = writeln!(io::stderr(), "error: {message}\nhelp: {help}");
    ExitCode::from(code)
}
