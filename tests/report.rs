//! Every conclusion in every form: snapshots, the schema, and what must hold of any report.

#![allow(clippy::unwrap_used, reason = "a failed unwrap in a test is a failed test")]

mod support;

use llmspan::diagnosis::{Cause, Diagnosis, Gives, Owner, Query};
use llmspan::report::{Format, Style, render};
use proptest::prelude::*;
use serde_json::Value;
use support::{conclusions, schema};
use unicode_width::UnicodeWidthStr;

fn styled(width: usize) -> Style {
    Style::of_width(width)
}

#[test]
fn terminal_reports_look_as_agreed() {
    for (name, diagnosis) in conclusions::all() {
        for width in [80, 120] {
            let text = render(&diagnosis, Format::Terminal, styled(width));
            insta::assert_snapshot!(format!("terminal_{name}_{width}"), text);
        }
    }
}

#[test]
fn a_verbose_report_holds_every_check_figure_and_reason() {
    let diagnosis = conclusions::cache_lost();
    let style = Style { verbose: true, ..styled(80) };
    let text = render(&diagnosis, Format::Terminal, style);
    insta::assert_snapshot!("terminal_cache_lost_verbose", text);
}

#[test]
fn queries_are_printed_as_they_stand_where_they_are_asked_for() {
    let sql = "SELECT period, avg(ttft_s) AS value\nFROM 'calls.parquet'\nWHERE a = '<b>'";
    let mut diagnosis = conclusions::cache_lost();
    let query = Query { gives: Gives::Figures, sql: sql.to_owned() };
    diagnosis.diagnoses[0].evidence[0].query = Some(query);
    let asked = Style { queries: true, ..styled(80) };
    for format in [Format::Terminal, Format::Markdown] {
        assert!(render(&diagnosis, format, asked).contains(sql));
        assert!(!render(&diagnosis, format, styled(80)).contains("SELECT"));
    }
    let page = render(&diagnosis, Format::Html, styled(80));
    assert!(page.contains("<pre>SELECT period") && page.contains("&lt;b&gt;"));
}

#[test]
fn markdown_reports_look_as_agreed() {
    for (name, diagnosis) in conclusions::all() {
        let text = render(&diagnosis, Format::Markdown, styled(80));
        insta::assert_snapshot!(format!("markdown_{name}"), text);
    }
}

#[test]
fn a_plain_report_is_ascii_without_escapes() {
    for (name, diagnosis) in conclusions::all() {
        let style = Style { plain: true, ..styled(80) };
        let text = render(&diagnosis, Format::Terminal, style);
        let odd = text.chars().find(|c| !matches!(c, ' '..='~' | '\n'));
        assert_eq!(odd, None, "{name}");
    }
    let style = Style { plain: true, ..styled(80) };
    let text = render(&conclusions::cache_lost(), Format::Terminal, style);
    insta::assert_snapshot!("terminal_cache_lost_plain", text);
}

#[test]
fn no_line_is_wider_than_the_page() {
    for (name, diagnosis) in conclusions::all() {
        for plain in [false, true] {
            for width in [80, 97, 120] {
                let style = Style { plain, ..styled(width) };
                let text = render(&diagnosis, Format::Terminal, style);
                // An id longer than a line stands alone on one, whole.
                for line in text.lines().filter(|line| line.trim().contains(' ')) {
                    assert!(line.width() <= width, "{name} at {width}: {line}");
                }
            }
        }
    }
}

#[test]
fn json_reports_look_as_agreed() {
    for (name, diagnosis) in conclusions::all() {
        if ["no_spike", "empty", "compound"].contains(&name) {
            let text = render(&diagnosis, Format::Json, styled(80));
            insta::assert_snapshot!(format!("json_{name}"), text);
        }
    }
}

#[test]
fn every_json_report_follows_the_published_schema() {
    let published = schema::published();
    let closed = schema::closed();
    for (name, diagnosis) in conclusions::all() {
        let report: Value =
            serde_json::from_str(&render(&diagnosis, Format::Json, styled(80))).unwrap();
        assert_eq!(schema::complaints(&published, &report), Vec::<String>::new(), "{name}");
        let undocumented = schema::complaints(&closed, &report);
        assert_eq!(undocumented, Vec::<String>::new(), "{name} has fields the schema lacks");
    }
}

/// The canary: a schema that nothing violates would pass the test above as well.
#[test]
fn the_schema_refuses_what_breaks_the_contract() {
    let published = schema::published();
    let good: Value =
        serde_json::from_str(&render(&conclusions::cache_lost(), Format::Json, styled(80)))
            .unwrap();
    let breaks: [(&str, &str, Value); 9] = [
        ("/schema", "another version", "llmspan.diagnosis/2".into()),
        ("/verdict", "an unknown verdict", "maybe".into()),
        ("/verdict", "causes without a spike", "no_spike".into()),
        ("/window/start", "a local time", "2026-11-03T14:00:00+01:00".into()),
        ("/window/calls", "a fraction of a call", 1.5.into()),
        ("/diagnoses/0/cause", "an unknown cause", "gremlins".into()),
        ("/diagnoses/0/owner", "an unknown owner", "nobody".into()),
        ("/diagnoses/0/confidence", "more than certain", 1.01.into()),
        ("/diagnoses/0/request_ids/0/request_id", "an empty id", "".into()),
    ];
    for (pointer, what, value) in breaks {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert_ne!(schema::complaints(&published, &bad), Vec::<String>::new(), "{what} passed");
    }
    for field in good.as_object().unwrap().keys() {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(field);
        assert_ne!(schema::complaints(&published, &bad), Vec::<String>::new(), "no {field}");
    }
}

