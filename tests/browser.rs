//! The page in a real browser: it says what it must, asks nobody for anything, and its buttons
//! work. Skipped with a message where no Chromium is installed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use std::path::{Path, PathBuf};

use llmspan::report::html::render;
use llmspan::report::{Format, Style};
use serde_json::{Value, json};
use support::browser::{Browser, installed};
use support::{conclusions, incident};

/// The page as a file.
fn page(folder: &Path, html: &str) -> PathBuf {
    let path = folder.join("report.html");
    std::fs::write(&path, html).unwrap();
    path
}

/// That a loaded page asked for nothing but itself, and that nothing was said on the console.
fn assert_silent(browser: &Browser, path: &Path) {
    let own = format!("file://{}", path.display());
    let others: Vec<&str> = browser.requests().into_iter().filter(|url| *url != own).collect();
    let others: Vec<&str> = others.into_iter().filter(|url| !url.starts_with("data:")).collect();
    assert!(others.is_empty(), "asked for {others:?}");
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn the_verdict_is_the_first_thing_seen_and_nothing_is_asked_of_anybody() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = page(folder.path(), &render(&incident::diagnosis()));
    let mut browser = Browser::start(program);
    browser.screen(1200, "light");
    browser.open(&path);
    assert_silent(&browser, &path);
    let heading = browser.value("document.querySelector('h1').innerText");
    assert_eq!(heading, "Prompt cache lost after a prompt edit");
    let top = browser.value("document.querySelector('h1').getBoundingClientRect().bottom");
    assert!(top.as_f64().unwrap() < 200.0, "{top}");
    let cite = browser.value("document.querySelector('.answer').getBoundingClientRect().bottom");
    assert!(cite.as_f64().unwrap() < 900.0, "the answer fits the first screen: {cite}");
}

#[test]
fn copy_buttons_copy_every_id_of_their_cause() {
    let Some(program) = installed() else { return };
    let diagnosis = incident::diagnosis();
    let folder = tempfile::tempdir().unwrap();
    let path = page(folder.path(), &render(&diagnosis));
    let mut browser = Browser::start(program);
    browser.open(&path);
    let ids = |rank: usize| {
        let ids = diagnosis.diagnoses[rank - 1].request_ids.iter();
        ids.map(|call| call.request_id.as_str()).collect::<Vec<_>>().join("\n")
    };
    browser.value(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }; 1",
    );
    for rank in [1, 2] {
        let click =
            format!("document.querySelector('[data-copy=ids-{rank}]').click(); window.copied");
        assert_eq!(browser.value(&click), json!(ids(rank)));
    }
    let label =
        "Promise.resolve().then(() => document.querySelector('[data-copy=ids-2]').innerText)";
    assert_eq!(browser.value(label), "Copied");

    // Where the page may not write to the clipboard it selects the ids and asks the browser.
    browser.value(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined }); window.copied = '';
         document.execCommand = () => { window.copied = document.activeElement.value; return true; }; 1",
    );
    let click = "document.querySelector('[data-copy=ids-1]').click(); window.copied";
    assert_eq!(browser.value(click), json!(ids(1)));
    assert_eq!(browser.value("document.querySelectorAll('textarea').length"), 0);
}

#[test]
fn without_script_the_page_is_whole_and_shows_no_dead_button() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = page(folder.path(), &render(&incident::diagnosis()));
    let mut browser = Browser::start(program);
    browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
    browser.open(&path);
    let shown =
        "Array.from(document.querySelectorAll('button')).filter(b => b.offsetParent).length";
    assert_eq!(browser.value(shown), 0);
    let ids = browser.value("document.querySelectorAll('#cite .id').length");
    assert_eq!(ids, 23);
}

#[test]
fn no_screen_is_too_narrow_and_none_too_dark() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = page(folder.path(), &render(&incident::diagnosis()));
    let mut browser = Browser::start(program);
    for (width, scheme) in [(360, "light"), (360, "dark"), (768, "dark"), (1600, "light")] {
        browser.screen(width, scheme);
        browser.open(&path);
        assert_silent(&browser, &path);
        let across = browser.value("document.documentElement.scrollWidth");
        assert!(across.as_u64().unwrap() <= u64::from(width), "{across} on a screen of {width}");
    }
    assert_eq!(browser.value("document.querySelectorAll('svg[role=img]').length > 10"), true);
}

