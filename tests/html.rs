//! The HTML page and the plots: complete, inert, bounded, the same every time.

#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use base64::Engine;
use llmspan::diagnosis::*;
use llmspan::report::html::render;
use llmspan::report::svg;
use sha2::{Digest, Sha256};
use support::{conclusions, incident};

/// Elements that are never closed.
const VOID: [&str; 5] = ["meta", "link", "br", "img", "!doctype"];

/// The element names of a text in order of opening; fails on a tag closed out of order.
fn opened(text: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("every tag ends");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap().to_owned();
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(&*name), "closed out of order");
            continue;
        }
        all.push(name.clone());
        if matches!(&*name, "style" | "script") {
            let close = rest.find(&format!("</{name}>")).expect("closed");
            rest = &rest[close + name.len() + 3..];
        } else if !tag.ends_with('/') && !VOID.contains(&&*name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    all
}

/// Everything between the first `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

#[test]
fn the_page_is_the_same_every_time() {
    assert_eq!(render(&incident::diagnosis()), render(&incident::diagnosis()));
}

#[test]
fn the_page_answers_in_the_order_of_the_questions() {
    let page = render(&incident::diagnosis());
    let mut outline = String::new();
    let mut rest = &*page;
    while let Some(at) = ["<h1>", "<h2>", "<h3>", "<dt>", "<figcaption><b>", "<summary>"]
        .iter()
        .filter_map(|tag| rest.find(tag).map(|at| (at, *tag)))
        .min()
    {
        let text = &rest[at.0 + at.1.len()..];
        let text = text.split_once("</").unwrap().0;
        let depth = ["<h1>", "<h2>", "<h3>"].iter().position(|tag| *tag == at.1).unwrap_or(2);
        outline.push_str(&format!("{}{}\n", "  ".repeat(depth), text));
        rest = &rest[at.0 + at.1.len()..];
    }
    insta::assert_snapshot!(outline);
}

#[test]
fn the_first_screen_and_the_causes_read_as_they_should() {
    let page = render(&incident::diagnosis());
    let answer = between(&page, "<body>", "<nav");
    let mut text = String::new();
    for piece in answer.split('<') {
        let words = piece.split_once('>').map_or("", |(_, words)| words).trim();
        if !words.is_empty() {
            text.push_str(words);
            text.push('\n');
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_page_is_well_formed_and_holds_one_script() {
    for (name, diagnosis) in conclusions::all() {
        let tags = opened(&render(&diagnosis));
        let scripts = tags.iter().filter(|tag| *tag == "script").count();
        assert_eq!(scripts, 1, "{name}");
        assert!(!tags.iter().any(|tag| tag == "img" || tag == "iframe"), "{name}");
    }
    opened(&render(&incident::diagnosis()));
    opened(&render(&support::hostile()));
}

#[test]
fn every_request_id_stands_on_the_page_whole() {
    let diagnosis = incident::diagnosis();
    let page = render(&diagnosis);
    for call in diagnosis.diagnoses.iter().flat_map(|cause| &cause.request_ids) {
        let id = format!("<code class=\"id all\">{}</code>", call.request_id);
        assert_eq!(page.matches(&id).count(), 1, "{id}");
    }
}

#[test]
fn the_policy_names_the_style_and_the_script_that_are_there() {
    let page = render(&incident::diagnosis());
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\">");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for (source, tag) in [("style-src", "style"), ("script-src", "script")] {
        let text = between(&page, &format!("<{tag}>"), &format!("</{tag}>"));
        let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text));
        assert!(policy.contains(&format!("{source} 'sha256-{digest}'")), "{tag}");
    }
    let without_data = page.replace("href=\"data:,\"", "");
    for loader in ["src=\"", "url(", "@import", "http://", "https://", "style=\"", "onclick"] {
        assert!(!without_data.contains(loader), "{loader}");
    }
}

#[test]
fn hostile_names_are_escaped_everywhere() {
    let diagnosis = support::hostile();
    let page = render(&diagnosis);
    assert_eq!(page.matches("<script").count(), 1);
    assert!(!page.contains("<img"));
    assert!(!page.contains('\u{202e}'));
    for (name, drawing) in svg::charts(&diagnosis) {
        assert!(
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.".contains(&byte)),
            "{name}"
        );
        assert!(!drawing.contains("<script") && !drawing.contains("<img"), "{name}");
        opened(&drawing);
    }
}

