//! Every conclusion in every form: snapshots, the schema, and what must hold of any report.

mod support;

use llmspan::report::{Format, Style, render};
use support::conclusions;
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
