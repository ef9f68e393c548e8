//! What people install: the wheel brings a binary that runs, and the scripts of a release are whole.
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// What `packaging/wheel.sh` exits with where Python or its index is missing (sysexits' EX_TEMPFAIL).
const NOT_HERE: i32 = 75;

#[test]
fn the_wheel_installs_in_a_clean_environment_and_diagnoses() {
    if Command::new("bash").arg("--version").output().is_err() {
        println!("skipped: no bash");
        return;
    }
    let out = tempfile::tempdir().expect("a folder");
    // The profile and features of the tests: their dependencies are built already.
    let features = if cfg!(feature = "remote") { "remote" } else { "" };
    let run = Command::new("bash")
        .args(["packaging/wheel.sh", "dev"])
        .arg(out.path())
        .env("LLMSPAN_FEATURES", features)
        .current_dir(ROOT)
        .output()
        .expect("bash starts");
    let said =
        format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    if run.status.code() == Some(NOT_HERE) {
        println!("skipped: {said}");
        return;
    }
    assert!(run.status.success(), "{said}");
    assert!(said.contains(concat!("llmspan ", env!("CARGO_PKG_VERSION"))), "{said}");
    assert!(said.contains("calls were served from another region"), "{said}");
}

#[test]
fn every_script_parses() {
    for script in ["packaging/wheel.sh", "packaging/release.sh", ".ci/run"] {
        let Ok(run) = Command::new("bash").arg("-n").arg(Path::new(ROOT).join(script)).output()
        else {
            println!("skipped: no bash");
            return;
        };
        assert!(run.status.success(), "{script}: {}", String::from_utf8_lossy(&run.stderr));
    }
}

/// The shell of the composite action, run as the forge runs it, with a stand-in that prints its arguments.
#[test]
fn the_action_hands_every_input_over_as_one_argument() {
    if Command::new("bash").arg("--version").output().is_err() {
        println!("skipped: no bash");
        return;
    }
    let action =
        std::fs::read_to_string(Path::new(ROOT).join("packaging/github-action/action.yml"))
            .expect("the action");
    let script: String = action
        .rsplit_once("run: |\n")
        .expect("the last step has a script")
        .1
        .lines()
        .map(|line| format!("{}\n", line.trim_start_matches("        ")))
        .collect();
    let bin = tempfile::tempdir().expect("a folder");
    let stand_in = bin.path().join("llmspan");
    std::fs::write(&stand_in, "#!/bin/sh\nprintf '<%s>\\n' \"$@\"\n").expect("written");
    Command::new("chmod").arg("+x").arg(&stand_in).status().expect("chmod starts");
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap_or_default());
    let run = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .env("PATH", path)
        .env("FILES", "now/*.none spans.parquet")
        .env("BASELINE", "$(touch owned) before")
        .env("SLO", "ttft.p95 < 1.5s\nitl.p95 < 60ms\n")
        .current_dir(bin.path())
        .output()
        .expect("bash starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(
        String::from_utf8_lossy(&run.stdout),
        "<check>\n<now/*.none>\n<spans.parquet>\n<--baseline>\n<$(touch owned) before>\n\
         <--slo>\n<ttft.p95 < 1.5s>\n<--slo>\n<itl.p95 < 60ms>\n<--format>\n<github>\n"
    );
    assert!(!bin.path().join("owned").exists());
}
