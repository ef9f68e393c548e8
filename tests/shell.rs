//! What a shell and `man` get, and that every command shows how it is used.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;

fn run(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("llmspan").unwrap().args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = run(&["--help"]);
    let list = help.split("Commands:\n").nth(1).unwrap();
    let lines = list.lines().take_while(|line| !line.trim().is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = named.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_shows_examples_of_itself() {
    let commands = commands();
    assert!(commands.len() > 8, "{commands:?}");
    for command in commands {
        let help = run(&[&command, "--help"]);
        let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
        assert!(examples.contains(&format!("llmspan {command}")), "{command}: {help}");
    }
}

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    run(&["man", "-o", &folder.path().to_string_lossy()]);
    for command in commands() {
        let page = folder.path().join(format!("llmspan-{command}.1"));
        let text = std::fs::read_to_string(page).unwrap();
        assert!(text.contains(".SH SYNOPSIS") && text.contains("Examples:"), "{command}");
    }
    assert!(run(&["man"]).contains(".TH llmspan 1"));
}
