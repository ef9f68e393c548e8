//! One line on standard error for work longer than a second, on a terminal alone, gone when the
//! work is done.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::ingest::{Options, Progress, Reached, Stage};
use crate::report::numbers;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the line changes.
const BEAT: Duration = Duration::from_millis(250);
/// From when on a guess of the time left is worth showing.
const LEAST_GUESS_S: f64 = 2.0;
/// Back to the start of the line, and clear it.
const CLEAR: &str = "\r\u{1b}[K";

/// The line, as long as it lives.
pub struct Shown {
    progress: Arc<Progress>,
    done: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Shown {
    /// Starts to wait; silent when asked to be, and where nobody would see it.
    pub fn start(quiet: bool) -> Self {
        let progress = Arc::new(Progress::default());
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let seen = !quiet && !dumb && io::stderr().is_terminal();
        let thread = seen.then(|| {
            let (progress, done) = (Arc::clone(&progress), Arc::clone(&done));
            std::thread::spawn(move || show(&progress, &done))
        });
        Self { progress, done, thread }
    }

    /// The same options, counting.
    pub fn counting(&self, options: Options) -> Options {
        Options { progress: Some(Arc::clone(&self.progress)), ..options }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Ok(mut done) = self.done.0.lock() {
            *done = true;
        }
        self.done.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A line that could not be shown is no failure of the work.
            let _ = thread.join();
        }
    }
}

fn show(progress: &Progress, done: &(Mutex<bool>, Condvar)) {
    let began = Instant::now();
    let mut shown = false;
    let mut wait = PATIENCE;
    while !finished(done, wait) {
        wait = BEAT;
        shown = true;
        let line = line(&progress.reached(), began.elapsed().as_secs_f64());
        let _ = write!(io::stderr(), "{CLEAR}{line}");
        let _ = io::stderr().flush();
    }
    if shown {
        let _ = write!(io::stderr(), "{CLEAR}");
    }
}

/// Waits that long for the end of the work; whether it came. A lock that broke is an end.
fn finished(done: &(Mutex<bool>, Condvar), wait: Duration) -> bool {
    let Ok(guard) = done.0.lock() else { return true };
    let waited = done.1.wait_timeout_while(guard, wait, |done| !*done);
    waited.map_or(true, |(done, _)| *done)
}

/// What has been reached, in under 80 columns.
fn line(reached: &Reached, elapsed_s: f64) -> String {
    let spans = numbers::count(reached.spans);
    match reached.stage {
        Stage::Reading => {
            let (bytes, total) = (reached.bytes, reached.total_bytes);
            let of = if total > 0 { format!(" of {}", size(total)) } else { String::new() };
            let left = left_s(bytes, total, elapsed_s).map_or_else(String::new, |left| {
                format!(", about {} left", numbers::span_of(left))
            });
            format!("reading: {}{of}, {spans} spans{left}", size(bytes))
        }
        Stage::Assembling => format!("assembling the LLM calls among {spans} spans"),
        Stage::Judging => format!("judging {} LLM calls", numbers::count(reached.calls)),
    }
}

fn left_s(bytes: u64, total: u64, elapsed_s: f64) -> Option<f64> {
    let known = bytes > 0 && bytes < total && elapsed_s >= LEAST_GUESS_S;
    known.then(|| elapsed_s * (total - bytes) as f64 / bytes as f64)
}

/// Bytes as a person reads them: `640 kB`, `12.4 MB`, `3.20 GB`.
fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    if bytes < 1e6 {
        format!("{} kB", numbers::decimals(bytes / 1e3, 0))
    } else if bytes < 1e9 {
        format!("{} MB", numbers::decimals(bytes / 1e6, 1))
    } else {
        format!("{} GB", numbers::decimals(bytes / 1e9, 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(stage: Stage, bytes: u64, total_bytes: u64) -> Reached {
        Reached { stage, total_bytes, bytes, spans: 1_204_551, calls: 9 }
    }

    #[test]
    fn the_line_says_bytes_spans_calls_and_the_time_left() {
        let reading = reached(Stage::Reading, 500_000_000, 2_000_000_000);
        assert_eq!(
            line(&reading, 10.0),
            "reading: 500.0 MB of 2.00 GB, 1,204,551 spans, about 30 s left"
        );
        assert_eq!(line(&reached(Stage::Judging, 1, 1), 10.0), "judging 9 LLM calls");
    }

    #[test]
    fn no_time_left_is_guessed_from_nothing() {
        let stdin = reached(Stage::Reading, 640_000, 0);
        assert_eq!(line(&stdin, 10.0), "reading: 640 kB, 1,204,551 spans");
        assert!(!line(&reached(Stage::Reading, 1, 10), 1.0).contains("left"));
        assert!(!line(&reached(Stage::Reading, 0, 10), 9.0).contains("left"));
        assert!(!line(&reached(Stage::Reading, 10, 10), 9.0).contains("left"));
    }

    #[test]
    fn the_end_of_the_work_ends_the_wait() {
        let began = Instant::now();
        drop(Shown::start(true));
        assert!(began.elapsed() < PATIENCE);
    }
}