#[test]
fn the_schema_knows_every_cause_and_owner() {
    let document = schema::document();
    let listed = |name: &str| {
        let values = document["$defs"][name]["enum"].as_array().unwrap().iter();
        values.map(|value| value.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("cause"), Cause::ALL.map(Cause::id));
    assert_eq!(listed("owner"), Owner::ALL.map(Owner::id));
}

#[test]
fn hostile_text_acts_on_no_screen() {
    let hostile = conclusions::hostile();
    for (_, name, _) in Format::ALL {
        let format = Format::from_name(name).unwrap();
        let text = render(&hostile, format, styled(80));
        let odd = text.chars().find(|&c| c != '\n' && llmspan::report::neutral::is_unprintable(c));
        assert_eq!(odd, None, "{name}");
    }
}

#[test]
fn json_keeps_hostile_text_as_it_was() {
    let hostile = conclusions::hostile();
    let report: Value = serde_json::from_str(&render(&hostile, Format::Json, styled(80))).unwrap();
    assert_eq!(report["headline"], hostile.headline);
}

#[test]
fn hostile_text_forges_no_structure_in_markdown() {
    let text = render(&conclusions::hostile(), Format::Markdown, styled(80));
    let outside_code: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("x\\u{1b}")).collect();
    let page = outside_code.join("\n").replace("\\]", "");
    for markup in ["<script", "](http", "@everyone", "https://", "\n- forged", "\n## SPIKE: forged"]
    {
        assert!(!page.contains(markup), "{markup}");
    }
    let cells = |line: &&str| line.replace("\\|", "").matches('|').count();
    let ids: Vec<usize> =
        outside_code.iter().filter(|line| line.starts_with("| req\\`")).map(cells).collect();
    assert_eq!(ids, vec![8; 12], "a pipe in an id adds no column");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let diagnosis = conclusions::cache_lost();
    let bare = render(&diagnosis, Format::Terminal, styled(80));
    let coloured = render(&diagnosis, Format::Terminal, Style { colour: true, ..styled(80) });
    assert!(coloured.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut inside = false;
    for character in coloured.chars() {
        match character {
            '\u{1b}' => inside = true,
            'm' if inside => inside = false,
            _ if inside => {}
            _ => stripped.push(character),
        }
    }
    assert_eq!(stripped, bare);
}

#[test]
fn a_report_is_the_same_bytes_twice() {
    for (_, diagnosis) in conclusions::all() {
        for (format, _, _) in Format::ALL {
            assert_eq!(
                render(&diagnosis, format, styled(100)),
                render(&diagnosis.clone(), format, styled(100))
            );
        }
    }
}

/// A conclusion whose texts and figures are anything at all.
fn distorted() -> impl Strategy<Value = Diagnosis> {
    let bins = (0_usize..200, 0_usize..200, proptest::option::of(0_usize..300));
    let values = proptest::collection::vec(proptest::option::of(any::<f64>()), 0..180);
    (any::<String>(), any::<[f64; 4]>(), bins, values, any::<bool>()).prop_map(
        |(text, figures, (from, to, onset), values, compound)| {
            let mut diagnosis =
                if compound { conclusions::compound() } else { conclusions::cache_lost() };
            diagnosis.headline.clone_from(&text);
            diagnosis.ingest.dialects[0].0.clone_from(&text);
            diagnosis.signals[0].signal.clone_from(&text);
            diagnosis.signals[0].baseline = Some(figures[0]);
            diagnosis.signals[0].ratio_low = Some(figures[1]);
            for cause in &mut diagnosis.diagnoses {
                cause.summary.clone_from(&text);
                cause.segment.insert(text.clone(), text.clone());
                cause.evidence[0].window = Some(figures[2]);
                cause.confidence = figures[3];
            }
            let waterfall = diagnosis.waterfall.as_mut().unwrap();
            waterfall.terms[0].label.clone_from(&text);
            waterfall.terms[1].mean_s = figures[0];
            waterfall.window_s = figures[1];
            let timeline = diagnosis.timeline.as_mut().unwrap();
            (timeline.window_from, timeline.window_to, timeline.onset_bin) = (from, to, onset);
            timeline.bin_s = figures[2];
            for series in &mut timeline.series {
                series.values.clone_from(&values);
            }
            diagnosis
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn no_text_and_no_figure_breaks_a_report(diagnosis in distorted(), width in 0_usize..200, plain: bool) {
        let style = Style { plain, ..styled(width) };
        for (format, _, _) in Format::ALL {
            let text = render(&diagnosis, format, style);
            let odd = |c: char| c != '\n' && llmspan::report::neutral::is_unprintable(c);
            prop_assert!(!text.contains(odd));
            let wide = |line: &&str| line.width() > style.width && line.trim().contains(' ');
            if format == Format::Terminal {
                let wide = text.lines().find(wide);
                prop_assert!(wide.is_none(), "{wide:?}");
            }
        }
    }
}