#[test]
fn hostile_names_stay_text() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(program);
    for diagnosis in [support::hostile(), conclusions::hostile()] {
        let path = page(folder.path(), &render(&diagnosis));
        browser.open(&path);
        assert_silent(&browser, &path);
        let made = browser.value(
            "[document.querySelectorAll('script').length, document.querySelectorAll('img, iframe, \
             object, form, [onerror], [onload], [style]').length, typeof window.pwned]",
        );
        assert_eq!(made, json!([1, 0, "undefined"]));
    }
}

#[test]
fn every_chart_opens_alone_as_a_drawing() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(program);
    for (name, drawing) in llmspan::report::svg::charts(&incident::diagnosis()) {
        let path = folder.path().join(&name);
        std::fs::write(&path, drawing).unwrap();
        browser.open(&path);
        assert_silent(&browser, &path);
        let root =
            "document.documentElement.nodeName + document.querySelectorAll('parsererror').length";
        assert_eq!(browser.value(root), "svg0", "{name}");
    }
}

#[test]
fn a_page_that_asks_or_complains_is_found_out() {
    let Some(program) = installed() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut browser = Browser::start(program);
    let path =
        page(folder.path(), "<!doctype html><img src=\"missing.png\"><script>oops()</script>");
    browser.open(&path);
    assert_eq!(browser.requests().len(), 2, "{:?}", browser.requests());
    assert!(!browser.complaints().is_empty());
}

/// The incident that the README shows.
fn shipped() -> llmspan::diagnosis::Diagnosis {
    let dump = support::house::root().join("testdata/incidents/010/spans.parquet");
    let options = llmspan::ingest::Options::default();
    let (table, ingest) = llmspan::read(&[dump.display().to_string()], &options).unwrap();
    let window = Some("05:01-05:11".to_owned());
    let asked = llmspan::windows::WindowArgs { window, ..Default::default() };
    llmspan::diagnose(&table, ingest, &asked).unwrap()
}

#[test]
fn the_page_of_a_shipped_incident_shows_its_verdict_and_folds_its_queries_away() {
    let Some(program) = installed() else { return };
    let diagnosis = shipped();
    let folder = tempfile::tempdir().unwrap();
    let path = page(folder.path(), &render(&diagnosis));
    let mut browser = Browser::start(program);
    browser.open(&path);
    assert_silent(&browser, &path);
    let heading = browser.value("document.querySelector('h1').innerText.toLowerCase()");
    assert_eq!(heading, diagnosis.diagnoses[0].cause.label());
    let queries = "document.querySelectorAll('#causes details pre').length";
    let lines: usize = diagnosis.diagnoses.iter().map(|cause| cause.evidence.len()).sum();
    assert_eq!(browser.value(queries), json!(lines));
    let open = "document.querySelectorAll('#causes details[open]').length";
    assert_eq!(browser.value(open), 0);
}

/// Takes the pictures of the documentation into the folder named by `LLMSPAN_SCREENSHOTS`
/// (`docs/img/take.sh`).
#[test]
#[ignore = "writes pictures; run on purpose"]
fn screenshots() {
    let program = installed().expect("a chromium to take pictures with");
    let to = PathBuf::from(std::env::var_os("LLMSPAN_SCREENSHOTS").expect("a folder to write to"));
    let folder = tempfile::tempdir().unwrap();
    let diagnosis = shipped();
    let path = page(folder.path(), &render(&diagnosis));
    std::fs::create_dir_all(&to).unwrap();
    let mut browser = Browser::start(program);
    for (name, width, scheme, most) in [
        ("page-light", 1200, "light", 2400.0),
        ("page-dark", 1200, "dark", 1600.0),
        ("page-narrow", 390, "light", 2000.0),
    ] {
        browser.screen(width, scheme);
        browser.open(&path);
        std::fs::write(to.join(format!("{name}.png")), browser.shot(width, most)).unwrap();
    }
    let print: Value = browser.call("Page.printToPDF", json!({"preferCSSPageSize": true}));
    assert!(print["data"].as_str().unwrap().len() > 10_000);
    let style = Style { colour: true, ..Style::of_width(Style::NARROW) };
    let text = llmspan::report::render(&diagnosis, Format::Terminal, style);
    let text = text.replace(&format!("{}/", support::house::root().display()), "");
    let path = page(folder.path(), &support::browser::screen_of(&text));
    browser.screen(740, "dark");
    browser.open(&path);
    std::fs::write(to.join("terminal.png"), browser.shot(740, 2000.0)).unwrap();
}
