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

/// The words of a command line as a shell would take them, up to a pipe or a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '|' | '#' | '>') => break,
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// Every line of every `sh` block of a page that calls llmspan: directly, or an example of ours.
fn calls(page: &str) -> Vec<&str> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.flat_map(str::lines);
    lines.filter(|line| line.starts_with("llmspan ")).collect()
}

fn pages(folder: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, out);
        } else if path.extension().is_some_and(|suffix| suffix == "md") {
            out.push(path);
        }
    }
    out.sort();
}

/// A command whose input is shipped, or was written by one before it, runs and ends as the page says
/// (`# exit 1`); any other is at least understood.
#[test]
fn every_command_in_the_book_is_understood_and_those_on_shipped_dumps_run() {
    use clap::Parser;
    let mut found = Vec::new();
    pages(&root().join("docs"), &mut found);
    let (mut understood, mut ran) = (0, 0);
    for page in found {
        let folder = tempfile::tempdir().unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(root().join("testdata"), folder.path().join("testdata"))
            .unwrap();
        let text = fs::read_to_string(&page).unwrap();
        for line in calls(&text) {
            let place = format!("{}: {line}", page.display());
            let words = words(line);
            let parsed = llmspan::cli::Cli::try_parse_from(&words);
            assert!(parsed.is_ok(), "{place}: {}", parsed.unwrap_err());
            understood += 1;
            let there = |word: &String| {
                let path = folder.path().join(word);
                word.starts_with("testdata/") || (path.is_file() && word.contains('.'))
            };
            if !words.iter().skip(2).any(there) || !folder.path().join("testdata").exists() {
                continue;
            }
            let mut llmspan = Command::new(assert_cmd::cargo::cargo_bin("llmspan"));
            let output = llmspan.args(&words[1..]).current_dir(folder.path()).output().unwrap();
            let err = String::from_utf8_lossy(&output.stderr);
            let wanted = if line.contains("# exit 1") { 1 } else { 0 };
            assert_eq!(output.status.code(), Some(wanted), "{place}: {err}");
            ran += 1;
        }
    }
    assert!(understood > 50 && ran > 35, "{understood} understood, {ran} run");
}

#[test]
fn a_command_is_split_as_a_shell_would() {
    let line = "llmspan check a.json --slo 'ttft.p95 < 1s' -o \"b c\" # exit 1";
    let split = ["llmspan", "check", "a.json", "--slo", "ttft.p95 < 1s", "-o", "b c"];
    assert_eq!(words(line), split);
    assert_eq!(words("llmspan x | jq '.a'"), ["llmspan", "x"]);
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
