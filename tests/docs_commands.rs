//! Every command that the README shows, run as it stands, prints what the README says.
//!
//! `LLMSPAN_REWRITE=1 cargo test --test docs_commands` writes the output of today into it.
#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod support;

use std::fs;
use std::process::Command;

use support::house::root;

const OPENS: &str = "```console\n";
const CLOSES: &str = "```\n";

/// A `$ command` and the lines under it.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    command: String,
    output: String,
}

/// The commands of one console block.
fn commands(block: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for line in block.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            found.push(Shown { command: command.to_owned(), output: String::new() });
        } else if let Some(last) = found.last_mut() {
            last.output.push_str(line);
            last.output.push('\n');
        }
    }
    found
}

/// The document with each console block replaced by what `replace` makes of it.
fn blocks(document: &str, mut replace: impl FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = document;
    while let Some(open) = rest.find(OPENS) {
        let (before, after) = rest.split_at(open + OPENS.len());
        out.push_str(before);
        let close = after.find(CLOSES).unwrap_or(after.len());
        out.push_str(&replace(&after[..close]));
        rest = &after[close..];
    }
    out + rest
}

/// Runs a command line of `llmspan` from the root; none where its input is not shipped.
fn run(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let [program, arguments @ ..] = words.as_slice() else { return None };
    let arguments = if *program == "cargo" {
        let start = arguments.iter().position(|word| *word == "--")?;
        &arguments[start + 1..]
    } else {
        assert_eq!(*program, "llmspan", "the README runs llmspan alone: {command}");
        arguments
    };
    let missing =
        arguments.iter().find(|word| word.starts_with("testdata/") && !root().join(word).exists());
    if let Some(missing) = missing {
        eprintln!("skipped: {missing} is not there");
        return None;
    }
    let mut llmspan = Command::new(assert_cmd::cargo::cargo_bin("llmspan"));
    let output = llmspan.args(arguments).current_dir(root()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command}: {err}");
    Some(String::from_utf8(output.stdout).unwrap() + &err)
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    assert!(readme.contains(OPENS), "the README shows a command");
    let now = blocks(&readme, |block| {
        let shown = commands(block).into_iter().map(|shown| {
            let output = run(&shown.command).unwrap_or(shown.output);
            format!("$ {}\n{output}", shown.command)
        });
        shown.collect()
    });
    if now == readme {
        return;
    }
    if std::env::var_os("LLMSPAN_REWRITE").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    let stale = "the README is stale: LLMSPAN_REWRITE=1 cargo test --test docs_commands";
    similar(&readme, &now, stale);
}

/// Fails at the first line that differs.
fn similar(old: &str, new: &str, message: &str) {
    for (old, new) in old.lines().zip(new.lines()) {
        assert_eq!(old, new, "{message}");
    }
    assert_eq!(old.lines().count(), new.lines().count(), "{message}");
}

#[test]
fn a_changed_output_is_noticed() {
    let document = "x\n```console\n$ llmspan a\nold\n$ llmspan b\n```\ny\n";
    let rewritten = blocks(document, |block| {
        let [a, b] = commands(block).try_into().unwrap();
        assert_eq!((a.output.as_str(), b.output.as_str()), ("old\n", ""));
        "$ llmspan a\nnew\n".to_owned()
    });
    assert_eq!(rewritten, "x\n```console\n$ llmspan a\nnew\n```\ny\n");
}
