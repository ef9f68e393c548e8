//! Every form of the report on every shipped incident, in short: what is said in which order, with
//! figures left open so that a snapshot changes when the words or the causes do.
//! `INSTA_UPDATE=always cargo test --test shipped` accepts what is said today.

#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use llmspan::diagnosis::Diagnosis;
use llmspan::ingest::Options;
use llmspan::report::{Format, Style, html, render, ticket};
use llmspan::windows::WindowArgs;
use serde_json::Value;
use support::house::root;

/// Bytes that no page may exceed.
const LARGEST_PAGE: usize = 500_000;

/// The shipped incidents, each with the conclusion about its window; concluded once.
fn incidents() -> &'static [(String, Diagnosis)] {
    static ALL: OnceLock<Vec<(String, Diagnosis)>> = OnceLock::new();
    ALL.get_or_init(all)
}

fn all() -> Vec<(String, Diagnosis)> {
    let folders = std::fs::read_dir(root().join("testdata/incidents")).unwrap();
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|folder| folder.join("truth.json").is_file());
    folders.sort();
    folders.iter().map(|folder| (name(folder), diagnosis(folder))).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn diagnosis(folder: &Path) -> Diagnosis {
    let truth: Value =
        serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let dump = entries.into_iter().find(|path| name(path).starts_with("spans.")).unwrap();
    let (table, ingest) =
        llmspan::read(&[dump.display().to_string()], &Options::default()).unwrap();
    let instant = |key: &str| truth["window"][key].as_str().unwrap().to_owned();
    let window = Some(format!("{}/{}", instant("start"), instant("end")));
    llmspan::diagnose(&table, ingest, &WindowArgs { window, ..WindowArgs::default() }).unwrap()
}

/// The text with every figure as `#`.
fn open(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        let figure = character.is_ascii_digit();
        let inside = out.ends_with('#') && matches!(character, ',' | '.' | ':');
        if figure && !out.ends_with('#') {
            out.push('#');
        } else if !figure && !inside {
            out.push(character);
        }
    }
    out
}

/// The first lines, and the words that open each section.
fn terminal(text: &str) -> String {
    let head = text.lines().take_while(|line| !line.is_empty()).map(open);
    let sections = text.split("\n\n").skip(1).filter_map(|section| section.lines().next());
    // The last section names the file that was read.
    let opening = |line: &str| {
        let line = line.trim().split(" spans from").next().unwrap_or_default();
        line.split("  ").next().unwrap_or_default().to_owned()
    };
    let sections: Vec<String> = sections.map(|line| open(&opening(line))).collect();
    let head: Vec<String> = head.collect();
    format!("{}\n {}\n", head.join("\n"), sections.join(" | "))
}

/// The headings and the words under the first.
fn markdown(text: &str) -> String {
    let told = text.lines().filter(|line| !line.is_empty());
    let head = told.clone().take_while(|line| !line.starts_with("###")).map(open);
    let headings = told.filter_map(|line| line.strip_prefix("### ")).map(open);
    let headings: Vec<String> = headings.collect();
    format!("{}\n{}\n", head.collect::<Vec<_>>().join("\n"), headings.join(" | "))
}

/// Headings, terms and titles of the page in its order.
fn page(text: &str) -> String {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        for (open, close) in
            [("h1>", "<"), ("h2>", "<"), ("h3>", "</h3"), ("dt>", "<"), ("figcaption><b>", "<")]
        {
            if let Some(inside) = rest.strip_prefix(open) {
                found.push(inside.split(close).next().unwrap_or_default().to_owned());
            }
        }
    }
    let text = found.join(" | ").replace("<code>", "").replace("</code>", "");
    format!("{}\n", open(&text))
}

/// The causes with their segments and the names of what speaks for them.
fn json(text: &str) -> String {
    let report: Value = serde_json::from_str(text).unwrap();
    let mut out = format!("{}\n", report["verdict"].as_str().unwrap());
    for cause in report["diagnoses"].as_array().unwrap() {
        let evidence = cause["evidence"].as_array().unwrap().iter();
        let signals = evidence.map(|line| line["signal"].as_str().unwrap()).collect::<Vec<_>>();
        let ids =
            if cause["request_ids"].as_array().unwrap().is_empty() { "no ids" } else { "ids" };
        let [name, owner] = ["cause", "owner"].map(|key| cause[key].as_str().unwrap());
        let segment = &cause["segment"];
        out.push_str(&format!("  {name} {owner} {segment} {ids}: {}\n", signals.join(" ")));
    }
    out
}

/// The lines that are no figure: the subject, the headings, the questions.
fn support_form(text: &str) -> String {
    let kept = text.lines().filter(|line| !line.is_empty() && !line.starts_with(' '));
    kept.take(6).map(open).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn every_form_says_the_same_of_every_shipped_incident() {
    let mut said: [(&str, String); 5] =
        ["terminal", "markdown", "html", "json", "ticket"].map(|form| (form, String::new()));
    for (name, diagnosis) in incidents() {
        let form = |format: Format| render(diagnosis, format, Style::of_width(Style::NARROW));
        let whole = html::render(diagnosis);
        assert!(whole.len() < LARGEST_PAGE, "{name}: {} bytes", whole.len());
        let texts = [
            terminal(&form(Format::Terminal)),
            markdown(&form(Format::Markdown)),
            page(&whole),
            json(&form(Format::Json)),
            support_form(&ticket::render(diagnosis, None, 3)),
        ];
        for ((_, all), text) in said.iter_mut().zip(texts) {
            all.push_str(&format!("[{name}] {text}\n"));
        }
    }
    for (form, text) in &said {
        insta::assert_snapshot!(format!("shipped_{form}"), text);
    }
}

#[test]
fn the_first_screen_of_a_terminal_holds_the_answer() {
    let (mut fit, mut spikes, mut last) = (0, 0, String::new());
    for (name, diagnosis) in incidents() {
        let Some(first) = diagnosis.diagnoses.first() else { continue };
        let text = render(diagnosis, Format::Terminal, Style::of_width(Style::NARROW));
        let screen: Vec<&str> = text.lines().take(24).collect();
        let screen = screen.join("\n");
        let step = first.next_steps[0].split(' ').take(4).collect::<Vec<_>>().join(" ");
        for part in [first.cause.label(), "sure", "since", &step, "Where the time went"] {
            assert!(screen.contains(part), "{name} lacks {part:?}:\n{screen}");
        }
        spikes += 1;
        if screen.contains("\n   window ") {
            fit += 1;
        } else {
            last = screen;
        }
    }
    assert!(fit * 4 >= spikes * 3, "the waterfall of {fit} of {spikes} fits; not:\n{last}");
}
