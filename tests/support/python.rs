//! Servers that are started for a test out of Python packages, where these are installed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A server that runs until it is dropped.
pub struct Server {
    pub port: u16,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `.ci/run` lays what stands in for servers.
const SERVERS: &str = "target/servers";

/// What was laid there, if it was.
fn laid(path: &str) -> Option<String> {
    let path = super::house::root().join(SERVERS).join(path);
    path.exists().then(|| path.display().to_string())
}

/// The Python that has a package, or none with a message: the one that is stated, the one of
/// `target/servers`, or the machine's.
#[allow(clippy::print_stderr, reason = "a test that skips says so")]
pub fn python_with(package: &str) -> Option<String> {
    let stated = std::env::var("LLMSPAN_TEST_PYTHON").ok();
    let python = stated.or_else(|| laid("bin/python")).unwrap_or("python3".to_owned());
    let import = Command::new(&python).args(["-c", &format!("import {package}")]).output();
    let there = import.is_ok_and(|output| output.status.success());
    if !there {
        eprintln!(
            "skipped: {python} has no {package} (pip install {package}; LLMSPAN_TEST_PYTHON)"
        );
    }
    there.then_some(python)
}

/// The Python of the backends that a test reads with (`.ci/run` lays them into `target/duckdb`),
/// or any other that has the package, or none with a message.
#[allow(clippy::print_stderr, reason = "a test that skips says so")]
pub fn backend_with(package: &str) -> Option<String> {
    let own = super::house::root().join("target/duckdb/bin/python").display().to_string();
    let import = Command::new(&own).args(["-c", &format!("import {package}")]).output();
    if import.is_ok_and(|output| output.status.success()) {
        return Some(own);
    }
    python_with(package)
}

/// Runs a program of Python text with arguments; what it printed.
pub fn said(python: &str, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(python).args(["-c", program]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The command that is Azurite's blob service, or none with a message.
#[allow(clippy::print_stderr, reason = "a test that skips says so")]
pub fn azurite() -> Option<String> {
    let stated = std::env::var("LLMSPAN_TEST_AZURITE").ok();
    let stated = stated.or_else(|| laid("node_modules/.bin/azurite-blob"));
    let stated = stated.unwrap_or("azurite-blob".to_owned());
    let there = Command::new(&stated).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: there is no {stated} (npm install azurite; LLMSPAN_TEST_AZURITE)");
    }
    there.then_some(stated)
}

/// Starts a script of this folder and waits for the port that it prints.
pub fn start(python: &str, script: &str, args: &[String]) -> Server {
    let path = PathBuf::from("tests/support").join(script);
    let mut command = Command::new(python);
    command.arg(path).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.trim().parse().expect(script);
    Server { port, child }
}
