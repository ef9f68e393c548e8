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
    // uv is fetched like maturin, and brings both ways of running a wheel.
    if !said.contains("no uv") {
        for by in ["uvx", "uv tool"] {
            let line = format!("{by}: llmspan {}", env!("CARGO_PKG_VERSION"));
            assert!(said.contains(&line), "{line} is not in: {said}");
        }
    }
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

/// The end of the release script, with the program of the tests as what was built.
#[test]
fn the_archive_of_a_release_holds_what_people_install() {
    let script = std::fs::read_to_string(Path::new(ROOT).join("packaging/release.sh"));
    let script = script.expect("the script");
    let from = script.find("# What goes into the archive.").expect("its mark");
    if Command::new("git").args(["log", "-1"]).current_dir(ROOT).output().is_err() {
        println!("skipped: no git");
        return;
    }
    let dist = tempfile::tempdir().expect("a folder");
    let run = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script[from..]])
        .env("dist", dist.path())
        .env("name", "llmspan-0-here")
        .env("binary", assert_cmd::cargo::cargo_bin("llmspan"))
        .current_dir(ROOT)
        .output();
    let Ok(run) = run else {
        println!("skipped: no bash");
        return;
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let archive = dist.path().join("llmspan-0-here.tar.gz");
    let listed = Command::new("tar").arg("-tzf").arg(&archive).output().expect("tar starts");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let files =
        ["llmspan", "README.md", "LICENSE", "man/llmspan-diagnose.1", "completions/llmspan.zsh"];
    for file in files {
        assert!(listed.lines().any(|line| line == format!("llmspan-0-here/{file}")), "{listed}");
    }
    let sums = std::fs::read_to_string(dist.path().join("SHA256SUMS")).expect("checksums");
    assert!(sums.trim_end().ends_with("llmspan-0-here.tar.gz"), "{sums}");
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

/// The shell of the template's `script`, with its indentation taken off as YAML does.
fn gitlab_script() -> String {
    let template =
        std::fs::read_to_string(Path::new(ROOT).join("packaging/gitlab/llmspan-check.yml"))
            .expect("the template");
    let script = template.split_once("  script:\n    - |\n").expect("a script").1;
    let lines = script.lines().take_while(|line| line.starts_with("      "));
    lines.map(|line| format!("{}\n", &line[6..])).collect()
}

/// Both recipes with the real program, in a directory that holds nothing but two recordings.
#[test]
fn the_recipes_fail_a_job_on_a_regression_and_pass_one_without() {
    if Command::new("bash").arg("--version").output().is_err() {
        println!("skipped: no bash");
        return;
    }
    let action =
        std::fs::read_to_string(Path::new(ROOT).join("packaging/github-action/action.yml"))
            .expect("the action");
    let action: String = action
        .rsplit_once("run: |\n")
        .expect("the last step has a script")
        .1
        .lines()
        .map(|line| format!("{}\n", line.trim_start_matches("        ")))
        .collect();
    let fresh = tempfile::tempdir().expect("a folder");
    let spans = Path::new(ROOT).join("testdata/incidents/010/spans.parquet");
    std::fs::copy(spans, fresh.path().join("spans.parquet")).expect("copied");
    let program = assert_cmd::cargo::cargo_bin("llmspan");
    let folder = program.parent().expect("it lies in a folder").display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let run = |shell: &str, script: &str, baseline: &str, slo: &str| {
        let mut command = Command::new(shell);
        let options: &[&str] = if shell == "bash" { &["-euo", "pipefail"] } else { &["-eu"] };
        let run = command
            .args(options)
            .args(["-c", script])
            .env("PATH", &path)
            .envs([("FILES", "spans.parquet"), ("BASELINE", baseline), ("SLO", slo)])
            .envs([("LLMSPAN_FILES", "spans.parquet"), ("LLMSPAN_BASELINE", baseline)])
            .env("LLMSPAN_SLO", slo)
            .current_dir(fresh.path())
            .output()
            .expect("the shell starts");
        let said = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
        (run.status.code(), said.into_owned())
    };
    let slow = "04:00-04:56";
    for (shell, script) in [("bash", &action), ("sh", &gitlab_script())] {
        let (code, said) = run(shell, script, slow, "duration.p95 < 5min\nerror.rate < 50%");
        assert_eq!(code, Some(1), "{shell}: {said}");
        assert!(said.contains("served"), "{shell}: {said}");
        let (code, said) = run(shell, script, "", "duration.p95 < 5min\nerror.rate < 50%");
        assert_eq!(code, Some(0), "{shell}: {said}");
        let (code, said) = run(shell, script, "", "duration.p95 < 1ms\nerror.rate < 50%");
        assert_eq!(code, Some(1), "{shell}: {said}");
        assert!(said.contains("duration.p95 < 1ms"), "{shell}: {said}");
    }
    let report = std::fs::read_to_string(fresh.path().join("llmspan.xml")).expect("JUnit");
    assert!(report.contains("failures=\"1\""), "{report}");
}