#[test]
fn the_page_stays_under_500_kb_whatever_the_input() {
    let mut huge = incident::with_every_text(&"<&\"'ü".repeat(400));
    let grow = |count: usize| count..count + 40;
    let cause = huge.diagnoses[0].clone();
    huge.diagnoses = grow(1).map(|rank| RankedCause { rank, ..cause.clone() }).collect();
    let ids = cause.request_ids[0].clone();
    for cause in &mut huge.diagnoses {
        cause.request_ids = vec![ids.clone(); 150];
        cause.evidence = vec![cause.evidence[0].clone(); 80];
        cause.next_steps = vec![cause.next_steps[0].clone(); 100];
    }
    huge.notes = vec![huge.notes[0].clone(); 500];
    huge.signals = vec![huge.signals[0].clone(); 500];
    huge.path = vec![huge.path[0].clone(); 500];
    huge.coverage = vec![huge.coverage[0].clone(); 500];
    huge.ruled_out = vec![huge.ruled_out[0].clone(); 500];
    huge.undecidable[0].missing = vec![huge.undecidable[0].missing[0].clone(); 500];
    huge.undecidable = vec![huge.undecidable[0].clone(); 500];
    huge.other_spikes = vec![huge.other_spikes[0].clone(); 30];
    huge.ingest.files = vec![huge.ingest.files[0].clone(); 500];
    huge.ingest.dialects = vec![huge.ingest.dialects[0].clone(); 500];
    if let Some(timeline) = &mut huge.timeline {
        timeline.series[0].values = vec![Some(1.0); 200_000];
        timeline.series = vec![timeline.series[0].clone(); 50];
    }
    if let Some(waterfall) = &mut huge.waterfall {
        waterfall.terms = vec![waterfall.terms[0].clone(); 300];
    }
    if let Some(charts) = &mut huge.charts {
        charts.scatters[0].window = vec![Point { x: 5.0, y: 0.5 }; 100_000];
        charts.scatters = vec![charts.scatters[0].clone(); 50];
        charts.shares[0].values = vec![charts.shares[0].values[0].clone(); 300];
        charts.shares = vec![charts.shares[0].clone(); 50];
        charts.distributions = vec![charts.distributions[0].clone(); 50];
    }
    let page = render(&huge);
    assert!(page.len() < 500_000, "{} bytes", page.len());
    assert!(page.contains("left out of this page"));
    opened(&page);
}

#[test]
fn an_ordinary_page_is_far_below_the_bound() {
    let length = render(&incident::diagnosis()).len();
    assert!(length < 250_000, "{length} bytes");
}

#[test]
fn every_drawing_has_a_title_and_says_in_words_what_it_shows() {
    let page = render(&incident::diagnosis());
    let drawings: Vec<&str> = page.split("<svg class=\"fig\" role=\"img\"").skip(1).collect();
    assert!(drawings.len() >= 15, "{}", drawings.len());
    for drawing in drawings {
        assert!(!between(drawing, "<title id=", "</title>").ends_with('>'), "{drawing:.200}");
        assert!(!between(drawing, "<desc id=", "</desc>").ends_with('>'), "{drawing:.200}");
    }
}

#[test]
fn charts_are_files_that_stand_alone() {
    let charts = svg::charts(&incident::diagnosis());
    let names: Vec<&str> = charts.iter().map(|(name, _)| &**name).collect();
    insta::assert_snapshot!(names.join("\n"));
    for (name, drawing) in &charts {
        assert!(drawing.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{name}");
        assert!(drawing.len() < 80_000, "{name}: {} bytes", drawing.len());
        assert!(drawing.contains("prefers-color-scheme"), "{name}");
        opened(drawing);
    }
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(distinct.len(), names.len());
}

/// Relative luminance of `#rgb` or `#rrggbb` (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let hex = colour.trim_start_matches('#');
    let wide: String =
        if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.into() };
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&wide[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_colour_of_text_and_marks_has_the_contrast_it_needs() {
    let page = render(&incident::diagnosis());
    let style = between(&page, "<style>", "</style>");
    // Blocks of custom properties, as they follow each other: figures light and dark, page light
    // (and its two other hues), page dark (and its two other hues).
    let blocks: Vec<std::collections::BTreeMap<&str, &str>> = style
        .split(['{', '}'])
        .filter(|block| block.contains("--"))
        .filter(|block| block.split(';').any(|rule| rule.trim().starts_with("--")))
        .map(|block| {
            let rules = block.split(';').filter_map(|rule| rule.trim().split_once(':'));
            rules.filter(|(name, value)| name.starts_with("--") && value.starts_with('#')).collect()
        })
        .collect();
    assert_eq!(blocks.len(), 8, "{blocks:?}");
    assert!((contrast("#000", "#ffffff") - 21.0).abs() < 1e-9);
    for block in &blocks[..2] {
        for back in ["--paper", "--base-tint", "--win-tint"] {
            for text in ["--ink", "--soft"] {
                assert!(contrast(block[text], block[back]) >= 4.5, "{text} on {back}: {block:?}");
            }
            for mark in ["--base", "--win"] {
                assert!(contrast(block[mark], block[back]) >= 3.0, "{mark} on {back}: {block:?}");
            }
        }
        assert!(contrast(block["--win"], block["--paper"]) >= 4.5, "{block:?}");
    }
    for (all, hues) in [(&blocks[2], &blocks[2..5]), (&blocks[5], &blocks[5..8])] {
        for text in ["--ink", "--soft", "--link", "--win"] {
            for back in ["--paper", "--panel"] {
                assert!(contrast(all[text], all[back]) >= 4.5, "{text} on {back}: {all:?}");
            }
        }
        for hue in hues {
            for text in [all["--ink"], all["--soft"], hue["--hue"]] {
                assert!(contrast(text, hue["--hue-tint"]) >= 4.5, "{text}: {hue:?}");
            }
        }
    }
}
